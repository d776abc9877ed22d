import WireValues

/// A sidecar's answer.
struct APIResponse: Sendable {
    var status: Int
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    /// 204 without a body.
    static let noContent = APIResponse(status: 204)

    static func json(_ status: Int, _ value: JSON) -> APIResponse { json(status, value.bytes) }

    static func json(_ status: Int, _ bytes: [UInt8]) -> APIResponse {
        APIResponse(status: status, headers: [("content-type", "application/json")], body: bytes)
    }

    static func text(_ status: Int, _ text: String) -> APIResponse {
        APIResponse(status: status, headers: [("content-type", "text/plain; charset=utf-8")], body: Array(text.utf8))
    }
}

/// A refusal, in one of Dapr's two shapes (section 0 of the contract).
struct APIError: Error, Sendable {
    let status: Int
    let code: String
    let message: String
    /// Set: the rich shape, with `details`.
    let reason: String?
    /// More than `errorCode` and `message`.
    let members: [(String, JSON)]

    init(_ status: Int, _ code: String, _ message: String, reason: String? = nil, members: [(String, JSON)] = []) {
        self.status = status
        self.code = code
        self.message = message
        self.reason = reason
        self.members = members
    }

    var response: APIResponse {
        var json: JSON = ["errorCode": .string(code), "message": .string(message)]
        for (name, value) in members { json[name] = value }
        if let reason {
            json["details"] = [
                [
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "dapr.io", "reason": .string(reason),
                    "metadata": [:],
                ]
            ]
        }
        return .json(status, json)
    }

    /// Where every request ends that nothing else answers.
    static let noRoute = APIError(
        404, "ERR_DIRECT_INVOKE", "failed getting app id either from the URL path or the header dapr-app-id")
}
