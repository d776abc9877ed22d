package import ServiceKit
import TaskDomain
package import TaskStorage

/// The task API: the one writer of tasks, and the one door for their owners.
package struct TaskAPIService: TodoService {
    package static let name = "api"
    package static let migrations = [TaskTables.migrations]
    package static let usesOutbox = true
    /// A command is told from one that was carried out by its key, not by its id: the same successor may rightly be asked
    /// for once more after it was withdrawn.
    package static let usesInbox = false

    private let context: ServiceContext
    private let service: TaskService

    package init(context: ServiceContext) {
        self.context = context
        service = TaskService(
            database: context.database, outbox: context.outbox, now: context.now, logger: context.logger,
            defaults: Self.defaults(context.settings))
    }

    package static func check(_ settings: SettingsReader) {
        _ = defaults(settings)
        _ = feedRetention(settings)
    }

    /// `TODO_CHANGES_RETENTION_SECONDS` (a day to 100 years, or `forever`; 30 days): how long the feed keeps changes.
    /// Clients that were away for longer read all tasks anew.
    private static func feedRetention(_ settings: SettingsReader) -> Retention {
        settings.retention("TODO_CHANGES_RETENTION_SECONDS", default: .limited(.seconds(30 * 86_400)))
    }

    /// The settings of users who saved none. `TODO_REMINDER_OFFSET_SECONDS` (0 to four weeks in whole minutes, 1800):
    /// how long before a task is due they are reminded.
    static func defaults(_ settings: SettingsReader) -> UserSettings {
        let name = "TODO_REMINDER_OFFSET_SECONDS"
        let seconds = settings.integer(name, default: 1_800, in: 0...2_419_200)
        if seconds % 60 != 0 {
            settings.problem(name, "is \(seconds)", remedy: "give whole minutes, in seconds: a multiple of 60")
        }
        return UserSettings(defaultReminders: [UserSettings.minutesBefore(seconds / 60)])
    }

    package func routes(_ routes: Routes) {
        TaskRoutes(service: service).add(to: routes)
        QuickAddRoutes(service: service).add(to: routes)
        ChatRoutes(service: service).add(to: routes)
        ForwardRoutes(dapr: context.dapr, configuration: context.configuration).add(to: routes)
        PeerRoutes(service: service, configuration: context.configuration).add(to: routes)
        OpenAPIRoutes(host: context.configuration.host).add(to: routes)
        routes.events(.taskCommands) { delivery in
            let command = try CreateTaskCommand(delivery.event)
            let actor = Actor(kind: .service, id: command.requestedBy)
            let isMade = try await service.makeSuccessor(command, actor: actor, trace: delivery.cause)
            return isMade ? .success : .duplicate
        }
    }

    package func tidy() async throws { try await service.forget(feed: Self.feedRetention(context.settings)) }
}
