package import KubernetesModel

/// Speaks to a Kubernetes API server: requests as values in, objects and `KubernetesError` out, with retries.
///
/// A value that is cheap to copy; the connections live in its transport. Make one with
/// `ClusterConfiguration` and `HTTPTransport`, or over a transport of your own in tests.
package struct KubernetesClient: Sendable {
    package let transport: any KubernetesTransport
    package let clock: any Clock<Duration>
    package let retry: RetryPolicy
    private let observe: @Sendable (RequestObservation) -> Void

    /// - Parameters:
    ///   - clock: waits between attempts and measures durations.
    ///   - observe: called after every attempt, from any thread; must return soon.
    package init(
        transport: any KubernetesTransport, clock: any Clock<Duration> = ContinuousClock(),
        retry: RetryPolicy = .standard, observe: @escaping @Sendable (RequestObservation) -> Void = { _ in }
    ) {
        self.transport = transport
        self.clock = clock
        self.retry = retry
        self.observe = observe
    }

    /// The same client with another retry policy.
    package func with(retry: RetryPolicy) -> KubernetesClient {
        KubernetesClient(transport: transport, clock: clock, retry: retry, observe: observe)
    }

    /// Sends `request` and returns the answer's body.
    ///
    /// - Parameter skipping: members with these keys are left out of the result wherever they stand.
    /// - Throws: what the server refused, or `.transport` when it could not be reached; after the retries of `retry`.
    package func send(_ request: KubernetesRequest, skipping: [StaticString] = []) async throws(KubernetesError) -> JSON
    {
        let answer = try await response(to: request)
        return try Self.decode(answer.body, of: request, skipping: skipping)
    }

    /// Sends `request` and returns the answer as it came. Its status is below 400.
    ///
    /// - Throws: as `send`.
    package func response(to request: KubernetesRequest) async throws(KubernetesError) -> KubernetesResponse {
        let elapsed = stopwatch(clock)
        var attempt = 1
        while true {
            do throws(KubernetesError) {
                return try await exchange(request, attempt: attempt)
            } catch {
                if error.leavesOpenWhetherDone, request.verb == .create, !request.isRepeatable,
                    retry.maximumAttemptsAfterFailure > 1
                {
                    switch await createdObject(request) {
                    case .present(let answer): return answer
                    case .absent:
                        try await wait(after: error, attempt: attempt, elapsed: elapsed(), isRepeatable: true, request)
                    case .unknown:
                        // A further create might meet our own object and call it somebody else's.
                        throw error
                    }
                } else {
                    try await wait(
                        after: error, attempt: attempt, elapsed: elapsed(), isRepeatable: request.isRepeatable, request)
                }
                attempt += 1
            }
        }
    }

    /// Opens a stream, usually a watch. One attempt: whoever follows a stream has to come back anyway when it ends.
    ///
    /// - Throws: for any status of 400 and above, with the server's reason.
    package func open(_ request: KubernetesRequest) async throws(KubernetesError) -> KubernetesStream {
        let elapsed = stopwatch(clock)
        do throws(KubernetesError) {
            let stream: KubernetesStream
            do {
                stream = try await transport.open(request)
            } catch {
                throw Self.mapped(error, request)
            }
            guard stream.status < 400 else { throw await refusal(stream, request) }
            record(request, status: stream.status, error: nil, elapsed(), attempt: 1)
            return stream
        } catch {
            record(request, status: error.status, error: error.code, elapsed(), attempt: 1)
            throw error
        }
    }

    /// One attempt.
    private func exchange(_ request: KubernetesRequest, attempt: Int) async throws(KubernetesError)
        -> KubernetesResponse
    {
        let elapsed = stopwatch(clock)
        do throws(KubernetesError) {
            let response: KubernetesResponse
            do {
                response = try await transport.send(request)
            } catch {
                throw Self.mapped(error, request)
            }
            guard response.status < 400 else {
                throw KubernetesError(
                    doing: request.summary, status: response.status, body: response.body,
                    retryAfterSeconds: response.headers.retryAfterSeconds)
            }
            record(request, status: response.status, error: nil, elapsed(), attempt: attempt)
            return response
        } catch {
            record(request, status: error.status, error: error.code, elapsed(), attempt: attempt)
            throw error
        }
    }

    private func wait(
        after error: KubernetesError, attempt: Int, elapsed: Duration, isRepeatable: Bool, _ request: KubernetesRequest
    ) async throws(KubernetesError) {
        guard !Task.isCancelled,
            let delay = retry.delay(after: error, attempt: attempt, elapsed: elapsed, isRepeatable: isRepeatable)
        else { throw error }
        do {
            try await clock.sleep(for: delay)
        } catch {
            throw KubernetesError(.transport, "\(request.summary): cancelled while waiting for another attempt")
        }
    }

    private func record(
        _ request: KubernetesRequest, status: Int?, error: KubernetesError.Code?, _ duration: Duration, attempt: Int
    ) {
        observe(
            RequestObservation(
                verb: request.verb, kind: request.target?.type.groupKind, status: status, error: error,
                duration: duration, attempt: attempt))
    }

    static func decode(_ body: [UInt8], of request: KubernetesRequest, skipping: [StaticString])
        throws(KubernetesError) -> JSON
    {
        do throws(JSONParseError) {
            return try JSON(parsing: body, skipping: skipping)
        } catch {
            throw KubernetesError(.undecodable, "\(request.summary): \(error.description)")
        }
    }

    private static func mapped(_ error: any Error, _ request: KubernetesRequest) -> KubernetesError {
        if let error = error as? KubernetesError { return error }
        if error is CancellationError { return KubernetesError(.transport, "\(request.summary): cancelled") }
        return KubernetesError(.transport, "\(request.summary): \(error)")
    }

    /// Reads the first part of a refused stream's body, which holds a Status object or a line of text.
    private func refusal(_ stream: KubernetesStream, _ request: KubernetesRequest) async -> KubernetesError {
        // The status is known; an explanation that breaks off or does not end changes nothing.
        let body = try? await withTimeout(.seconds(5), clock: clock) {
            var body: [UInt8] = []
            for try await piece in stream.body {
                body += piece
                if body.count > 64 * 1024 { break }
            }
            return body
        }
        return KubernetesError(
            doing: request.summary, status: stream.status, body: body ?? [],
            retryAfterSeconds: stream.headers.retryAfterSeconds)
    }
}

