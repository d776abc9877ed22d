import NIOHTTP1
package import WireValues

extension DaprClient {
    /// A request to another service by its app id.
    package struct Call: Sendable {
        package var method: String
        /// Begins with `/`; encoded already, so that what came in goes on unchanged.
        package var path: String
        /// Without `?`, encoded already.
        package var query: String?
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]

        package init(
            _ method: String = "GET", _ path: String, query: String? = nil,
            headers: [(name: String, value: String)] = [], body: [UInt8] = []
        ) {
            self.method = method
            self.path = path
            self.query = query
            self.headers = headers
            self.body = body
        }
    }

    /// Belong to one connection, or are the client's own.
    private static let ownHeaders: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "host",
        "content-length", "dapr-api-token", "dapr-app-id",
    ]

    /// Calls another service; whatever status it answers is returned.
    ///
    /// - Throws: when no answer came from it: the sidecar is away, or found nobody behind `app` (500
    ///   `ERR_DIRECT_INVOKE`), or was told to refuse (403 `ERR_DIRECT_INVOKE`).
    package func invoke(_ app: String, _ call: Call, timeout: Duration? = nil) async throws(DaprError) -> Answer {
        let operation = "call \(app)"
        let query = call.query.map { "?\($0)" } ?? ""
        let answer = try await send(
            Exchange(
                operation: operation, method: HTTPMethod(rawValue: call.method),
                path: "/v1.0/invoke/\(app.percentEncoded)/method\(call.path)\(query)",
                headers: call.headers.filter { !Self.ownHeaders.contains($0.name.lowercased()) }, body: call.body,
                timeout: timeout, isRepeatable: call.method == "GET"))
        // The sidecar's own failures look like answers; their code tells them apart.
        if [403, 404, 500].contains(answer.status) {
            let error = DaprError(operation: operation, status: answer.status, body: answer.body)
            if error.errorCode == "ERR_DIRECT_INVOKE" { throw error }
        }
        return answer
    }

    /// The keys and values of a secret.
    package func secret(_ name: String, store: String) async throws(DaprError) -> [String: String] {
        let operation = "read secret \(name) from \(store)"
        let answer = try await call(
            Exchange(
                operation: operation, path: "/v1.0/secrets/\(store.percentEncoded)/\(name.percentEncoded)",
                isRepeatable: true))
        guard answer.status != 204 else { return [:] }
        return try answer.json(operation).stringDictionary
    }

    /// Has an output binding do something. Not repeated by itself: a mail sent twice is two mails.
    package func binding(
        _ name: String, operation: String, data: JSON, metadata: [String: String] = [:], timeout: Duration? = nil
    ) async throws(DaprError) -> Answer {
        try await call(
            Exchange(
                operation: "binding \(name) \(operation)", method: .POST, path: "/v1.0/bindings/\(name.percentEncoded)",
                headers: [("Content-Type", "application/json")],
                body: JSON.members(["operation": .string(operation), "data": data, "metadata": .strings(metadata)])
                    .bytes, timeout: timeout))
    }

    /// What the sidecar says of itself: app id, components, subscriptions.
    package func metadata() async throws(DaprError) -> JSON {
        try await call(Exchange(operation: "read metadata", path: "/v1.0/metadata", isRepeatable: true))
            .json("read metadata")
    }

    package func setMetadata(_ key: String, _ value: String) async throws(DaprError) {
        _ = try await call(
            Exchange(
                operation: "set metadata", method: .PUT, path: "/v1.0/metadata/\(key.percentEncoded)",
                headers: [("Content-Type", "text/plain")], body: Array(value.utf8), isRepeatable: true))
    }
}
