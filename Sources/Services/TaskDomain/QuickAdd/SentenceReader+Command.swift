internal import WireValues

extension SentenceReader {
    /// `[please] add|create|make [a|an|new] [PRIORITY priority] [daily|…] [PRIORITY priority] task|todo|reminder
    /// [to|called] [:]`, or `[please] remind me to`, at the start of the line.
    mutating func readCommand() {
        guard !ignoring.contains(.command) else { return }
        var at = word(0) == .please ? 1 : 0
        if word(at) == .remind, word(at + 1) == .me, word(at + 2) == .to {
            settle(0..<(at + 3), .command, value: .null)
            firstToken = at + 3
            asksToRemind = !ignoring.contains(.reminders)
            return
        }
        guard word(at) == .addVerb else { return }
        at += 1
        if word(at) == .article { at += 1 }
        if word(at) == .new { at += 1 }
        let adjectives = at
        var levels: [Range<Int>] = []
        var adverb: Int?
        if word(at) == .level, word(at + 1) == .priority {
            levels.append(at..<(at + 2))
            at += 2
        }
        if word(at) == .adverb, tokens[at].term.isCommandAdverb {
            adverb = at
            at += 1
        }
        if word(at) == .level, word(at + 1) == .priority {
            levels.append(at..<(at + 2))
            at += 2
        }
        let thing = at
        guard word(at) == .thing || word(at) == .reminder else { return }
        at += 1
        if word(at) == .to || word(at) == .called { at += 1 }
        if isFreeSign(":", at) { at += 1 }

        if adjectives == thing {
            settle(0..<at, .command, value: .null)
        } else {
            settle(0..<adjectives, .command, value: .null)
            settle(thing..<at, .command, value: .null)
        }
        for range in levels { choosePriority(range, isMark: false) }
        if let adverb { settleAdverb(adverb, counts: true) }
        firstToken = at
    }
}

extension Term {
    /// Only these four stand in a command opening.
    fileprivate var isCommandAdverb: Bool {
        guard let unit = adverb?.unit, unit != .quarter else { return false }
        return adverb?.interval == 1
    }

    /// What `daily` and the like repeat by.
    var adverb: (unit: Unit, interval: Int)? {
        guard word == .adverb, let unit = Unit(rawValue: Int(value) % 16) else { return nil }
        return (unit, Int(value) / 16)
    }
}
