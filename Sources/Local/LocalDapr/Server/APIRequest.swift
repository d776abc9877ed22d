/// A request to a sidecar, its path taken apart.
struct APIRequest: Sendable {
    let method: String
    /// Without query, as it was sent but for `.`, `..` and doubled slashes.
    let path: String
    /// The parts of `path`, not decoded.
    let segments: [Substring]
    /// Without the question mark.
    let rawQuery: String?
    let headers: [(name: String, value: String)]
    /// Nil: longer than allowed, or it could not be read to its end.
    let body: [UInt8]?
    /// The body's length was not told before it came.
    let isChunked: Bool

    init(
        method: String, target: String, headers: [(name: String, value: String)], body: [UInt8]?,
        isChunked: Bool = false
    ) {
        self.method = method
        self.headers = headers
        self.body = body
        self.isChunked = isChunked
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        rawQuery = parts.count > 1 ? String(parts[1]) : nil
        var kept: [Substring] = []
        for segment in (parts.first ?? "").split(separator: "/") {
            switch segment {
            case ".": break
            case "..": _ = kept.popLast()
            default: kept.append(segment)
            }
        }
        segments = kept
        path = "/" + kept.joined(separator: "/")
    }

    /// The first value of a header, whatever the case of its name.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }

    /// The query's parameters, decoded, in order. What cannot be decoded is left out.
    var query: [(name: String, value: String)] {
        (rawQuery ?? "").split(separator: "&").compactMap { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentText.decodeQuery(parts[0]),
                let value = PercentText.decodeQuery(parts.count > 1 ? parts[1] : "")
            else { return nil }
            return (name, value)
        }
    }

    func query(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// The `metadata.*` parameters without that prefix; of equal names the first counts.
    var metadata: [RecordHeader] {
        var found: [RecordHeader] = []
        for (name, value) in query where name.hasPrefix("metadata.") {
            let short = String(name.dropFirst("metadata.".count))
            if !found.contains(where: { $0.name == short }) { found.append(RecordHeader(name: short, value: value)) }
        }
        return found
    }
}

/// Percent-encoding (RFC 3986).
enum PercentText {
    /// As in a query: `+` is a space. Nil for an escape that is none, or bytes that are no UTF-8.
    static func decodeQuery(_ text: some StringProtocol) -> String? { decode(text, plusIsSpace: true) }

    static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        var iterator = text.utf8.makeIterator()
        func digit(_ byte: UInt8?) -> UInt8? {
            switch byte {
            case .some(0x30...0x39): byte.map { $0 - 0x30 }
            case .some(0x41...0x46): byte.map { $0 - 0x41 + 10 }
            case .some(0x61...0x66): byte.map { $0 - 0x61 + 10 }
            default: nil
            }
        }
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = digit(iterator.next()), let low = digit(iterator.next()) else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// One segment of a path.
    static func encode(_ text: String) -> String {
        var output = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: output.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                if "-._~!$&'()*,;=:@".utf8.contains(byte) {
                    output.unicodeScalars.append(Unicode.Scalar(byte))
                } else {
                    output += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
                }
            }
        }
        return output
    }
}
