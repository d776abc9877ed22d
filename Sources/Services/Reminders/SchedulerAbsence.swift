import Synchronization

/// Whether the last call to the scheduler failed.
final class SchedulerAbsence: Sendable {
    private let isAway = Atomic(false)

    /// - Returns: True when it was there until now.
    func begins() -> Bool { !isAway.exchange(true, ordering: .relaxed) }

    /// - Returns: True when it was away until now.
    func ends() -> Bool {
        // Read first: it is hardly ever away, and many calls share the flag.
        isAway.load(ordering: .relaxed) && isAway.exchange(false, ordering: .relaxed)
    }
}
