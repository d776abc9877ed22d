import Logging
import ServiceLifecycle
import Synchronization
import Telemetry

/// The issuer's keys, kept up to date.
///
/// The set is fetched when it is first needed, and again every ten minutes. A token that names a key we do not know makes
/// us look once more, since issuers rotate keys, but not more often than every 30 seconds, since anybody can invent ids.
/// A fetch that fails changes nothing: the keys we have stay until a set comes without them.
final class KeySource: Service {
    static let refreshInterval = Duration.seconds(600)
    static let unknownKeyInterval = Duration.seconds(30)
    /// While there is no set at all.
    static let firstInterval = Duration.seconds(1)

    private struct State {
        var set: KeySet?
        var generation = 0
        var lastAttempt: Duration?
        var isFetching = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private enum Step {
        case found(VerificationKey)
        case unknown
        case none
        case fetch
        case wait
    }

    private let fetch: @Sendable () async throws -> [UInt8]
    private let clock: any Clock<Duration>
    private let elapsed: @Sendable () -> Duration
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - fetch: gets the document, within a bound of time and size of its own.
    ///   - elapsed: time since some fixed instant; never goes back.
    init(
        clock: any Clock<Duration>, elapsed: @escaping @Sendable () -> Duration = LogLevels.uptime(), logger: Logger,
        fetch: @escaping @Sendable () async throws -> [UInt8]
    ) {
        self.fetch = fetch
        self.clock = clock
        self.elapsed = elapsed
        self.logger = logger
    }

    /// Counts the sets that came: what was verified with one says nothing about the next.
    var generation: Int { state.withLock { $0.generation } }

    /// The key called `id`; nil when the issuer has none.
    /// - Throws: `Problem` 503 when there is no set to look into.
    func key(_ id: String) async throws(Problem) -> VerificationKey? {
        var mayFetch = true
        while true {
            switch next(id, mayFetch: mayFetch) {
            case .found(let key): return key
            case .unknown: return nil
            case .none:
                throw .unavailable(
                    "keys_unavailable", "The issuer's keys cannot be had now, so no token can be checked.")
            case .fetch:
                mayFetch = false
                await refresh()
            case .wait:
                mayFetch = false
                await withCheckedContinuation { continuation in
                    let isOver = state.withLock { state in
                        guard state.isFetching else { return true }
                        state.waiters.append(continuation)
                        return false
                    }
                    if isOver { continuation.resume() }
                }
            }
        }
    }

    private func next(_ id: String, mayFetch: Bool) -> Step {
        let now = elapsed()
        return state.withLock { state in
            if let key = state.set?[id] { return .found(key) }
            let outcome: Step = state.set == nil ? .none : .unknown
            guard mayFetch else { return outcome }
            if state.isFetching { return .wait }
            let interval = state.set == nil ? Self.firstInterval : Self.unknownKeyInterval
            guard state.lastAttempt.map({ now - $0 >= interval }) ?? true else { return outcome }
            state.isFetching = true
            state.lastAttempt = now
            return .fetch
        }
    }

    /// Fetches; `isFetching` is set already.
    private func refresh() async {
        var fresh: KeySet?
        do {
            let set = try KeySet(parsing: try await fetch())
            for id in set.ambiguous.sorted() {
                logger.warning(
                    "several keys of the issuer have one id; none of them counts", metadata: ["kid": "\(id)"])
            }
            if set.count == 0 {
                logger.warning("the issuer publishes no key that can be used")
            }
            fresh = set
        } catch {
            logger.warning("the issuer's keys cannot be fetched", metadata: ["error": "\(error)"])
        }
        let waiters = state.withLock { state in
            if let fresh {
                state.set = fresh
                state.generation += 1
            }
            state.isFetching = false
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Looks at once, then every ten minutes, or soon again as long as there is no set.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let isMine = self.state.withLock { state in
                    if state.isFetching { return false }
                    state.isFetching = true
                    state.lastAttempt = self.elapsed()
                    return true
                }
                if isMine { await self.refresh() }
                let hasSet = self.state.withLock { $0.set != nil }
                // Cancelled: the loop ends.
                try? await self.clock.sleep(for: hasSet ? Self.refreshInterval : .seconds(5))
            }
        }
    }
}
