import WireValues

/// What a client may say.
enum ClientMessage: Hashable, Sendable {
    /// `{"type":"auth","token":"…"}`: who it is; later on a fresh token before the old one expires.
    case auth(token: String)
    /// `{"type":"resume","after":42}`: everything after change 42, then what happens; without `after` only the latter.
    case resume(after: Int64?)
    /// `{"type":"ping"}`, for clients that cannot send a ping frame, as in a browser.
    case ping

    struct Unreadable: Error, Hashable { package let detail: String }

    /// The largest number that JSON readers agree on.
    static let largestSequence: Int64 = 9_007_199_254_740_991

    init(parsing bytes: [UInt8]) throws(Unreadable) {
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch { throw Unreadable(detail: "a message is a JSON object") }
        guard json.object != nil else { throw Unreadable(detail: "a message is a JSON object") }
        switch json["type"]?.string {
        case "auth":
            guard let token = json["token"]?.string, !token.isEmpty else {
                throw Unreadable(detail: "\"auth\" needs \"token\", a text")
            }
            self = .auth(token: token)
        case "resume":
            switch json["after"] {
            case nil, .null: self = .resume(after: nil)
            case .integer(let after) where (0...Self.largestSequence).contains(after): self = .resume(after: after)
            default: throw Unreadable(detail: "\"after\" is a whole number from 0")
            }
        case "ping": self = .ping
        case nil: throw Unreadable(detail: "a message needs \"type\"")
        case .some: throw Unreadable(detail: "\"type\" is one of auth, resume, ping")
        }
    }
}
