/// Why a text is no JSON value that we accept.
package struct JSONParseError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        case unexpectedEnd
        case unexpectedByte(UInt8)
        case invalidNumber, invalidString, invalidUTF8, tooDeep, trailingBytes
    }
    package let reason: Reason
    /// Where, in bytes from the start.
    package let offset: Int

    package var description: String {
        let what =
            switch reason {
            case .unexpectedEnd: "the text ends too early"
            case .unexpectedByte(let byte): "unexpected byte 0x\(String(byte, radix: 16))"
            case .invalidNumber: "malformed number"
            case .invalidString: "malformed string"
            case .invalidUTF8: "text that is not UTF-8"
            case .tooDeep: "nested deeper than \(JSON.maximumDepth) levels"
            case .trailingBytes: "more bytes after the value"
            }
        return "invalid JSON at byte \(offset): \(what)"
    }
}

extension JSON {
    /// How deep arrays and objects may nest. Bounds the stack that a hostile text can use.
    package static let maximumDepth = 128

    /// Parses one JSON value (RFC 8259, strictly) that fills `bytes` but for white space around it.
    ///
    /// - Parameters:
    ///   - skipping: Members with these keys are dropped wherever they stand, without being built. The cache passes
    ///     `managedFields`, often half of an object.
    ///   - keepingText: Objects under these keys are checked but not built: the member is the text that they came as, to
    ///     be parsed by whoever wants it.
    /// - Throws: `JSONParseError` with the offset. Of members with equal keys the last counts, as in Go.
    package init(
        parsing bytes: some Collection<UInt8>, skipping: [StaticString] = [], keepingText: [StaticString] = []
    ) throws(JSONParseError) {
        let skipped = skipping.map { Array($0.description.utf8) }
        let kept = keepingText.map { Array($0.description.utf8) }
        let parsed =
            bytes.withContiguousStorageIfAvailable { Self.parse($0, skipped, kept) }
            ?? Array(bytes).withUnsafeBufferPointer { Self.parse($0, skipped, kept) }
        self = try parsed.get()
    }

    /// Parses the UTF-8 of `text`. - Throws: `JSONParseError`.
    package init(parsing text: String) throws(JSONParseError) {
        try self.init(parsing: Array(text.utf8))
    }

    private static func parse(_ bytes: UnsafeBufferPointer<UInt8>, _ skipped: [[UInt8]], _ kept: [[UInt8]])
        -> Result<JSON, JSONParseError>
    {
        var parser = Parser(bytes: bytes, skipped: skipped, kept: kept)
        do throws(JSONParseError) {
            parser.skipSpace()
            let value = try parser.value(depth: 0)
            parser.skipSpace()
            if parser.position < bytes.count { throw parser.error(.trailingBytes) }
            return .success(value)
        } catch {
            return .failure(error)
        }
    }

    private struct Parser {
        let bytes: UnsafeBufferPointer<UInt8>
        let skipped: [[UInt8]]
        let kept: [[UInt8]]
        var position = 0

        func error(_ reason: JSONParseError.Reason) -> JSONParseError {
            JSONParseError(reason: reason, offset: position)
        }

        mutating func skipSpace() {
            while position < bytes.count {
                switch bytes[position] {
                case 0x20, 0x0A, 0x0D, 0x09: position += 1
                default: return
                }
            }
        }

        func peek() throws(JSONParseError) -> UInt8 {
            guard position < bytes.count else { throw error(.unexpectedEnd) }
            return bytes[position]
        }

        mutating func value(depth: Int) throws(JSONParseError) -> JSON {
            switch try peek() {
            case UInt8(ascii: "{"): return try object(depth: depth + 1)
            case UInt8(ascii: "["): return try array(depth: depth + 1)
            case UInt8(ascii: "\""): return .string(try string())
            case UInt8(ascii: "t"):
                try literal("true")
                return .bool(true)
            case UInt8(ascii: "f"):
                try literal("false")
                return .bool(false)
            case UInt8(ascii: "n"):
                try literal("null")
                return .null
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
            case let byte: throw error(.unexpectedByte(byte))
            }
        }

