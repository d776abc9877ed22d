/// How long to wait before a connection is tried again: 0.8 s, doubled by every failure up to 30 s, and of that a random
/// part, so that watches that broke together do not come back together. Starts over after two healthy minutes.
struct ReconnectBackOff {
    static let first: Duration = .milliseconds(800)
    static let longest: Duration = .seconds(30)
    static let healthy: Duration = .seconds(120)

    private(set) var failures = 0
    private var openSince: Duration?

    /// The connection works as of `now`.
    mutating func opened(now: Duration) { openSince = now }

    /// The wait after one more failure.
    ///
    /// - Parameters:
    ///   - random: in 0..<1.
    ///   - longest: the cap, for failures that only people can mend.
    ///   - retryAfter: the server's wish: never shorter than that.
    mutating func failed(
        now: Duration, random: Double, longest: Duration = longest, retryAfter: Duration? = nil
    ) -> Duration {
        if let openSince, now - openSince >= Self.healthy { failures = 0 }
        openSince = nil
        failures += 1
        var wait = Self.first
        for _ in 1..<min(failures, 32) { wait = min(wait * 2, longest) }
        wait = wait * random
        if let retryAfter { wait = max(wait, retryAfter + .milliseconds(500) * random) }
        return wait
    }
}
