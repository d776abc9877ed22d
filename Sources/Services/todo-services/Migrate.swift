import ArgumentParser
import Audit
import Logging
import Notifications
import ProcessMemory
import Recurrence
import Reminders
import ServiceKit
import Sync
import TaskAPI
import TaskStorage
import Telemetry

/// Brings a database to what this version of the services needs. Any number may run at once; running again changes
/// nothing.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Brings the database's tables up to date.",
        discussion: "The database's URL is in $TODO_DATABASE_URL. A database that does not answer is waited for.")

    /// How long a database that does not answer is waited for: it may start beside us.
    static let patience = 60

    func run() async throws {
        ProcessMemory.limit(heaps: 2, blockingThreads: 2)
        let levels = LogLevels()
        JSONLogHandler.bootstrap(levels: levels)
        let logger = Logger(label: "migrate")
        guard let url = Environment.all["TODO_DATABASE_URL"], !url.isEmpty else {
            logger.critical(
                "setting refused", metadata: ["setting": "TODO_DATABASE_URL", "remedy": "set it to the database's URL"])
            throw ExitCode(ServiceRun.misconfigured)
        }
        do {
            let database = try await openDatabase(url: url, logger: logger)
            do {
                try await Self.wait(for: database, logger)
                let applied = try await Migrations.run(Self.all, on: database)
                for step in applied { logger.notice("migrated", metadata: ["migration": "\(step)"]) }
                logger.info("the database is up to date", metadata: ["applied": "\(applied.count)"])
            } catch {
                await database.close()
                throw error
            }
            await database.close()
        } catch let error as DatabaseError {
            logger.critical("the database is not migrated", metadata: ["error": "\(error)"])
            throw error.code == .misconfigured ? ExitCode(ServiceRun.misconfigured) : ExitCode.failure
        }
    }

    private static func wait(for database: any Database, _ logger: Logger) async throws {
        for attempt in 1... {
            do {
                return try await database.ping()
            } catch {
                guard error.isTransient, attempt < patience else { throw error }
                logger.notice("waiting for the database", metadata: ["error": "\(error)"])
            }
            try await ContinuousClock().sleep(for: .seconds(1))
        }
    }

    /// Every table of every service, each component once.
    static var all: [Migrations] {
        var seen: Set<String> = []
        return
            (TaskAPIService.allMigrations + RemindersService.allMigrations + RecurrenceService.allMigrations
            + NotificationsService.allMigrations + AuditService.allMigrations + SyncService.allMigrations)
            .filter { seen.insert($0.component).inserted }
    }
}
