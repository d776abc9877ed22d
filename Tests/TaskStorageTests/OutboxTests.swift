import ServiceTestSupport
import TaskStorage
import TestKit
import Testing
import WireValues

@Suite(.timeLimit(.minutes(2))) struct `An outbox` {
    static let outbox = Outbox(name: "test")
    private static let moment = Timestamp(seconds: 1_790_000_000)

    private static func row(_ key: String, _ number: Int) -> OutboxRow {
        OutboxRow(role: "task-events", key: key, eventID: "\(key)-\(number)", bytes: Array("{\"n\":\(number)}".utf8))
    }

    private static func append(_ rows: [OutboxRow], at time: Timestamp = moment, to database: any Database) async throws
    {
        try await database.transaction { try outbox.append(rows, at: time, in: $0) }
    }

    private static func claim(
        _ relay: String, limit: Int = 100, published: [Int64] = [], from database: any Database
    ) async throws -> OutboxBatch {
        try await database.transaction { try outbox.claim(by: relay, limit: limit, published: published, in: $0) }
    }

    @Test(arguments: eachDatabase)
    func `keys that are left out take no place, and stay`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.outbox.migrations]) { database in
            let others = (0..<40).map { "o'other \"\($0)\"" }
            try await Self.append(others.enumerated().map { Self.row($1, $0) }, to: database)
            let wanted = (0..<3).map { Self.row("user", $0) }
            try await Self.append(wanted, to: database)
            let batch = try await database.transaction {
                try Self.outbox.claim(by: "a", limit: 5, leavingOut: others, in: $0)
            }
            #expect(batch.rows.map(\.row) == wanted)
            let all = try await Self.claim("a", published: batch.rows.map(\.id), from: database)
            #expect(all.rows.map(\.row.key) == others)
        }
    }

    @Test(arguments: eachDatabase)
    func `gives out what was appended, in order, until it is published`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.outbox.migrations]) { database in
            let rows = (0..<6).map { Self.row("user-\($0 % 2)", $0) }
            try await Self.append(Array(rows[..<4]), to: database)
            try await Self.append(Array(rows[4...]), to: database)
            let first = try await Self.claim("a", limit: 4, from: database)
            #expect(first.rows.map(\.row) == Array(rows[..<4]))
            #expect(first.rows[0].createdAt == Self.moment)
            // Two could not be published: they come again.
            let second = try await Self.claim("a", published: first.rows.prefix(2).map(\.id), from: database)
            #expect(second.rows.map(\.row) == Array(rows[2...]))
            let backlog = try await database.read { try Self.outbox.backlog(in: $0) }
            #expect(backlog.count == 4)
            #expect(backlog.oldest == Self.moment)
            let third = try await Self.claim("a", published: second.rows.map(\.id), from: database)
            #expect(third.rows.isEmpty)
            #expect(third.lookAgainAfter == nil)
            let rest = try await database.read { try Self.outbox.backlog(in: $0) }
            #expect(rest.count == 0)
            #expect(rest.oldest == nil)
        }
    }

    @Test(arguments: eachDatabase)
    func `keeps nothing of a transaction that fails`(engine: TestEngine) async throws {
        struct Stop: Error {}
        try await engine.withDatabase(migrations: [Self.outbox.migrations]) { database in
            await #expect(throws: Stop.self) {
                try await database.transaction { transaction in
                    try Self.outbox.append([Self.row("user", 1)], at: Self.moment, in: transaction)
                    throw Stop()
                }
            }
            let batch = try await Self.claim("a", from: database)
            #expect(batch.rows.isEmpty)
        }
    }

    @Test(arguments: eachDatabase)
    func `wakes relays of other processes`(engine: TestEngine) async throws {
        // With SQLite there is one process for each file.
        guard engine == .postgresql else { return }
        try await engine.withPlace { place in
            let (writer, relay) = (try await place.open(), try await place.open())
            _ = try await Migrations.run([Self.outbox.migrations], on: writer)
            var wakes = relay.notifications(Self.outbox.channel).makeAsyncIterator()
            for number in 0..<5 {
                try await Self.append([Self.row("user", number)], to: writer)
                var batch: OutboxBatch
                repeat {
                    _ = await wakes.next()
                    batch = try await Self.claim("relay", from: relay)
                } while batch.rows.isEmpty
                #expect(batch.rows.map(\.row) == [Self.row("user", number)])
                _ = try await Self.claim("relay", published: batch.rows.map(\.id), from: relay)
            }
            await writer.close()
            await relay.close()
        }
    }

    @Test(arguments: eachDatabase)
    func `gives a row to one of two relays, and each a share of the keys`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.outbox.migrations]) { database in
            try await Self.append((0..<200).map { Self.row("user-\($0 % 50)", $0) }, to: database)
            let a = try await Self.claim("a", limit: 300, from: database)
            #expect(a.rows.count == 200)
            // All of them are a's now, but b is there, and what comes next is shared.
            let early = try await Self.claim("b", limit: 300, from: database)
            #expect(early.rows.isEmpty)
            #expect(early.lookAgainAfter != nil)
            _ = try await Self.claim("a", limit: 300, published: a.rows.map(\.id), from: database)
            try await Self.append((200..<400).map { Self.row("user-\($0 % 50)", $0) }, to: database)
            let (mine, yours) = (
                try await Self.claim("a", limit: 300, from: database),
                try await Self.claim("b", limit: 300, from: database)
            )
            #expect(!mine.rows.isEmpty && !yours.rows.isEmpty)
            #expect(mine.rows.count + yours.rows.count == 200)
            #expect(Set(mine.rows.map(\.row.key)).isDisjoint(with: yours.rows.map(\.row.key)))
            // One leaves: the other has everything.
            try await database.transaction { try Self.outbox.release(by: "b", published: [], in: $0) }
            let all = try await Self.claim("a", limit: 300, from: database)
            #expect(all.rows.count == 200)
        }
    }

    @Test(arguments: eachDatabase)
    func `a relay that goes by its hold gets what is new, and nothing of a lane that is another's`(engine: TestEngine)
        async throws
    {
        try await engine.withDatabase(migrations: [Self.outbox.migrations]) { database in
            try await Self.append((0..<50).map { Self.row("user-\($0)", $0) }, to: database)
            let first = try await Self.claim("a", from: database)
            #expect(first.rows.count == 50)
            let early = try await Self.claim("b", from: database)
            #expect(early.rows.isEmpty)
            try await Self.append((50..<60).map { Self.row("user-\($0)", $0) }, to: database)
            // However long this takes, the hold is young.
            let inAnHour = ContinuousClock.now + .seconds(3_600)
            let (published, hold) = (first.rows.map(\.id), LaneHold(lanes: first.hold.lanes, since: inAnHour))
            let second = try await database.transaction {
                try Self.outbox.claim(by: "a", limit: 100, published: published, holding: hold, in: $0)
            }
            #expect(second.rows.map(\.row) == (50..<60).map { Self.row("user-\($0)", $0) })
            // Looked up anew, half of the lanes are b's.
            let third = try await Self.claim("a", from: database)
            #expect((1..<10).contains(third.rows.count))
            let fromHold = LaneHold(lanes: third.hold.lanes, since: inAnHour)
            let fourth = try await database.transaction {
                try Self.outbox.claim(by: "a", limit: 100, holding: fromHold, in: $0)
            }
            #expect(fourth.rows.map(\.row) == third.rows.map(\.row))
            let rest = try await Self.claim("b", from: database)
            #expect(rest.rows.count + third.rows.count == 10)
        }
    }

    /// The property that everything else is for. Two relays that die and come back, fail to publish now and then, and
    /// are too late with what they hold; writers that race.
    @Test(arguments: eachDatabase)
    func `loses nothing and keeps each key's order of first arrivals, whatever relays do`(engine: TestEngine)
        async throws
    {
        let seed = UInt64.random(in: 0 ... .max)
        let keys = 12
        let perKey = 40
        try await engine.withDatabase(migrations: [Self.outbox.migrations]) { database in
            let arrivals = Shared<[String: [String]]>([:])
            let isWritten = Shared(false)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await withThrowingTaskGroup(of: Void.self) { writers in
                        for key in 0..<keys {
                            writers.addTask {
                                for number in 0..<perKey {
                                    try await Self.append([Self.row("user-\(key)", number)], to: database)
                                }
                            }
                        }
                        try await writers.waitForAll()
                    }
                    isWritten.withLock { $0 = true }
                }
                for relay in 0..<3 {
                    group.addTask {
                        var generator = SeededGenerator(seed: seed &+ UInt64(relay))
                        var lives = 0
                        var published: [Int64] = []
                        while true {
                            let batch = try await Self.claim(
                                "relay-\(relay)-\(lives)", limit: 7, published: published, from: database)
                            published = []
                            if batch.rows.isEmpty {
                                let backlog = try await database.read { try Self.outbox.backlog(in: $0) }
                                if backlog.count == 0, isWritten.withLock({ $0 }) { return }
                                if batch.lookAgainAfter != nil {
                                    // Instead of waiting until what died is known to be dead.
                                    _ = try await database.transaction {
                                        try $0.execute("UPDATE outbox_test_lanes SET until_at = 0")
                                    }
                                    _ = try await database.transaction {
                                        try $0.execute("DELETE FROM outbox_test_relays")
                                    }
                                }
                                await Task.yield()
                                continue
                            }
                            var failed: Set<String> = []
                            for claimed in batch.rows where !failed.contains(claimed.row.key) {
                                if Int.random(in: 0..<20, using: &generator) == 0 {
                                    failed.insert(claimed.row.key)
                                    continue
                                }
                                arrivals.withLock { $0[claimed.row.key, default: []].append(claimed.row.eventID) }
                                published.append(claimed.id)
                            }
                            if Int.random(in: 0..<10, using: &generator) == 0 {
                                // Dead before it could say what it published.
                                lives += 1
                                published = []
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            for (key, ids) in arrivals.withLock({ $0 }) {
                var seen: Set<String> = []
                let first = ids.filter { seen.insert($0).inserted }
                #expect(first == (0..<perKey).map { "\(key)-\($0)" }, "seed \(seed)")
            }
            #expect(arrivals.withLock { $0.count } == keys)
        }
    }

    @Test(arguments: eachDatabase)
    func `purges what was published long ago, in small bites, and nothing else`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.outbox.migrations]) { database in
            let now = Timestamp(
                microseconds: try await database.statement("SELECT \(database.dialect.now)", [])[0].int(0))
            let old = now.advanced(by: .seconds(-9 * 86_400))
            try await Self.append((0..<30).map { Self.row("old", $0) }, at: old, to: database)
            try await Self.append((0..<5).map { Self.row("late", $0) }, at: old, to: database)
            try await Self.append((0..<5).map { Self.row("waiting", $0) }, at: old, to: database)
            try await Self.append((0..<5).map { Self.row("young", $0) }, at: now, to: database)
            // The old ones went out when they were written, the late ones only now.
            _ = try await database.transaction { transaction in
                try transaction.execute(
                    "DELETE FROM outbox_test_pending WHERE id IN (SELECT id FROM outbox_test WHERE key = 'old')")
            }
            let batch = try await Self.claim("a", from: database)
            let ids = { @Sendable (key: String) in batch.rows.filter { $0.row.key == key }.map(\.id) }
            _ = try await Self.claim("a", published: ids("late") + ids("young"), from: database)
            var after: Int64? = 0
            var bites = 0
            while let start = after {
                after = try await database.transaction { transaction in
                    try Self.outbox.purge(
                        publishedBefore: now.advanced(by: .seconds(-8 * 86_400)), after: start, limit: 8,
                        in: transaction)
                }
                bites += 1
            }
            #expect(bites == 6)
            let left = try await database.read {
                try $0.query("SELECT key, count(*) FROM outbox_test GROUP BY key ORDER BY key").map {
                    "\($0.text(0)) \($0.int(1))"
                }
            }
            #expect(left == ["late 5", "waiting 5", "young 5"])
        }
    }

    @Test(arguments: eachDatabase)
    func `plays a span of time again`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.outbox.migrations]) { database in
            for minute in 0..<10 {
                try await Self.append(
                    [Self.row("ann", minute), Self.row("bob", minute)],
                    at: Self.moment.advanced(by: .seconds(60 * minute)),
                    to: database)
            }
            let all = try await Self.claim("a", from: database)
            _ = try await Self.claim("a", published: all.rows.map(\.id), from: database)
            let count = try await database.transaction { transaction in
                try Self.outbox.replay(
                    from: Self.moment.advanced(by: .seconds(120)), to: Self.moment.advanced(by: .seconds(300)),
                    key: "bob",
                    in: transaction)
            }
            #expect(count == 3)
            let again = try await Self.claim("a", from: database)
            #expect(again.rows.map(\.row) == [2, 3, 4].map { Self.row("bob", $0) })
            _ = try await Self.claim("a", published: again.rows.map(\.id), from: database)
            let one = try await database.transaction { transaction in
                try Self.outbox.replay(
                    from: Timestamp(seconds: 0), to: Self.moment.advanced(by: .seconds(86_400)), eventID: "ann-7",
                    in: transaction)
            }
            #expect(one == 1)
            let last = try await Self.claim("a", from: database)
            #expect(last.rows.map(\.row) == [Self.row("ann", 7)])
        }
    }

    @Test(arguments: eachDatabase)
    func `tells what waits, what holds it up, and what is kept`(engine: TestEngine) async throws {
        try await engine.withDatabase { database in
            #expect(try await !Self.outbox.exists(on: database))
            _ = try await Migrations.run([Self.outbox.migrations], on: database)
            #expect(try await Self.outbox.exists(on: database))
            let empty = try await database.read { try Self.outbox.status(in: $0) }
            #expect(empty.waiting == 0 && empty.keptSince == nil && empty.relays.isEmpty)
            // "ann" and "bob" have lanes of their own.
            try await Self.append([Self.row("ann", 1), Self.row("ann", 2)], to: database)
            try await Self.append([Self.row("bob", 3)], at: Self.moment.advanced(by: .seconds(1)), to: database)
            let batch = try await Self.claim("a", from: database)
            _ = try await Self.claim("a", published: batch.rows.prefix(1).map(\.id), from: database)
            let status = try await database.read { try Self.outbox.status(in: $0) }
            #expect(status.waiting == 2)
            #expect(status.queues.map(\.waiting) == [1, 1])
            #expect(status.queues.map(\.first.row.eventID) == ["ann-2", "bob-3"])
            #expect(status.queues.last?.first.createdAt == Self.moment.advanced(by: .seconds(1)))
            #expect(status.keptSince == Self.moment)
            #expect(status.relays.map(\.name) == ["a"])
        }
    }
}
