import Synchronization

/// What may go wrong on purpose, to see how apps bear it.
final class Faults: Sendable {
    private struct State {
        var duplicateEvery = 0
        var deliveries = 0
        var isReordering = false
    }

    private let state = Mutex(State())

    func duplicate(every number: Int) { state.withLock { $0.duplicateEvery = max(0, number) } }
    func reorder(_ isOn: Bool) { state.withLock { $0.isReordering = isOn } }

    /// Whether the delivery that was just made is to be made once more.
    func isDuplicateDue() -> Bool {
        state.withLock { state in
            guard state.duplicateEvery > 0 else { return false }
            state.deliveries += 1
            return state.deliveries % state.duplicateEvery == 0
        }
    }

    var isReordering: Bool { state.withLock { $0.isReordering } }
}
