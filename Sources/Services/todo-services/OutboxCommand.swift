import ArgumentParser
import Logging
import Notifications
import ProcessMemory
import Recurrence
import Reminders
import ServiceKit
import TaskAPI
import TaskDomain
import TaskStorage
import Telemetry
import WireValues

/// Looks into the outboxes, and has events published again.
struct OutboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox", abstract: "Shows which events wait to be published, and publishes kept ones again.",
        discussion: """
            The database is the one of $TODO_DATABASE_URL, else the one of the service beside which this runs (its secret \
            store is asked through its sidecar). Outboxes that it does not have are left out.
            """,
        subcommands: [Status.self, Replay.self], defaultSubcommand: Status.self)

    /// The services that publish, by the names of their outboxes.
    enum Producer: String, CaseIterable, ExpressibleByArgument {
        case api, reminders, recurrence, notifications

        var outbox: Outbox { Outbox(name: rawValue) }
    }

    /// Opens the database for `body`; what is wrong is said in the log.
    static func withDatabase(_ body: (any Database) async throws -> Void) async throws {
        ProcessMemory.limit(heaps: 2, blockingThreads: 2)
        let levels = LogLevels()
        JSONLogHandler.bootstrap(levels: levels)
        let logger = Logger(label: "outbox")
        do {
            let url = try await DatabaseAddress.read(environment: Environment.all, logger: logger)
            let database = try await openDatabase(url: url, logger: logger)
            do {
                try await body(database)
            } catch {
                await database.close()
                throw error
            }
            await database.close()
        } catch let refused as SettingsRefused {
            ServiceRun.report(refused, logger)
            throw ExitCode(ServiceRun.misconfigured)
        } catch let error as DatabaseError {
            logger.critical("the database cannot be used", metadata: ["error": "\(error)"])
            throw ExitCode.failure
        }
    }
}

extension OutboxCommand {
    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what waits, since when, and what is kept.",
            discussion: "Where events wait, the first of each queue is named: it holds up what stands behind it.")

        @Option(help: "One service only.")
        var service: Producer?

        func run() async throws {
            try await OutboxCommand.withDatabase { database in
                let now = Timestamp.systemNow()
                for producer in service.map({ [$0] }) ?? Producer.allCases {
                    guard try await producer.outbox.exists(on: database) else { continue }
                    let status = try await database.read { try producer.outbox.status(in: $0) }
                    print(Self.text(producer.rawValue, status, now: now))
                }
            }
        }

        static func text(_ name: String, _ status: OutboxStatus, now: Timestamp) -> String {
            var lines = ["\(name): \(status.waiting == 0 ? "nothing" : "\(status.waiting)") waiting"]
            lines[0] += status.keptSince.map { ", all kept since \($0.eventText)" } ?? ", nothing kept"
            for queue in status.queues {
                let first = queue.first
                lines.append(
                    "  \(queue.waiting) for \(seconds(now.since(first.createdAt))), the first is \(first.row.eventID) of "
                        + "\(first.row.key), to \(first.row.role)")
            }
            if status.relays.isEmpty, status.waiting > 0 {
                lines.append("  no relay is at work: does the service run?")
            }
            lines += status.relays.map { "  relay \($0.name), last heard of \(seconds($0.silence)) ago" }
            return lines.joined(separator: "\n")
        }

        private static func seconds(_ duration: Duration) -> String { "\(max(0, duration.components.seconds)) s" }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Publishes kept events again, in their order.",
            discussion: """
                Consumers know what they have handled: one too many does no harm. The service's relay publishes them; it looks \
                within 10 s. On SQLite only the file of that service has its outbox.
                """)

        @Option(help: "Whose events.")
        var service: Producer

        @Option(help: "Written at this instant (2026-03-05T16:00:00Z) or later.", transform: instant)
        var from: Timestamp?

        @Option(help: "Written before this instant; now if left out.", transform: instant)
        var to: Timestamp?

        @Option(help: "The one with this event id.")
        var event: String?

        @Option(
            help: "Only those to this topic, by its role: task-events, task-updates, task-commands, reminders.",
            transform: topicRole)
        var topic: TopicRole?

        @Option(help: "Only those of this user.")
        var user: String?

        @Flag(help: "Only say how many; publish nothing.")
        var dryRun = false

        func validate() throws {
            if from == nil, event == nil { throw ValidationError("say which: --from INSTANT or --event ID") }
            if let from, let to, from >= to { throw ValidationError("--to has to be later than --from") }
        }

        func run() async throws {
            try await OutboxCommand.withDatabase { database in
                guard try await service.outbox.exists(on: database) else {
                    throw ValidationError("this database has no outbox of \(service.rawValue)")
                }
                let start = from ?? Timestamp(seconds: 0)
                let end = to ?? .systemNow()
                do {
                    let count = try await database.transaction { transaction in
                        let count = try service.outbox.replay(
                            from: start, to: end, role: topic?.rawValue, key: user, eventID: event, in: transaction)
                        if dryRun { throw Counted(count: count) }
                        return count
                    }
                    print("\(count) to be published again")
                } catch let counted as Counted {
                    print("\(counted.count) would be published again")
                }
            }
        }

        /// Thrown to give the transaction up.
        private struct Counted: Error { let count: Int }
    }
}

/// An instant as in RFC 3339.
private func instant(_ text: String) throws -> Timestamp {
    guard let instant = Timestamp(text) else {
        throw ValidationError("\(text) is no instant such as 2026-03-05T16:00:00Z")
    }
    return instant
}

private func topicRole(_ text: String) throws -> TopicRole {
    guard let role = TopicRole(rawValue: text) else {
        let known = TopicRole.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("\(text) is no topic; known are \(known)")
    }
    return role
}
