import Crypto
package import KubernetesModel

/// A fingerprint of what we want an object to be, kept as an annotation on the object itself.
///
/// It lets the operator see, without asking the API server and with an empty memory, that the intent changed since it
/// was last applied; that includes fields which left the intent and must be removed.
package struct IntentDigest: Hashable, Sendable, CustomStringConvertible {
    /// The annotation that carries the digest.
    package static let annotation = "todoplatform.dev/applied-digest"

    private let high: UInt64
    private let low: UInt64

    /// The first 128 bits of SHA-256 over the canonical form: equal values, in whatever key order, give equal digests.
    package init(of value: JSON) { self.init(ofBytes: value.canonicalBytes) }

    package init(ofBytes bytes: [UInt8]) {
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in SHA256.hash(data: bytes).enumerated() {
            if index < 8 {
                words.0 = words.0 << 8 | UInt64(byte)
            } else if index < 16 {
                words.1 = words.1 << 8 | UInt64(byte)
            }
        }
        (high, low) = words
    }

    /// 32 hexadecimal digits.
    package var description: String {
        [high, low].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }

    /// `object` with its own digest as annotation: what is sent to the API server.
    package static func stamped(_ object: KubernetesObject) -> (object: KubernetesObject, digest: IntentDigest) {
        let digest = IntentDigest(of: object.json)
        return (digest.stamp(object), digest)
    }

    /// `object`, of which this is the digest, with the annotation.
    func stamp(_ object: KubernetesObject) -> KubernetesObject {
        var stamped = object
        stamped.json[path: ["metadata", "annotations", Self.annotation]] = .string(description)
        return stamped
    }
}
