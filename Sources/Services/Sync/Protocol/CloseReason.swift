/// Why the server ends a connection: the close code and a sentence for whoever reads it.
///
/// Codes below 4000 are RFC 6455's (section 7.4.1). Of our own, the last two digits say what the HTTP status of the same
/// thing would be:
///
/// | code | meaning | what the client does |
/// |---|---|---|
/// | 1001 | the server stops | connects again, resumes |
/// | 1002, 1003, 1007, 1009 | not WebSocket, not text, not UTF-8, too long | is mended |
/// | 1011 | our mistake | connects again later |
/// | 4400 | a message that cannot be read | is mended |
/// | 4401 | the token was refused or has expired | connects again with a fresh one |
/// | 4403 | the token is another user's | does not try again |
/// | 4408 | no token, or no sign of life, in time | connects again |
/// | 4429 | too many messages, or too many connections of this user | connects again later |
/// | 4430 | reads more slowly than changes come | connects again, resumes |
struct CloseReason: Error, Hashable {
    let code: UInt16
    /// At most 123 bytes, the room that a close frame has.
    let text: String

    init(_ code: UInt16, _ text: String) {
        self.code = code
        var text = text
        while text.utf8.count > 123 { text.removeLast() }
        self.text = text
    }

    static let goingAway = CloseReason(1001, "the server is stopping; connect again and resume")
    static let notText = CloseReason(1003, "send text messages; binary ones are not understood")
    static let notUTF8 = CloseReason(1007, "text must be UTF-8")
    static let failed = CloseReason(1011, "the server failed; connect again later")
    static let tokenExpired = CloseReason(4401, "the token has expired; connect again with a fresh one")
    static let otherUser = CloseReason(4403, "the token is not this user's")
    static let noToken = CloseReason(4408, "no token came in time; send {\"type\":\"auth\",\"token\":\"…\"} first")
    static let silent = CloseReason(4408, "no answer to a ping in time")
    static let tooManyMessages = CloseReason(4429, "too many messages; send fewer")
    static let tooManyConnections = CloseReason(4429, "this user has too many connections")
    static let tooSlow = CloseReason(4430, "you read more slowly than changes come; connect again and resume")

    static func protocolError(_ detail: String) -> CloseReason { CloseReason(1002, detail) }
    static func tooBig(_ limit: Int) -> CloseReason { CloseReason(1009, "a message has at most \(limit) bytes") }
    static func unreadable(_ detail: String) -> CloseReason { CloseReason(4400, detail) }
    static func tokenRefused(_ detail: String) -> CloseReason { CloseReason(4401, detail) }
}
