internal import WireValues

/// The priority chosen so far.
struct PriorityChoice {
    let level: QuickAddPriority
    /// A mark beats a phrase.
    let isMark: Bool
}

extension SentenceReader {
    /// `p1`, `!high`, `!1`: anywhere, all taken out, the last wins.
    mutating func readPriorityMarks() {
        for index in firstToken..<max(firstToken, tokens.count) where tokens[index].role == .text {
            let token = tokens[index]
            guard token.kind == .mark || token.kind == .word && token.term.word == .mark else { continue }
            choosePriority(index..<(index + 1), isMark: true)
        }
    }

    /// `high priority`, `priority: low` after a comma, after `with`, at the end, or at the start before a colon.
    mutating func readPriorityPhrases() {
        var index = firstToken
        var isStart = true
        while index < tokens.count {
            guard let end = priorityPhraseEnd(index) else {
                if tokens[index].role == .text { isStart = false }
                index += 1
                continue
            }
            var start = index
            if word(start - 1) == .article, word(start - 2) == .with {
                start -= 2
            } else if word(start - 1) == .with {
                start -= 1
            }
            let isAfterComma = isFreeSign(",", start - 1)
            if start < index || isAfterComma || isAtEnd(end) || isStart && isFreeSign(":", end) {
                choosePriority(start..<end, isMark: false)
            } else {
                isStart = false
            }
            index = end
        }
    }

    /// Takes the tokens of `range` as a priority. The last one wins, but no phrase against a mark.
    mutating func choosePriority(_ range: Range<Int>, isMark: Bool) {
        let levels: [QuickAddPriority] = [.high, .medium, .low]
        guard let term = tokens[range].first(where: { $0.term.word == .level || $0.term.word == .mark })?.term,
            levels.indices.contains(Int(term.value))
        else { return }
        let level = levels[Int(term.value)]
        guard settle(range, .priority, value: .string(level.rawValue)) else { return }
        if isMark || priority?.isMark != true { priority = PriorityChoice(level: level, isMark: isMark) }
    }

    /// The range of a priority phrase that ends in front of `end`.
    func priorityPhrase(endingAt end: Int) -> Range<Int>? {
        var start: Int
        if word(end - 2) == .level, word(end - 1) == .priority {
            start = end - 2
        } else if word(end - 1) == .level, word(end - 2) == .priority {
            start = end - 2
        } else if word(end - 1) == .level, isFreeSign(":", end - 2), word(end - 3) == .priority {
            start = end - 3
        } else {
            return nil
        }
        if word(start - 1) == .article, word(start - 2) == .with {
            start -= 2
        } else if word(start - 1) == .with {
            start -= 1
        }
        return start..<end
    }

    private func priorityPhraseEnd(_ index: Int) -> Int? {
        switch word(index) {
        case .level: word(index + 1) == .priority ? index + 2 : nil
        case .priority:
            if word(index + 1) == .level {
                // "priority high priority": the second pair is the phrase.
                word(index + 2) == .priority ? nil : index + 2
            } else if isFreeSign(":", index + 1), word(index + 2) == .level {
                index + 3
            } else {
                nil
            }
        default: nil
        }
    }
}
