import Dispatch
import SQLite
import Synchronization
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct `A pool of connections` {
    /// A pool whose jobs can be made to stay.
    private func pool(size: Int, timer: PoolTimer = .system, made: Signal = Signal()) -> ConnectionPool<Int> {
        ConnectionPool(name: "test", size: size, waitLimit: .seconds(5), timer: timer) {
            made.raise()
            return made.count
        }
    }

    /// Runs `body` while a job stays on the only connection of `pool`; the job goes when `body` lets it go, or ends.
    private func occupying<Connection>(
        _ pool: ConnectionPool<Connection>, _ body: (_ letGo: () -> Void) async -> Void
    ) async throws {
        let gate = DispatchSemaphore(value: 0)
        let running = Signal()
        async let first: Int = pool.run { _ in
            running.raise()
            gate.wait()
            return 1
        }
        await running.wait(beyond: 0)
        await body { gate.signal() }
        gate.signal()
        #expect(try await first == 1)
    }

    @Test func `makes no more connections than it may, and uses them again`() async throws {
        let made = Signal()
        let pool = pool(size: 3, made: made)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 { group.addTask { try await pool.run { _ in } } }
            try await group.waitForAll()
        }
        #expect((1...3).contains(made.count))
        await pool.close()
    }

    @Test func `fails a job that waits too long, and runs the others`() async throws {
        let timer = ManualTimer()
        let pool = pool(size: 1, timer: timer.timer)
        try await occupying(pool) { _ in
            await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await pool.run { _ in 2 } }
                await timer.isAsked.wait(beyond: 0)
                #expect(pool.statistics == PoolStatistics(size: 1, busy: 1, waiting: 1))
                timer.advance(by: .seconds(5))
                await #expect(throws: PoolError.exhausted(pool: "test", size: 1, waited: .seconds(5))) {
                    try await group.next()
                }
            }
        }
        #expect(try await pool.run { _ in 3 } == 3)
        await pool.close()
    }

    @Test func `lets each job wait as long as it may, however many wait`() async throws {
        let timer = ManualTimer()
        let pool = pool(size: 1, timer: timer.timer)
        try await occupying(pool) { _ in
            await withThrowingTaskGroup(of: Int.self) { group in
                let exhausted = PoolError.exhausted(pool: "test", size: 1, waited: .seconds(5))
                group.addTask { try await pool.run { _ in 2 } }
                await timer.isAsked.wait(beyond: 0)
                timer.advance(by: .seconds(3))
                group.addTask { try await pool.run { _ in 3 } }
                while pool.statistics.waiting < 2 { await Task.yield() }
                timer.advance(by: .seconds(2))
                await #expect(throws: exhausted) { try await group.next() }
                #expect(pool.statistics.waiting == 1)
                timer.advance(by: .seconds(3))
                await #expect(throws: exhausted) { try await group.next() }
            }
        }
        await pool.close()
    }

    @Test func `lets a task go that is cancelled while it waits`() async throws {
        let timer = ManualTimer()
        let pool = pool(size: 1, timer: timer.timer)
        let ran = Signal()
        try await occupying(pool) { _ in
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await pool.run { _ in ran.raise() } }
                await timer.isAsked.wait(beyond: 0)
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
        }
        try await pool.run { _ in }
        #expect(ran.count == 0)
        await pool.close()
    }

    @Test func `waits at its end for what runs, and fails what waits`() async throws {
        let timer = ManualTimer()
        let closed = Signal()
        final class Connection: Sendable {
            let closed: Signal
            init(_ closed: Signal) { self.closed = closed }
            deinit { closed.raise() }
        }
        let pool = ConnectionPool(name: "test", size: 1, timer: timer.timer) { Connection(closed) }
        try await occupying(pool) { letGo in
            await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await pool.run { _ in 2 } }
                await timer.isAsked.wait(beyond: 0)
                async let end: Void = pool.close()
                await #expect(throws: PoolError.closed(pool: "test")) { try await group.next() }
                #expect(closed.count == 0)
                letGo()
                await end
            }
        }
        #expect(closed.count == 1)
        await #expect(throws: PoolError.closed(pool: "test")) { try await pool.run { _ in } }
    }

    @Test func `connects anew after a job could not`() async throws {
        struct Down: Error {}
        let attempts = Atomic(0)
        let pool = ConnectionPool(name: "test", size: 1) {
            if attempts.add(1, ordering: .relaxed).newValue == 1 { throw Down() }
            return 1
        }
        await #expect(throws: Down.self) { try await pool.run { $0 } }
        #expect(try await pool.run { $0 } == 1)
        await pool.close()
    }

    @Test func `ends connections that nobody needs`() async throws {
        let closed = Signal()
        final class Connection: Sendable {
            let closed: Signal
            init(_ closed: Signal) { self.closed = closed }
            deinit { closed.raise() }
        }
        let pool = ConnectionPool(name: "test", size: 2, idleLimit: .milliseconds(10)) { Connection(closed) }
        try await pool.run { _ in }
        await closed.wait(beyond: 0)
        try await pool.run { _ in }
        await pool.close()
        #expect(closed.count == 2)
    }
}

/// Time that goes on when the test says so.
private final class ManualTimer: Sendable {
    private struct State {
        var now: Duration = .zero
        var calls: [(at: Duration, call: @Sendable () -> Void)] = []
    }

    private let state = Mutex(State())
    /// Raised whenever somebody wants to be called.
    let isAsked = Signal()

    var timer: PoolTimer {
        PoolTimer(
            now: { self.state.withLock { $0.now } },
            after: { time, call in
                self.state.withLock { $0.calls.append(($0.now + time, call)) }
                self.isAsked.raise()
            })
    }

    func advance(by time: Duration) {
        let due = state.withLock { state in
            state.now += time
            defer { state.calls.removeAll { $0.at <= state.now } }
            return state.calls.filter { $0.at <= state.now }
        }
        for entry in due { entry.call() }
    }
}
