import WireValues

extension RawJSON {
    /// The text of a JSON string given with its quotes; nil when it is none.
    static func string(_ raw: ArraySlice<UInt8>) -> String? {
        guard raw.first == UInt8(ascii: "\"") else { return nil }
        // Mostly there are no escapes, and the bytes are the text.
        if raw.count > 1, raw.last == UInt8(ascii: "\"") {
            let inner = raw.dropFirst().dropLast()
            if inner.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\"") }) {
                return String(validating: inner, as: UTF8.self)
            }
        }
        // A text that is no JSON is simply no string here.
        return (try? JSON(parsing: raw))?.string
    }

    static func string(_ raw: [UInt8]) -> String? { string(raw[...]) }

    /// `text` as a JSON string, escaped as Go's encoder does it by default.
    static func quoted(_ text: String) -> [UInt8] {
        var output: [UInt8] = []
        append(quoted: text, to: &output)
        return output
    }

    /// Appends `text` as a JSON string.
    static func append(quoted text: String, to output: inout [UInt8]) {
        if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) && isPlain($0) }) {
            output.append(UInt8(ascii: "\""))
            output += text.utf8
            output.append(UInt8(ascii: "\""))
        } else {
            output += htmlSafe(JSON.string(text).bytes[...])
        }
    }

    /// Neither escaped in JSON nor by Go.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") && byte != 0x3C && byte != 0x3E && byte != 0x26
    }

    /// Whether `raw` is what `htmlSafe` makes of it.
    static func isHTMLSafe(_ raw: ArraySlice<UInt8>) -> Bool {
        raw.withUnsafeBufferPointer { bytes in
            var found: UInt8 = 0
            // Without an early end, so that several bytes are looked at together.
            for byte in bytes {
                found |= (byte == 0x3C ? 1 : 0) | (byte == 0x3E ? 1 : 0) | (byte == 0x26 ? 1 : 0)
                found |= byte == 0xE2 ? 1 : 0
            }
            return found == 0
        }
    }

    /// The same JSON with `<`, `>`, `&` and the two line separators of Unicode escaped, as Go's encoder writes it. They can only stand in
    /// strings, so bytes may be replaced without looking at the structure.
    static func htmlSafe(_ raw: ArraySlice<UInt8>) -> [UInt8] {
        if isHTMLSafe(raw) { return Array(raw) }
        var output: [UInt8] = []
        output.reserveCapacity(raw.count + 32)
        var index = raw.startIndex
        while index < raw.endIndex {
            let byte = raw[index]
            switch byte {
            case 0x3C: output += Array("\\u003c".utf8)
            case 0x3E: output += Array("\\u003e".utf8)
            case 0x26: output += Array("\\u0026".utf8)
            case 0xE2
            where index + 2 < raw.endIndex && raw[index + 1] == 0x80
                && (raw[index + 2] == 0xA8 || raw[index + 2] == 0xA9):
                output += Array((raw[index + 2] == 0xA8 ? "\\u2028" : "\\u2029").utf8)
                index += 2
            default: output.append(byte)
            }
            index += 1
        }
        return output
    }
}