        mutating func literal(_ text: StaticString) throws(JSONParseError) {
            for offset in 0..<text.utf8CodeUnitCount {
                guard position < bytes.count else { throw error(.unexpectedEnd) }
                guard bytes[position] == text.utf8Start[offset] else { throw error(.unexpectedByte(bytes[position])) }
                position += 1
            }
        }

        mutating func object(depth: Int) throws(JSONParseError) -> JSON {
            guard depth <= JSON.maximumDepth else { throw error(.tooDeep) }
            position += 1
            skipSpace()
            var members = JSONObject()
            if try peek() == UInt8(ascii: "}") {
                position += 1
                return .object(members)
            }
            while true {
                guard try peek() == UInt8(ascii: "\"") else { throw error(.unexpectedByte(try peek())) }
                let keyStart = position + 1
                let key = try string()
                let drop = skipped.contains { $0.elementsEqual(bytes[keyStart..<(position - 1)]) }
                let keep = kept.contains { $0.elementsEqual(bytes[keyStart..<(position - 1)]) }
                skipSpace()
                guard try peek() == UInt8(ascii: ":") else { throw error(.unexpectedByte(try peek())) }
                position += 1
                skipSpace()
                if drop {
                    try skipValue(depth: depth)
                } else {
                    let value =
                        if keep, try peek() == UInt8(ascii: "{") { try text(depth: depth) } else {
                            try value(depth: depth)
                        }
                    // Few keys per level: checking for a repeated one is cheaper than a hash table.
                    if members.keys.contains(key) { members[key] = value } else { members.appendUnchecked(key, value) }
                }
                skipSpace()
                let byte = try peek()
                position += 1
                if byte == UInt8(ascii: "}") { return .object(members) }
                guard byte == UInt8(ascii: ",") else {
                    position -= 1
                    throw error(.unexpectedByte(byte))
                }
                skipSpace()
            }
        }

        mutating func array(depth: Int) throws(JSONParseError) -> JSON {
            guard depth <= JSON.maximumDepth else { throw error(.tooDeep) }
            position += 1
            skipSpace()
            var elements: [JSON] = []
            if try peek() == UInt8(ascii: "]") {
                position += 1
                return .array(elements)
            }
            while true {
                elements.append(try value(depth: depth))
                skipSpace()
                let byte = try peek()
                position += 1
                if byte == UInt8(ascii: "]") { return .array(elements) }
                guard byte == UInt8(ascii: ",") else {
                    position -= 1
                    throw error(.unexpectedByte(byte))
                }
                skipSpace()
            }
        }

        /// One value as the text that it is.
        mutating func text(depth: Int) throws(JSONParseError) -> JSON {
            let start = position
            try skipValue(depth: depth)
            // Every string in it was found to be UTF-8, and all else is ASCII.
            return .string(String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self))
        }

