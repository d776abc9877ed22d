/// How users prove who they are.
///
/// - `TODO_AUTH_AUDIENCE` (text): must be among a token's audiences.
/// - `TODO_AUTH_ISSUER` (text, any): must be a token's issuer.
/// - `TODO_AUTH_SECRET_NAME`, `TODO_AUTH_SECRET_KEY` (text): the HS256 secret in Dapr's secret store, at least 32 bytes.
/// - `TODO_AUTH_JWKS_URL` (URL): the issuer's keys for RS256, ES256 and EdDSA; https, or http within the cluster or machine.
/// - `TODO_DEVELOPMENT_AUTH` (`trust-any-user`): no tokens at all, whoever asks is who the path says. For one's own
///   machine and nothing else; every start says so in the log. Without it, a service that has neither secret nor keys does
///   not start.
struct AuthenticationSettings: Sendable {
    var rules: TokenRules
    var secret: (name: String, key: String)?
    var keySetURL: String?
    var trustsAnybody: Bool

    static let developmentVariable = "TODO_DEVELOPMENT_AUTH"

    init(_ reader: SettingsReader) {
        trustsAnybody = reader.optional(Self.developmentVariable) != nil
        if trustsAnybody {
            _ = reader.choice(Self.developmentVariable, default: "", of: ["trust-any-user"])
            rules = TokenRules(issuer: nil, audience: "")
            return
        }
        rules = TokenRules(issuer: reader.optional("TODO_AUTH_ISSUER"), audience: reader.string("TODO_AUTH_AUDIENCE"))
        if let name = reader.optional("TODO_AUTH_SECRET_NAME") {
            secret = (name, reader.string("TODO_AUTH_SECRET_KEY", default: "secret"))
            if reader.optional("TODO_SECRET_STORE") == nil {
                reader.problem(
                    "TODO_SECRET_STORE", "is not set",
                    remedy: "name the Dapr secret store that holds the secret \(name)")
            }
        }
        if let url = reader.optional("TODO_AUTH_JWKS_URL") {
            if Self.isAcceptable(url) {
                keySetURL = url
            } else {
                reader.problem(
                    "TODO_AUTH_JWKS_URL", "is no https URL",
                    remedy: "use https; http is for this machine (localhost) and services of the cluster (*.svc) only")
            }
        } else if secret == nil {
            reader.problem(
                "TODO_AUTH_SECRET_NAME", "and TODO_AUTH_JWKS_URL are not set",
                remedy: "set one of them, so that tokens can be checked")
        }
    }

    static func isAcceptable(_ url: String) -> Bool {
        if url.hasPrefix("https://") { return url.utf8.count > 8 }
        guard url.hasPrefix("http://") else { return false }
        let authority = url.dropFirst(7).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else { return false }
        let host =
            authority.hasPrefix("[") ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
        return ["localhost", "127.0.0.1", "::1"].contains(host) || host.hasSuffix(".svc")
            || host.hasSuffix(".svc.cluster.local")
    }
}
