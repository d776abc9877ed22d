import Synchronization

/// Which entries of a bulk delivery are still to be handled, over several attempts.
final class BulkState: Sendable {
    private let state: Mutex<(open: [Int], outcomes: [Int: Subscriber.Outcome])>

    init(open: [Int]) { state = Mutex((open, [:])) }

    var open: [Int] { state.withLock { $0.open } }
    var outcomes: [Int: Subscriber.Outcome] { state.withLock { $0.outcomes } }

    /// Takes what an attempt brought; it counts as failed as long as an entry did.
    func add(_ found: [Int: Subscriber.Outcome], status: Int?) -> Attempt<[Int: Subscriber.Outcome]> {
        state.withLock { state in
            state.outcomes.merge(found) { $1 }
            state.open = state.open.filter { number in
                if case .failed = state.outcomes[number] { return true }
                return false
            }
            return state.open.isEmpty ? .done(found) : .failed(found, status: status)
        }
    }
}
