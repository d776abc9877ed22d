import Crypto
import FoundationEssentials
import ServiceKit
import WireValues

/// Encrypts what nobody is to read in the database or in a copy of it: AES-256-GCM, the keys out of the secret store.
///
/// Each key has a name, which stands beside what it encrypted. One of them encrypts; the others only decrypt what they
/// encrypted before, until `NotificationStore.resealSecrets` has been through.
struct SecretVault: Sendable {
    static let keyBytes = 32

    /// The name of the key that encrypts.
    let current: String
    private let keys: [String: SymmetricKey]

    /// - Parameters:
    ///   - members: names of keys, each with 32 bytes in base64; what is no key is passed over.
    /// - Returns: nil when `current` is none of the keys.
    init?(members: [String: String], current: String) {
        let keys = members.compactMapValues { text in
            Data(base64Encoded: text.filter { !$0.isWhitespace }).flatMap { data in
                data.count == Self.keyBytes ? SymmetricKey(data: data) : nil
            }
        }
        guard keys[current] != nil else { return nil }
        self.current = current
        self.keys = keys
    }

    /// - Parameter owner: whose it is; nobody else's row can be given this text.
    /// - Returns: the key's name and the ciphertext, as they are stored.
    func sealed(_ text: String, of owner: String) throws -> JSON {
        guard let key = keys[current] else { preconditionFailure("the vault was made without its own key") }
        let box = try AES.GCM.seal(Data(text.utf8), using: key, authenticating: Data(owner.utf8))
        // With a nonce of the usual length there always is a combined form.
        guard let bytes = box.combined else { preconditionFailure("AES-GCM made a nonce of another length") }
        return ["key": .string(current), "box": .string(bytes.base64EncodedString())]
    }

    /// - Returns: nil when its key is not here, or it is not what was sealed for `owner`.
    func opened(_ sealed: JSON, of owner: String) -> String? {
        guard let key = sealed["key"]?.string.flatMap({ keys[$0] }),
            let bytes = sealed["box"]?.string.flatMap({ Data(base64Encoded: $0) }),
            // Another key under the old name, or an altered row: it cannot be read, whatever the reason.
            let box = try? AES.GCM.SealedBox(combined: bytes),
            let text = try? AES.GCM.open(box, using: key, authenticating: Data(owner.utf8))
        else { return nil }
        return String(decoding: text, as: UTF8.self)
    }
}
