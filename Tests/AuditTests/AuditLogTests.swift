import Audit
import ServiceTestSupport
import TaskDomain
import TaskStorage
import TestKit
import Testing
import WireValues

@Suite(.timeLimit(.minutes(2))) struct `The audit log` {
    private static func append(
        _ events: [CloudEvent], at time: Timestamp = Sample.moment, to database: any Database
    ) async throws -> [Bool] {
        let entries = try events.map { try AuditEntry($0) }
        return try await database.transaction { try AuditLog.append(entries, at: time, in: $0) }
    }

    private static func verify(
        _ user: String = "ann", _ known: AuditLog.KnownLink? = nil, in database: any Database
    ) async throws -> AuditLog.Verification {
        try await database.read { try AuditLog.verify(user, against: known, in: $0) }
    }

    private static func all(
        _ user: String = "ann", _ filter: AuditLog.Filter = AuditLog.Filter(), pageSize: Int = 100,
        in database: any Database
    ) async throws -> [AuditLog.Stored] {
        var found: [AuditLog.Stored] = []
        while true {
            let position = found.last.map { AuditLog.Position($0) }
            let page = try await database.read { transaction in
                try AuditLog.page(of: user, filter, after: position, limit: pageSize, in: transaction)
            }
            found += page
            if page.count < pageSize { return found }
        }
    }

    @Test(arguments: eachDatabase)
    func `has an event once, however often it comes`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [AuditLog.migrations]) { database in
            let events = (1...5).map { Sample.event(version: $0) }
            let first = try await Self.append(events + [events[0]], to: database)
            #expect(first == [true, true, true, true, true, false])
            let second = try await Self.append([events[4], Sample.event(version: 6), events[2]], to: database)
            #expect(second == [false, true, false])
            let entries = try await Self.all(in: database)
            #expect(entries.map(\.place) == [1, 2, 3, 4, 5, 6])
            #expect(entries.map(\.entry.body) == (events + [Sample.event(version: 6)]).map(\.bytes))
            let verification = try await Self.verify(in: database)
            #expect(verification.fault == nil)
            #expect(verification.entries == 6)
        }
    }

    @Test(arguments: eachDatabase)
    func `has a chain for each of two users whose ids look the same`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [AuditLog.migrations]) { database in
            let users = ["\u{E9}", "e\u{301}"]
            let events = (1...4).map { Sample.event(user: users[$0 % 2], version: $0, id: "event-\($0)") }
            #expect(try await Self.append(events, to: database) == [true, true, true, true])
            for user in users {
                #expect(try await Self.all(user, in: database).map(\.place) == [1, 2])
                let verification = try await Self.verify(user, in: database)
                #expect(verification.fault == nil)
                #expect(verification.entries == 2)
            }
        }
    }

    @Test(arguments: eachDatabase)
    func `has every event once and whole chains when replicas get the same deliveries at once`(engine: TestEngine)
        async throws
    {
        let seed = UInt64.random(in: 0 ... .max)
        try await engine.withPlace { place in
            let replicas = [try await place.open(), try await place.open()]
            _ = try await Migrations.run([AuditLog.migrations], on: replicas[0])
            try await withThrowingTaskGroup(of: Int.self) { group in
                for worker in 0..<6 {
                    group.addTask {
                        var generator = SeededGenerator(seed: seed &+ UInt64(worker / 2))
                        var new = 0
                        for _ in 0..<20 {
                            // Pairs of workers deliver the same; users are mixed within a delivery.
                            let batch = (0..<Int.random(in: 1...30, using: &generator)).map { _ in
                                Sample.event(
                                    user: "user-\(Int.random(in: 0..<5, using: &generator))",
                                    task: Int.random(in: 1...10, using: &generator),
                                    version: Int.random(in: 1...20, using: &generator))
                            }
                            new += try await Self.append(batch, to: replicas[worker % 2]).count { $0 }
                        }
                        return new
                    }
                }
                let new = try await group.reduce(0, +)
                var stored = 0
                for number in 0..<5 {
                    let entries = try await Self.all("user-\(number)", in: replicas[0])
                    stored += entries.count
                    #expect(Set(entries.map(\.entry.eventID)).count == entries.count, "seed \(seed)")
                    let verification = try await Self.verify("user-\(number)", in: replicas[1])
                    #expect(verification.fault == nil, "seed \(seed)")
                    #expect(verification.entries == Int64(entries.count))
                }
                #expect(stored == new, "seed \(seed)")
            }
            for replica in replicas { await replica.close() }
        }
    }

    @Test(arguments: eachDatabase)
    func `is read by time, then by version, whatever the order of arrival, and without gaps between pages`(
        engine: TestEngine
    ) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        try await engine.withDatabase(migrations: [AuditLog.migrations]) { database in
            // Few instants, so that many entries share one.
            let events = (1...60).map { number in
                Sample.event(
                    task: number % 3 + 1, version: number, at: Sample.moment.advanced(by: .seconds(number / 10)))
            }
            for event in events.shuffled(using: &generator) { _ = try await Self.append([event], to: database) }
            for pageSize in [1, 7, 60, 61] {
                let entries = try await Self.all(pageSize: pageSize, in: database)
                #expect(entries.map(\.entry.eventID) == events.map(\.id), "seed \(seed)")
            }
        }
    }

    @Test(arguments: eachDatabase)
    func `is filtered by type, task and time, and by user always`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [AuditLog.migrations]) { database in
            let words = ["created", "updated", "completed", "deleted"]
            let events = (0..<40).map { number in
                Sample.event(
                    words[number % 4], task: number % 5 + 1, version: number + 1,
                    at: Sample.moment.advanced(by: .seconds(number)))
            }
            _ = try await Self.append(events + [Sample.event(user: "bob")], to: database)
            func versions(_ change: (inout AuditLog.Filter) -> Void) async throws -> [Int64] {
                var filter = AuditLog.Filter()
                change(&filter)
                return try await Self.all("ann", filter, pageSize: 3, in: database).map(\.entry.taskVersion)
            }
            var found = try await versions { $0.eventTypes = ["completed"] }
            #expect(found == Array(stride(from: 3, through: 40, by: 4)))
            found = try await versions { $0.taskID = 2 }
            #expect(found == Array(stride(from: 2, through: 40, by: 5)))
            found = try await versions {
                $0.from = Sample.moment.advanced(by: .seconds(10))
                $0.to = Sample.moment.advanced(by: .seconds(13))
            }
            #expect(found == [11, 12, 13])
            found = try await versions {
                $0.eventTypes = ["created", "deleted"]
                $0.taskID = 1
                $0.from = Sample.moment.advanced(by: .seconds(1))
            }
            #expect(found == [16, 21, 36])
            let bob = try await Self.all("bob", in: database)
            #expect(bob.map(\.entry.userID) == ["bob"])
        }
    }

    @Test(
        arguments: eachDatabase,
        [
            ("DELETE FROM audit_entries WHERE place = 3", 3, "missing"),
            ("DELETE FROM audit_entries WHERE place = 1", 1, "missing"),
            ("DELETE FROM audit_entries WHERE place = 6", 6, "missing"),
            ("DELETE FROM audit_entries", 1, "missing"),
            ("UPDATE audit_entries SET event_type = 'deleted' WHERE place = 2", 2, "altered"),
            ("UPDATE audit_entries SET occurred_at = occurred_at + 1 WHERE place = 4", 4, "altered"),
            ("UPDATE audit_entries SET recorded_at = recorded_at - 1 WHERE place = 4", 4, "altered"),
            ("UPDATE audit_entries SET task_id = 9 WHERE place = 6", 6, "altered"),
            ("UPDATE audit_entries SET body = link WHERE place = 5", 5, "altered"),
            (
                "UPDATE audit_entries SET link = (SELECT link FROM audit_entries WHERE place = 1) WHERE place = 5", 5,
                "altered"
            ),
            // Cut off and the end set back: only a link that somebody knows shows it; the end alone does not fit.
            ("UPDATE audit_chains SET last_place = 5", 6, "end"),
            ("UPDATE audit_chains SET last_link = purged_link", 6, "end"),
            ("UPDATE audit_chains SET purged_place = 2", 3, "altered"),
        ])
    func `shows what is missing or altered`(engine: TestEngine, tampering: (sql: String, place: Int64, kind: String))
        async throws
    {
        try await engine.withDatabase(migrations: [AuditLog.migrations]) { database in
            _ = try await Self.append((1...6).map { Sample.event(version: $0) }, to: database)
            let before = try await Self.verify(in: database)
            #expect(before.fault == nil)
            _ = try await database.transaction { try $0.execute(tampering.sql) }
            let after = try await Self.verify(in: database)
            #expect(after.fault?.place == tampering.place)
            #expect(after.fault?.kind.rawValue == tampering.kind)
        }
    }

    @Test(arguments: eachDatabase)
    func `shows a chain that was made anew, or cut at its end, to who knows an earlier link`(engine: TestEngine)
        async throws
    {
        try await engine.withDatabase(migrations: [AuditLog.migrations]) { database in
            _ = try await Self.append((1...6).map { Sample.event(version: $0) }, to: database)
            let entries = try await Self.all(in: database)
            let known = AuditLog.KnownLink(place: 6, link: entries[5].link.hexadecimal)
            let middle = AuditLog.KnownLink(place: 3, link: entries[2].link.hexadecimal)
            for link in [known, middle, nil] {
                let verification = try await Self.verify("ann", link, in: database)
                #expect(verification.fault == nil)
            }
            // Whoever can write to the tables forges everything: a chain without the third event.
            _ = try await database.transaction { transaction in
                try transaction.execute("DELETE FROM audit_entries")
                try transaction.execute("DELETE FROM audit_chains")
            }
            _ = try await Self.append([1, 2, 4, 5, 6].map { Sample.event(version: $0) }, to: database)
            let alone = try await Self.verify(in: database)
            #expect(alone.fault == nil)
            let compared = try await Self.verify("ann", known, in: database)
            #expect(compared.fault?.kind == .rewritten)
            let inTheMiddle = try await Self.verify("ann", middle, in: database)
            #expect(inTheMiddle.fault == .init(place: 3, kind: .rewritten))
        }
    }

    @Test(arguments: eachDatabase)
    func `loses the old by retention, nothing younger, and can still be checked`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [AuditLog.migrations]) { database in
            let day = 86_400
            for number in 1...30 {
                let time = Sample.moment.advanced(by: .seconds(number * day))
                // The sixth says that it is of the far future: it and what follows stay until they are old, too.
                let claimed = number == 6 ? Sample.moment.advanced(by: .seconds(20 * day)) : time
                _ = try await Self.append([Sample.event(version: number, at: claimed)], at: time, to: database)
            }
            _ = try await Self.append(
                [Sample.event(user: "bob", at: Sample.moment)], at: Sample.moment.advanced(by: .seconds(29 * day)),
                to: database)
            func purge(_ user: String, day number: Int) async throws -> [Int] {
                var counts: [Int] = []
                repeat {
                    counts.append(
                        try await database.transaction { transaction in
                            try AuditLog.purge(
                                user, before: Sample.moment.advanced(by: .seconds(number * day)), limit: 4,
                                in: transaction)
                        })
                } while counts.last == 4
                return counts
            }
            var counts = try await purge("ann", day: 10)
            #expect(counts == [4, 1])
            var verification = try await Self.verify(in: database)
            #expect(verification.fault == nil)
            #expect(verification.purgedPlace == 5)
            #expect(verification.entries == 25)
            counts = try await purge("ann", day: 25)
            #expect(counts == [4, 4, 4, 4, 3])
            // An event from long ago that was recorded only now is not old.
            counts = try await purge("bob", day: 25)
            #expect(counts == [0])
            let users = try await database.read { transaction in
                try AuditLog.usersToPurge(
                    before: Sample.moment.advanced(by: .seconds(26 * day)), after: "", limit: 10, in: transaction)
            }
            #expect(users == ["ann"])
            // Everything goes, the chain goes on.
            _ = try await purge("ann", day: 100)
            _ = try await Self.append([Sample.event(version: 31)], to: database)
            verification = try await Self.verify(in: database)
            #expect(verification.fault == nil)
            #expect(verification.purgedPlace == 30)
            #expect(verification.lastPlace == 31)
            _ = try await database.transaction {
                try $0.execute("UPDATE audit_chains SET purged_link = last_link WHERE user_id = 'ann'")
            }
            verification = try await Self.verify(in: database)
            #expect(verification.fault == .init(place: 31, kind: .altered))
        }
    }

    @Test func `links entries by a rule that others can follow`() throws {
        let entry = AuditEntry(
            userID: "ann", eventID: "e1", eventType: "created", taskID: 7, taskVersion: 1,
            occurredAt: Timestamp(microseconds: 1_000_000), body: Array("{}".utf8))
        // printf over 32 zero bytes and the text below, by sha256sum:
        // 12:todo-audit-13:ann1:12:e17:created1:71:17:10000007:20000002:{}
        #expect(
            ChainLink.first.following(entry, place: 1, recordedAt: Timestamp(microseconds: 2_000_000)).hexadecimal
                == "1d6f66a7e0b894ba098132f92634f91ad55613b4c1d949ee3f2f819d41341f9f")
    }
}

@Suite struct `An audit entry` {
    @Test(arguments: ["task.created", "task.updated", "task.completed", "task.deleted"])
    func `is made of each of the four events`(type: String) throws {
        let word = String(type.dropFirst(5))
        let entry = try AuditEntry(Sample.event(word))
        #expect(entry.eventType == word)
    }

    @Test func `is made of an event whose other fields nobody understands`() throws {
        let entry = try AuditEntry(
            Sample.event(data: ["task_data": "something else", "new": [1, 2], "reason": "unheard of"]))
        #expect(entry.taskID == 1)
    }

    @Test(arguments: ["task.changed", "reminder.due", "task.created.v2", "task.archived", "created"])
    func `is not made of other events`(type: String) {
        #expect(throws: EventProblem.unknownType(type)) { try AuditEntry(Sample.event(type: type)) }
    }

    @Test(
        arguments: [
            ["user_id": "a\0b"], ["user_id": .string(String(repeating: "x", count: 300))], ["task_id": 0],
            ["task_version": -1],
            ["event_id": ""],
        ] as [JSON])
    func `is not made of what cannot be filed`(data: JSON) {
        #expect(throws: EventProblem.self) { try AuditEntry(Sample.event(data: data)) }
    }
}
