/// A text that is no JSON.
struct MalformedJSON: Error, CustomStringConvertible {
    /// In bytes from the start.
    let offset: Int
    var description: String { "invalid JSON at byte \(offset)" }
}

/// Looks through JSON without building values: which members stand where. What is published is passed on byte by byte,
/// so that numbers of any size and the order of keys stay as they were sent.
struct RawJSON {
    struct Member {
        let key: String
        let value: Range<Int>
        /// The value's own members, if it is an object and was to be looked into.
        let members: [Member]?
    }

    struct Element {
        let place: Range<Int>
        /// Nil: it is no object.
        let members: [Member]?
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position: Int
    private var sawNonASCII = false

    private init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        position = 0
    }

    /// The members of the object that `bytes` hold, each with the place of its value, in their order. Of equal keys all
    /// are listed; the last counts.
    static func members(of bytes: [UInt8]) throws(MalformedJSON) -> [Member] {
        try scan(bytes) { scanner throws(MalformedJSON) in
            guard let found = try scanner.value(depth: 0, levels: 1) else { throw MalformedJSON(offset: 0) }
            return found
        }
    }

    /// The elements of the array that `bytes` hold, and their members to so many levels: one look at all of it.
    static func elements(of bytes: [UInt8], levels: Int) throws(MalformedJSON) -> [Element] {
        try scan(bytes) { scanner throws(MalformedJSON) in
            var found: [Element] = []
            try scanner.array(depth: 0, levels: levels) { found.append($0) }
            return found
        }
    }

    /// Whether `bytes` are one JSON value.
    static func isValid(_ bytes: [UInt8]) -> Bool {
        do throws(MalformedJSON) {
            _ = try scan(bytes) { scanner throws(MalformedJSON) in try scanner.value(depth: 0) }
            return true
        } catch {
            return false
        }
    }

    private static func scan<R>(
        _ bytes: [UInt8], _ body: (inout RawJSON) throws(MalformedJSON) -> R
    ) throws(MalformedJSON) -> R {
        let result: Result<(R, Bool), MalformedJSON> = bytes.withUnsafeBufferPointer { buffer in
            var scanner = RawJSON(buffer)
            do throws(MalformedJSON) {
                scanner.skipSpace()
                let found = try body(&scanner)
                scanner.skipSpace()
                guard scanner.position == buffer.count else { throw scanner.malformed }
                return .success((found, scanner.sawNonASCII))
            } catch {
                return .failure(error)
            }
        }
        let (found, sawNonASCII) = try result.get()
        if sawNonASCII, String(validating: bytes, as: UTF8.self) == nil { throw MalformedJSON(offset: 0) }
        return found
    }

    private var malformed: MalformedJSON { MalformedJSON(offset: position) }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func expect(_ byte: Unicode.Scalar) throws(MalformedJSON) {
        guard position < bytes.count, bytes[position] == UInt8(ascii: byte) else { throw malformed }
        position += 1
    }

    /// Moves behind an object. - Returns: its members, if it is to be looked into.
    private mutating func object(depth: Int, levels: Int) throws(MalformedJSON) -> [Member]? {
        try expect("{")
        skipSpace()
        var found: [Member]? = levels > 0 ? [] : nil
        found?.reserveCapacity(16)
        if position < bytes.count, bytes[position] == UInt8(ascii: "}") {
            position += 1
            return found
        }
        while true {
            skipSpace()
            var name = ""
            if levels > 0 { name = try key() } else { _ = try string() }
            skipSpace()
            try expect(":")
            skipSpace()
            let start = position
            let members = try value(depth: depth + 1, levels: levels - 1)
            found?.append(Member(key: name, value: start..<position, members: members))
            skipSpace()
            guard position < bytes.count else { throw malformed }
            if bytes[position] == UInt8(ascii: "}") {
                position += 1
                return found
            }
            try expect(",")
        }
    }

    private mutating func array(
        depth: Int, levels: Int, _ element: (Element) -> Void
    ) throws(MalformedJSON) {
        try expect("[")
        skipSpace()
        if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
            position += 1
            return
        }
        while true {
            skipSpace()
            let start = position
            let members = try value(depth: depth + 1, levels: levels)
            element(Element(place: start..<position, members: members))
            skipSpace()
            guard position < bytes.count else { throw malformed }
            if bytes[position] == UInt8(ascii: "]") {
                position += 1
                return
            }
            try expect(",")
        }
    }

    private mutating func key() throws(MalformedJSON) -> String {
        let start = position
        let isPlain = try string()
        if isPlain {
            return String(decoding: UnsafeBufferPointer(rebasing: bytes[(start + 1)..<(position - 1)]), as: UTF8.self)
        }
        return RawJSON.string(Array(bytes[start..<position])) ?? ""
    }

    /// Moves behind a string; whether it has no escapes.
    private mutating func string() throws(MalformedJSON) -> Bool {
        try expect("\"")
        var isPlain = true
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return isPlain
            case UInt8(ascii: "\\"):
                isPlain = false
                position += 1
                guard position < bytes.count else { throw malformed }
                switch bytes[position] {
                case UInt8(ascii: "u"):
                    guard position + 4 < bytes.count else { throw malformed }
                    for place in (position + 1)...(position + 4) {
                        switch bytes[place] {
                        case 0x30...0x39, 0x41...0x46, 0x61...0x66: break
                        default: throw malformed
                        }
                    }
                    position += 5
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                    UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                    position += 1
                default: throw malformed
                }
            case 0..<0x20: throw malformed
            default:
                if byte >= 0x80 { sawNonASCII = true }
                position += 1
            }
        }
        throw malformed
    }

    /// Moves behind a value.
    /// - Returns: the members of an object that is to be looked into, `levels` being at least 1.
    private mutating func value(depth: Int, levels: Int = 0) throws(MalformedJSON) -> [Member]? {
        guard position < bytes.count, depth <= 128 else { throw malformed }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object(depth: depth, levels: levels)
        case UInt8(ascii: "["): try array(depth: depth, levels: 0) { _ in }
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try number()
        }
        return nil
    }

    private mutating func word(_ word: StaticString) throws(MalformedJSON) {
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.count else { throw malformed }
        for place in 0..<length where bytes[position + place] != word.utf8Start[place] { throw malformed }
        position += length
    }

    private mutating func digits() throws(MalformedJSON) {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        if position == start { throw malformed }
    }

    private mutating func number() throws(MalformedJSON) {
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        if position < bytes.count, bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            try digits()
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try digits()
        }
    }
}