extension KubernetesClient {
    private enum CreationResult {
        case present(KubernetesResponse)
        case absent
        case unknown
    }

    /// Finds out whether a create whose answer was lost was carried out: the object is there and holds all that we sent.
    ///
    /// An object that differs is reported as absent: the next create is then refused by the server in its own words.
    private func createdObject(_ request: KubernetesRequest) async -> CreationResult {
        guard let target = request.target, target.subresource == nil,
            let name = request.sentText(at: ["metadata", "name"])
        else { return .unknown }
        do throws(KubernetesError) {
            let read = KubernetesRequest.get(target.type, namespace: target.namespace, name: name)
            let answer = try await response(to: read)
            let found = try Self.decode(answer.body, of: read, skipping: [])
            let sent = try Self.decode(request.body, of: request, skipping: [])
            return found.contains(sent) ? .present(answer) : .absent
        } catch {
            return error.code == .notFound ? .absent : .unknown
        }
    }
}

extension JSON {
    /// Whether every value of `part` is also here: members of objects at every level, arrays element by element.
    func contains(_ part: JSON) -> Bool {
        switch (self, part) {
        case (.object(let whole), .object(let part)):
            part.allSatisfy { key, value in whole[key]?.contains(value) ?? value.isNull }
        case (.array(let whole), .array(let part)):
            whole.count == part.count && zip(whole, part).allSatisfy { $0.contains($1) }
        default: self == part
        }
    }
}

extension KubernetesError {
    /// Whether the server may have carried out the request although it did not say so.
    var leavesOpenWhetherDone: Bool {
        switch code {
        case .transport, .unavailable: true
        case .notFound, .conflict, .alreadyExists, .expired, .unauthorized, .forbidden, .invalid, .throttled,
            .undecodable, .configuration:
            false
        }
    }
}

/// Starts to measure time; the result tells how much has passed.
func stopwatch<C: Clock>(_ clock: C) -> @Sendable () -> Duration where C.Duration == Duration {
    let start = clock.now
    return { start.duration(to: clock.now) }
}
