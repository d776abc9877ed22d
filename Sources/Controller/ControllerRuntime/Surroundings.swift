// ControllerRuntime: what every controller needs between a Kubernetes client and its own logic. `Informers` keep
// an `ObjectStore` equal to what the API server holds, `ReferenceWatch` follows single objects, `Controller` runs one
// reconcile at a time for each key, `LeaderElection` decides which replica may, `EventRecorder` tells people.
// In each of them a value without clock, task or lock decides (`WatchState`, `WorkQueue`, `LeaderState`, …), and a thin
// shell acts. A binary makes one of each and runs them side by side.

import FoundationEssentials
package import KubernetesModel

/// Time and chance as one value, so that tests can bring their own.
package struct Surroundings: Sendable {
    /// Time since an arbitrary start. Never goes back, and goes on while the machine sleeps.
    package let now: @Sendable () -> Duration
    /// Returns when `now` has reached a time. - Throws: `CancellationError`.
    package let sleep: @Sendable (_ until: Duration) async throws -> Void
    /// The time of day, for timestamps in objects only: it may jump.
    package let wallTime: @Sendable () -> Timestamp
    /// A number in 0..<1.
    package let random: @Sendable () -> Double

    /// - Parameters:
    ///   - clock: measures and sleeps. Must not stop while the machine sleeps: leadership is timed with it.
    ///   - random: a number in 0..<1 that spreads waits.
    package init<C: Clock>(
        clock: C, wallTime: @escaping @Sendable () -> Timestamp,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) where C.Duration == Duration {
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(until: start.advanced(by: $0), tolerance: nil) }
        self.wallTime = wallTime
        self.random = random
    }

    /// The machine's clocks and random numbers.
    package static let system = Surroundings(
        clock: ContinuousClock(),
        wallTime: { Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) })

    /// Waits until `signal` is raised or `now` has reached `time`; nil waits for the signal alone. Returns at once when
    /// the task is cancelled.
    ///
    /// A time, and not a duration from now on: what passes before the wait begins does not make it longer.
    func wait(until time: Duration?, or signal: Signal) async {
        guard let time else { return await signal.wait() }
        guard time > now() else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Cancelled means that the signal came first, or that nobody waits any more.
                try? await sleep(time)
            }
            group.addTask { await signal.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    /// Waits for `duration`, or less when the task is cancelled.
    func pause(_ duration: Duration) async {
        // Whoever pauses looks at `Task.isCancelled` afterwards.
        try? await sleep(now() + duration)
    }
}
