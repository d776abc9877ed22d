import WireValues

extension RawJSON {
    /// The text of a JSON string given with its quotes; nil when it is none.
    static func string(_ raw: some Collection<UInt8>) -> String? {
        guard raw.first == UInt8(ascii: "\"") else { return nil }
        // A text that is no JSON is simply no string here.
        return (try? JSON(parsing: Array(raw)))?.string
    }

    /// `text` as a JSON string, escaped as Go's encoder does it by default.
    static func quoted(_ text: String) -> [UInt8] { htmlSafe(JSON.string(text).bytes[...]) }

    /// The same JSON with `<`, `>`, `&` and the two line separators of Unicode escaped, as Go's encoder writes it. They can only stand in
    /// strings, so bytes may be replaced without looking at the structure.
    static func htmlSafe(_ raw: ArraySlice<UInt8>) -> [UInt8] {
        let isSafe = raw.allSatisfy { $0 != 0x3C && $0 != 0x3E && $0 != 0x26 && $0 != 0xE2 }
        if isSafe { return Array(raw) }
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
