/// The algorithms that are accepted (RFC 7518, RFC 8037): one for each kind of key, and `none` is none of them.
enum SignatureAlgorithm: Hashable, Sendable {
    case hs256, rs256, es256, edDSA

    init?(name: String) {
        switch name {
        case "HS256": self = .hs256
        case "RS256": self = .rs256
        case "ES256": self = .es256
        // RFC 9864 names the curve.
        case "EdDSA", "Ed25519": self = .edDSA
        default: return nil
        }
    }
}
