/// Why a token is not accepted.
package enum TokenProblem: Error, Hashable, Sendable {
    case malformed(String)
    case algorithm
    case missingKeyID
    case unknownKey
    case signature
    case expired
    case early
    case issuer
    case audience
    case subject

    package var problem: Problem {
        switch self {
        case .malformed(let what): .unauthorized("malformed_token", "The token is no signed JWT: \(what).")
        case .algorithm: .unauthorized("token_algorithm", "The token is signed in a way that is not accepted here.")
        case .missingKeyID: .unauthorized("token_key", "The token does not name its key (kid).")
        case .unknownKey: .unauthorized("token_key", "The token is signed with a key that the issuer does not publish.")
        case .signature: .unauthorized("token_signature", "The token's signature is not right.")
        case .expired: .unauthorized("token_expired", "The token has expired; get a new one.")
        case .early: .unauthorized("token_early", "The token is not valid yet.")
        case .issuer: .unauthorized("token_issuer", "The token is from another issuer.")
        case .audience: .unauthorized("token_audience", "The token is for another audience.")
        case .subject: .unauthorized("token_subject", "The token does not name a user (sub).")
        }
    }
}
