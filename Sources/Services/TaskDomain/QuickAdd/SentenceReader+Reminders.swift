internal import WireValues

/// What the line says about reminders.
struct ReminderChoice {
    /// Empty: none wanted.
    var durations: [String]
    /// The tokens and spans to give back when there is no due to count from.
    var ranges: [Range<Int>]
}

extension SentenceReader {
    /// The most that a task takes, and the longest before its due, in minutes.
    private static let maximumCount = 10
    private static let maximumMinutes = 4 * 7 * 24 * 60

    /// `remind me 1 day and 2 hours before`, `no reminder`.
    mutating func readReminders() {
        var index = firstToken
        while index < tokens.count {
            if word(index) == .no, word(index + 1) == .reminder || word(index + 1) == .reminders {
                if settle(index..<(index + 2), .reminders, value: .array([])) {
                    reminders = ReminderChoice(durations: [], ranges: [])
                }
                index += 2
            } else if let phrase = reminderPhrase(at: index) {
                let start = leadOfReminder(index)
                if settle(start..<phrase.end, .reminders, value: JSON(phrase.durations)) {
                    var choice = reminders ?? ReminderChoice(durations: [], ranges: [])
                    for duration in phrase.durations where !choice.durations.contains(duration) {
                        choice.durations.append(duration)
                    }
                    choice.ranges.append(start..<phrase.end)
                    reminders = choice
                }
                index = phrase.end
            } else {
                index += 1
            }
        }
    }

    /// Without a due the phrases go back into the title, with a warning.
    mutating func settleReminders(due: WallTime?) {
        guard due == nil, let choice = reminders, !choice.ranges.isEmpty else { return }
        for range in choice.ranges {
            let start = Int(tokens[range.lowerBound].firstPoint)
            spans.removeAll { $0.kind == .reminders && $0.start == start }
            for index in range { tokens[index].role = .held }
        }
        reminders = nil
        warn(.reminderWithoutDue)
    }

    /// `with [a]` in front of `reminder`.
    private func leadOfReminder(_ index: Int) -> Int {
        guard word(index) == .reminder else { return index }
        if word(index - 1) == .article, word(index - 2) == .with { return index - 2 }
        return word(index - 1) == .with ? index - 1 : index
    }

    func reminderPhrase(at start: Int) -> (durations: [String], end: Int)? {
        guard word(start) == .remind || word(start) == .reminder else { return nil }
        var at = start + 1
        if word(at) == .me { at += 1 }
        var durations: [String] = []
        var end = at
        while let (text, next) = duration(at) {
            durations.append(text)
            end = next
            at = next
            if isFreeSign(",", at) { at += 1 }
            if word(at) == .and { at += 1 }
            if at == end { break }
        }
        guard !durations.isEmpty, durations.count + (reminders?.durations.count ?? 0) <= Self.maximumCount else {
            return nil
        }
        if word(end) == .before || word(end) == .early { end += 1 }
        return (durations, end)
    }

    /// `15m`, `1 hour`, `an hour`, `half an hour`, `1 hour 30 minutes`: as ISO 8601, to at most four weeks.
    private func duration(_ start: Int) -> (text: String, end: Int)? {
        if word(start) == .half, word(start + 1) == .article, unit(start + 2) == .hour { return ("PT30M", start + 3) }
        var counts: [Unit: Int] = [:]
        var smallest: Unit?
        var at = start
        while let (count, unit, next) = quantity(at), unit != .second, unit.rawValue <= Unit.week.rawValue,
            unit.rawValue < smallest?.rawValue ?? .max
        {
            counts[unit] = count
            smallest = unit
            at = next
        }
        guard smallest != nil else { return nil }
        let (weeks, days) = (counts[.week] ?? 0, counts[.day] ?? 0)
        let (hours, minutes) = (counts[.hour] ?? 0, counts[.minute] ?? 0)
        guard ((weeks * 7 + days) * 24 + hours) * 60 + minutes <= Self.maximumMinutes else { return nil }
        var text = "P"
        if counts[.week] != nil { text += "\(weeks)W" }
        if counts[.day] != nil { text += "\(days)D" }
        if counts[.hour] != nil || counts[.minute] != nil { text += "T" }
        if counts[.hour] != nil { text += "\(hours)H" }
        if counts[.minute] != nil { text += "\(minutes)M" }
        return (text, at)
    }

    private func quantity(_ index: Int) -> (count: Int, unit: Unit, end: Int)? {
        guard let token = free(index) else { return nil }
        if token.kind == .quantity, token.term.word == .unit || token.term.word == .shortUnit {
            return Unit(rawValue: Int(token.term.value)).map { (Int(token.a), $0, index + 1) }
        }
        guard let count = count(index) ?? (word(index) == .article ? 1 : nil) else { return nil }
        if let unit = unit(index + 1) { return (count, unit, index + 2) }
        if word(index + 1) == .shortUnit, let unit = Unit(rawValue: Int(tokens[index + 1].term.value)) {
            return (count, unit, index + 2)
        }
        return nil
    }
}
