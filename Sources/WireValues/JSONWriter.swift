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

    /// `bytes`, with `written` in the place of the value at `path`: for what goes into several texts and was written
    /// once.
    ///
    /// - Parameters:
    ///   - written: the text of one JSON value.
    ///   - path: of members, from the outermost object on. It is our mistake if nothing stands there.
    package func bytes(with written: [UInt8], at path: [String]) -> [UInt8] {
        var writer = Writer(sorted: false, capacity: written.count + 1024)
        writer.write(self, with: written, at: path[...])
        return writer.output
    }

    /// The value over several lines, two spaces a level, for people.
    package var prettyText: String {
        var writer = Writer(sorted: false)
        writer.writePretty(self, indent: 0)
        return String(decoding: writer.output, as: UTF8.self)
    }

    private struct Writer {
        let sorted: Bool
        var output: [UInt8] = []

        init(sorted: Bool, capacity: Int = 1024) {
            self.sorted = sorted
            output.reserveCapacity(capacity)
        }

        mutating func write(_ value: JSON, with written: [UInt8], at path: ArraySlice<String>) {
            guard let name = path.first else {
                output.append(contentsOf: written)
                return
            }
            guard case .object(let members) = value, members.keys.contains(name) else {
                preconditionFailure("there is no member \(name) to write")
            }
            output.append(UInt8(ascii: "{"))
            for index in 0..<members.count {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                write(string: members.keys[index])
                output.append(UInt8(ascii: ":"))
                if members.keys[index] == name {
                    write(members.values[index], with: written, at: path.dropFirst())
                } else {
                    write(members.values[index])
                }
            }
            output.append(UInt8(ascii: "}"))
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
            case .integer(let value): write(integer: value)
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

        mutating func write(integer value: Int64) {
            if value < 0 { output.append(UInt8(ascii: "-")) }
            let first = output.count
            var rest = value.magnitude
            repeat {
                output.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
                rest /= 10
            } while rest > 0
            output[first...].reverse()
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
            var text = text
            let isPlain = text.withUTF8 { bytes in
                for byte in bytes where byte < 0x20 || byte >= 0x7F || byte == 0x22 || byte == 0x5C { return false }
                output.append(contentsOf: bytes)
                return true
            }
            if isPlain {
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
