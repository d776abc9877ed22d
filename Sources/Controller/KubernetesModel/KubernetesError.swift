/// What the API server, or the way to it, refused.
package struct KubernetesError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// 404: no such object, or no such kind.
        case notFound
        /// 409 with reason Conflict: the object changed meanwhile, or another field manager owns a field.
        case conflict
        /// 409 with reason AlreadyExists.
        case alreadyExists
        /// 410: the resource version or continue token is too old.
        case expired
        /// 401.
        case unauthorized
        /// 403.
        case forbidden
        /// 400, 405, 406, 413, 415, 422 and schema refusals: sending the same again is useless.
        case invalid
        /// 429.
        case throttled
        /// 500, 502, 503, 504: may work later.
        case unavailable
        /// No answer: connection refused, reset, name not resolved, TLS, timeout.
        case transport
        /// An answer that is no valid JSON or too large.
        case undecodable
        /// Credentials or configuration on our side that cannot work.
        case configuration
    }

    package let code: Code
    /// What we were doing and what was answered, with names; never a token or a secret's value.
    package let message: String
    /// The HTTP status, if there was an answer.
    package let status: Int?
    /// `reason` of the server's Status object.
    package let reason: String?
    /// The server's own wish for when to come again.
    package let retryAfter: Duration?
    /// `details.causes` of a Status: field and message.
    package let causes: [Cause]

    package struct Cause: Hashable, Sendable {
        package let reason: String
        package let field: String
        package let message: String
    }

    package init(
        _ code: Code, _ message: String, status: Int? = nil, reason: String? = nil, retryAfter: Duration? = nil,
        causes: [Cause] = []
    ) {
        self.code = code
        self.message = message
        self.status = status
        self.reason = reason
        self.retryAfter = retryAfter
        self.causes = causes
    }

    package var description: String { message }

    /// Whether the same request may work later without anybody changing anything.
    package var isTransient: Bool {
        switch code {
        case .throttled, .unavailable, .transport, .conflict, .expired, .undecodable, .unauthorized: true
        case .notFound, .alreadyExists, .forbidden, .invalid, .configuration: false
        }
    }

    /// Reads the answer to a request that failed.
    ///
    /// - Parameters:
    ///   - doing: what was tried, for example `apply Deployment shop/api`.
    ///   - status: the HTTP status, 400 or above.
    ///   - body: a Status object; flow control answers in plain text.
    ///   - retryAfterSeconds: the `Retry-After` header, if it is a number.
    package init(doing: String, status: Int, body: [UInt8], retryAfterSeconds: Int? = nil) {
        // A body that is no JSON is normal for 429 and for proxies; the status code says enough then.
        let answer = try? JSON(parsing: body)
        let reason = answer?["reason"]?.string
        let text =
            answer?["message"]?.string
            ?? String(decoding: body.prefix(300), as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
        let detailSeconds = answer?["details"]?["retryAfterSeconds"]?.int
        let causes = (answer?["details"]?["causes"]?.array ?? []).map {
            Cause(
                reason: $0["reason"]?.string ?? "", field: $0["field"]?.string ?? "",
                message: $0["message"]?.string ?? "")
        }
        let code: Code =
            switch status {
            case 401: .unauthorized
            case 403: .forbidden
            case 404: .notFound
            case 409: reason == "AlreadyExists" ? .alreadyExists : .conflict
            case 410: .expired
            case 429: .throttled
            case 500 where text.contains("field not declared in schema"): .invalid
            case 500 where text.contains("resourceVersion should not be set on objects to be created"): .invalid
            case 500...: .unavailable
            default: .invalid
            }
        self.init(
            code, text.isEmpty ? "\(doing): HTTP \(status)" : "\(doing): \(text)", status: status, reason: reason,
            retryAfter: (retryAfterSeconds ?? detailSeconds).map { .seconds($0) }, causes: causes)
    }
}
