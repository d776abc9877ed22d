package import Logging
import Synchronization

/// The level that all loggers of the process share. It can be changed while the process runs, for good or for a while.
package final class LogLevels: Sendable {
    /// What holds now.
    package struct Snapshot: Hashable, Sendable {
        /// The level in force.
        package var level: Logger.Level
        /// The level that comes back when a temporary one ends; equal to `level` when none is in force.
        package var standing: Logger.Level
        /// How long the temporary level still holds; nil when none is in force.
        package var remaining: Duration?
    }

    private struct State {
        var standing: Logger.Level
        var temporary: (level: Logger.Level, until: Duration)?
    }

    private let state: Mutex<State>
    private let elapsed: @Sendable () -> Duration

    /// - Parameters:
    ///   - level: The level at the start.
    ///   - elapsed: The time since some fixed instant; never goes back. Given by tests.
    package init(_ level: Logger.Level = .info, elapsed: @escaping @Sendable () -> Duration = LogLevels.uptime()) {
        state = Mutex(State(standing: level))
        self.elapsed = elapsed
    }

    /// The level in force. A temporary level ends by being looked at after its time; nothing has to wake up for it.
    package var current: Logger.Level {
        state.withLock { state in
            guard let temporary = state.temporary else { return state.standing }
            if elapsed() < temporary.until { return temporary.level }
            state.temporary = nil
            return state.standing
        }
    }

    package var snapshot: Snapshot {
        let level = current
        return state.withLock { state in
            Snapshot(
                level: level, standing: state.standing,
                remaining: state.temporary.map { max(.zero, $0.until - elapsed()) })
        }
    }

    /// Sets the level for good; a temporary one ends.
    package func set(_ level: Logger.Level) { state.withLock { $0 = State(standing: level) } }

    /// Sets the level for `duration`, after which the standing one is back by itself.
    package func set(_ level: Logger.Level, for duration: Duration) {
        state.withLock { $0.temporary = (level, elapsed() + duration) }
    }

    package static func uptime() -> @Sendable () -> Duration {
        let start = ContinuousClock.now
        return { start.duration(to: .now) }
    }
}
