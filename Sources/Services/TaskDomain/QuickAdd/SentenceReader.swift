internal import WireValues

/// One reading of one line: the tokens, what was recognised so far, and how steps look at their neighbours.
///
/// The steps live in extensions, one for each kind of part, and run in the order that `read` shows. A step that recognises
/// tokens settles them; later steps see settled tokens as parts. Every step walks the line once.
struct SentenceReader {
    let bytes: UnsafeBufferPointer<UInt8>
    let now: WallTime
    /// Days since 1970-01-01.
    let today: Int
    let settings: QuickAddSettings
    let ignoring: Set<QuickAddKind>

    var tokens: [Token]
    var spans: [QuickAddSpan] = []
    var warnings: [QuickAddWarning] = []
    /// The first token behind the command opening.
    var firstToken = 0
    /// Behind this token stands nothing but parts, closing signs and priority phrases. See `updateTail`.
    var tail = 0

    var tags: [String] = []
    var priority: PriorityChoice?
    var reminders: ReminderChoice?
    var asksToRemind = false
    var rule: SpokenRule?
    var date: DateMatch?
    /// Minute of the day, when a time of its own is named.
    var minute: Int?

    init(_ bytes: UnsafeBufferPointer<UInt8>, now: WallTime, settings: QuickAddSettings, ignoring: Set<QuickAddKind>) {
        self.bytes = bytes
        self.now = now
        today = now.date.dayNumber
        self.settings = settings
        self.ignoring = ignoring
        tokens = Tokenizer.tokens(of: bytes)
    }

    mutating func read() -> QuickAddResult {
        if let title = wholeLineQuoted() { return result(title: title, due: nil) }
        readCommand()
        readTags()
        readPriorityMarks()
        readReminders()
        updateTail()
        readRecurrence()
        if !ignoring.contains(.due) {
            updateTail()
            readDate()
            updateTail()
            readTime()
        }
        updateTail()
        readPriorityPhrases()
        let due = dueTime()
        settleReminders(due: due)
        let title = title()
        return result(title: title, due: due)
    }

    private func result(title: String, due: WallTime?) -> QuickAddResult {
        QuickAddResult(
            title: title, due: due, priority: priority?.level, tags: tags, recurrence: rule?.recurrence,
            reminders: reminders?.durations ?? (asksToRemind && due?.secondOfDay != nil ? ["PT0M"] : nil),
            warnings: warnings, spans: spans.sorted { $0.start < $1.start })
    }

    // MARK: Looking at tokens

    /// The word at `index` when it is still free; `.none` for anything else, also beyond the ends.
    func word(_ index: Int) -> Word {
        guard let token = free(index), token.kind == .word else { return .none }
        return token.term.word
    }

    /// The token at `index` when no part has it yet.
    func free(_ index: Int) -> Token? {
        guard index >= 0, index < tokens.count, tokens[index].role == .text else { return nil }
        return tokens[index]
    }

    func isFreeSign(_ character: Unicode.Scalar, _ index: Int) -> Bool {
        free(index)?.isSign(character) ?? false
    }

    func isPart(_ index: Int) -> Bool {
        index >= 0 && index < tokens.count && tokens[index].role == .part
    }

    func isAtEnd(_ index: Int) -> Bool { index >= tail }

    /// The text of a token.
    func text(_ token: Token) -> String {
        String(decoding: bytes[Int(token.start)..<Int(token.end)], as: UTF8.self)
    }

    // MARK: Settling

    /// Takes the tokens of `range` as a part, or holds them as text when the caller ignores `kind`.
    ///
    /// - Returns: whether the part counts.
    @discardableResult
    mutating func settle(_ range: Range<Int>, _ kind: QuickAddKind, value: JSON) -> Bool {
        let counts = !ignoring.contains(kind)
        let role: Token.Role = !counts ? .held : kind == .command ? .command : .part
        for index in range { tokens[index].role = role }
        if counts, let first = range.first, let last = range.last {
            spans.append(
                QuickAddSpan(
                    kind: kind, start: Int(tokens[first].firstPoint), end: Int(tokens[last].lastPoint), value: value))
        }
        return counts
    }

    mutating func warn(_ warning: QuickAddWarning) {
        if !warnings.contains(warning) { warnings.append(warning) }
    }

    /// Finds the place from which on only parts, closing signs and priority phrases follow.
    ///
    /// Priority phrases are read last because they may stand at the end of what dates leave; a date in front of one is at
    /// the end all the same.
    mutating func updateTail() {
        tail = tokens.count
        while tail > 0 {
            if tokens[tail - 1].role == .part || tokens[tail - 1].role == .text && tokens[tail - 1].isClosing {
                tail -= 1
            } else if let phrase = priorityPhrase(endingAt: tail) {
                tail = phrase.lowerBound
            } else {
                return
            }
        }
    }

    // MARK: Numbers

    /// A number in digits or a word up to twelve.
    func count(_ index: Int) -> Int? {
        guard let token = free(index) else { return nil }
        if token.kind == .number { return Int(token.a) }
        if token.kind == .word, token.term.word == .cardinal { return Int(token.term.value) }
        return nil
    }

    /// `15th`, `first`, `second`, `last` (-1).
    func ordinal(_ index: Int) -> Int? {
        guard let token = free(index) else { return nil }
        switch (token.kind, token.term.word) {
        case (.quantity, .ordinalSuffix): return Int(token.a)
        case (.word, .ordinal), (.word, .second), (.word, .last): return Int(token.term.value)
        default: return nil
        }
    }

    func unit(_ index: Int) -> Unit? {
        guard let token = free(index), token.kind == .word else { return nil }
        switch token.term.word {
        case .unit: return Unit(rawValue: Int(token.term.value))
        case .second: return .second
        default: return nil
        }
    }
}
