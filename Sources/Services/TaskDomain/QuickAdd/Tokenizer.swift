/// Cuts a sentence into tokens, in one pass from left to right.
///
/// Here lives the rule of whole words: a letter, digit, `-`, `/`, `'` or `@` that touches a word, or `#`, `.` or `:` in
/// front of it, makes it text. Readers of phrases see words only.
struct Tokenizer {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 0
    private var tokens: [Token] = []
    private var isSpaced = true
    private var isASCII = true
    /// A quotation mark without its partner was seen; there is none for later ones either.
    private var hasNoMoreQuotes = false

    private init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        tokens.reserveCapacity(bytes.count / 4 + 4)
    }

    /// The tokens of `bytes`, which are valid UTF-8.
    static func tokens(of bytes: UnsafeBufferPointer<UInt8>) -> [Token] {
        var tokenizer = Tokenizer(bytes)
        while tokenizer.at < bytes.count { tokenizer.step() }
        tokenizer.countPoints()
        return tokenizer.tokens
    }

    private mutating func step() {
        let byte = bytes[at]
        let (kind, length) = character(at)
        switch kind {
        case .space:
            at += 1
            isSpaced = true
        case .word: run()
        case .symbol:
            if byte == UInt8(ascii: "#"), tag() { return }
            if byte == UInt8(ascii: "\""), quoted() { return }
            if byte == UInt8(ascii: "\\"), escaped() { return }
            if byte == UInt8(ascii: "!"), mark() { return }
            let isDash = byte == 0xE2 && length == 3 && bytes[at + 1] == 0x80 && (0x93...0x94).contains(bytes[at + 2])
            if byte < 0x80, byte > 0x20 {
                append(.sign, to: at + 1, a: Int32(byte))
            } else {
                append(isDash ? .dash : .symbol, to: at + length)
            }
        }
    }

    // MARK: Runs of word characters

    private mutating func run() {
        let start = at
        if bytes[at] == UInt8(ascii: "@"), !isTouched(at) {
            // "@ 17:30" and "@17:30" are "at 17:30"; "@home" is text.
            let afterSign = at + 1
            if afterSign == bytes.count || character(afterSign).kind != .word {
                append(.word, to: afterSign, term: Term(word: .at, value: 0))
                return
            }
            if let time = classified(from: afterSign), isTime(time) {
                append(.word, to: afterSign, term: Term(word: .at, value: 0))
                append(time)
                return
            }
        }
        if isTouched(start) {
            append(.text, to: endOfRun(start))
        } else if let token = classified(from: start) {
            append(token)
        } else {
            let end = endOfRun(start)
            let dashes = bytes[start..<end].allSatisfy { $0 == UInt8(ascii: "-") }
            if dashes {
                append(.dash, to: end)
            } else if end == start + 1, bytes[start] < 0x80, !isAlphanumeric(bytes[start]) {
                append(.sign, to: end, a: Int32(bytes[start]))
            } else {
                append(.text, to: end)
            }
        }
    }

    private func isTime(_ token: Token) -> Bool {
        switch token.kind {
        case .number, .clock: true
        case .quantity: token.term.word == .meridiem
        case .word: token.term.word == .noon
        default: false
        }
    }

    /// The token that the run from `start` forms by itself, nil when it is text.
    private func classified(from start: Int) -> Token? {
        let end = endOfRun(start)
        let first = bytes[start]
        if isDigit(first) { return numeric(start, end) }
        guard isLetter(first), bytes[start..<end].allSatisfy(isAlphanumeric) else { return nil }
        var token = Token(kind: .word, isSpaced: isSpaced, start: Int32(start), end: Int32(end))
        token.term = Vocabulary.shared.term(bytes[start..<end])
        return token
    }

    private func numeric(_ start: Int, _ end: Int) -> Token? {
        var digits = start
        while digits < end, isDigit(bytes[digits]) { digits += 1 }
        guard digits - start <= 6 else { return nil }
        let value = number(start, digits)
        var token = Token(kind: .number, isSpaced: isSpaced, a: value, start: Int32(start), end: Int32(end))
        if digits == end {
            if let clock = clock(start, digits) { return clock }
            // "5.30", "1,000", "3:4": not a number of its own.
            if end + 1 < bytes.count, isDigit(bytes[end + 1]) {
                switch bytes[end] {
                case UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: ":"): return nil
                default: break
                }
            }
            return token
        }
        switch bytes[digits] {
        case UInt8(ascii: "-"): return isoDate(start, end)
        case UInt8(ascii: "/"): return slashDate(start, end)
        default:
            guard bytes[digits..<end].allSatisfy(isLetter) else { return nil }
            token.kind = .quantity
            token.term = Vocabulary.shared.term(bytes[digits..<end])
            switch token.term.word {
            case .meridiem, .unit, .shortUnit, .ordinalSuffix: return token
            default: return nil
            }
        }
    }

    private func clock(_ start: Int, _ colon: Int) -> Token? {
        guard colon - start <= 2, colon + 2 < bytes.count, bytes[colon] == UInt8(ascii: ":"),
            isDigit(bytes[colon + 1]), isDigit(bytes[colon + 2])
        else { return nil }
        let end = endOfRun(colon + 1)
        var token = Token(kind: .clock, isSpaced: isSpaced, start: Int32(start), end: Int32(end))
        token.a = number(start, colon)
        token.b = number(colon + 1, colon + 3)
        guard token.b < 60 else { return nil }
        if end > colon + 3 {
            token.term = Vocabulary.shared.term(bytes[(colon + 3)..<end])
            guard token.term.word == .meridiem else { return nil }
        }
        if end + 1 < bytes.count, bytes[end] == UInt8(ascii: ":") || bytes[end] == UInt8(ascii: "."),
            isAlphanumeric(bytes[end + 1])
        {
            return nil
        }
        return token
    }

    private func isoDate(_ start: Int, _ end: Int) -> Token? {
        guard end - start == 10, bytes[start + 4] == UInt8(ascii: "-"), bytes[start + 7] == UInt8(ascii: "-"),
            areDigits(start, start + 4), areDigits(start + 5, start + 7), areDigits(start + 8, end)
        else { return nil }
        var token = Token(kind: .isoDate, isSpaced: isSpaced, start: Int32(start), end: Int32(end))
        token.a = number(start, start + 4)
        token.b = number(start + 5, start + 7)
        token.c = number(start + 8, end)
        return token
    }

    private func slashDate(_ start: Int, _ end: Int) -> Token? {
        let parts = bytes[start..<end].split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 && parts[2].count == 4,
            (1...2).contains(parts[0].count), (1...2).contains(parts[1].count),
            parts.allSatisfy({ areDigits($0.startIndex, $0.endIndex) })
        else { return nil }
        var token = Token(kind: .slashDate, isSpaced: isSpaced, start: Int32(start), end: Int32(end))
        token.a = number(parts[0].startIndex, parts[0].endIndex)
        token.b = number(parts[1].startIndex, parts[1].endIndex)
        token.c = parts.count == 3 ? number(parts[2].startIndex, parts[2].endIndex) : 0
        return token
    }

    // MARK: Signs that begin something

    /// `#word` or `#"two words"` after a space or at the start.
    private mutating func tag() -> Bool {
        guard isSpaced, at + 1 < bytes.count else { return false }
        if bytes[at + 1] == UInt8(ascii: "\"") {
            guard let close = closingQuote(from: at + 2), hasLetter(at + 2, close) else { return false }
            append(.tag, to: close + 1)
            return true
        }
        let end = endOfRun(at + 1)
        guard isTagName(at + 1, end), hasLetter(at + 1, end) else { return false }
        append(.tag, to: end)
        return true
    }

    /// `!high`, `!1`.
    private mutating func mark() -> Bool {
        guard isSpaced || !isTouchedBySign(at), at + 1 < bytes.count, character(at + 1).kind == .word,
            let token = classified(from: at + 1)
        else { return false }
        let level: Int16
        switch token.kind {
        case .word where token.term.word == .level: level = token.term.value
        case .number where (1...3).contains(token.a) && token.end == token.start + 1: level = Int16(token.a) - 1
        default: return false
        }
        append(.mark, to: Int(token.end), term: Term(word: .mark, value: level))
        return true
    }

    /// `"quoted"`; an opening mark does not touch a word before it, so that inches stay what they are.
    private mutating func quoted() -> Bool {
        guard at == 0 || character(before: at) != .word, at == 0 || bytes[at - 1] != UInt8(ascii: "\\"),
            let close = closingQuote(from: at + 1), close > at + 1
        else { return false }
        append(.quoted, to: close + 1)
        return true
    }

    /// `\word`.
    private mutating func escaped() -> Bool {
        guard isSpaced else { return false }
        var end = at + 1
        if end < bytes.count, bytes[end] == UInt8(ascii: "#") || bytes[end] == UInt8(ascii: "!") { end += 1 }
        let start = end
        while end < bytes.count {
            let (kind, length) = character(end)
            if kind == .word {
                end += length
            } else if end > start, bytes[end] == UInt8(ascii: ":") || bytes[end] == UInt8(ascii: "."),
                end + 1 < bytes.count, character(end + 1).kind == .word
            {
                end += 1
            } else {
                break
            }
        }
        guard end > start else { return false }
        append(.escaped, to: end)
        return true
    }

    private mutating func closingQuote(from start: Int) -> Int? {
        guard !hasNoMoreQuotes else { return nil }
        if let close = bytes[min(start, bytes.count)...].firstIndex(of: UInt8(ascii: "\"")) { return close }
        hasNoMoreQuotes = true
        return nil
    }

    // MARK: Characters

    private enum CharacterKind { case space, word, symbol }

    private func character(_ index: Int) -> (kind: CharacterKind, length: Int) {
        let byte = bytes[index]
        if byte < 0x80 {
            if isAlphanumeric(byte) { return (.word, 1) }
            switch byte {
            case 0x20, 0x09...0x0D: return (.space, 1)
            case UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "'"), UInt8(ascii: "@"), UInt8(ascii: "_"):
                return (.word, 1)
            default: return (.symbol, 1)
            }
        }
        let (scalar, length) = decoded(index)
        return (Self.touches(scalar) ? .word : .symbol, length)
    }

    /// The kind of the character that ends at `index`, which is above 0.
    private func character(before index: Int) -> CharacterKind {
        var start = index - 1
        while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        return character(start).kind
    }

    private func decoded(_ index: Int) -> (scalar: Unicode.Scalar, length: Int) {
        let lead = bytes[index]
        let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
        var value = UInt32(lead) & (0x7F >> UInt32(length))
        for offset in 1..<length { value = value << 6 | UInt32(bytes[index + offset] & 0x3F) }
        return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
    }

    /// Whether a character outside ASCII makes text of a word that it touches: letters, digits and marks of any script,
    /// and the curly apostrophe.
    static func touches(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "\u{2019}" || scalar.properties.isAlphabetic { return true }
        switch scalar.properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber, .nonspacingMark, .spacingMark, .enclosingMark: return true
        default: return false
        }
    }

    /// Whether something in front of the run at `index` makes text of it.
    private func isTouched(_ index: Int) -> Bool {
        guard index > 0, !isSpaced else { return false }
        switch bytes[index - 1] {
        case UInt8(ascii: "#"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "\\"): return true
        default: return character(before: index) == .word
        }
    }

    private func isTouchedBySign(_ index: Int) -> Bool {
        isTouched(index) || index > 0 && bytes[index - 1] == UInt8(ascii: "!")
    }

    private func endOfRun(_ start: Int) -> Int {
        var end = start
        while end < bytes.count {
            let (kind, length) = character(end)
            guard kind == .word else { break }
            end += length
        }
        return end
    }

    private func isTagName(_ start: Int, _ end: Int) -> Bool {
        TagName.isValid(bytes[start..<end])
    }

    private func hasLetter(_ start: Int, _ end: Int) -> Bool {
        TagName.hasLetter(bytes[start..<end])
    }

    private func areDigits(_ start: Int, _ end: Int) -> Bool { bytes[start..<end].allSatisfy(isDigit) }

    private func number(_ start: Int, _ end: Int) -> Int32 {
        bytes[start..<end].reduce(0) { $0 * 10 + Int32($1 - UInt8(ascii: "0")) }
    }

    // MARK: Output

    private mutating func append(_ kind: Token.Kind, to end: Int, a: Int32 = 0, term: Term = .none) {
        var token = Token(kind: kind, isSpaced: isSpaced, a: a, start: Int32(at), end: Int32(end))
        token.term = term
        append(token)
    }

    private mutating func append(_ token: Token) {
        var token = token
        token.isSpaced = isSpaced && Int(token.start) == at
        tokens.append(token)
        at = Int(token.end)
        isSpaced = false
    }

    /// Fills in where the tokens are in code points.
    private mutating func countPoints() {
        if bytes.allSatisfy({ $0 < 0x80 }) {
            for index in tokens.indices {
                tokens[index].firstPoint = tokens[index].start
                tokens[index].lastPoint = tokens[index].end
            }
            return
        }
        var offset = 0
        var point: Int32 = 0
        func advance(to end: Int32) {
            while offset < Int(end) {
                if bytes[offset] & 0xC0 != 0x80 { point += 1 }
                offset += 1
            }
        }
        for index in tokens.indices {
            advance(to: tokens[index].start)
            tokens[index].firstPoint = point
            advance(to: tokens[index].end)
            tokens[index].lastPoint = point
        }
    }
}

func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }
func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) }

/// The names of tags: letters, digits, `-`, `_` and `/`, with a letter among them.
enum TagName {
    static func isValid(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        if bytes.allSatisfy({ $0 < 0x80 }) { return bytes.allSatisfy(isName) }
        return String(decoding: bytes, as: UTF8.self).unicodeScalars.allSatisfy {
            $0.isASCII ? isName(UInt8($0.value)) : isLetterOrMark($0)
        }
    }

    static func hasLetter(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        if bytes.contains(where: isLetter) { return true }
        guard bytes.contains(where: { $0 >= 0x80 }) else { return false }
        return String(decoding: bytes, as: UTF8.self).unicodeScalars.contains {
            !$0.isASCII && $0.properties.isAlphabetic
        }
    }

    private static func isName(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "/")
    }

    private static func isLetterOrMark(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isAlphabetic { return true }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: return true
        default: return false
        }
    }
}
