package import KubernetesModel

/// Carries requests to a Kubernetes API server: one exchange, no retries and no opinion about statuses.
///
/// `KubernetesClient` adds retries and meaning on top. `HTTPTransport` is the one for real servers; tests bring their own.
package protocol KubernetesTransport: Sendable {
    /// Sends `request` and waits for the whole answer, whatever its status.
    ///
    /// - Throws: `KubernetesError`; `.transport` when no complete answer came, `.undecodable` when the answer is larger
    ///   than the transport's bound, `.configuration` when credentials cannot be had.
    func send(_ request: KubernetesRequest) async throws -> KubernetesResponse

    /// Sends `request` and returns as soon as the answer's head is there, whatever its status.
    ///
    /// The caller pulls the body; what is not pulled stays in the socket. Cancelling the task that pulls, or dropping
    /// the body's iterator, closes the stream.
    func open(_ request: KubernetesRequest) async throws -> KubernetesStream
}

/// A whole answer.
package struct KubernetesResponse: Sendable {
    package let status: Int
    package let headers: [HeaderField]
    package let body: [UInt8]

    package init(status: Int, headers: [HeaderField] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first header field called `name` in any case, or nil.
    package func header(_ name: String) -> String? { headers.value(of: name) }
}

/// An answer whose body is still coming.
package struct KubernetesStream: Sendable {
    package let status: Int
    package let headers: [HeaderField]
    /// Pieces of any size, in order; they end where the network cut them, not at lines. Iterate at most once.
    package let body: any AsyncSequence<[UInt8], any Error> & Sendable

    package init(
        status: Int, headers: [HeaderField] = [], body: any AsyncSequence<[UInt8], any Error> & Sendable
    ) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first header field called `name` in any case, or nil.
    package func header(_ name: String) -> String? { headers.value(of: name) }
}

/// One line of an HTTP header.
package struct HeaderField: Hashable, Sendable {
    package let name: String
    package let value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

extension [HeaderField] {
    func value(of name: String) -> String? {
        let wanted = name.lowercased()
        return first { $0.name.lowercased() == wanted }?.value
    }

    /// `Retry-After` in seconds. The API server never sends the form with a date.
    var retryAfterSeconds: Int? {
        guard let seconds = value(of: "Retry-After").flatMap({ Int($0) }), seconds >= 0 else { return nil }
        return seconds
    }
}
