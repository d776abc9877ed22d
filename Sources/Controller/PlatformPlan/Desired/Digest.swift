import Crypto
package import KubernetesModel

/// Digests of values, as lower-case hexadecimal text.
package enum Digest {
    /// SHA-256 of `value` with sorted keys: equal for equal values. 64 digits.
    package static func of(_ value: JSON) -> String { hexadecimal(SHA256.hash(data: value.canonicalBytes)) }

    /// The first 8 digits of the SHA-256 of `text`: enough to keep the names of one namespace apart.
    package static func short(_ text: String) -> String {
        String(hexadecimal(SHA256.hash(data: Array(text.utf8))).prefix(8))
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
