package import Logging
import NIOCore
package import WireValues

/// A request as a handler gets it.
package struct ServiceRequest: Sendable {
    /// `GET`, `POST`, …
    package let method: String
    /// As it came, encoded, without the query.
    package let path: String
    /// As it came, encoded, without `?`; nil when there is none.
    package let rawQuery: String?
    /// The route: `/api/{user_id}/tasks/{id}`.
    package let pattern: String
    /// The decoded parts of the path that the route names.
    package let parameters: [String: String]
    package let query: Query
    /// Names in lower case.
    package let headers: [(name: String, value: String)]
    /// The caller's `X-Request-Id` if it is a fair one, else a new one. The correlation id of events that come of this.
    package let requestID: String
    package let trace: TraceContext
    package let receivedAt: Timestamp
    /// Longer bodies are refused.
    package let bodyLimit: Int
    /// The caller is on this machine, as the sidecar is.
    let isLocal: Bool
    let content: RequestBody
    let baseLogger: Logger

    /// With the request's ids.
    package var logger: Logger {
        var logger = baseLogger
        logger[metadataKey: "request_id"] = "\(requestID)"
        logger[metadataKey: "trace_id"] = "\(trace.traceID)"
        return logger
    }

    /// A decoded part of the path. Asking for one that the route does not name is our own mistake.
    package subscript(parameter: String) -> String {
        guard let value = parameters[parameter] else { preconditionFailure("\(pattern) has no {\(parameter)}") }
        return value
    }

    /// A part of the path that is an id.
    /// - Throws: `Problem` 404 when it is no integer from 1 to 2^53-1: there can be nothing of that name.
    package func id(_ parameter: String) throws -> Int64 {
        let text = self[parameter]
        guard let id = Int64(text), (1...9_007_199_254_740_991).contains(id), String(id) == text else {
            throw Problem.notFound("such id: ids are whole numbers from 1")
        }
        return id
    }

    /// The first header of that name, in any case.
    package func header(_ name: String) -> String? {
        let name = name.lowercased()
        return headers.first { $0.name == name }?.value
    }

    /// The body as JSON.
    /// - Throws: `Problem` 415 for another content type, 413 when it is too long, 400 when it is no JSON, saying where.
    package func json() throws -> JSON {
        guard Self.isJSON(header("content-type")) else {
            throw Problem(
                415, "unsupported_media_type", "Send JSON with Content-Type: application/json.",
                headers: method == "PATCH" ? [("Accept-Patch", "application/merge-patch+json, application/json")] : [])
        }
        let bytes = try body()
        do {
            return try JSON(parsing: bytes)
        } catch {
            throw Problem(
                400, "malformed_json", "The body is no JSON: \(error).",
                members: JSONObject([("offset", JSON(error.offset))]))
        }
    }

    /// The body.
    /// - Throws: `Problem` 413 when it is too long, 408 when it did not come, 400 when it ended too early, 415 when it is
    ///   compressed.
    package func body() throws -> [UInt8] {
        if let encoding = header("content-encoding"), encoding.lowercased() != "identity" {
            throw Problem(
                415, "unsupported_encoding", "Send the body as it is, without Content-Encoding.",
                headers: [("Accept-Encoding", "identity")])
        }
        switch content {
        case .whole(let bytes) where bytes.readableBytes <= bodyLimit: return Array(bytes.readableBytesView)
        case .whole, .tooLong:
            throw Problem(
                413, "too_long", "The body has more than \(bodyLimit) bytes.",
                members: JSONObject([("limit", JSON(bodyLimit))]))
        case .tooSlow: throw Problem(408, "slow_body", "The body did not arrive in time.")
        case .broken: throw Problem(400, "broken_body", "The connection ended within the body.")
        }
    }

    /// `application/json` or `application/<anything>+json`, in UTF-8.
    static func isJSON(_ contentType: String?) -> Bool {
        guard let contentType else { return false }
        let parts = contentType.lowercased().split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
        guard let type = parts.first, type.hasPrefix("application/"),
            type == "application/json" || (type.hasSuffix("+json") && type.utf8.count > 17)
        else { return false }
        return parts.dropFirst().allSatisfy { part in
            !part.hasPrefix("charset=") || ["charset=utf-8", "charset=\"utf-8\""].contains(part)
        }
    }
}

extension ServiceRequest {
    /// A request that came over no wire, for handlers that are called directly.
    package init(
        method: Method = .get, path: String = "/", pattern: String = "/", parameters: [String: String] = [:],
        query: String? = nil, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        requestID: String = "req-1", receivedAt: Timestamp = Timestamp(seconds: 0), logger: Logger
    ) throws {
        self.init(
            method: method.rawValue, path: path, rawQuery: query, pattern: pattern, parameters: parameters,
            query: try Query(query.map { $0[...] }), headers: headers.map { ($0.name.lowercased(), $0.value) },
            requestID: requestID, trace: .new(), receivedAt: receivedAt, bodyLimit: .max, isLocal: true,
            content: .whole(ByteBuffer(bytes: body)), baseLogger: logger)
    }
}
