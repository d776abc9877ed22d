/// Reads the YAML that kubeconfig files are written in; JSON is part of it.
///
/// Why our own: the common YAML library needs the whole of Foundation, 40 MiB in the operator's image, for a file that is
/// read once. The part of YAML 1.2 that is left out - anchors, aliases, tags, explicit keys, several documents - is
/// refused with its line, never misread. Nesting is bounded, and nothing can expand.
struct YAMLReader {
    static let maximumDepth = 64

    let bytes: [UInt8]
    var position = 0
    private var lineStart = 0
    private(set) var line = 1

    /// Reads the single document in `bytes`. An empty text is null.
    static func read(_ bytes: [UInt8]) throws(YAMLError) -> YAMLNode {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw YAMLError(line: 1, reason: "the text is not UTF-8")
        }
        var reader = YAMLReader(bytes: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes)
        return try reader.document()
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func document() throws(YAMLError) -> YAMLNode {
        try skipBlank()
        if peek() == UInt8(ascii: "%"), column == 0 { throw error("directives are not supported") }
        if isMarker("---") {
            position += 3
            try skipBlank()
        }
        let node = try blockNode(minimum: 0, depth: 0)
        try skipBlank()
        if isMarker("...") {
            position += 3
            try skipBlank()
        }
        if isMarker("---") { throw error("a second document starts here; only one is expected") }
        if position < bytes.count { throw error("unexpected text; is the indentation right?") }
        return node
    }

    // MARK: Characters

    var column: Int { position - lineStart }

    func peek(_ offset: Int = 0) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    func error(_ reason: String) -> YAMLError { YAMLError(line: line, reason: reason) }

    static func isSpace(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    /// Also true at the end of the text.
    static func isBreak(_ byte: UInt8?) -> Bool {
        byte == nil || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }
    static func isSpaceOrBreak(_ byte: UInt8?) -> Bool { isSpace(byte) || isBreak(byte) }

    private func isMarker(_ marker: String) -> Bool {
        column == 0 && bytes[position...].starts(with: marker.utf8) && Self.isSpaceOrBreak(peek(3))
    }

    var isAtDocumentMarker: Bool { isMarker("---") || isMarker("...") }

    mutating func skipSpaces() {
        while Self.isSpace(peek()) { position += 1 }
    }

    /// Moves over one line break, if one is here.
    mutating func skipBreak() {
        if peek() == UInt8(ascii: "\r") { position += 1 }
        if peek() == UInt8(ascii: "\n") {
            position += 1
            line += 1
        }
        lineStart = position
    }

    /// Moves over a comment to the end of its line.
    mutating func skipComment() {
        guard peek() == UInt8(ascii: "#"), position == 0 || Self.isSpaceOrBreak(bytes[position - 1]) else { return }
        while !Self.isBreak(peek()) { position += 1 }
    }

    /// Moves to the next content, over spaces, comments and line breaks.
    mutating func skipBlank() throws(YAMLError) {
        while position < bytes.count {
            let start = position
            while peek() == UInt8(ascii: " ") { position += 1 }
            if peek() == UInt8(ascii: "\t") {
                let startsLine = start == lineStart
                skipSpaces()
                skipComment()
                if startsLine, !Self.isBreak(peek()) { throw error("a tab is used for indentation; use spaces") }
            }
            skipComment()
            guard position < bytes.count, Self.isBreak(peek()) else { return }
            skipBreak()
        }
    }

    /// The end of a value on its line: only spaces and a comment may follow.
    mutating func endLine() throws(YAMLError) {
        skipSpaces()
        skipComment()
        if !Self.isBreak(peek()) { throw error("unexpected text after a value") }
    }

    // MARK: Blocks

    /// Reads what stands at the next content, if that is indented by at least `minimum`; else null.
    private mutating func blockNode(minimum: Int, depth: Int) throws(YAMLError) -> YAMLNode {
        if depth > Self.maximumDepth { throw error("nested deeper than \(Self.maximumDepth) levels") }
        try skipBlank()
        guard position < bytes.count, column >= minimum, !isAtDocumentMarker else { return .null }
        if isSequenceEntry { return try sequence(at: column, depth: depth) }
        if startsMapping() { return try mapping(at: column, depth: depth) }
        return try inlineNode(parent: minimum - 1, depth: depth)
    }

    private var isSequenceEntry: Bool { peek() == UInt8(ascii: "-") && Self.isSpaceOrBreak(peek(1)) }

    private mutating func sequence(at indent: Int, depth: Int) throws(YAMLError) -> YAMLNode {
        var elements: [YAMLNode] = []
        while position < bytes.count, column == indent, isSequenceEntry, !isAtDocumentMarker {
            position += 1
            elements.append(try blockNode(minimum: indent + 1, depth: depth + 1))
            try skipBlank()
        }
        if position < bytes.count, column > indent { throw error("unexpected indentation") }
        return .sequence(elements)
    }

    private mutating func mapping(at indent: Int, depth: Int) throws(YAMLError) -> YAMLNode {
        var members: [YAMLNode.Member] = []
        var keys: Set<String> = []
        while position < bytes.count, column == indent, !isAtDocumentMarker {
            if isSequenceEntry { break }
            let key = try mappingKey()
            guard keys.insert(key).inserted else { throw error("the key \(key) occurs twice") }
            members.append(YAMLNode.Member(key: key, value: try mappingValue(of: indent, depth: depth)))
            try skipBlank()
        }
        if position < bytes.count, column > indent { throw error("unexpected indentation") }
        return .mapping(members)
    }

    private mutating func mappingKey() throws(YAMLError) -> String {
        guard startsMapping() else { throw error("expected `key: value`") }
        let key: String
        if let quote = peek(), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            key = try quoted()
        } else {
            let start = position
            while !(peek() == UInt8(ascii: ":") && Self.isSpaceOrBreak(peek(1))) { position += 1 }
            var end = position
            while end > start, Self.isSpace(bytes[end - 1]) { end -= 1 }
            key = String(decoding: bytes[start..<end], as: UTF8.self)
        }
        skipSpaces()
        position += 1  // the colon; startsMapping() saw it
        return key
    }

