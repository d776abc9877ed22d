import KubernetesModel

/// Whether and when a failed request is sent again (Kubernetes documentation, "API Priority and Fairness"; the practice of
/// client-go).
///
/// What the server refused to start (429) is always sent again. After a failure that leaves open whether the server acted
/// (500, 502, 503, 504, no answer), only a request that does no harm when it is carried out twice. The long waits are not
/// here: a reconcile that keeps failing comes back through its work queue.
package struct RetryPolicy: Sendable {
    /// Attempts in all while the server answers 429, or asks to come back with `Retry-After`.
    package var maximumAttempts: Int
    /// Attempts in all for other failures.
    package var maximumAttemptsAfterFailure: Int
    /// No wait is begun that would end later than this after the first attempt began.
    package var maximumTotal: Duration
    /// The wait before the second attempt when the server names none; doubles with every further one.
    package var firstDelay: Duration
    package var maximumDelay: Duration
    /// A number in 0..<1 that spreads the waits of replicas. Tests pass a fixed or seeded one.
    package var jitter: @Sendable () -> Double

    package init(
        maximumAttempts: Int = 10, maximumAttemptsAfterFailure: Int = 4, maximumTotal: Duration = .seconds(60),
        firstDelay: Duration = .milliseconds(500), maximumDelay: Duration = .seconds(10),
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.maximumAttempts = maximumAttempts
        self.maximumAttemptsAfterFailure = maximumAttemptsAfterFailure
        self.maximumTotal = maximumTotal
        self.firstDelay = firstDelay
        self.maximumDelay = maximumDelay
        self.jitter = jitter
    }

    /// Up to 10 attempts within a minute.
    package static let standard = RetryPolicy()

    /// One attempt. For callers with a deadline of their own, such as leader election.
    package static let never = RetryPolicy(maximumAttempts: 1, maximumAttemptsAfterFailure: 1)

    /// The wait before the next attempt, or nil when there shall be none.
    ///
    /// - Parameters:
    ///   - attempt: how many attempts have failed, at least 1.
    ///   - elapsed: since the first attempt began.
    ///   - isRepeatable: the request does no harm when it is carried out twice.
    func delay(after error: KubernetesError, attempt: Int, elapsed: Duration, isRepeatable: Bool) -> Duration? {
        let isAllowed =
            switch error.code {
            case .throttled: attempt < maximumAttempts
            case .unavailable:
                isRepeatable && error.status != 501
                    && attempt < (error.retryAfter == nil ? maximumAttemptsAfterFailure : maximumAttempts)
            case .transport: isRepeatable && attempt < maximumAttemptsAfterFailure
            case .notFound, .conflict, .alreadyExists, .expired, .unauthorized, .forbidden, .invalid, .undecodable,
                .configuration:
                false
            }
        guard isAllowed else { return nil }
        let wait: Duration
        if let wish = error.retryAfter {
            // Never earlier than the server asked for, up to a fifth later: all clients got the same answer at once.
            wait = wish + wish * (jitter() * 0.2)
        } else {
            var doubled = firstDelay
            for _ in 1..<max(1, min(attempt, 32)) { doubled = min(doubled * 2, maximumDelay) }
            wait = doubled * (0.5 + jitter() / 2)
        }
        return elapsed + wait <= maximumTotal ? wait : nil
    }
}

extension KubernetesRequest {
    /// Whether carrying out this request twice leaves the cluster as carrying it out once: reads, server-side apply,
    /// updates with a resource version, deletes with a uid, and anything that is only tried (`dryRun`).
    ///
    /// Creates are not repeatable: the second one could not be told from somebody else's object. Merge and JSON patches
    /// may depend on what is there.
    var isRepeatable: Bool {
        if query.contains(where: { $0.name == "dryRun" }) { return true }
        switch verb {
        case .get, .list, .watch: return true
        case .patch: return contentType == "application/apply-patch+yaml"
        case .update: return sentText(at: ["metadata", "resourceVersion"]) != nil
        case .delete: return sentText(at: ["preconditions", "uid"]) != nil
        case .create: return false
        }
    }

    /// The text at `path` of the body; nil when it is missing or empty.
    func sentText(at path: [String]) -> String? {
        // Our own bodies parse; one that does not has no such field.
        guard let text = (try? JSON(parsing: body))?[path: path]?.string, !text.isEmpty else { return nil }
        return text
    }
}
