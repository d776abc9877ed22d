import KubernetesModel
package import Logging
import Synchronization
package import Telemetry

/// Runs a reconcile function for keys: many keys at once, each key once at a time, failed ones again after a pause.
///
/// `enqueue` may be called from anywhere; `run` owns everything that runs.
package final class Controller<Key: Hashable & Sendable>: Sendable {
    private struct State {
        var queue: WorkQueue<Key>
        var failures: [Key: RetryBackOff] = [:]
        /// Those who wait until nothing runs.
        var idleWaiters: [Signal] = []
    }

    private let name: String
    private let surroundings: Surroundings
    private let metrics: ControllerMetrics?
    private let logger: Logger
    private let reconcile: @Sendable (Key) async -> ReconcileOutcome
    private let state: StateBox
    /// Keys to run. Holds at most `maximumRunning`, because the queue lets no more be running.
    private let starts: AsyncStream<Key>
    private let start: AsyncStream<Key>.Continuation
    private let timersChanged = Signal()
    private let stop = Signal()

    /// The state by reference, so that the metrics can look at it.
    private final class StateBox: Sendable {
        let value: Mutex<State>
        init(_ state: State) { value = Mutex(state) }
    }

    /// - Parameters:
    ///   - name: in metrics and logs.
    ///   - maximumRunning: how many keys may run at once.
    ///   - startsPaused: collect keys but run none until `resume`: for replicas that are not leader yet.
    ///   - reconcile: level-triggered: looks at everything, whatever brought the key. Reports its own errors to people;
    ///     here they only decide about the next run.
    package init(
        name: String, maximumRunning: Int = 4, startsPaused: Bool = false, surroundings: Surroundings = .system,
        metrics: MetricRegistry? = nil, logger: Logger, reconcile: @escaping @Sendable (Key) async -> ReconcileOutcome
    ) {
        self.name = name
        self.surroundings = surroundings
        self.reconcile = reconcile
        var logger = logger
        logger[metadataKey: "controller"] = "\(name)"
        self.logger = logger
        let state = StateBox(State(queue: WorkQueue(maximumRunning: maximumRunning, isPaused: startsPaused)))
        self.state = state
        self.metrics = metrics.map {
            ControllerMetrics($0, name: name, maximumRunning: maximumRunning) {
                let now = surroundings.now()
                return state.value.withLock {
                    ControllerMetrics.Snapshot(
                        depth: $0.queue.depth, runningTimes: $0.queue.runningTimes(now: now))
                }
            }
        }
        (starts, start) = AsyncStream.makeStream()
    }

    /// Asks for `key` as soon as there is room. A running key runs once more when it ends.
    package func enqueue(_ key: Key) {
        change { queue, now in queue.add(key, now: now) ? 1 : 0 }
    }

    /// Asks for `key` after `delay`, unless it runs before: a run decides itself when to come back.
    package func enqueue(_ key: Key, after delay: Duration) {
        var isEarlier = false
        change { queue, now in
            let next = queue.nextTime
            queue.add(key, at: now + delay)
            isEarlier = queue.nextTime != next
            return 0
        }
        if isEarlier { timersChanged.raise() }
    }

    /// Starts nothing more until `resume`. What runs goes on; keys are collected.
    package func pause() {
        change { queue, _ in
            queue.pause()
            return 0
        }
    }

    /// Starts what was collected.
    package func resume() {
        change { queue, _ in
            queue.resume()
            return 0
        }
    }

    /// Returns when nothing runs, or when the task is cancelled. What waits does not count.
    package func waitUntilIdle() async {
        let signal = Signal()
        state.value.withLock { $0.idleWaiters.append(signal) }
        while !Task.isCancelled, state.value.withLock({ $0.queue.runningCount > 0 }) { await signal.wait() }
        state.value.withLock { state in state.idleWaiters.removeAll { $0 === signal } }
    }

    /// Takes nothing in any more and lets what runs come to its end, at most for `limit`; what runs longer is cancelled.
    /// Then `run` returns.
    ///
    /// - Returns: whether everything came to its end by itself.
    package func drain(within limit: Duration) async -> Bool {
        change { queue, _ in
            queue.close()
            return 0
        }
        start.finish()
        let isIdle = await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.waitUntilIdle() }
            group.addTask { await self.surroundings.pause(limit) }
            await group.next()
            group.cancelAll()
            return state.value.withLock { $0.queue.runningCount == 0 }
        }
        stop.raise()
        return isIdle
    }

    /// Runs until `drain`, or until the task is cancelled; returns when the last reconcile has ended. To be called once.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.runTimers() }
            for await key in starts { group.addTask { await self.run(key) } }
            // Closed: what runs ends by itself, until `drain` has no more patience.
            await stop.wait()
            group.cancelAll()
        }
    }

    private func runTimers() async {
        while !Task.isCancelled {
            let next = state.value.withLock { $0.queue.nextTime }
            await surroundings.wait(until: next, or: timersChanged)
            change { queue, now in queue.advance(to: now) }
        }
    }

    private func run(_ key: Key) async {
        let began = surroundings.now()
        let outcome = await reconcile(key)
        let now = surroundings.now()
        let random = surroundings.random()
        var result = ControllerMetrics.Result.success
        let next: Duration? = state.value.withLock { state in
            switch outcome {
            case .done:
                state.failures[key] = nil
                return nil
            case .again(let delay):
                state.failures[key] = nil
                result = .again
                return delay
            case .failed(_, terminal: true, _):
                state.failures[key] = nil
                result = .terminal
                return nil
            case .failed(let error, terminal: false, let limit):
                result = .error
                let retryClass = RetryClass(error)
                let wish = (error as? KubernetesError)?.retryAfter
                let pause = state.failures[key, default: RetryBackOff(retryClass)]
                    .next(retryClass, random: random, retryAfter: wish)
                return limit.map { min($0, pause) } ?? pause
            }
        }
        metrics?.ended(result, after: now - began)
        if case .failed(let error, let terminal, _) = outcome {
            logger.log(
                level: Self.level(of: error, isTerminal: terminal), "reconcile failed",
                metadata: [
                    "key": "\(key)", "error.message": "\(error)",
                    "retry": terminal ? "none" : "\(next.map { "\($0)" } ?? "none")",
                ])
            if next != nil { metrics?.retried() }
        }
        change { queue, now in
            queue.finish(key)
            if let next { queue.add(key, at: now + next) }
            return 0
        }
        if next != nil { timersChanged.raise() }
        let waiters = state.value.withLock { $0.queue.runningCount == 0 ? $0.idleWaiters : [] }
        for waiter in waiters { waiter.raise() }
    }

    /// Errors are for somebody to act on; what is tried again by itself is a warning; that others wrote first is usual.
    private static func level(of error: any Error, isTerminal: Bool) -> Logger.Level {
        if isTerminal { return .error }
        switch RetryClass(error) {
        case .conflict: return .info
        case .refused: return .error
        case .throttled, .unavailable, .other: return .warning
        }
    }

    /// Changes the queue and starts what can run then. - Parameter body: returns how many keys came onto the queue.
    private func change(_ body: (inout WorkQueue<Key>, Duration) -> Int) {
        let now = surroundings.now()
        let (added, started) = state.value.withLock { state in
            let added = body(&state.queue, now)
            let started = state.queue.startable(now: now)
            // Within the lock, so that `drain` does not finish the stream in between: the key would count as running
            // for ever.
            for begin in started { start.yield(begin.key) }
            return (added, started)
        }
        metrics?.added(added)
        for begin in started { metrics?.started(waited: begin.waited) }
    }
}