    private mutating func mappingValue(of indent: Int, depth: Int) throws(YAMLError) -> YAMLNode {
        let keyLine = line
        skipSpaces()
        skipComment()
        if !Self.isBreak(peek()) {
            if isSequenceEntry { throw error("a list starts on the line after its key") }
            let first = peek()
            if first != UInt8(ascii: "\""), first != UInt8(ascii: "'"), startsMapping() {
                throw error("`: ` within a value; quote the value")
            }
            return try inlineNode(parent: indent, depth: depth + 1)
        }
        try skipBlank()
        precondition(line >= keyLine, "reading never goes back")
        guard position < bytes.count, !isAtDocumentMarker else { return .null }
        // A list may stand as far left as its key.
        if column == indent, isSequenceEntry { return try sequence(at: indent, depth: depth + 1) }
        return try blockNode(minimum: indent + 1, depth: depth + 1)
    }

    /// Whether the rest of this line begins with a key and its colon.
    private mutating func startsMapping() -> Bool {
        guard let first = peek(), !"[{|>#&*!%@`,]}".utf8.contains(first) else { return false }
        if first == UInt8(ascii: "?"), Self.isSpaceOrBreak(peek(1)) { return false }
        var offset = 0
        if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
            let isDouble = first == UInt8(ascii: "\"")
            offset = 1
            while let byte = peek(offset), byte != first || (!isDouble && peek(offset + 1) == first) {
                if Self.isBreak(byte) { return false }
                offset += byte == first || (isDouble && byte == UInt8(ascii: "\\")) ? 2 : 1
            }
            offset += 1
            while Self.isSpace(peek(offset)) { offset += 1 }
            return peek(offset) == UInt8(ascii: ":") && Self.isSpaceOrBreak(peek(offset + 1))
        }
        while let byte = peek(offset), !Self.isBreak(byte) {
            if byte == UInt8(ascii: ":"), Self.isSpaceOrBreak(peek(offset + 1)) { return true }
            if byte == UInt8(ascii: "#"), offset > 0, Self.isSpace(peek(offset - 1)) { return false }
            offset += 1
        }
        return false
    }

    /// Reads a value that starts on this line. - Parameter parent: lines that go on with it are indented by more.
    private mutating func inlineNode(parent: Int, depth: Int) throws(YAMLError) -> YAMLNode {
        switch peek() {
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            let node = try flow(depth: depth)
            try endLine()
            return node
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            let text = try quoted()
            try endLine()
            return .scalar(text, isPlain: false)
        case UInt8(ascii: "|"), UInt8(ascii: ">"): return .scalar(try blockScalar(parent: parent), isPlain: false)
        case UInt8(ascii: "&"), UInt8(ascii: "*"): throw error("anchors and aliases are not supported")
        case UInt8(ascii: "!"): throw error("tags are not supported")
        case UInt8(ascii: "?") where Self.isSpaceOrBreak(peek(1)): throw error("explicit keys are not supported")
        case UInt8(ascii: "%"), UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: ","), UInt8(ascii: "]"),
            UInt8(ascii: "}"):
            throw error("a value cannot start with this character; quote it")
        default: return .scalar(try plainBlock(parent: parent), isPlain: true)
        }
    }
}
