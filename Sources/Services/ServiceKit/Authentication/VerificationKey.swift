import Crypto
import CryptoExtras
import FoundationEssentials
import WireValues

/// A key that verifies signatures of exactly one algorithm, so that none can be passed off as another's.
enum VerificationKey: Sendable {
    case hmac(SymmetricKey)
    case rsa(_RSA.Signing.PublicKey)
    case p256(P256.Signing.PublicKey)
    case ed25519(Curve25519.Signing.PublicKey)

    var algorithm: SignatureAlgorithm {
        switch self {
        case .hmac: .hs256
        case .rsa: .rs256
        case .p256: .es256
        case .ed25519: .edDSA
        }
    }

    /// RFC 7518 wants an HMAC key as long as the hash.
    static let minimumSecretBytes = 32

    func verifies(_ token: JSONWebToken) -> Bool {
        guard token.algorithm == algorithm else { return false }
        switch self {
        case .hmac(let key):
            // Compares in constant time.
            return HMAC<SHA256>.isValidAuthenticationCode(
                token.signature, authenticating: token.signingInput, using: key)
        case .rsa(let key):
            return key.isValidSignature(
                .init(rawRepresentation: token.signature), for: SHA256.hash(data: token.signingInput),
                padding: .insecurePKCS1v1_5)
        case .p256(let key):
            // Anything but 64 bytes is no such signature.
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: token.signature) else {
                return false
            }
            return key.isValidSignature(signature, for: SHA256.hash(data: token.signingInput))
        case .ed25519(let key): return key.isValidSignature(token.signature, for: token.signingInput)
        }
    }

    /// A key of a JWK set (RFC 7517, RFC 7518, RFC 8037). Nil for keys that are for something else, or of kinds that are
    /// not accepted; a secret in a public set is one of them.
    init?(jwk: JSON) {
        guard jwk["use"] == nil || jwk["use"]?.string == "sig" else { return nil }
        if let operations = jwk["key_ops"] {
            guard operations.array?.contains(where: { $0.string == "verify" }) == true else { return nil }
        }
        func member(_ name: String, atMost limit: Int) -> [UInt8]? {
            guard let text = jwk[name]?.string, let bytes = Base64URL.decode(text.utf8),
                (1...limit).contains(bytes.count)
            else { return nil }
            return bytes
        }
        switch (jwk["kty"]?.string, jwk["crv"]?.string) {
        case ("RSA", _):
            // Fewer than 2048 bits are refused by the initializer; more than 8192 would only cost us time.
            guard let modulus = member("n", atMost: 1_024), let exponent = member("e", atMost: 8),
                let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent)
            else { return nil }
            self = .rsa(key)
        case ("EC", "P-256"):
            // A point that is not on the curve is no key.
            guard let x = member("x", atMost: 32), let y = member("y", atMost: 32), x.count == 32, y.count == 32,
                let key = try? P256.Signing.PublicKey(x963Representation: [4] + x + y)
            else { return nil }
            self = .p256(key)
        case ("OKP", "Ed25519"):
            guard let x = member("x", atMost: 32), let key = try? Curve25519.Signing.PublicKey(rawRepresentation: x)
            else { return nil }
            self = .ed25519(key)
        default: return nil
        }
        if let name = jwk["alg"] {
            guard name.string.flatMap({ SignatureAlgorithm(name: $0) }) == algorithm else { return nil }
        }
    }
}
