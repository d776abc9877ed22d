import Reminders
import ServiceKit
import ServiceTestSupport
import TaskDomain
import TaskStorage
import TestKit
import Testing
import WireValues

@Suite(.timeLimit(.minutes(2))) struct ReminderLedgerTests {
    private func ledger(_ database: any Database, now: String) -> ReminderLedger {
        ReminderLedger(database: database, outbox: Outbox(name: "reminders"), now: { Sample.instant(now) })
    }

    private func wishes(_ database: any Database) async throws -> [JobWish] {
        try await database.statement("SELECT body FROM outbox_reminders WHERE role = 'job' ORDER BY id", [])
            .compactMap { JobWish($0.blob(0)) }
    }

    private func events(_ database: any Database) async throws -> [ReminderDue] {
        try await database.statement("SELECT body FROM outbox_reminders WHERE role = 'reminders' ORDER BY id", [])
            .map { try ReminderDue(CloudEvent(parsing: $0.blob(0))) }
    }

    private func onlyJob(_ database: any Database) async throws -> ReminderJob {
        try #require(try await wishes(database).last?.job)
    }

    @Test(arguments: eachDatabase)
    func `a delivery's events are followed together, each task in its order, unreadable ones dropped alone`(
        engine: TestEngine
    ) async throws {
        try await engine.withDatabase(migrations: RemindersService.allMigrations) { database in
            let ledger = ledger(database, now: "2026-03-01T08:00:00Z")
            var broken = Sample.event(try Sample.task(4), .created).cloudEvent
            broken.data["task_data"] = .null
            var newer = Sample.event(try Sample.task(5), .created).cloudEvent
            newer.type = "task.archived"
            let outcomes = try await ledger.follow([
                Sample.delivery(Sample.event(try Sample.task(2), .created)), Sample.delivery(broken),
                Sample.delivery(Sample.event(try Sample.task(1), .created)), Sample.delivery(newer),
                Sample.delivery(Sample.event(try Sample.task(2, completed: true, version: 2), .completed)),
                Sample.delivery(Sample.event(try Sample.task(2), .created)),
            ])
            #expect(outcomes[0] == .success)
            #expect("\(outcomes[1])".hasPrefix("drop"))
            #expect(outcomes[2...] == [.success, .ignored, .success, .duplicate])
            #expect(
                try await wishes(database).map(\.name) == [
                    "reminder-task-2-1", "reminder-task-1-1", "reminder-task-2-1",
                ])
            let again = try await ledger.follow([Sample.delivery(Sample.event(try Sample.task(1), .created))])
            #expect(again == [.duplicate])
            #expect(try await wishes(database).count == 3)
        }
    }

    @Test(arguments: eachDatabase)
    func `a job that fires writes its event once, late or not`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: RemindersService.allMigrations) { database in
            _ = try await ledger(database, now: "2026-03-01T08:00:00Z").follow([
                Sample.delivery(Sample.event(try Sample.task(), .created))
            ])
            let job = try await onlyJob(database)
            let late = ledger(database, now: "2026-03-02T08:30:07.250Z")
            #expect(try await late.fire(job, trace: nil) == .due(late: .milliseconds(7_250)))
            #expect(try await late.fire(job, trace: nil) == .void)
            let events = try await events(database)
            #expect(events.count == 1)
            let event = try #require(events.first)
            #expect(event.eventID == UUIDText.v5("reminder:1:1:2026-03-02T08:30:00Z"))
            #expect(event.title == "Submit report")
            #expect(event.dueAt == Sample.instant("2026-03-02T09:00:00Z"))
            #expect(event.lateBySeconds == 7)
            #expect(event.userID == "ann")
            #expect(event.trace.correlationID == "req-1")
        }
    }

    @Test(arguments: eachDatabase)
    func `a job fired by several at once writes one event`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: RemindersService.allMigrations) { database in
            let ledger = ledger(database, now: "2026-03-02T08:30:00Z")
            _ = try await ledger.follow([Sample.delivery(Sample.event(try Sample.task(), .created))])
            let job = try await onlyJob(database)
            let firings = try await withThrowingTaskGroup(of: ReminderLedger.Firing.self) { group in
                for _ in 1...10 { group.addTask { try await ledger.fire(job, trace: nil) } }
                return try await group.reduce(into: [ReminderLedger.Firing]()) { $0.append($1) }
            }
            #expect(firings.filter { $0 == .due(late: .zero) }.count == 1)
            #expect(firings.filter { $0 == .void }.count == 9)
            #expect(try await events(database).count == 1)
        }
    }

    @Test(arguments: eachDatabase)
    func `before its instant, after a move, a completion or a deletion a job writes nothing`(engine: TestEngine)
        async throws
    {
        try await engine.withDatabase(migrations: RemindersService.allMigrations) { database in
            let early = ledger(database, now: "2026-03-02T08:29:59.500Z")
            _ = try await early.follow([Sample.delivery(Sample.event(try Sample.task(), .created))])
            let first = try await onlyJob(database)
            #expect(try await early.fire(first, trace: nil) == .early(by: .milliseconds(500)))
            let ledger = ledger(database, now: "2026-03-05T00:00:00Z")
            _ = try await ledger.follow([
                Sample.delivery(Sample.event(try Sample.task(due: "2026-03-04T09:00:00", version: 2)))
            ])
            let second = try await onlyJob(database)
            #expect(try await ledger.fire(first, trace: nil) == .void)
            _ = try await ledger.follow([
                Sample.delivery(
                    Sample.event(try Sample.task(due: "2026-03-04T09:00:00", completed: true, version: 3), .completed))
            ])
            #expect(try await ledger.fire(second, trace: nil) == .void)
            _ = try await ledger.follow([
                Sample.delivery(Sample.event(try Sample.task(due: "2026-03-06T09:00:00", version: 4)))
            ])
            let third = try await onlyJob(database)
            _ = try await ledger.follow([
                Sample.delivery(Sample.event(try Sample.task(due: "2026-03-06T09:00:00", version: 5), .deleted))
            ])
            #expect(try await ledger.fire(third, trace: nil) == .void)
            #expect(
                try await ledger.fire(
                    ReminderJob(taskID: 99, userID: "ann", reminderID: 1, generation: 1, remindAt: first.remindAt),
                    trace: nil) == .void)
            #expect(try await events(database).isEmpty)
        }
    }

    /// A move and a firing at once: whichever is first. Either the event is written, and the move sets a new reminder,
    /// or the move is first and the job finds another generation. Never both for one generation, never neither.
    @Test(arguments: eachDatabase)
    func `a move and a firing at once leave no reminder out and none twice`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: RemindersService.allMigrations) { database in
            let ledger = ledger(database, now: "2026-03-02T08:30:00Z")
            for id in 1...20 as ClosedRange<Int64> {
                _ = try await ledger.follow([Sample.delivery(Sample.event(try Sample.task(id), .created))])
                let job = try await onlyJob(database)
                let moved = Sample.delivery(Sample.event(try Sample.task(id, due: "2026-03-09T09:00:00", version: 2)))
                async let firing = ledger.fire(job, trace: nil)
                async let outcome = ledger.follow([moved])
                let result = try await (firing, outcome)
                #expect(result.1 == [.success])
                let written = try await events(database).filter { $0.taskID == id }
                #expect(written.count == (result.0 == .void ? 0 : 1))
                let next = try await onlyJob(database)
                #expect(next.generation == 2)
                #expect(next.remindAt == Sample.instant("2026-03-09T08:30:00Z"))
            }
        }
    }

    @Test(arguments: eachDatabase)
    func `replicas that get the same deliveries in different orders wish for each job once`(engine: TestEngine)
        async throws
    {
        try await engine.withDatabase(migrations: RemindersService.allMigrations) { database in
            let ledger = ledger(database, now: "2026-03-01T08:00:00Z")
            let deliveries = try (1...12 as ClosedRange<Int64>).map {
                Sample.delivery(Sample.event(try Sample.task($0), .created))
            }
            let outcomes = try await withThrowingTaskGroup(of: [Outcome].self) { group in
                group.addTask { try await ledger.follow(deliveries) }
                group.addTask { try await ledger.follow(deliveries.reversed()) }
                group.addTask { try await ledger.follow(Array(deliveries[4...] + deliveries[..<4])) }
                return try await group.reduce(into: [Outcome]()) { $0 += $1 }
            }
            #expect(outcomes.filter { $0 == .success }.count == 12)
            #expect(outcomes.filter { $0 == .duplicate }.count == 24)
            #expect(try await wishes(database).count == 12)
        }
    }

    @Test(arguments: eachDatabase)
    func `tasks closed long ago are forgotten, open ones and late news of them are not`(engine: TestEngine) async throws
    {
        try await engine.withDatabase(migrations: RemindersService.allMigrations) { database in
            let ledger = ledger(database, now: "2026-03-01T08:00:00Z")
            for id in 1...3 as ClosedRange<Int64> {
                _ = try await ledger.follow([Sample.delivery(Sample.event(try Sample.task(id), .created))])
            }
            for id in 1...2 as ClosedRange<Int64> {
                _ = try await ledger.follow([Sample.delivery(Sample.event(try Sample.task(id, version: 2), .deleted))])
            }
            #expect(try await ledger.forget(closedBefore: Sample.instant("2026-03-01T08:00:00Z"), limit: 10) == 0)
            #expect(try await ledger.forget(closedBefore: Sample.instant("2026-04-05T08:00:00Z"), limit: 1) == 1)
            #expect(try await ledger.forget(closedBefore: Sample.instant("2026-04-05T08:00:00Z"), limit: 10) == 1)
            let left = try await database.statement("SELECT task_id FROM reminders ORDER BY task_id", [])
            #expect(left.map { $0.int(0) } == [3])
        }
    }
}
