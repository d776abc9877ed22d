import Logging
import ServiceLifecycle
import Synchronization
import Telemetry
import TestKit
import Testing
import WireValues

@testable import ServiceKit
@testable import TaskStorage

@Suite(.timeLimit(.minutes(1))) struct OutboxRelayTests {
    private let clock = ManualClock()
    private let metrics = MetricRegistry()

    /// Runs a relay until `body` ends; then it is shut down gracefully.
    private func withRelay(
        _ outbox: MemoryOutbox, _ publisher: some OutboxPublisher, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let relay = OutboxRelay(
            source: outbox, publisher: publisher, clock: clock, now: { noon }, metrics: metrics, logger: quiet,
            jitter: { 1 })
        let group = ServiceGroup(configuration: .init(services: [relay], logger: quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                try await body()
                await group.triggerGracefulShutdown()
            }
            try await tasks.waitForAll()
        }
    }

    @Test func `a commit wakes the relay, and time is not needed`() async throws {
        let outbox = MemoryOutbox()
        let broker = Broker()
        try await withRelay(outbox, broker) {
            outbox.commit([("a", "a1"), ("b", "b1")])
            try await expectEventually("published") { broker.arrived == ["a1", "b1"] }
            outbox.commit([("a", "a2")])
            try await expectEventually("published") { broker.arrived.count == 3 && outbox.isEmpty }
        }
        #expect(outbox.releases == 1)
    }

    @Test func `while the broker is away the pauses double up to half a minute`() async throws {
        let outbox = MemoryOutbox()
        let broker = Broker()
        broker.refuse { _ in true }
        outbox.commit([("a", "a1")])
        try await withRelay(outbox, broker) { [clock, metrics] in
            for milliseconds in [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000] {
                await clock.waitForSleeper(of: .milliseconds(milliseconds))
                clock.advance(by: .milliseconds(milliseconds))
            }
            await clock.waitForSleeper(of: .seconds(30))
            #expect(metrics.gauge("todo_outbox_pending", help: "").value() == 1)
            broker.refuse { _ in false }
            clock.advance(by: .seconds(30))
            try await expectEventually("published") { broker.arrived == ["a1"] && outbox.isEmpty }
            // Said at once, not with the next measurement.
            try await expectEventually("nothing waits") { metrics.gauge("todo_outbox_pending", help: "").value() == 0 }
        }
    }

    @Test func `a key that is stuck waits, twice as long each time, and the others do not`() async throws {
        let outbox = MemoryOutbox()
        let broker = Broker()
        broker.refuse { $0.hasPrefix("a") }
        outbox.commit([("a", "a1")])
        try await withRelay(outbox, broker) { [clock] in
            for milliseconds in [100, 200, 400] {
                await clock.waitForSleeper(of: .milliseconds(milliseconds))
                clock.advance(by: .milliseconds(milliseconds))
            }
            await clock.waitForSleeper(of: .milliseconds(800))
            // No time passes.
            for event in ["b1", "b2", "b3"] {
                outbox.commit([("b", event)])
                try await expectEventually("published") { broker.arrived.last == event }
            }
            // One that is stuck only now does not wait for the other's turn.
            broker.refuse { $0.hasPrefix("a") || $0.hasPrefix("c") }
            outbox.commit([("c", "c1")])
            await clock.waitForSleeper(of: .milliseconds(100))
            broker.refuse { $0.hasPrefix("a") }
            clock.advance(by: .milliseconds(100))
            try await expectEventually("published") { broker.arrived.last == "c1" }
            broker.refuse { _ in false }
            clock.advance(by: .seconds(30))
            try await expectEventually("its turn has come") { outbox.isEmpty }
        }
        #expect(broker.arrived == ["b1", "b2", "b3", "c1", "a1"])
    }

    @Test func `when the broker is back nobody waits any longer`() async throws {
        let outbox = MemoryOutbox()
        let broker = Broker()
        broker.refuse { _ in true }
        outbox.commit([("a", "a1"), ("b", "b1"), ("c", "c1")])
        try await withRelay(outbox, broker) { [clock] in
            for milliseconds in [100, 200, 400, 800, 1_600] {
                await clock.waitForSleeper(of: .milliseconds(milliseconds))
                clock.advance(by: .milliseconds(milliseconds))
            }
            await clock.waitForSleeper(of: .milliseconds(3_200))
            broker.refuse { _ in false }
            // No time passes: the first that gets through tells of it.
            outbox.commit([("d", "d1")])
            try await expectEventually("published") { outbox.isEmpty }
        }
        #expect(broker.arrived == ["d1", "a1", "b1", "c1"])
    }

    @Test func `a stuck key that another relay brought to its end is forgotten`() async throws {
        let outbox = MemoryOutbox()
        let broker = Broker()
        broker.refuse { _ in true }
        outbox.commit([("a", "a1")])
        try await withRelay(outbox, broker) { [clock, metrics] in
            await clock.waitForSleeper(of: .milliseconds(100))
            #expect(metrics.gauge("todo_outbox_pending", help: "").value() == 1)
            outbox.publishElsewhere()
            clock.advance(by: .milliseconds(100))
            try await expectEventually("nothing waits") { metrics.gauge("todo_outbox_pending", help: "").value() == 0 }
            // One that failed, one without it, one with it.
            #expect(outbox.claims <= 4)
        }
    }

    @Test func `many rows of stuck keys take no place from the others`() async throws {
        let outbox = MemoryOutbox()
        let broker = Broker()
        broker.refuse { $0.hasPrefix("a") }
        outbox.commit((0..<1_000).map { ("a\($0 % 300)", "a\($0)") } + [("b", "b1")])
        try await withRelay(outbox, broker) { [clock] in
            // Two rounds of 200 rows, in which nothing gets through.
            for milliseconds in [100, 200] {
                await clock.waitForSleeper(of: .milliseconds(milliseconds))
                clock.advance(by: .milliseconds(milliseconds))
            }
            try await expectEventually("published") { broker.arrived == ["b1"] }
            // Without time, though a thousand wait before it.
            outbox.commit([("b", "b2")])
            try await expectEventually("published") { broker.arrived == ["b1", "b2"] }
        }
    }

    @Test func `a lost wake-up costs ten seconds, not the event`() async throws {
        let outbox = MemoryOutbox()
        let broker = Broker()
        try await withRelay(outbox, broker) { [clock] in
            await clock.waitForSleeper(of: .seconds(10))
            outbox.commit([("a", "a1")], silently: true)
            clock.advance(by: .seconds(10))
            try await expectEventually("published") { broker.arrived == ["a1"] }
        }
    }

    @Test func `when others hold what waits, it looks again as soon as they might be dead`() async throws {
        let outbox = MemoryOutbox()
        let broker = Broker()
        outbox.othersHold(for: .seconds(1))
        outbox.commit([("a", "a1")])
        try await withRelay(outbox, broker) { [clock] in
            await clock.waitForSleeper(of: .seconds(1))
            #expect(broker.arrived.isEmpty)
            outbox.othersHold(for: nil)
            clock.advance(by: .seconds(1))
            try await expectEventually("published") { broker.arrived == ["a1"] }
        }
    }

    @Test func `a database that fails loses nothing and repeats no more than it must`() async throws {
        let outbox = MemoryOutbox()
        let broker = Broker()
        outbox.commit([("a", "a1"), ("a", "a2")])
        // The first claim works, the one that marks does not.
        outbox.failClaims(after: 1, count: 2)
        try await withRelay(outbox, broker) { [clock] in
            await clock.waitForSleeper(of: .milliseconds(100))
            clock.advance(by: .milliseconds(100))
            await clock.waitForSleeper(of: .milliseconds(200))
            clock.advance(by: .milliseconds(200))
            try await expectEventually("marked") { outbox.isEmpty }
        }
        #expect(broker.arrived == ["a1", "a2"])
    }

    @Test func `asked to stop, it first empties the outbox`() async throws {
        let outbox = MemoryOutbox()
        let broker = Broker()
        try await withRelay(outbox, broker) {
            outbox.commit((0..<2_000).map { ("k\($0 % 7)", "e\($0)") }, silently: true)
        }
        #expect(broker.arrived.count == 2_000)
        #expect(outbox.isEmpty)
    }

    @Test func `asked to stop while the broker is away, it does not wait for it`() async throws {
        let outbox = MemoryOutbox()
        let broker = Broker()
        broker.refuse { _ in true }
        outbox.commit([("a", "a1")])
        try await withRelay(outbox, broker) { [clock] in await clock.waitForSleeper(of: .milliseconds(100)) }
        #expect(!outbox.isEmpty)
        #expect(outbox.releases == 1)
    }

    @Test(arguments: 0..<20)
    func `whatever fails, each key's events arrive in order, and all of them`(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let outbox = MemoryOutbox()
        let broker = Broker()
        let chances = Mutex(SeededGenerator(seed: seed ^ 0xabc))
        let rounds = Mutex(0)
        broker.refuse { _ in
            // A third of the entries fail, of the first hundred.
            let round = rounds.withLock { rounds in
                rounds += 1
                return rounds
            }
            return round < 100 && chances.withLock { $0.next() } % 3 == 0
        }
        let events = (0..<60).map { ("k\(Int.random(in: 0..<5, using: &generator))", $0) }
        outbox.commit(events.map { ($0.0, "\($0.0)-\($0.1)") })
        try await withRelay(outbox, broker) { [clock] in
            try await expectEventually("published, seed \(seed)") {
                if let next = clock.nextDeadline { clock.advance(by: clock.now.duration(to: next)) }
                return outbox.isEmpty
            }
        }
        for key in Set(events.map(\.0)) {
            let wanted = events.filter { $0.0 == key }.map { "\(key)-\($0.1)" }
            // What was sent twice counts where it came last: a consumer that goes by versions sees this order.
            var last: [String] = []
            for id in broker.arrived.reversed() where id.hasPrefix(key + "-") && !last.contains(id) { last.append(id) }
            #expect(Array(last.reversed()) == wanted, "seed \(seed)")
        }
    }
}

