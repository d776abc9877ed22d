import DequeModule
import ServiceLifecycle
import Synchronization

/// Token checks and reads of the feed: what connections need and cannot wait for on their event loop. So many run at
/// once, the others wait their turn; each connection has at most two, so the connections' limit bounds them all.
final class SyncWork: Service {
    typealias Job = @Sendable () async -> Void

    private struct State {
        var running = 0
        var waiting = Deque<Job>()
    }

    private let maximumRunning: Int
    private let state = Mutex(State())
    private let starts: AsyncStream<Job>
    private let start: AsyncStream<Job>.Continuation

    init(maximumRunning: Int) {
        self.maximumRunning = maximumRunning
        (starts, start) = AsyncStream.makeStream()
    }

    func submit(_ job: @escaping Job) {
        let isNext = state.withLock { state in
            guard state.running < maximumRunning else {
                state.waiting.append(job)
                return false
            }
            state.running += 1
            return true
        }
        if isNext { start.yield(job) }
    }

    func run() async {
        await withDiscardingTaskGroup { group in
            for await job in starts.cancelOnGracefulShutdown() {
                group.addTask {
                    await job()
                    self.finish()
                }
            }
            // What runs is let go: the connections that asked are being closed.
            group.cancelAll()
        }
    }

    private func finish() {
        let next = state.withLock { state -> Job? in
            if let job = state.waiting.popFirst() { return job }
            state.running -= 1
            return nil
        }
        if let next { start.yield(next) }
    }
}
