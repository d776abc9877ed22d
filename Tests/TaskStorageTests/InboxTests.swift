import ServiceTestSupport
import TaskStorage
import Testing
import WireValues

@Suite(.timeLimit(.minutes(1))) struct `An inbox` {
    private static let moment = Timestamp(seconds: 1_790_000_000)

    @Test(arguments: eachDatabase)
    func `knows what a consumer has dealt with, whatever the version of the type`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Inbox.migrations]) { database in
            func isFirst(_ consumer: String, _ type: String, _ id: String) async throws -> Bool {
                try await database.transaction { transaction in
                    try Inbox.firstTime(consumer: consumer, eventType: type, id: id, at: Self.moment, in: transaction)
                }
            }
            var answers: [Bool] = []
            for (consumer, type, id) in [
                ("recurrence", "task.completed", "1"), ("recurrence", "task.completed", "1"),
                ("recurrence", "task.completed.v2", "1"), ("reminders", "task.completed", "1"),
                ("recurrence", "task.created", "1"), ("recurrence", "task.completed", "2"),
            ] {
                answers.append(try await isFirst(consumer, type, id))
            }
            #expect(answers == [true, false, false, true, true, true])
        }
    }

    @Test(arguments: eachDatabase)
    func `tells of many at once which are new, and of equal ones the first`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Inbox.migrations]) { database in
            func firsts(_ ids: [String]) async throws -> [Bool] {
                try await database.transaction { transaction in
                    try Inbox.firstTimes(
                        consumer: "c", eventType: "t.v2", ids: ids, at: Self.moment, in: transaction)
                }
            }
            #expect(try await firsts(["b", "a", "b"]) == [true, true, false])
            let many = (0..<90).map { "\($0)" }
            #expect(try await firsts(["a"] + many) == [false] + many.map { _ in true })
            #expect(try await firsts([]) == [])
            let known = try await database.transaction { transaction in
                try Inbox.firstTime(consumer: "c", eventType: "t", id: "89", at: Self.moment, in: transaction)
            }
            #expect(!known)
        }
    }

    @Test(arguments: eachDatabase)
    func `lets one of many simultaneous deliveries have its effect, from two replicas`(engine: TestEngine) async throws
    {
        try await engine.withPlace { place in
            let replicas = [try await place.open(), try await place.open()]
            let effects = Migrations(
                component: "effects", [Migration(1, "effects") { ["CREATE TABLE effects (n \($0.integer))"] }])
            _ = try await Migrations.run([Inbox.migrations, effects], on: replicas[0])
            let firsts = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        try await replicas[number % 2].transaction { transaction in
                            guard
                                try Inbox.firstTime(
                                    consumer: "c", eventType: "t", id: "\(number / 8)", at: Self.moment, in: transaction
                                )
                            else { return false }
                            try transaction.execute("INSERT INTO effects VALUES ($1)", [.of(number / 8)])
                            return true
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(firsts == 5)
            let stored = try await replicas[0].read {
                try $0.query("SELECT n FROM effects ORDER BY n").map { $0.int(0) }
            }
            #expect(stored == [0, 1, 2, 3, 4])
            for replica in replicas { await replica.close() }
        }
    }

    @Test(arguments: eachDatabase)
    func `does not remember what was rolled back, and forgets the old in small bites`(engine: TestEngine) async throws {
        struct Stop: Error {}
        try await engine.withDatabase(migrations: [Inbox.migrations]) { database in
            await #expect(throws: Stop.self) {
                try await database.transaction { transaction in
                    _ = try Inbox.firstTime(consumer: "c", eventType: "t", id: "x", at: Self.moment, in: transaction)
                    throw Stop()
                }
            }
            try await database.transaction { transaction in
                let first = try Inbox.firstTime(
                    consumer: "c", eventType: "t", id: "x", at: Self.moment, in: transaction)
                #expect(first)
                for number in 0..<10 {
                    _ = try Inbox.firstTime(
                        consumer: "c", eventType: "t", id: "\(number)", at: Self.moment.advanced(by: .seconds(number)),
                        in: transaction)
                }
            }
            var counts: [Int] = []
            repeat {
                counts.append(
                    try await database.transaction { transaction in
                        try Inbox.purge(before: Self.moment.advanced(by: .seconds(8)), limit: 4, in: transaction)
                    })
            } while counts.last == 4
            #expect(counts == [4, 4, 1])
        }
    }
}
