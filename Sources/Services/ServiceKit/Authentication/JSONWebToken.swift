import WireValues

/// A token in compact form, taken apart and not yet believed (RFC 7515, RFC 7519).
struct JSONWebToken {
    /// Longer tokens are refused unread.
    static let maximumBytes = 8_192
    static let maximumKeyIDBytes = 256

    let algorithm: SignatureAlgorithm
    let keyID: String?
    let claims: JSON
    let signingInput: [UInt8]
    let signature: [UInt8]

    init(parsing text: String) throws(TokenProblem) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw .malformed("it is longer than \(Self.maximumBytes) bytes")
        }
        let bytes = Array(text.utf8)
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed("it does not have three parts") }
        guard let header = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2])
        else { throw .malformed("a part is no base64url") }
        let members: JSON
        do {
            members = try JSON(parsing: header)
            claims = try JSON(parsing: payload)
        } catch {
            throw .malformed("a part is no JSON")
        }
        guard members.object != nil, claims.object != nil else { throw .malformed("a part is no JSON object") }
        guard let name = members["alg"]?.string else { throw .malformed("it names no algorithm") }
        guard let algorithm = SignatureAlgorithm(name: name), !signature.isEmpty else { throw .algorithm }
        // Whoever does not know what an extension means must refuse (RFC 7515, 4.1.11); we know none.
        guard members["crit"] == nil else { throw .malformed("it needs extensions that are not known here") }
        if let type = members["typ"] {
            guard let type = type.string?.lowercased(), ["jwt", "at+jwt", "application/at+jwt"].contains(type) else {
                throw .malformed("its type is another")
            }
        }
        switch members["kid"] {
        case nil: keyID = nil
        case .string(let id)? where !id.isEmpty && id.utf8.count <= Self.maximumKeyIDBytes: keyID = id
        default: throw .malformed("its key id is none")
        }
        self.algorithm = algorithm
        self.signature = signature
        signingInput = Array(bytes[..<parts[1].endIndex])
    }
}
