extension YAMLReader {
    /// A scalar without quotes, with the lines that continue it.
    mutating func plainBlock(parent: Int) throws(YAMLError) -> String {
        var text = plainLine()
        while true {
            let before = self
            var breaks = 0
            while position < bytes.count, Self.isBreak(peek()) {
                skipBreak()
                breaks += 1
                while peek() == UInt8(ascii: " ") { position += 1 }
            }
            guard breaks > 0, position < bytes.count, column > parent, !isAtDocumentMarker, peek() != UInt8(ascii: "#"),
                peek() != UInt8(ascii: "\t")
            else {
                self = before
                return text
            }
            let lineStart = self
            let next = plainLine()
            if next.isEmpty { throw error("unexpected text in a value") }
            if peek() == UInt8(ascii: ":") {
                self = lineStart
                throw error("`key: value` within a value; is the indentation right?")
            }
            text += (breaks == 1 ? " " : String(repeating: "\n", count: breaks - 1)) + next
        }
    }

    /// The part of a plain scalar on this line; stops before `: `, a comment or the end of the line.
    private mutating func plainLine() -> String {
        let start = position
        while let byte = peek(), !Self.isBreak(byte) {
            if byte == UInt8(ascii: "#"), position > start, Self.isSpace(bytes[position - 1]) { break }
            if byte == UInt8(ascii: ":"), Self.isSpaceOrBreak(peek(1)) { break }
            position += 1
        }
        var end = position
        while end > start, Self.isSpace(bytes[end - 1]) { end -= 1 }
        let text = String(decoding: bytes[start..<end], as: UTF8.self)
        skipComment()
        return text
    }

    /// A text in double or single quotes, over any number of lines.
    mutating func quoted() throws(YAMLError) -> String {
        let quote = peek()
        let isDouble = quote == UInt8(ascii: "\"")
        let startLine = line
        position += 1
        var text: [UInt8] = []
        // Spaces before a line break go away, but not those that were written as an escape.
        var escapedCount = 0
        while let byte = peek() {
            if byte == quote {
                position += 1
                if !isDouble, peek() == quote {
                    text.append(byte)
                    position += 1
                    continue
                }
                guard let result = String(validating: text, as: UTF8.self) else {
                    throw YAMLError(line: startLine, reason: "an escape in quotes stands for half a character")
                }
                return result
            }
            if isDouble, byte == UInt8(ascii: "\\") {
                position += 1
                try escape(into: &text)
                escapedCount = text.count
            } else if Self.isBreak(byte) {
                foldBreaks(into: &text, keeping: escapedCount)
            } else {
                text.append(byte)
                position += 1
            }
        }
        throw YAMLError(line: startLine, reason: "a quote is never closed")
    }

    /// One line break within quotes is a space, further ones are kept; spaces around them go away.
    private mutating func foldBreaks(into text: inout [UInt8], keeping count: Int) {
        while text.count > count, Self.isSpace(text.last) { text.removeLast() }
        var breaks = 0
        while position < bytes.count, Self.isBreak(peek()) {
            skipBreak()
            breaks += 1
            skipSpaces()
        }
        text += breaks == 1 ? [UInt8(ascii: " ")] : Array(repeating: UInt8(ascii: "\n"), count: breaks - 1)
    }

