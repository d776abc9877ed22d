package import KubernetesClient
package import KubernetesModel

/// Which requests something is about. A member that is nil fits every request.
package struct RequestMatch: Sendable {
    private let verb: KubernetesRequest.Verb?
    private let kind: String?
    private let name: String?
    private let namespace: String?
    private let subresource: String?
    private let condition: (@Sendable (KubernetesRequest) -> Bool)?

    package init(
        verb: KubernetesRequest.Verb? = nil, kind: String? = nil, name: String? = nil, namespace: String? = nil,
        subresource: String? = nil, where condition: (@Sendable (KubernetesRequest) -> Bool)? = nil
    ) {
        self.verb = verb
        self.kind = kind
        self.name = name
        self.namespace = namespace
        self.subresource = subresource
        self.condition = condition
    }

    package static let any = RequestMatch()
    /// Create, update, patch and delete.
    package static let writes = RequestMatch { [.create, .update, .patch, .delete].contains($0.verb) }
    package static let reads = RequestMatch { [.get, .list].contains($0.verb) }
    package static let watches = RequestMatch(verb: .watch)
    /// Every request but watches and those about leases: what costs the API server something while nothing changes.
    package static let work = RequestMatch { $0.verb != .watch && $0.target?.type.kind != "Lease" }

    package func matches(_ request: KubernetesRequest) -> Bool {
        (verb == nil || request.verb == verb)
            && (kind == nil || request.target?.type.kind == kind)
            && (name == nil || request.target?.name == name)
            && (namespace == nil || request.target?.namespace == namespace)
            && (subresource == nil || request.target?.subresource == subresource)
            && (condition?(request) ?? true)
    }
}

/// Which of the matching requests, counted from 1 for each rule.
package enum Occurrence: Sendable {
    case always
    case first
    case nth(Int)
    case range(ClosedRange<Int>)

    func includes(_ number: Int) -> Bool {
        switch self {
        case .always: true
        case .first: number == 1
        case .nth(let wanted): number == wanted
        case .range(let range): range.contains(number)
        }
    }
}

/// What goes wrong.
package enum Fault: Sendable {
    /// An answer that the API server did not give; it never sees the request.
    case answer(KubernetesResponse)
    /// The request does not get out.
    case refuseConnection
    /// The API server does what was asked, and its answer is lost.
    case loseAnswer
    /// No answer until the caller gives up; the API server never sees the request.
    case hang
    /// A watch ends without warning after so many bytes, be it in mid-line.
    case cutStream(afterBytes: Int)
    /// A watch whose only event is an ERROR with this Status.
    case errorEvent(Int, reason: String, message: String)

    /// An answer with a Status object.
    package static func status(
        _ code: Int, reason: String, message: String, retryAfterSeconds: Int? = nil
    ) -> Fault {
        var headers = [HeaderField(name: "Content-Type", value: "application/json")]
        if let retryAfterSeconds { headers.append(HeaderField(name: "Retry-After", value: String(retryAfterSeconds))) }
        return .answer(
            KubernetesResponse(status: code, headers: headers, body: statusObject(code, reason, message).bytes))
    }

    static func statusObject(_ code: Int, _ reason: String, _ message: String) -> JSON {
        [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message),
            "reason": .string(reason), "code": JSON(code),
        ]
    }

    package static let unauthorized = status(401, reason: "Unauthorized", message: "Unauthorized")
    package static let forbidden = status(
        403, reason: "Forbidden", message: "is forbidden: User \"system:serviceaccount:test:test\" cannot do this")
    package static let notFound = status(
        404, reason: "NotFound", message: "the server could not find the requested resource")
    package static let conflict = status(
        409, reason: "Conflict",
        message: "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest "
            + "version and try again")
    package static let alreadyExists = status(409, reason: "AlreadyExists", message: "already exists")
    package static let gone = status(
        410, reason: "Expired", message: "The resourceVersion for the provided list is too old.")
    package static let invalid = status(422, reason: "Invalid", message: "is invalid: spec: Invalid value")
    package static let internalError = status(500, reason: "InternalError", message: "Internal error occurred")
    package static let unavailable = status(
        503, reason: "ServiceUnavailable", message: "the server is currently unable to handle the request")
    /// A watch from a version that is gone: 200, then an ERROR event.
    package static let expiredEvent = errorEvent(410, reason: "Expired", message: "too old resource version")

    /// What flow control answers: plain text.
    package static func throttled(retryAfter seconds: Int = 1) -> Fault {
        .answer(
            KubernetesResponse(
                status: 429,
                headers: [
                    HeaderField(name: "Content-Type", value: "text/plain; charset=utf-8"),
                    HeaderField(name: "Retry-After", value: String(seconds)),
                ], body: Array("Too many requests, please try again later.\n".utf8)))
    }
}

/// One thing that goes wrong, and when. Of several rules that fit a request the first counts.
package struct FaultRule: Sendable {
    let match: RequestMatch
    let occurrence: Occurrence
    let fault: Fault

    package init(_ match: RequestMatch, _ occurrence: Occurrence = .always, _ fault: Fault) {
        self.match = match
        self.occurrence = occurrence
        self.fault = fault
    }
}
