import ServiceTestSupport
import TaskStorage
import Testing
import WireValues

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Figures, no judgement: `STORAGE_SPEED=1 swift test -c release --filter StorageSpeed`.
@Suite(.serialized, .enabled(if: getenv("STORAGE_SPEED") != nil)) struct StorageSpeed {
    private static let outbox = Outbox(name: "speed")
    private static let seconds = 3.0

    private static func measure(
        _ what: String, workers: Int, _ operation: @escaping @Sendable (Int, Int) async throws -> Int
    ) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        let end = start + .seconds(seconds)
        let (count, delays) = try await withThrowingTaskGroup(of: (Int, [Duration]).self) { group in
            for worker in 0..<workers {
                group.addTask {
                    var count = 0
                    var delays: [Duration] = []
                    while clock.now < end {
                        let begin = clock.now
                        count += try await operation(worker, delays.count)
                        delays.append(clock.now - begin)
                    }
                    return (count, delays)
                }
            }
            return try await group.reduce(into: (0, [])) { $0 = ($0.0 + $1.0, $0.1 + $1.1) }
        }
        let sorted = delays.sorted()
        func at(_ part: Double) -> Double { sorted[Int(Double(sorted.count - 1) * part)] / .milliseconds(1) }
        let rate = Double(count) / ((clock.now - start) / .seconds(1))
        print("\(what), \(workers) at once: \(Int(rate))/s, p50 \(at(0.5)) ms, p99 \(at(0.99)) ms")
    }

    @Test(arguments: eachDatabase)
    func `transactions a second`(engine: TestEngine) async throws {
        let tables = Migrations(
            component: "speed",
            [
                Migration(1, "tables") { d in
                    [
                        "CREATE TABLE counters (name \(d.text) PRIMARY KEY, n \(d.integer) NOT NULL)\(d.strict)",
                        "CREATE TABLE things (id \(d.identity), owner \(d.text) NOT NULL, body \(d.text) NOT NULL)\(d.strict)",
                    ]
                }
            ])
        try await engine.withDatabase(migrations: [tables, Self.outbox.migrations]) { database in
            try await database.transaction { transaction in
                for number in 0..<64 {
                    try transaction.send("INSERT INTO counters VALUES ($1, 0)", [.text("u\(number)")])
                }
            }
            let body = String(repeating: "x", count: 600)
            let event = [UInt8](repeating: 120, count: 1_500)
            for workers in [1, 16] {
                try await Self.measure("\(engine) single reads", workers: workers) { worker, _ in
                    try await database.statement("SELECT n FROM counters WHERE name = $1", [.text("u\(worker)")]).count
                }
                try await Self.measure("\(engine) reads in a snapshot", workers: workers) { worker, _ in
                    try await database.read {
                        try $0.query("SELECT n FROM counters WHERE name = $1", [.text("u\(worker)")]).count
                    }
                }
                try await Self.measure("\(engine) changes with two events", workers: workers) { worker, number in
                    try await database.transaction { transaction in
                        let next = try transaction.query(
                            "UPDATE counters SET n = n + 1 WHERE name = $1 RETURNING n", [.text("u\(worker)")])[0].int(
                                0)
                        _ = try transaction.query(
                            "INSERT INTO things (owner, body) VALUES ($1, $2) RETURNING id",
                            [.text("u\(worker)"), .text(body)])
                        try Self.outbox.append(
                            ["task-events", "task-updates"].map {
                                OutboxRow(role: $0, key: "u\(worker)", eventID: "\(worker)-\(next)", bytes: event)
                            }, at: Timestamp(seconds: 1_790_000_000), in: transaction)
                    }
                    return 1
                }
            }
            // A backlog is there now: how fast is it claimed and marked?
            let published = Shared<[Int64]>([])
            try await Self.measure("\(engine) outbox rows claimed and marked by 200", workers: 1) { _, _ in
                let done = published.withLock { $0 }
                let batch = try await database.transaction { transaction in
                    try Self.outbox.claim(by: "relay", limit: 200, published: done, in: transaction)
                }
                published.withLock { $0 = batch.rows.map(\.id) }
                return batch.rows.count
            }
        }
    }
}