/// An outbox without a database.
private final class MemoryOutbox: RelaySource {
    private struct State {
        var rows: [OutboxBatch.Claimed] = []
        var next: Int64 = 1
        var releases = 0
        var hold: Duration?
        var claims = 0
        var failing = 0..<0
    }

    struct Failure: Error {}
    private let state = Mutex(State())
    private let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    var wakes: AsyncStream<Void> { stream }
    var isEmpty: Bool { state.withLock { $0.rows.isEmpty } }
    var releases: Int { state.withLock { $0.releases } }
    var claims: Int { state.withLock { $0.claims } }

    func publishElsewhere() { state.withLock { $0.rows = [] } }

    func commit(_ events: [(key: String, id: String)], silently: Bool = false) {
        state.withLock { state in
            for event in events {
                state.rows.append(
                    .init(
                        id: state.next,
                        row: OutboxRow(role: "task-events", key: event.key, eventID: event.id, bytes: Array("{}".utf8)),
                        createdAt: noon))
                state.next += 1
            }
        }
        if !silently { continuation.yield() }
    }

    func othersHold(for duration: Duration?) { state.withLock { $0.hold = duration } }

    /// Lets claims fail, `count` of them after the first `after`.
    func failClaims(after: Int, count: Int) { state.withLock { $0.failing = after..<(after + count) } }

