import KubernetesModel

/// What kind of failure it was, as far as waiting is concerned.
enum RetryClass: String, Hashable, Sendable, CaseIterable {
    /// Somebody else wrote first: read again and go on.
    case conflict
    /// The server has too much to do.
    case throttled
    /// The server, or the way to it, does not work.
    case unavailable
    /// Refused for what it is or for lack of rights: people have to act.
    case refused
    /// Anything else.
    case other

    init(_ error: any Error) {
        guard let error = error as? KubernetesError else {
            self = .other
            return
        }
        switch error.code {
        case .conflict, .expired: self = .conflict
        case .throttled: self = .throttled
        case .unavailable, .transport, .unauthorized: self = .unavailable
        case .forbidden, .invalid, .configuration, .alreadyExists: self = .refused
        case .notFound, .undecodable: self = .other
        }
    }

    /// The bounds of the wait.
    var bounds: ClosedRange<Duration> {
        switch self {
        case .conflict: .milliseconds(50) ... .seconds(10)
        case .throttled: .seconds(1) ... .seconds(60)
        case .unavailable: .milliseconds(500) ... .seconds(60)
        case .refused: .seconds(5) ... .seconds(300)
        case .other: .seconds(1) ... .seconds(300)
        }
    }
}

/// How long a failed key waits: decorrelated jitter within the bounds of the failure's class. Each wait is random between
/// the class's shortest and three times the one before, so that keys that failed together come back apart.
struct RetryBackOff: Sendable {
    private var retryClass: RetryClass
    private var wait: Duration
    private(set) var failures: Int

    /// The first failure.
    init(_ retryClass: RetryClass) {
        self.retryClass = retryClass
        wait = retryClass.bounds.lowerBound
        failures = 0
    }

    /// The wait after one more failure. Another class starts with its own shortest wait.
    ///
    /// - Parameters:
    ///   - random: in 0..<1.
    ///   - retryAfter: the server's wish: never shorter than that, up to a fifth longer.
    mutating func next(_ retryClass: RetryClass, random: Double, retryAfter: Duration? = nil) -> Duration {
        if retryClass != self.retryClass { self = RetryBackOff(retryClass) }
        failures += 1
        let bounds = retryClass.bounds
        let upper = failures == 1 ? bounds.lowerBound * 1.5 : wait * 3
        wait = min(bounds.lowerBound + (upper - bounds.lowerBound) * random, bounds.upperBound)
        guard let retryAfter else { return wait }
        return max(wait, retryAfter + retryAfter * (random * 0.2))
    }
}