        /// Passes over one value, checking its form but building nothing of objects, arrays and strings.
        mutating func skipValue(depth: Int) throws(JSONParseError) {
            let first = try peek()
            if first == UInt8(ascii: "\"") { return try skipString() }
            guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
                _ = try value(depth: depth)
                return
            }
            guard depth < JSON.maximumDepth else { throw error(.tooDeep) }
            let isObject = first == UInt8(ascii: "{")
            let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
            position += 1
            skipSpace()
            if try peek() == close {
                position += 1
                return
            }
            while true {
                if isObject {
                    guard try peek() == UInt8(ascii: "\"") else { throw error(.unexpectedByte(try peek())) }
                    try skipString()
                    skipSpace()
                    guard try peek() == UInt8(ascii: ":") else { throw error(.unexpectedByte(try peek())) }
                    position += 1
                    skipSpace()
                }
                try skipValue(depth: depth + 1)
                skipSpace()
                let byte = try peek()
                position += 1
                if byte == close { return }
                guard byte == UInt8(ascii: ",") else {
                    position -= 1
                    throw error(.unexpectedByte(byte))
                }
                skipSpace()
            }
        }

        mutating func skipString() throws(JSONParseError) {
            let start = position
            var union: UInt8 = 0
            position += 1
            while position < bytes.count {
                let byte = bytes[position]
                if byte == UInt8(ascii: "\"") {
                    position += 1
                    if union < 0x80 { return }
                    break
                }
                if byte == UInt8(ascii: "\\") { break }
                if byte < 0x20 { throw error(.invalidString) }
                union |= byte
                position += 1
            }
            // With escapes or beyond ASCII there is more to check.
            position = start
            _ = try string()
        }

        mutating func string() throws(JSONParseError) -> String {
            position += 1
            let start = position
            // The common case: no escape, so the bytes are the text.
            while true {
                guard position < bytes.count else { throw error(.unexpectedEnd) }
                let byte = bytes[position]
                if byte == UInt8(ascii: "\"") { break }
                if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
                if byte < 0x20 { throw error(.invalidString) }
                position += 1
            }
            let text = UnsafeBufferPointer(rebasing: bytes[start..<position])
            guard let string = String(validating: text, as: UTF8.self) else { throw error(.invalidUTF8) }
            position += 1
            return string
        }

        mutating func escapedString(from start: Int) throws(JSONParseError) -> String {
            var text = Array(bytes[start..<position])
            while true {
                guard position < bytes.count else { throw error(.unexpectedEnd) }
                let byte = bytes[position]
                position += 1
                if byte == UInt8(ascii: "\"") { break }
                if byte < 0x20 { throw error(.invalidString) }
                guard byte == UInt8(ascii: "\\") else {
                    text.append(byte)
                    continue
                }
                guard position < bytes.count else { throw error(.unexpectedEnd) }
                let escape = bytes[position]
                position += 1
                switch escape {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
                case UInt8(ascii: "b"): text.append(0x08)
                case UInt8(ascii: "f"): text.append(0x0C)
                case UInt8(ascii: "n"): text.append(0x0A)
                case UInt8(ascii: "r"): text.append(0x0D)
                case UInt8(ascii: "t"): text.append(0x09)
                case UInt8(ascii: "u"):
                    let scalar = try unicodeEscape()
                    text.append(contentsOf: Array(String(Character(scalar)).utf8))
                default: throw error(.invalidString)
                }
            }
            guard let string = String(validating: text, as: UTF8.self) else { throw error(.invalidUTF8) }
            return string
        }

        mutating func unicodeEscape() throws(JSONParseError) -> Unicode.Scalar {
            let first = try hexadecimal()
            if let scalar = Unicode.Scalar(first) { return scalar }
            // A high surrogate needs its low half behind it; half a pair is no text.
            guard (0xD800..<0xDC00).contains(first), position + 1 < bytes.count,
                bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
            else { throw error(.invalidString) }
            position += 2
            let second = try hexadecimal()
            guard (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
            else { throw error(.invalidString) }
            return scalar
        }

        mutating func hexadecimal() throws(JSONParseError) -> UInt32 {
            guard position + 4 <= bytes.count else { throw error(.unexpectedEnd) }
            var value: UInt32 = 0
            for _ in 0..<4 {
                let byte = bytes[position]
                let digit: UInt32
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt32(byte - UInt8(ascii: "0"))
                case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt32(byte - UInt8(ascii: "a") + 10)
                case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = UInt32(byte - UInt8(ascii: "A") + 10)
                default: throw error(.invalidString)
                }
                value = value << 4 | digit
                position += 1
            }
            return value
        }

        mutating func number() throws(JSONParseError) -> JSON {
            let start = position
            var isInteger = true
            if bytes[position] == UInt8(ascii: "-") { position += 1 }
            try digits(leadingZeroAllowed: false)
            if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
                isInteger = false
                position += 1
                try digits(leadingZeroAllowed: true)
            }
            if position < bytes.count, bytes[position] == UInt8(ascii: "e") || bytes[position] == UInt8(ascii: "E") {
                isInteger = false
                position += 1
                if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
                {
                    position += 1
                }
                try digits(leadingZeroAllowed: true)
            }
            let text = String(decoding: bytes[start..<position], as: UTF8.self)
            if isInteger, let value = Int64(text) { return .integer(value) }
            guard let value = Double(text), value.isFinite else { throw error(.invalidNumber) }
            return .number(value)
        }

        mutating func digits(leadingZeroAllowed: Bool) throws(JSONParseError) {
            let start = position
            while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
                position += 1
            }
            guard position > start else {
                throw position < bytes.count ? error(.invalidNumber) : error(.unexpectedEnd)
            }
            if !leadingZeroAllowed, bytes[start] == UInt8(ascii: "0"), position - start > 1 {
                throw error(.invalidNumber)
            }
        }
    }
}
