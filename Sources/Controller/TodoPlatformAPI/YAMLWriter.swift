package import KubernetesModel

extension JSON {
    /// The value as a YAML document in block style, ending with a line break.
    ///
    /// Every YAML 1.1 and 1.2 reader gets the same value back: text that such a reader could take for a number, a truth
    /// value, a date or for syntax is in double quotes; text of several lines is a literal block.
    package var yaml: String {
        var writer = YAMLWriter()
        writer.write(document: self)
        return String(decoding: writer.output, as: UTF8.self)
    }

    /// Several values as one stream of YAML documents, parted by `---`.
    package static func yaml(documents: [JSON]) -> String { documents.map(\.yaml).joined(separator: "---\n") }
}

private struct YAMLWriter {
    var output: [UInt8] = []

    mutating func write(document value: JSON) {
        switch value {
        case .object(let members) where !members.isEmpty: write(members: members, indent: 0, startsOnLine: true)
        case .array(let elements) where !elements.isEmpty: write(elements: elements, indent: 0)
        default:
            write(scalar: value, indent: 0)
            output.append(0x0A)
        }
    }

    /// - Parameter startsOnLine: false when the first member follows `- ` on a line that has begun.
    private mutating func write(members: JSONObject, indent: Int, startsOnLine: Bool) {
        var isFirst = true
        for (key, value) in members {
            if !isFirst || startsOnLine { pad(indent) }
            isFirst = false
            let rendered = Self.flow(key)
            if rendered.utf8.count > Self.longestSimpleKey {
                output.append(contentsOf: "? \(rendered)\n".utf8)
                pad(indent)
                output.append(contentsOf: ":".utf8)
            } else {
                output.append(contentsOf: "\(rendered):".utf8)
            }
            switch value {
            case .object(let members) where !members.isEmpty:
                output.append(0x0A)
                write(members: members, indent: indent + 2, startsOnLine: true)
            case .array(let elements) where !elements.isEmpty:
                output.append(0x0A)
                // Not indented, as kubectl prints lists.
                write(elements: elements, indent: indent)
            default:
                output.append(0x20)
                write(scalar: value, indent: indent + 2)
                output.append(0x0A)
            }
        }
    }

    private mutating func write(elements: [JSON], indent: Int) {
        for element in elements {
            pad(indent)
            output.append(contentsOf: "-".utf8)
            switch element {
            case .object(let members) where !members.isEmpty:
                output.append(0x20)
                write(members: members, indent: indent + 2, startsOnLine: false)
            case .array(let elements) where !elements.isEmpty:
                output.append(0x0A)
                write(elements: elements, indent: indent + 2)
            default:
                output.append(0x20)
                write(scalar: element, indent: indent + 2)
                output.append(0x0A)
            }
        }
    }

    private mutating func write(scalar value: JSON, indent: Int) {
        switch value {
        case .string(let text) where indent > 0 && Self.fitsLiteralBlock(text):
            output.append(contentsOf: (text.utf8.last == 0x0A ? "|" : "|-").utf8)
            for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
                .dropLast(text.utf8.last == 0x0A ? 1 : 0)
            {
                output.append(0x0A)
                if !line.isEmpty { pad(indent) }
                output.append(contentsOf: line)
            }
        case .string(let text): output.append(contentsOf: Self.flow(text).utf8)
        case .number(let number): output.append(contentsOf: Self.decimal(number).utf8)
        default: output.append(contentsOf: value.bytes)  // null, true, 1, {} and [] are the same in YAML
        }
    }

    private mutating func pad(_ count: Int) { output.append(contentsOf: repeatElement(0x20, count: count)) }

    /// YAML readers look no further than 1024 characters for the colon after a key.
    private static let longestSimpleKey = 900

    /// Text on one line: plain where no reader can misunderstand it, else in double quotes.
    private static func flow(_ text: String) -> String { isPlain(text) ? text : quoted(text) }

    private static func decimal(_ number: Double) -> String {
        let text = JSON.number(number).text
        // "1e-07" is text to some readers; "1.0e-07" is a number to all.
        guard let mark = text.firstIndex(of: "e"), !text.contains(".") else { return text }
        return text[..<mark] + ".0" + text[mark...]
    }

    private static func isPlain(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last,
            Format.isLetterOrDigit(first) || first == UInt8(ascii: "/"),
            // What starts with a digit may be a number, a date or a time to somebody.
            !Format.isDigit(first), last != UInt8(ascii: ":"), last != UInt8(ascii: " "),
            !reserved.contains(text.lowercased())
        else { return false }
        var previous: UInt8 = 0
        for byte in bytes {
            guard (0x20..<0x7F).contains(byte) else { return false }
            if byte == UInt8(ascii: " "), previous == UInt8(ascii: ":") { return false }
            if byte == UInt8(ascii: "#"), previous == UInt8(ascii: " ") { return false }
            previous = byte
        }
        return true
    }

    /// Words that YAML 1.1 takes for null or a truth value, in lower case.
    private static let reserved: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]

    /// Several lines, none of which a literal block would change.
    private static func fitsLiteralBlock(_ text: String) -> Bool {
        guard text.utf8.contains(0x0A), let first = text.utf8.first, first != 0x0A, first != 0x20, first != 0x09,
            !text.utf8.suffix(2).elementsEqual("\n\n".utf8)
        else { return false }
        return text.unicodeScalars.allSatisfy { isPrintable($0) || $0 == "\n" || $0 == "\t" }
            // A last line of spaces alone would be lost.
            && text.utf8.split(separator: 0x0A).allSatisfy { line in !line.allSatisfy { $0 == 0x20 || $0 == 0x09 } }
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                result += "\\u" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
            }
        }
        return result + "\""
    }
}