    func claim(published: [Int64], limit: Int, leavingOut: [String]) async throws -> OutboxBatch {
        try state.withLock { state in
            defer { state.claims += 1 }
            if state.failing.contains(state.claims) { throw Failure() }
            state.rows.removeAll { published.contains($0.id) }
            if let hold = state.hold { return OutboxBatch(rows: [], startWithin: .seconds(2), lookAgainAfter: hold) }
            let rows = state.rows.filter { !leavingOut.contains($0.row.key) }.prefix(limit)
            return OutboxBatch(rows: Array(rows), startWithin: .seconds(2), lookAgainAfter: nil)
        }
    }

    func release(published: [Int64]) async throws {
        state.withLock { state in
            state.rows.removeAll { published.contains($0.id) }
            state.releases += 1
        }
    }

    func backlog() async throws -> (count: Int, oldest: Timestamp?) {
        state.withLock { ($0.rows.count, $0.rows.first?.createdAt) }
    }
}

/// A publisher whose events a test may refuse.
private final class Broker: OutboxPublisher {
    private let state = Mutex<(arrived: [String], refuses: @Sendable (String) -> Bool)>(([], { _ in false }))

    var arrived: [String] { state.withLock { $0.arrived } }
    func refuse(_ refuses: @escaping @Sendable (String) -> Bool) { state.withLock { $0.refuses = refuses } }

    func publish(_ rows: [OutboxBatch.Claimed], before deadline: ContinuousClock.Instant) async -> [Int64] {
        let refuses = state.withLock { $0.refuses }
        var failed: Set<Int64> = []
        for row in rows {
            if refuses(row.row.eventID) {
                failed.insert(row.id)
            } else {
                // Like a broker that takes a bulk entry by entry: those behind a failed one of their key arrive, too.
                state.withLock { $0.arrived.append(row.row.eventID) }
            }
        }
        return DaprPublisher.arrived(rows, failed: failed)
    }
}
