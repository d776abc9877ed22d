import Synchronization
import WireValues

/// Counts the outcomes of calls and, after too many failures, refuses them for a time. Counts in time that has passed:
/// a wall clock that is set back must not keep it open.
final class CircuitBreaker: Sendable {
    struct Open: Error, CustomStringConvertible {
        var description: String { "circuit breaker is open" }
    }

    private enum Phase {
        case closed(since: Duration)
        case open(until: Duration)
        case halfOpen(running: Int, successes: Int)
    }

    private struct Counts {
        var requests = 0
        var totalSuccesses = 0
        var totalFailures = 0
        var consecutiveSuccesses = 0
        var consecutiveFailures = 0

        mutating func add(_ succeeded: Bool) {
            requests += 1
            if succeeded {
                totalSuccesses += 1
                consecutiveSuccesses += 1
                consecutiveFailures = 0
            } else {
                totalFailures += 1
                consecutiveFailures += 1
                consecutiveSuccesses = 0
            }
        }

        var variables: [String: JSON] {
            [
                "requests": JSON(requests), "totalSuccesses": JSON(totalSuccesses),
                "totalFailures": JSON(totalFailures),
                "consecutiveSuccesses": JSON(consecutiveSuccesses), "consecutiveFailures": JSON(consecutiveFailures),
            ]
        }
    }

    private let policy: BreakerPolicy
    private let elapsed: @Sendable () -> Duration
    private let state: Mutex<(phase: Phase, counts: Counts)>

    /// - Parameter elapsed: time since some fixed instant; never goes back.
    init(_ policy: BreakerPolicy, elapsed: @escaping @Sendable () -> Duration) {
        self.policy = policy
        self.elapsed = elapsed
        state = Mutex((.closed(since: elapsed()), Counts()))
    }

    /// To be called before a call. - Throws: `Open` when it may not be made.
    func enter() throws(Open) {
        let mayEnter = state.withLock { state in
            let now = elapsed()
            if case .closed(let since) = state.phase, policy.interval > .zero, now - since >= policy.interval {
                state = (.closed(since: now), Counts())
            }
            if case .open(let until) = state.phase, now >= until { state.phase = .halfOpen(running: 0, successes: 0) }
            switch state.phase {
            case .closed: return true
            case .open: return false
            case .halfOpen(let running, let successes):
                guard running + successes < policy.maxRequests else { return false }
                state.phase = .halfOpen(running: running + 1, successes: successes)
                return true
            }
        }
        if !mayEnter { throw Open() }
    }

    /// To be called after a call that was entered.
    func leave(succeeded: Bool) {
        state.withLock { state in
            let now = elapsed()
            switch state.phase {
            case .closed:
                state.counts.add(succeeded)
                // An expression that fails to evaluate (a division by zero before the first request) does not trip.
                if !succeeded, let trip = policy.trip, (try? trip.isTrue(state.counts.variables)) == true {
                    state = (.open(until: now + policy.timeout), Counts())
                }
            case .halfOpen(let running, let successes):
                if !succeeded {
                    state = (.open(until: now + policy.timeout), Counts())
                } else if successes + 1 >= policy.maxRequests {
                    state = (.closed(since: now), Counts())
                } else {
                    state.phase = .halfOpen(running: max(0, running - 1), successes: successes + 1)
                }
            case .open: break  // It began before the breaker opened.
            }
        }
    }
}
