package import TaskDomain
package import WireValues

/// What is wrong with a request, as its sender reads it (RFC 9457). Thrown by handlers, answered as
/// `application/problem+json`.
package struct Problem: Error, Sendable {
    package var status: Int
    /// A stable word for programs; `type` is `urn:todo:problem:<code>`.
    package var code: String
    /// What is wrong here and now, for people. Never holds a secret or somebody else's data.
    package var detail: String
    /// Which fields of the input are wrong, all of them.
    package var errors: [FieldProblem]
    package var headers: [(name: String, value: String)]
    /// Further members, such as `offset`.
    package var members: JSONObject

    package init(
        _ status: Int, _ code: String, _ detail: String, errors: [FieldProblem] = [],
        headers: [(name: String, value: String)] = [], members: JSONObject = JSONObject()
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers
        self.members = members
    }

    /// 422: the input can be read, but not accepted.
    package static func invalid(_ errors: [FieldProblem]) -> Problem {
        Problem(
            422, "invalid",
            errors.count == 1 ? "One field is not acceptable." : "\(errors.count) fields are not acceptable.",
            errors: errors)
    }

    /// 404.
    /// - Parameter what: without article and full stop: `task of this id among yours`.
    package static func notFound(_ what: String) -> Problem { Problem(404, "not_found", "There is no \(what).") }

    /// 401, with what RFC 6750 wants beside it.
    package static func unauthorized(_ code: String, _ detail: String) -> Problem {
        Problem(
            401, code, detail,
            headers: [("WWW-Authenticate", code == "no_token" ? "Bearer" : "Bearer error=\"invalid_token\"")])
    }

    /// 403: the token is good, and not for this path.
    package static let otherUser = Problem(403, "other_user", "The token is another user's than the path names.")

    /// 503: to be tried again.
    package static func unavailable(_ code: String, _ detail: String, retryAfterSeconds: Int = 1) -> Problem {
        Problem(503, code, detail, headers: [("Retry-After", String(retryAfterSeconds))])
    }

    /// The document.
    package var json: JSON {
        var document = JSONObject([
            ("type", .string("urn:todo:problem:\(code)")), ("title", .string(Self.title(status))),
            ("status", JSON(status)), ("detail", .string(detail)),
        ])
        if !errors.isEmpty {
            document["errors"] = .array(
                errors.map {
                    ["field": .string($0.field), "code": .string($0.code), "detail": .string($0.detail)]
                })
        }
        for (name, value) in members where document[name] == nil { document[name] = value }
        return .object(document)
    }

    package var bytes: [UInt8] { json.bytes }

    /// The same for every problem of a status, as RFC 9457 wants titles.
    private static func title(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 422: "Unprocessable Content"
        case 426: "Upgrade Required"
        case 428: "Precondition Required"
        case 429: "Too Many Requests"
        case 500: "Internal Server Error"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: status < 500 ? "Request Refused" : "Server Error"
        }
    }
}
