import Crypto
import TaskDomain
import WireValues

/// Tells who sent a request, by a JSON Web Token: HS256 with the platform's secret, RS256, ES256 or EdDSA with the keys
/// that the issuer publishes.
package struct Authenticator: Sendable {
    enum Trust: Sendable {
        case tokens(TokenRules, secret: VerificationKey?, keys: KeySource?)
        /// For one's own machine: whoever asks is who the path says. See `AuthenticationSettings`.
        case anybody
    }

    private let trust: Trust
    private let now: @Sendable () -> Timestamp
    private let known = KnownTokens()

    init(_ trust: Trust, now: @escaping @Sendable () -> Timestamp) {
        self.trust = trust
        self.now = now
    }

    /// - Throws: `Problem` 401, or 503 when the issuer's keys cannot be had.
    package func identity(of request: ServiceRequest) async throws(Problem) -> Identity {
        if case .anybody = trust {
            return Self.developer(request.parameters["user_id"] ?? "developer", token: "", now: now())
        }
        let values = request.headers.filter { $0.name == "authorization" }.map(\.value)
        guard values.count == 1, let value = values.first else {
            throw .unauthorized("no_token", "Send a token: Authorization: Bearer …")
        }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw .unauthorized("no_token", "Send a token: Authorization: Bearer …")
        }
        return try await identity(bearer: String(parts[1]))
    }

    /// - Parameter token: in compact form, without `Bearer`.
    /// - Throws: `Problem` 401, or 503 when the issuer's keys cannot be had.
    package func identity(bearer token: String) async throws(Problem) -> Identity {
        guard case .tokens(let rules, let secret, let keys) = trust else {
            return Self.developer(token, token: token, now: now())
        }
        let now = now()
        let digest = KnownTokens.digest(token)
        let generation = keys?.generation ?? 0
        if let entry = known.entry(digest, now: now, generation: generation) {
            return Identity(userID: entry.userID, actor: entry.actor, token: token, expiresAt: entry.expiresAt)
        }
        let parsed: JSONWebToken
        do {
            parsed = try JSONWebToken(parsing: token)
        } catch {
            throw error.problem
        }
        guard let key = try await key(for: parsed, secret: secret, keys: keys) else {
            throw TokenProblem.unknownKey.problem
        }
        do throws(TokenProblem) {
            guard key.algorithm == parsed.algorithm else { throw .algorithm }
            guard key.verifies(parsed) else { throw .signature }
            let (identity, validity) = try rules.identity(parsed, text: token, now: now)
            // Keys that came in the meantime may be without this one: what was verified counts for those before only.
            known.keep(
                KnownTokens.Entry(
                    userID: identity.userID, actor: identity.actor, validity: validity, expiresAt: identity.expiresAt,
                    generation: generation),
                digest)
            return identity
        } catch {
            throw error.problem
        }
    }

    /// HMAC tokens are checked with the secret and nothing else, all others with the issuer's keys and nothing else: a
    /// public key is never taken for a secret.
    private func key(
        for token: JSONWebToken, secret: VerificationKey?, keys: KeySource?
    ) async throws(Problem) -> VerificationKey? {
        if token.algorithm == .hs256 {
            guard let secret else { throw TokenProblem.algorithm.problem }
            return secret
        }
        guard let keys else { throw TokenProblem.algorithm.problem }
        guard let id = token.keyID else { throw TokenProblem.missingKeyID.problem }
        return try await keys.key(id)
    }

    private static func developer(_ user: String, token: String, now: Timestamp) -> Identity {
        Identity(
            userID: user, actor: Actor(kind: .user, id: user), token: token,
            expiresAt: now.advanced(by: .seconds(86_400)))
    }
}
