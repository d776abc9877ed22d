import Crypto
import FoundationEssentials
import NIOHTTP1
import ServiceKit

/// A request that asks for a WebSocket, read: RFC 6455, section 4.2.1.
struct Handshake: Hashable, Sendable {
    let userID: String
    let beginning: SyncSession.Beginning
    /// Of the `Authorization` header; nil: the first message will bring it.
    let token: String?
    /// The value of `Sec-WebSocket-Accept`.
    let accept: String

    /// - Returns: nil if the request does not ask for a WebSocket at the address of the sync service; others answer it.
    /// - Throws: Problem, if it does, but not as it should.
    init?(_ head: HTTPRequestHead) throws(Problem) {
        guard Self.wantsUpgrade(head), head.method == .GET, head.version == .http1_1,
            head.headers[canonicalForm: "upgrade"].contains(where: { $0.lowercased() == "websocket" })
        else { return nil }
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let segments = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        guard let segment = Self.userSegment(segments), let userID = PercentEncoding.decoded(segment), !userID.isEmpty
        else { return nil }
        guard head.headers["sec-websocket-version"] == ["13"] else {
            throw Problem(
                426, "websocket_version", "This service speaks version 13 of the WebSocket protocol.",
                headers: [("Sec-WebSocket-Version", "13"), ("Upgrade", "websocket")])
        }
        let keys = head.headers["sec-websocket-key"]
        guard keys.count == 1, Data(base64Encoded: keys[0])?.count == 16 else {
            throw Problem(400, "websocket_key", "Sec-WebSocket-Key must be 16 bytes in base64.")
        }
        self.userID = userID
        accept = Self.accept(keys[0])
        beginning = try Self.beginning(try Query(parts.count > 1 ? parts[1] : nil))
        token = try Self.token(head.headers["authorization"])
    }

    /// The user of `/api/{user_id}/sync` or of `/sync/{user_id}`; nil elsewhere.
    private static func userSegment(_ path: [Substring]) -> Substring? {
        if path.count == 4, path[0].isEmpty, path[1] == "api", path[3] == "sync" { return path[2] }
        if path.count == 3, path[0].isEmpty, path[1] == "sync" { return path[2] }
        return nil
    }

    /// Whether the HTTP decoder takes this for an upgrade, and so reads no further request on the connection.
    static func wantsUpgrade(_ head: HTTPRequestHead) -> Bool {
        head.headers.contains(name: "upgrade")
            && head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
    }

    private static func accept(_ key: String) -> String {
        // The number is RFC 6455's own.
        let digest = Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        return Data(digest).base64EncodedString()
    }

    private static func beginning(_ query: Query) throws(Problem) -> SyncSession.Beginning {
        try query.allowOnly("after")
        guard query["after"] != nil else { return .unsaid }
        return .after(Int64(try query.integer("after", default: 0, in: 0...Int(ClientMessage.largestSequence))))
    }

    private static func token(_ values: [String]) throws(Problem) -> String? {
        guard let value = values.first else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard values.count == 1, parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw .unauthorized("no_token", "Send a token: Authorization: Bearer …")
        }
        return String(parts[1])
    }
}
