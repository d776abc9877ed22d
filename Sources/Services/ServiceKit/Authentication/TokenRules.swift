import TaskDomain
import WireValues

/// What the claims of a token must say (RFC 7519, section 4.1).
struct TokenRules: Sendable {
    /// Nil: any.
    var issuer: String?
    var audience: String
    /// How far clocks may be apart.
    var leeway: Duration = .seconds(30)

    static let maximumUserIDCharacters = 128

    /// - Parameter token: with a signature that is right.
    /// - Returns: who it stands for, and when it does: at other times the answer would be another.
    func identity(
        _ token: JSONWebToken, text: String, now: Timestamp
    ) throws(TokenProblem) -> (Identity, validity: Range<Timestamp>) {
        let claims = token.claims
        guard let expiry = Self.instant(claims["exp"]) else {
            throw .malformed("it does not say when it expires (exp)")
        }
        let end = expiry.advanced(by: leeway)
        guard now < end else { throw .expired }
        var begin = Timestamp(microseconds: .min)
        for name in ["nbf", "iat"] {
            guard let claim = claims[name] else { continue }
            guard let instant = Self.instant(claim) else { throw .malformed("\(name) is no instant") }
            let first = instant.advanced(by: .zero - leeway)
            guard first <= now else { throw .early }
            begin = max(begin, first)
        }
        if let issuer {
            guard claims["iss"]?.string == issuer else { throw .issuer }
        }
        let audiences = claims["aud"]?.string.map { [$0] } ?? claims["aud"]?.array?.compactMap(\.string) ?? []
        guard audiences.contains(audience) else { throw .audience }
        guard let user = claims["sub"]?.string, Self.isUserID(user) else { throw .subject }
        var actor = Actor(kind: .user, id: user)
        if let delegate = claims["act"]?["sub"]?.string {
            guard Self.isUserID(delegate) else { throw .malformed("act names nobody") }
            actor = Actor(kind: claims["act"]?["kind"]?.string == "mcp" ? .mcp : .service, id: delegate)
        }
        // Begin and end may lie the wrong way round only if now is not between them, which was refused.
        return (Identity(userID: user, actor: actor, token: text, expiresAt: expiry), begin..<end)
    }

    /// Seconds since 1970, perhaps with a fraction.
    private static func instant(_ claim: JSON?) -> Timestamp? {
        guard let seconds = claim?.double, seconds.isFinite, abs(seconds) < 1e11 else { return nil }
        return Timestamp(microseconds: Int64(seconds * 1_000_000))
    }

    /// What can be filed, written in a log, and a step of a path: clients and proxies take dots alone for directions.
    static func isUserID(_ text: String) -> Bool {
        !["", ".", ".."].contains(text) && text.count <= maximumUserIDCharacters
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
    }
}
