import ArgumentParser
import Audit
import Notifications
import Recurrence
import Reminders
import ServiceKit
import Sync
import TaskAPI

/// The services' process: one binary, a subcommand for each service.
@main
struct TodoServices: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "todo-services",
        abstract: "The services of a TodoPlatform; each runs behind a Dapr sidecar.",
        discussion: """
            Settings come from the environment (docs/services.md), secrets from Dapr's secret store. A service that cannot \
            start says everything that is wrong, and exits with 78. It logs JSON lines to standard error.
            """,
        subcommands: [
            API.self, ReminderCommand.self, RecurrenceCommand.self, NotificationCommand.self, AuditCommand.self,
            SyncCommand.self, Migrate.self, OutboxCommand.self,
        ])
}

struct API: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Tasks: the door that users come through.")
    func run() async throws { try await ServiceRun.run(TaskAPIService.self) }
}

struct ReminderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "reminders", abstract: "Reminders that fall due.")
    func run() async throws { try await ServiceRun.run(RemindersService.self) }
}

struct RecurrenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recurrence", abstract: "The next task of a series, when one is completed.")
    func run() async throws { try await ServiceRun.run(RecurrenceService.self) }
}

struct NotificationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notifications", abstract: "Brings reminders to people, by the channels they chose.")
    func run() async throws { try await ServiceRun.run(NotificationsService.self) }
}

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "audit", abstract: "What happened, for good.")
    func run() async throws { try await ServiceRun.run(AuditService.self) }
}

struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "sync", abstract: "Changes, live, by WebSocket.")
    func run() async throws { try await ServiceRun.run(SyncService.self) }
}
