internal import WireValues

/// A time of day that a line names.
struct TimeMatch {
    enum Form {
        /// `5pm`: a time wherever it stands.
        case meridiem
        /// `17:30`, `noon`.
        case clock
        /// `at 5`.
        case bareHour
    }

    let form: Form
    /// Minute of the day as written.
    let minute: Int
    let hasAt: Bool
    /// The token behind the phrase.
    let end: Int
}

extension SentenceReader {
    /// Takes the last time of the line that counts where it stands.
    mutating func readTime() {
        guard date?.isInstant != true else { return }
        var chosen: (start: Int, match: TimeMatch)?
        var index = firstToken
        while index < tokens.count {
            guard tokens[index].role == .text, let match = timeMatch(at: index) else {
                index += 1
                continue
            }
            if counts(match, at: index) { chosen = (index, match) }
            index = match.end
        }
        guard let (start, match) = chosen else { return }
        let read = resolved(match)
        minute = read
        settle(leadOfTime(start)..<match.end, .due, value: .string(clockText(read)))
    }

    /// Whether a time begins at `index`, seen from a date in front of it.
    func beginsTime(_ index: Int) -> Bool {
        guard let match = timeMatch(at: index) else { return false }
        // "sat at 5 tables": a bare hour needs something behind it that ends the clause.
        return match.form != .bareHour || isAtEnd(match.end) || isPart(match.end) || free(match.end)?.isClosing == true
    }

    func timeMatch(at index: Int) -> TimeMatch? {
        let hasAt = word(index) == .at
        let at = hasAt ? index + 1 : index
        guard let token = free(at) else { return nil }
        func match(_ form: TimeMatch.Form, _ minute: Int, _ end: Int) -> TimeMatch {
            TimeMatch(form: form, minute: minute, hasAt: hasAt, end: end)
        }
        let hour = Int(token.a)
        switch token.kind {
        case .quantity where token.term.word == .meridiem:
            return minute(hour, 0, token.term).map { match(.meridiem, $0, at + 1) }
        case .number:
            if word(at + 1) == .meridiem {
                return minute(hour, 0, tokens[at + 1].term).map { match(.meridiem, $0, at + 2) }
            }
            if hour == 12, word(at + 1) == .noon { return match(.clock, 720, at + 2) }
            return hasAt && hour < 24 && token.end - token.start <= 2 ? match(.bareHour, hour * 60, at + 1) : nil
        case .clock:
            let written = Int(token.b)
            if token.term.word == .meridiem {
                return minute(hour, written, token.term).map { match(.meridiem, $0, at + 1) }
            }
            if word(at + 1) == .meridiem {
                return minute(hour, written, tokens[at + 1].term).map { match(.meridiem, $0, at + 2) }
            }
            return hour < 24 ? match(.clock, hour * 60 + written, at + 1) : nil
        case .word where token.term.word == .noon: return match(.clock, 720, at + 1)
        default: return nil
        }
    }

    private func minute(_ hour: Int, _ minute: Int, _ meridiem: Term) -> Int? {
        (1...12).contains(hour) ? hour % 12 * 60 + minute + Int(meridiem.value) : nil
    }

    private func counts(_ match: TimeMatch, at start: Int) -> Bool {
        guard !isRange(start, match.end) else { return false }
        switch match.form {
        case .meridiem: return true
        case .clock: return match.hasAt || touchesPart(start, match.end)
        case .bareHour: return isAtEnd(match.end) || touchesPart(start, match.end)
        }
    }

    /// Whether a part stands next to the tokens from `start` to `end`, at most a comma between.
    private func touchesPart(_ start: Int, _ end: Int) -> Bool {
        isPart(start - 1) || isPart(end) || isFreeSign(",", start - 1) && isPart(start - 2)
            || isFreeSign(",", end) && isPart(end + 1)
    }

    /// `3pm - 4pm`, `9 to 5pm`: how long something lasts, not when it is due.
    private func isRange(_ start: Int, _ end: Int) -> Bool {
        isRangeSign(start - 1) && isTimeLike(start - 2) || isRangeSign(end) && isTimeLike(end + 1)
    }

    private func isRangeSign(_ index: Int) -> Bool {
        free(index)?.kind == .dash || word(index) == .to
    }

    private func isTimeLike(_ index: Int) -> Bool {
        guard let token = free(index) else { return false }
        switch token.kind {
        case .number, .clock: return true
        case .quantity: return token.term.word == .meridiem
        case .word: return token.term.word == .noon || token.term.word == .meridiem
        default: return false
        }
    }

    /// The minute of the day that is meant. Words such as `tonight` or `morning` say which half of the day.
    private mutating func resolved(_ match: TimeMatch) -> Int {
        guard match.form != .meridiem, (60..<780).contains(match.minute) else { return match.minute }
        let named = date?.minute ?? rule?.minute
        if let named, named >= 720, match.minute < 720 { return match.minute + 720 }
        guard match.form == .bareHour else { return match.minute }
        warn(.ambiguousTime)
        return named == nil && match.minute < 7 * 60 ? match.minute + 720 : match.minute
    }

    private func leadOfTime(_ index: Int) -> Int {
        switch word(index - 1) {
        case .due: index - 1
        case .by, .before, .for: word(index - 2) == .due ? index - 2 : index - 1
        default: index
        }
    }

    private func clockText(_ minute: Int) -> String {
        decimal(minute / 60, width: 2) + ":" + decimal(minute % 60, width: 2)
    }

    // MARK: Due

    /// The due that date, time and repetition make together.
    func dueTime() -> WallTime? {
        let minute = minute ?? date?.minute ?? rule?.minute
        let second = minute.map { $0 * 60 }
        if let date { return WallTime(date: CivilDate(dayNumber: date.day), secondOfDay: second) }
        let isOver = second.map { $0 <= now.secondOfDay ?? 0 } ?? false
        if let rule { return WallTime(date: rule.firstDay(today: now.date, isOver: isOver), secondOfDay: second) }
        return second.map { WallTime(date: now.date.adding(days: isOver ? 1 : 0), secondOfDay: $0) }
    }
}
