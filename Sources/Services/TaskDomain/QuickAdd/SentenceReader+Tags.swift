internal import WireValues

extension SentenceReader {
    /// `#word`, `#"two words"`, `tagged a, b and c`, `tags: a, b`.
    mutating func readTags() {
        var index = firstToken
        while index < tokens.count {
            if tokens[index].kind == .tag {
                let name = tagName(tokens[index])
                if settle(index..<(index + 1), .tags, value: JSON([name])) { add(name) }
                index += 1
            } else if let list = tagList(at: index) {
                if settle(index..<list.end, .tags, value: JSON(list.names)) { for name in list.names { add(name) } }
                index = list.end
            } else {
                index += 1
            }
        }
    }

    private mutating func add(_ name: String) {
        if !tags.contains(name) { tags.append(name) }
    }

    /// The name of a `#` token, without sign and quotation marks.
    private func tagName(_ token: Token) -> String {
        let isQuoted = bytes[Int(token.end) - 1] == UInt8(ascii: "\"")
        let range = isQuoted ? (Int(token.start) + 2)..<(Int(token.end) - 1) : (Int(token.start) + 1)..<Int(token.end)
        return String(decoding: bytes[range], as: UTF8.self).lowercased()
    }

    private func tagList(at start: Int) -> (names: [String], end: Int)? {
        var at = start + 1
        switch word(start) {
        case .tagged: if word(at) == .with { at += 1 }
        case .tags:
            guard isFreeSign(":", at) else { return nil }
            at += 1
        default: return nil
        }
        guard let first = listedTag(at, afterColon: word(start) == .tags) else { return nil }
        var names = [first]
        at += 1
        while true {
            var next = at
            if isFreeSign(",", next) { next += 1 }
            if word(next) == .and { next += 1 }
            guard next > at, !beginsOtherPart(next), let name = listedTag(next, afterColon: false) else {
                return (names, at)
            }
            names.append(name)
            at = next + 1
        }
    }

    /// A word that may be a tag without its sign.
    private func listedTag(_ index: Int, afterColon: Bool) -> String? {
        guard let token = free(index) else { return nil }
        switch token.kind {
        case .word, .number, .quantity, .text, .slashDate, .isoDate: break
        default: return nil
        }
        let range = Int(token.start)..<Int(token.end)
        // What touches the sign in front of it is no word, but for the colon of "tags:a".
        let isGlued = index > 0 && !token.isSpaced && !isFreeSign(",", index - 1)
        guard !isGlued || afterColon, TagName.isValid(bytes[range]), TagName.hasLetter(bytes[range]) else { return nil }
        return String(decoding: bytes[range], as: UTF8.self).lowercased()
    }

    /// Whether a list of tags ends before `index` because there begins what people add behind a comma: a date, a
    /// repetition, a reminder, a priority.
    private func beginsOtherPart(_ index: Int) -> Bool {
        switch word(index) {
        case .every, .due, .remind, .today, .tomorrow, .tonight, .weekday: true
        case .reminder: reminderPhrase(at: index) != nil
        case .no: word(index + 1) == .reminder || word(index + 1) == .reminders
        case .level: word(index + 1) == .priority
        case .priority: isFreeSign(":", index + 1)
        case .adverb, .hourly: false
        case .on, .by, .at, .in, .with, .until, .starting, .next, .this: true
        default: false
        }
    }
}
