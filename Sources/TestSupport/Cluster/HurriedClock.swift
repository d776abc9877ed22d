package import KubernetesModel
import LocalCluster

/// A clock on which time passes `factor` times as fast: waits that a test must sit through, such as back-offs, keep
/// their proportions and take a fraction of the time.
package struct HurriedClock: Clock {
    package typealias Instant = ContinuousClock.Instant

    private let factor: Int
    private let start = ContinuousClock().now
    private let wallStart = LocalCluster.systemTime()

    package init(factor: Int) { self.factor = factor }

    package var now: Instant { start + (ContinuousClock().now - start) * factor }
    package var minimumResolution: Duration { ContinuousClock().minimumResolution }

    package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try await ContinuousClock().sleep(for: max(.zero, deadline - now) / factor)
    }

    /// The time of day that fits `now`.
    package var wallTime: Timestamp { wallStart.advanced(by: now - start) }
}
