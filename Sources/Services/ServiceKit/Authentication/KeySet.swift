import WireValues

/// The public keys of an issuer, by their ids.
struct KeySet: Sendable {
    static let maximumBytes = 256 * 1024
    static let maximumKeys = 64

    struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    private let keys: [String: VerificationKey]
    /// Ids that more than one usable key has: none of them counts, since nobody can tell which is meant.
    let ambiguous: Set<String>

    var count: Int { keys.count }
    subscript(id: String) -> VerificationKey? { keys[id] }

    /// Reads a JWK set; keys without an id, and those that are not for this, are passed over.
    init(parsing bytes: [UInt8]) throws(Unreadable) {
        let document: JSON
        do {
            document = try JSON(parsing: bytes)
        } catch {
            throw Unreadable(description: "no JSON: \(error)")
        }
        guard let list = document["keys"]?.array else { throw Unreadable(description: "it has no \"keys\"") }
        guard list.count <= Self.maximumKeys else {
            throw Unreadable(description: "it has more than \(Self.maximumKeys) keys")
        }
        var keys: [String: VerificationKey] = [:]
        var ambiguous: Set<String> = []
        for item in list {
            guard let id = item["kid"]?.string, !id.isEmpty, let key = VerificationKey(jwk: item) else { continue }
            if keys.updateValue(key, forKey: id) != nil { ambiguous.insert(id) }
        }
        for id in ambiguous { keys[id] = nil }
        self.keys = keys
        self.ambiguous = ambiguous
    }
}
