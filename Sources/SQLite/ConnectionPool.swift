import Dispatch
import Synchronization

/// Why a pool did not run a job.
package enum PoolError: Error, Equatable, CustomStringConvertible {
    /// All connections were busy for the whole of the wait, or too many waited already.
    case exhausted(pool: String, size: Int, waited: Duration)
    case closed(pool: String)
    /// The system gives no thread.
    case noThread(pool: String, code: Int32)

    package var description: String {
        switch self {
        case .exhausted(let pool, let size, let waited):
            "all \(size) connections of \(pool) were busy for \(waited)"
        case .closed(let pool): "\(pool) is closed"
        case .noThread(let pool, let code): "no thread for a connection of \(pool), error \(code)"
        }
    }
}

package struct PoolStatistics: Sendable, Equatable {
    /// How many connections there may be.
    package let size: Int
    /// How many work now.
    package let busy: Int
    /// How many jobs wait for one.
    package let waiting: Int

    package init(size: Int, busy: Int, waiting: Int) {
        self.size = size
        self.busy = busy
        self.waiting = waiting
    }
}

/// Connections that block, kept off the threads that run tasks: each is made, used and closed on one thread of its own.
///
/// Threads and connections come when they are needed and go when they have been idle for a while. Jobs are taken in the
/// order in which they came. Waiting for a connection is asynchronous, bounded, and ends when the task is cancelled; a
/// job that has begun runs to its end.
package final class ConnectionPool<Connection>: Sendable {
    package typealias Job = @Sendable (PoolSlot<Connection>) -> Void

    private struct Waiting: Sendable {
        let run: Job
        let fail: @Sendable (any Error) -> Void
        /// By the timer's clock.
        let until: Duration
    }

    private struct State {
        var jobs: PoolState<Worker, Waiting>
        var lastNumber: UInt64 = 0
        /// Whether the timer will call: it does as long as anybody waits, and once for all of them.
        var isTimed = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private final class Worker: Sendable {
        let wake = DispatchSemaphore(value: 0)
        /// Set before `wake`; nil tells the worker to end.
        let job = Mutex<Job?>(nil)
    }

    package let name: String
    private let size: Int
    private let waitLimit: Duration
    private let idleLimit: Duration
    private let timer: PoolTimer
    private let connect: @Sendable () throws -> Connection
    private let state: Mutex<State>

    /// - Parameters:
    ///   - name: for errors and threads, `database` for example.
    ///   - size: how many connections at most.
    ///   - waitLimit: how long a job waits for a connection.
    ///   - waitingLimit: how many jobs wait at most; more fail at once.
    ///   - idleLimit: a connection without work for this long is closed.
    ///   - connect: called on the connection's thread, whenever a job needs a connection and its thread has none.
    package init(
        name: String, size: Int, waitLimit: Duration = .seconds(5), waitingLimit: Int = 10_000,
        idleLimit: Duration = .seconds(60), timer: PoolTimer = .system,
        connect: @escaping @Sendable () throws -> Connection
    ) {
        precondition(size > 0, "a pool without connections")
        self.name = name
        self.size = size
        self.waitLimit = waitLimit
        self.idleLimit = idleLimit
        self.timer = timer
        self.connect = connect
        state = Mutex(State(jobs: PoolState(size: size, waitingLimit: waitingLimit)))
    }

    package var statistics: PoolStatistics {
        state.withLock {
            PoolStatistics(size: size, busy: $0.jobs.busy, waiting: $0.jobs.waitingCount)
        }
    }

    /// Runs `body` on a connection's thread.
    /// - Throws: `PoolError`; `CancellationError` when cancelled before it began; what connecting or `body` throws.
    package func run<R: Sendable>(_ body: @escaping @Sendable (Connection) throws -> R) async throws -> R {
        try await schedule { slot, reply in
            reply.answer(Result { try body(try slot.connection()) })
        }
    }

    /// Runs `job` on a worker's thread; the task goes on as soon as `job` answers, which it must, while `job` may still
    /// have something to clean up.
    package func schedule<R: Sendable>(
        _ job: @escaping @Sendable (PoolSlot<Connection>, Reply<R>) -> Void
    ) async throws -> R {
        try Task.checkCancellation()
        let reply = Reply<R>()
        let waiting = Waiting(
            run: { job($0, reply) }, fail: { reply.answer(.failure($0)) }, until: timer.now() + waitLimit)
        let (number, admission) = state.withLock { state in
            state.lastNumber += 1
            return (state.lastNumber, state.jobs.admit(waiting, number: state.lastNumber))
        }
        switch admission {
        case .wake(let worker):
            worker.job.withLock { $0 = waiting.run }
            worker.wake.signal()
            return try await reply.value
        case .start:
            try startWorker(waiting.run)
            return try await reply.value
        case .waits:
            return try await self.wait(for: reply, number)
        case .full: throw PoolError.exhausted(pool: name, size: size, waited: .zero)
        case .closed: throw PoolError.closed(pool: name)
        }
    }

    private func wait<R: Sendable>(for reply: Reply<R>, _ number: UInt64) async throws -> R {
        let starts = state.withLock { state in
            defer { state.isTimed = true }
            return !state.isTimed
        }
        if starts { look(after: waitLimit) }
        return try await withTaskCancellationHandler {
            try await reply.value
        } onCancel: {
            withdraw(number, CancellationError())
        }
    }

    private func look(after time: Duration) {
        timer.after(time) { [weak self] in self?.failOverdue() }
    }

    /// Fails those that have waited too long, and looks again when the next one will have.
    private func failOverdue() {
        let now = timer.now()
        var overdue: [Waiting] = []
        let next = state.withLock { state -> Duration? in
            while let job = state.jobs.longestWaiting() {
                guard job.until <= now else { return job.until }
                if let job = state.jobs.next() { overdue.append(job) }
            }
            state.isTimed = false
            return nil
        }
        for job in overdue { job.fail(PoolError.exhausted(pool: name, size: size, waited: waitLimit)) }
        if let next { look(after: next - now) }
    }

    private func withdraw(_ number: UInt64, _ error: any Error) {
        state.withLock { $0.jobs.withdraw(number) }?.fail(error)
    }

    /// Takes no more jobs, fails those that wait, and returns when the last connection is closed.
    package func close() async {
        let (waiting, idle) = state.withLock { $0.jobs.close() }
        for job in waiting { job.fail(PoolError.closed(pool: name)) }
        for worker in idle { worker.wake.signal() }
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.jobs.alive > 0 { state.closers.append(continuation) }
                return state.jobs.alive == 0
            }
            if isEmpty { continuation.resume() }
        }
    }

    // MARK: - Workers

    private func startWorker(_ job: @escaping Job) throws {
        do {
            try PlainThread.start { self.work(first: job) }
        } catch {
            state.withLock { $0.jobs.startFailed() }
            throw PoolError.noThread(pool: name, code: error.code)
        }
    }

    /// A worker's life.
    private func work(first job: Job) {
        let id = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        runJobs(Worker(), id: id, first: job)
        // Only now, with the connection closed: who waits for `close` may delete the database's files.
        let closers = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.jobs.ended()
            guard state.jobs.alive == 0 else { return [] }
            defer { state.closers = [] }
            return state.closers
        }
        for closer in closers { closer.resume() }
    }

    private func runJobs(_ worker: Worker, id: UInt64, first: Job) {
        let slot = PoolSlot<Connection>(connect: connect) {
            self.state.withLock { $0.jobs.next() }?.run
        }
        var job = first
        while true {
            job(slot)
            let (next, stays) = state.withLock { state -> (Waiting?, Bool) in
                if let next = state.jobs.next() { return (next, true) }
                return (nil, state.jobs.becomeIdle(worker, id: id))
            }
            if let next {
                job = next.run
                continue
            }
            guard stays, let given = waitForJob(worker, id: id) else { return }
            job = given
        }
    }

    private func waitForJob(_ worker: Worker, id: UInt64) -> Job? {
        let patience = DispatchTimeInterval.milliseconds(Int(clamping: Int64(idleLimit / .milliseconds(1))))
        while worker.wake.wait(timeout: .now() + patience) == .timedOut {
            if state.withLock({ $0.jobs.retire(id: id) }) { return nil }
            // A job is on its way.
        }
        return worker.job.withLock { job in
            defer { job = nil }
            return job
        }
    }
}
