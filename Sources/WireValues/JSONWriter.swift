extension JSON {
    /// The value as compact UTF-8 JSON, members in their order.
    package var bytes: [UInt8] {
        var writer = Writer(sorted: false)
        writer.write(self)
        return writer.output
    }

    /// The value as compact UTF-8 JSON with keys sorted at every level: equal values give equal bytes, so this is
    /// what digests are taken of.
    package var canonicalBytes: [UInt8] {
        var writer = Writer(sorted: true)
        writer.write(self)
        return writer.output
    }

    /// `bytes` as text.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The value over several lines, two spaces a level, for people.
    package var prettyText: String {
        var writer = Writer(sorted: false)
        writer.writePretty(self, indent: 0)
        return String(decoding: writer.output, as: UTF8.self)
    }

    private struct Writer {
        let sorted: Bool
        var output: [UInt8] = []

        init(sorted: Bool) {
            self.sorted = sorted
            output.reserveCapacity(1024)
        }

        mutating func write(_ value: JSON) {
            switch value {
            case .array(let elements):
                output.append(UInt8(ascii: "["))
                var isFirst = true
                for element in elements {
                    if !isFirst { output.append(UInt8(ascii: ",")) }
                    isFirst = false
                    write(element)
                }
                output.append(UInt8(ascii: "]"))
            case .object(let members):
                output.append(UInt8(ascii: "{"))
                let order = sorted ? members.indices.sorted { members.keys[$0] < members.keys[$1] } : nil
                for place in 0..<members.count {
                    if place > 0 { output.append(UInt8(ascii: ",")) }
                    let index = order?[place] ?? place
                    write(string: members.keys[index])
                    output.append(UInt8(ascii: ":"))
                    write(members.values[index])
                }
                output.append(UInt8(ascii: "}"))
            default: writeScalar(value)
            }
        }

        mutating func writeScalar(_ value: JSON) {
            switch value {
            case .null: output.append(contentsOf: "null".utf8)
            case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
            case .integer(let value): output.append(contentsOf: String(value).utf8)
            case .number(let value): write(number: value)
            case .string(let value): write(string: value)
            case .array, .object: preconditionFailure("writeScalar is only called for scalars")
            }
        }

        mutating func startLine(level: Int) {
            output.append(0x0A)
            output.append(contentsOf: repeatElement(0x20, count: level * 2))
        }

        mutating func writePretty(_ value: JSON, indent: Int) {
            switch value {
            case .array(let elements) where !elements.isEmpty:
                output.append(UInt8(ascii: "["))
                for (place, element) in elements.enumerated() {
                    if place > 0 { output.append(UInt8(ascii: ",")) }
                    startLine(level: indent + 1)
                    writePretty(element, indent: indent + 1)
                }
                startLine(level: indent)
                output.append(UInt8(ascii: "]"))
            case .object(let members) where !members.isEmpty:
                output.append(UInt8(ascii: "{"))
                for (place, member) in members.enumerated() {
                    if place > 0 { output.append(UInt8(ascii: ",")) }
                    startLine(level: indent + 1)
                    write(string: member.key)
                    output.append(contentsOf: ": ".utf8)
                    writePretty(member.value, indent: indent + 1)
                }
                startLine(level: indent)
                output.append(UInt8(ascii: "}"))
            default: write(value)
            }
        }

        mutating func write(number value: Double) {
            guard value.isFinite else {
                output.append(contentsOf: "null".utf8)  // JSON has no word for it
                return
            }
            // Whole numbers without a fraction part: Kafka and others refuse 6.048e8 where they expect an integer.
            if value.magnitude < 9_007_199_254_740_992, value == value.rounded() {
                output.append(contentsOf: String(Int64(value)).utf8)
            } else {
                output.append(contentsOf: value.description.utf8)
            }
        }

        /// Escapes what JSON demands, and what YAML readers refuse or fold: the API server reads server-side apply bodies
        /// as YAML, JSON or not.
        mutating func write(string text: String) {
            output.append(UInt8(ascii: "\""))
            // Most text needs no escapes: looked through once and copied whole.
            if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) && $0 != 0x22 && $0 != 0x5C }) {
                output.append(contentsOf: text.utf8)
                output.append(UInt8(ascii: "\""))
                return
            }
            for scalar in text.unicodeScalars {
                switch scalar.value {
                case 0x22: output.append(contentsOf: "\\\"".utf8)
                case 0x5C: output.append(contentsOf: "\\\\".utf8)
                case 0x0A: output.append(contentsOf: "\\n".utf8)
                case 0x0D: output.append(contentsOf: "\\r".utf8)
                case 0x09: output.append(contentsOf: "\\t".utf8)
                case 0x20..<0x7F: output.append(UInt8(truncatingIfNeeded: scalar.value))
                case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF:
                    let digits = String(scalar.value, radix: 16)
                    output.append(contentsOf: "\\u".utf8)
                    output.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count))
                    output.append(contentsOf: digits.utf8)
                default: output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                }
            }
            output.append(UInt8(ascii: "\""))
        }
    }
}
