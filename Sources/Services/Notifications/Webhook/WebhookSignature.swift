import Crypto
import FoundationEssentials

/// Signs a request so that its receiver can tell it is ours, unaltered and fresh (the Standard Webhooks scheme: HMAC-SHA256
/// over `id.timestamp.body`).
enum WebhookSignature {
    static let secretPrefix = "whsec_"

    static func headers(
        id: String, seconds: Int64, body: [UInt8], secret: String
    ) -> [(name: String, value: String)] {
        let signed = Data("\(id).\(seconds).".utf8) + Data(body)
        let code = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: key(secret)))
        return [
            ("webhook-id", id), ("webhook-timestamp", String(seconds)),
            ("webhook-signature", "v1," + Data(code).base64EncodedString()),
        ]
    }

    /// A secret of the scheme's own form is base64 behind its prefix; any other text is its own bytes.
    private static func key(_ secret: String) -> Data {
        if secret.hasPrefix(secretPrefix), let data = Data(base64Encoded: String(secret.dropFirst(secretPrefix.count)))
        {
            return data
        }
        return Data(secret.utf8)
    }

    static func newSecret() -> String {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return secretPrefix + Data(bytes).base64EncodedString()
    }
}
