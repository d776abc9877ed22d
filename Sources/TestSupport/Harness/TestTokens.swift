import Crypto
import FoundationEssentials
package import WireValues

/// Tokens for tests: HS256 with a secret that is nobody's.
package enum TestTokens {
    package static let secret = "the secret of tests, which is as long as it has to be"
    package static let audience = "todo-tests"

    /// A token that says `user`, good for an hour from `now`.
    package static func token(_ user: String, now: Timestamp, claims: JSONObject = JSONObject()) -> String {
        var all = JSONObject([
            ("sub", .string(user)), ("aud", .string(audience)), ("exp", .integer(now.seconds + 3_600)),
        ])
        for (name, value) in claims { all[name] = value }
        let input =
            encode(JSON.object(JSONObject([("alg", .string("HS256"))])).bytes) + "." + encode(JSON.object(all).bytes)
        let signature = HMAC<SHA256>.authenticationCode(
            for: Data(input.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        return input + "." + encode(Array(signature))
    }

    private static func encode(_ bytes: [UInt8]) -> String {
        String(
            Data(bytes).base64EncodedString().compactMap { character -> Character? in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }
}
