import Dispatch

/// Tells a pool when somebody may have waited too long.
package struct PoolTimer: Sendable {
    /// The time since some fixed instant; never goes back.
    let now: @Sendable () -> Duration
    /// Calls back once, after the time, on any thread.
    let after: @Sendable (Duration, @escaping @Sendable () -> Void) -> Void

    package init(
        now: @escaping @Sendable () -> Duration,
        after: @escaping @Sendable (Duration, @escaping @Sendable () -> Void) -> Void
    ) {
        self.now = now
        self.after = after
    }

    /// The system's clock that goes on while the machine sleeps.
    package static let system: PoolTimer = {
        let start = ContinuousClock.now
        return PoolTimer(
            now: { ContinuousClock.now - start },
            after: { time, call in
                let milliseconds = Int(clamping: Int64(time / .milliseconds(1))) + 1
                DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds), execute: call)
            })
    }()
}