    private mutating func escape(into text: inout [UInt8]) throws(YAMLError) {
        guard let byte = peek() else { throw error("a quote is never closed") }
        position += 1
        switch byte {
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "t"), 0x09: text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "0"): text.append(0x00)
        case UInt8(ascii: "a"): text.append(0x07)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "e"): text.append(0x1B)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "v"): text.append(0x0B)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: " "): text.append(byte)
        case UInt8(ascii: "_"): text += [0xC2, 0xA0]
        case UInt8(ascii: "N"): text += [0xC2, 0x85]
        case UInt8(ascii: "L"): text += [0xE2, 0x80, 0xA8]
        case UInt8(ascii: "P"): text += [0xE2, 0x80, 0xA9]
        case UInt8(ascii: "x"): try append(scalar: hexadecimal(2), to: &text)
        case UInt8(ascii: "u"):
            let high = try hexadecimal(4)
            if (0xD800..<0xDC00).contains(high), peek() == UInt8(ascii: "\\"), peek(1) == UInt8(ascii: "u") {
                // JSON writes characters beyond 16 bits as a pair.
                position += 2
                let low = try hexadecimal(4)
                guard (0xDC00..<0xE000).contains(low) else { throw error("half of a surrogate pair in quotes") }
                try append(scalar: 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00), to: &text)
            } else {
                try append(scalar: high, to: &text)
            }
        case UInt8(ascii: "U"): try append(scalar: hexadecimal(8), to: &text)
        case 0x0A, 0x0D:
            position -= 1
            skipBreak()
            skipSpaces()
        default: throw error("unknown escape in double quotes")
        }
    }

    private mutating func hexadecimal(_ digits: Int) throws(YAMLError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error("malformed escape in double quotes")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private func append(scalar value: UInt32, to text: inout [UInt8]) throws(YAMLError) {
        guard let scalar = Unicode.Scalar(value) else { throw error("an escape in quotes stands for no character") }
        text += Array(String(Character(scalar)).utf8)
    }

    /// A block after `|` (lines as they are) or `>` (lines joined).
    mutating func blockScalar(parent: Int) throws(YAMLError) -> String {
        let isFolded = peek() == UInt8(ascii: ">")
        position += 1
        var keeps = false
        var strips = false
        var indent: Int?
        header: while let byte = peek(), !Self.isSpaceOrBreak(byte) {
            switch byte {
            case UInt8(ascii: "+") where !strips: keeps = true
            case UInt8(ascii: "-") where !keeps: strips = true
            case UInt8(ascii: "1")...UInt8(ascii: "9") where indent == nil:
                indent = max(parent, 0) + Int(byte - UInt8(ascii: "0"))
            default: throw error("malformed block scalar")
            }
            position += 1
        }
        try endLine()
        skipBreak()

        var lines: [String] = []
        while position < bytes.count {
            let before = self
            while peek() == UInt8(ascii: " "), indent.map({ column < $0 }) ?? true { position += 1 }
            if Self.isBreak(peek()), position < bytes.count {
                lines.append("")
                skipBreak()
                continue
            }
            if position >= bytes.count { break }
            let least = indent ?? column
            guard column >= least, column > parent, !isAtDocumentMarker else {
                self = before
                break
            }
            indent = least
            let start = position
            while !Self.isBreak(peek()) { position += 1 }
            lines.append(String(decoding: bytes[start..<position], as: UTF8.self))
            if position < bytes.count { skipBreak() }
        }
        var trailing = 0
        while lines.last?.isEmpty == true {
            lines.removeLast()
            trailing += 1
        }
        let text = isFolded ? Self.fold(lines) : lines.joined(separator: "\n")
        if strips { return text }
        if keeps { return text + String(repeating: "\n", count: trailing + (lines.isEmpty ? 0 : 1)) }
        return lines.isEmpty ? "" : text + "\n"
    }

    /// Joins lines with spaces; empty lines are line breaks, lines that are indented further stay as they are.
    private static func fold(_ lines: [String]) -> String {
        func isIndented(_ line: String) -> Bool { isSpace(line.utf8.first) }
        var text = ""
        var pendingBreaks = 0
        var previous: String?
        for line in lines {
            if line.isEmpty {
                pendingBreaks += 1
                continue
            }
            if let previous {
                if isIndented(previous) || isIndented(line) {
                    text += String(repeating: "\n", count: pendingBreaks + 1)
                } else {
                    text += pendingBreaks == 0 ? " " : String(repeating: "\n", count: pendingBreaks)
                }
            } else {
                text += String(repeating: "\n", count: pendingBreaks)
            }
            text += line
            previous = line
            pendingBreaks = 0
        }
        return text
    }

    // MARK: Flow style

    /// `[…]`, `{…}` or a scalar within them.
    mutating func flow(depth: Int) throws(YAMLError) -> YAMLNode {
        if depth > Self.maximumDepth { throw error("nested deeper than \(Self.maximumDepth) levels") }
        switch peek() {
        case UInt8(ascii: "["):
            position += 1
            var elements: [YAMLNode] = []
            while try !closes(UInt8(ascii: "]"), after: elements.count) {
                elements.append(try flow(depth: depth + 1))
                try skipFlowSpace()
                if peek() == UInt8(ascii: ":") { throw error("`key: value` within [ ] is not supported") }
            }
            return .sequence(elements)
        case UInt8(ascii: "{"):
            position += 1
            var members: [YAMLNode.Member] = []
            while try !closes(UInt8(ascii: "}"), after: members.count) {
                guard case .scalar(let key, _) = try flow(depth: depth + 1) else { throw error("a key must be text") }
                guard !members.contains(where: { $0.key == key }) else { throw error("the key \(key) occurs twice") }
                try skipFlowSpace()
                var value = YAMLNode.null
                if peek() == UInt8(ascii: ":") {
                    position += 1
                    try skipFlowSpace()
                    if peek() != UInt8(ascii: ","), peek() != UInt8(ascii: "}") { value = try flow(depth: depth + 1) }
                }
                members.append(YAMLNode.Member(key: key, value: value))
            }
            return .mapping(members)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .scalar(try quoted(), isPlain: false)
        case nil: throw error("a bracket is never closed")
        default: return .scalar(try plainFlow(), isPlain: true)
        }
    }

    /// Moves over the comma or closing bracket that must follow an element. - Returns: whether it was the bracket.
    private mutating func closes(_ bracket: UInt8, after count: Int) throws(YAMLError) -> Bool {
        try skipFlowSpace()
        if count > 0, peek() == UInt8(ascii: ",") {
            position += 1
            try skipFlowSpace()
        } else if count > 0, peek() != bracket {
            throw error(position < bytes.count ? "expected a comma or a closing bracket" : "a bracket is never closed")
        }
        guard let byte = peek() else { throw error("a bracket is never closed") }
        if byte == bracket { position += 1 }
        return byte == bracket
    }

    /// Within brackets indentation means nothing.
    private mutating func skipFlowSpace() throws(YAMLError) {
        while position < bytes.count {
            skipSpaces()
            skipComment()
            guard position < bytes.count, Self.isBreak(peek()) else { return }
            skipBreak()
        }
    }

    private mutating func plainFlow() throws(YAMLError) -> String {
        if let first = peek(), "&*!|>%@`?,]}".utf8.contains(first) {
            throw error("this character cannot start a value within brackets; quote it")
        }
        let start = position
        while let byte = peek(), !Self.isBreak(byte), !",[]{}".utf8.contains(byte) {
            if byte == UInt8(ascii: ":"),
                Self.isSpaceOrBreak(peek(1)) || peek(1).map({ ",[]{}".utf8.contains($0) }) == true
            {
                break
            }
            if byte == UInt8(ascii: "#"), position > start, Self.isSpace(bytes[position - 1]) { break }
            position += 1
        }
        var end = position
        while end > start, Self.isSpace(bytes[end - 1]) { end -= 1 }
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }
}
