import Audit
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

/// Figures, no judgement: `STORAGE_SPEED=1 swift test -c release --filter AuditSpeed`.
@Suite(.serialized, .enabled(if: getenv("STORAGE_SPEED") != nil)) struct AuditSpeed {
    @Test(arguments: eachDatabase, [1, 100])
    func `events a second`(engine: TestEngine, bulk: Int) async throws {
        try await engine.withDatabase(migrations: [AuditLog.migrations]) { database in
            let clock = ContinuousClock()
            let start = clock.now
            let end = start + .seconds(3)
            let text = JSON.string(String(repeating: "x", count: 1_000))
            let count = try await withThrowingTaskGroup(of: Int.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        var count = 0
                        while clock.now < end {
                            let entries = try (0..<bulk).map { number in
                                try AuditEntry(
                                    Sample.event(
                                        user: "user-\(worker)-\(number % 20)", task: count + number + 1,
                                        data: ["description": text]))
                            }
                            count += try await database.transaction { transaction in
                                try AuditLog.append(entries, at: Sample.moment, in: transaction)
                            }.count { $0 }
                        }
                        return count
                    }
                }
                return try await group.reduce(0, +)
            }
            print(
                "\(engine) deliveries of \(bulk), 4 at once: \(Int(Double(count) / ((clock.now - start) / .seconds(1)))) events/s"
            )
            let began = clock.now
            let verification = try await database.read { try AuditLog.verify("user-0-0", in: $0) }
            #expect(verification.fault == nil)
            print("verified \(verification.entries) entries in \((clock.now - began) / .milliseconds(1)) ms")
        }
    }
}
