import HTTPTestSupport
import Logging
import Recurrence
import ServiceHarness
import ServiceKit
import ServiceTestSupport
import Synchronization
import TaskDomain
import TaskStorage
import TestKit
import Testing
import WireValues

@Suite(.timeLimit(.minutes(2))) struct `The recurrence service` {
    @Test(arguments: eachDatabase)
    func `asks for a successor once, however often the completion is delivered`(engine: TestEngine) async throws {
        try await engine.withPlace { place in
            let event = Sample.event(try Sample.task()).cloudEvent
            try await withService(RecurrenceService.self, database: try await migrated(place)) { service in
                for _ in 1...3 {
                    let outcome = try await service.deliver(event, to: .taskEvents)
                    #expect(outcome == "SUCCESS")
                }
                try await expectEventually("published") { !service.published(.taskCommands).isEmpty }
            }
            // Started anew, it still knows the event.
            try await withService(RecurrenceService.self, database: try await migrated(place)) { service in
                let outcome = try await service.deliver(event, to: .taskEvents)
                #expect(outcome == "SUCCESS")
            }
            let commands = try await commandCount(place)
            #expect(commands == 1)
        }
    }

    /// The service closes its database when it ends, so each run opens it anew.
    private func migrated(_ place: TestPlace) async throws -> any Database {
        let database = try await place.open()
        _ = try await Migrations.run(RecurrenceService.allMigrations, on: database)
        return database
    }

    private func commandCount(_ place: TestPlace) async throws -> Int64? {
        let database = try await place.open()
        let count = try await database.statement("SELECT count(*) FROM outbox_recurrence", []).first?.int(0)
        await database.close()
        return count
    }

    @Test func `publishes the command with its key, its cause and its user`() async throws {
        try await TestEngine.sqlite.withDatabase(migrations: RecurrenceService.allMigrations) { database in
            let event = Sample.event(try Sample.task(7))
            try await withService(RecurrenceService.self, database: database) { service in
                _ = try await service.deliver(event.cloudEvent, to: .taskEvents)
                try await expectEventually("published") { !service.published(.taskCommands).isEmpty }
                let published = try #require(service.published(.taskCommands).first)
                let command = try CreateTaskCommand(published)
                #expect(command.previousTaskID == 7)
                #expect(command.slot.scheduledLocal.text == "2026-03-03T09:00:00")
                #expect(published.source == "/todo/recurrence")
                #expect(published.partitionKey == "ann")
                #expect(published.correlationID == "req-5f0c")
                #expect(published.causationID == event.id)
            }
        }
    }

    @Test func `takes what is none of its business, and drops what cannot be read`() async throws {
        try await TestEngine.sqlite.withDatabase(migrations: RecurrenceService.allMigrations) { database in
            try await withService(RecurrenceService.self, database: database) { service in
                var outcomes: [String] = []
                for kind in TaskEvent.Kind.allCases where kind != .completed {
                    outcomes.append(
                        try await service.deliver(Sample.event(try Sample.task(), kind).cloudEvent, to: .taskEvents))
                }
                var newer = Sample.event(try Sample.task(rule: nil)).cloudEvent
                outcomes.append(try await service.deliver(newer, to: .taskEvents))
                newer.type = "task.archived"
                outcomes.append(try await service.deliver(newer, to: .taskEvents))
                #expect(outcomes == Array(repeating: "SUCCESS", count: outcomes.count))
                var broken = Sample.event(try Sample.task()).cloudEvent
                broken.data["task_data"]?["recurrence"] = ["pattern": "hourly"]
                let poison = try await service.deliver(broken, to: .taskEvents)
                #expect(poison == "DROP")
                // The next one is handled all the same.
                let next = try await service.deliver(Sample.event(try Sample.task(2)).cloudEvent, to: .taskEvents)
                #expect(next == "SUCCESS")
                try await expectEventually("published") { service.published(.taskCommands).count == 1 }
            }
        }
    }

    @Test(arguments: eachDatabase)
    func `loses no command while the broker refuses`(engine: TestEngine) async throws {
        let refuses = Mutex(true)
        let refused = Signal()
        try await engine.withDatabase(migrations: RecurrenceService.allMigrations) { database in
            try await withService(
                RecurrenceService.self, database: database,
                sidecar: { asked in
                    guard asked.path.contains("/publish/"), refuses.withLock({ $0 }) else { return nil }
                    refused.raise()
                    return .json(["errorCode": "ERR_PUBSUB_PUBLISH_MESSAGE", "message": "no broker"], status: 503)
                }
            ) { service in
                for id in 1...5 as ClosedRange<Int64> {
                    let outcome = try await service.deliver(
                        Sample.event(try Sample.task(id)).cloudEvent, to: .taskEvents)
                    #expect(outcome == "SUCCESS")
                }
                await refused.wait(beyond: 1)
                refuses.withLock { $0 = false }
                try await expectEventually("published") {
                    Set(service.published(.taskCommands).map(\.subject)) == ["1", "2", "3", "4", "5"]
                }
            }
        }
    }

    @Test(arguments: eachDatabase)
    func `two replicas that get the same completions at once ask once for each`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: RecurrenceService.allMigrations) { database in
            let events = try (1...20 as ClosedRange<Int64>).map {
                Sample.event(try Sample.task($0, user: "user-\($0 % 3)")).cloudEvent
            }
            let completions = Completions(
                database: database, outbox: Outbox(name: "recurrence"), now: { Sample.instant("2026-03-02T08:00:01Z") })
            let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let deliveries = (events + events.reversed()).map {
                Delivery(event: $0, role: .taskEvents, receivedAt: $0.time, logger: quiet)
            }
            let outcomes = try await withThrowingTaskGroup(of: [Outcome].self) { group in
                for start in stride(from: 0, to: deliveries.count, by: 4) {
                    group.addTask { try await completions.handle(Array(deliveries[start..<(start + 4)])) }
                }
                return try await group.reduce(into: [Outcome]()) { $0 += $1 }
            }
            #expect(outcomes.filter { $0 == .success }.count == 20)
            #expect(outcomes.filter { $0 == .duplicate }.count == 20)
            let rows = try await database.statement(
                "SELECT count(*), count(DISTINCT event_id) FROM outbox_recurrence", [])
            #expect(rows.first?.int(0) == 20)
            #expect(rows.first?.int(1) == 20)
        }
    }

    @Test func `of a delivery of many it asks for what follows from each, and answers each by itself`() async throws {
        try await TestEngine.sqlite.withDatabase(migrations: RecurrenceService.allMigrations) { database in
            try await withService(RecurrenceService.self, database: database) { service in
                var events = try (1...12 as ClosedRange<Int64>).map { Sample.event(try Sample.task($0)).cloudEvent }
                events[3].data["task_data"]?["recurrence"] = ["pattern": "hourly"]
                events[5] = Sample.event(try Sample.task(6), .updated).cloudEvent
                events[7] = events[2]
                let outcomes = try await service.deliver(events, to: .taskEvents)
                #expect(outcomes == events.indices.map { $0 == 3 ? "DROP" : "SUCCESS" })
                try await expectEventually("published") { service.published(.taskCommands).count == 9 }
                let asked = Set(service.published(.taskCommands).map(\.subject))
                #expect(asked == Set([1, 2, 3, 5, 7, 9, 10, 11, 12].map { String($0) }))
            }
        }
    }

    @Test(arguments: eachDatabase)
    func `ended between the commit and the publishing, it publishes after its start`(engine: TestEngine) async throws {
        try await engine.withPlace { place in
            let database = try await migrated(place)
            let completions = Completions(
                database: database, outbox: Outbox(name: "recurrence"), now: { Sample.instant("2026-03-02T08:00:01Z") })
            let event = Sample.event(try Sample.task()).cloudEvent
            let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            // No relay runs, and the sidecar never gets its answer: it will deliver again.
            let first = try await completions.handle([
                Delivery(event: event, role: .taskEvents, receivedAt: event.time, logger: quiet)
            ])
            #expect(first == [.success])
            try await withService(RecurrenceService.self, database: database) { service in
                let again = try await service.deliver(event, to: .taskEvents)
                #expect(again == "SUCCESS")
                try await expectEventually("published") { service.published(.taskCommands).count == 1 }
            }
            let commands = try await commandCount(place)
            #expect(commands == 1)
        }
    }

    @Test func `a task that is completed again after it was reopened is asked for again, by the same key`() async throws
    {
        try await TestEngine.sqlite.withDatabase(migrations: RecurrenceService.allMigrations) { database in
            try await withService(RecurrenceService.self, database: database) { service in
                for version in [2, 4] {
                    let outcome = try await service.deliver(
                        Sample.event(try Sample.task(version: version)).cloudEvent, to: .taskEvents)
                    #expect(outcome == "SUCCESS")
                }
                try await expectEventually("published") { service.published(.taskCommands).count == 2 }
                #expect(Set(service.published(.taskCommands).map(\.id)).count == 1)
            }
        }
    }
}
