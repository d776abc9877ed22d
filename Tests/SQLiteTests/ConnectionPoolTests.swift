import Dispatch
import SQLite
import Synchronization
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct `A pool of connections` {
    /// A pool whose jobs can be made to stay.
    private func pool(size: Int, clock: any Clock<Duration> = ManualClock(), made: Signal = Signal()) -> ConnectionPool<
        Int
    > {
        ConnectionPool(name: "test", size: size, waitLimit: .seconds(5), clock: clock) {
            made.raise()
            return made.count
        }
    }

    @Test func `makes no more connections than it may, and uses them again`() async throws {
        let made = Signal()
        let pool = pool(size: 3, clock: ContinuousClock(), made: made)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 { group.addTask { try await pool.run { _ in } } }
            try await group.waitForAll()
        }
        #expect((1...3).contains(made.count))
        await pool.close()
    }

    @Test func `fails a job that waits too long, and runs the others`() async throws {
        let clock = ManualClock()
        let pool = pool(size: 1, clock: clock)
        let gate = DispatchSemaphore(value: 0)
        let running = Signal()
        async let first: Int = pool.run { _ in
            running.raise()
            gate.wait()
            return 1
        }
        await running.wait(beyond: 0)
        await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { try await pool.run { _ in 2 } }
            await clock.waitForSleepers(1)
            #expect(pool.statistics == PoolStatistics(size: 1, busy: 1, waiting: 1))
            clock.advance(by: .seconds(5))
            await #expect(throws: PoolError.exhausted(pool: "test", size: 1, waited: .seconds(5))) {
                try await group.next()
            }
        }
        gate.signal()
        #expect(try await first == 1)
        #expect(try await pool.run { _ in 3 } == 3)
        await pool.close()
    }

    @Test func `lets a task go that is cancelled while it waits`() async throws {
        let clock = ManualClock()
        let pool = pool(size: 1, clock: clock)
        let gate = DispatchSemaphore(value: 0)
        let running = Signal()
        let ran = Signal()
        async let first: Void = pool.run { _ in
            running.raise()
            gate.wait()
        }
        await running.wait(beyond: 0)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await pool.run { _ in ran.raise() } }
            await clock.waitForSleepers(1)
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
        gate.signal()
        try await first
        try await pool.run { _ in }
        #expect(ran.count == 0)
        await pool.close()
    }

    @Test func `waits at its end for what runs, and fails what waits`() async throws {
        let clock = ManualClock()
        let closed = Signal()
        final class Connection: Sendable {
            let closed: Signal
            init(_ closed: Signal) { self.closed = closed }
            deinit { closed.raise() }
        }
        let pool = ConnectionPool(name: "test", size: 1, clock: clock) { Connection(closed) }
        let gate = DispatchSemaphore(value: 0)
        let running = Signal()
        async let first: Int = pool.run { _ in
            running.raise()
            gate.wait()
            return 1
        }
        await running.wait(beyond: 0)
        await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { try await pool.run { _ in 2 } }
            await clock.waitForSleepers(1)
            async let end: Void = pool.close()
            await #expect(throws: PoolError.closed(pool: "test")) { try await group.next() }
            #expect(closed.count == 0)
            gate.signal()
            await end
        }
        #expect(try await first == 1)
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
