internal import WireValues

extension SentenceReader {
    private enum Phrase {
        case rule(SpokenRule, end: Int)
        /// By hours, minutes or seconds.
        case unsupported(end: Int)
    }

    /// Takes the last phrase that fits, then what goes with it: the end and the first due.
    mutating func readRecurrence() {
        var chosen: (range: Range<Int>, rule: SpokenRule)?
        var isUnsupported = false
        var index = firstToken
        while index < tokens.count {
            switch phrase(at: index) {
            case .rule(let rule, let end):
                chosen = (index..<end, rule)
                index = end
            case .unsupported(let end):
                isUnsupported = true
                index = end
            case nil: index += 1
            }
        }
        if isUnsupported, !ignoring.contains(.recurrence) { warn(.unsupportedRecurrence) }
        if let chosen {
            // A word in the command opening gives way; it was cut off with the opening all the same.
            let value = JSON(chosen.rule.text)
            rule =
                settle(leadOfRule(chosen.range.lowerBound)..<chosen.range.upperBound, .recurrence, value: value)
                ? chosen.rule : nil
        }
        if rule != nil { readSeriesBounds() }
    }

    /// `due` or `on` in front of `every friday` goes with it.
    private func leadOfRule(_ index: Int) -> Int {
        switch word(index - 1) {
        case .on: word(index - 2) == .due ? index - 2 : index - 1
        case .due: index - 1
        default: index
        }
    }

    /// Takes `daily` in a command opening.
    mutating func settleAdverb(_ index: Int, counts: Bool) {
        guard let adverb = tokens[index].term.adverb, let spoken = SpokenRule(every: adverb.interval, adverb.unit),
            settle(index..<(index + 1), .recurrence, value: .string(spoken.text))
        else { return }
        rule = spoken
    }

    /// `until DATE`, `[for] N times`, `starting DATE`, anywhere in the line. The last of each.
    private mutating func readSeriesBounds() {
        var until: (range: Range<Int>, date: CivilDate)?
        var count: (range: Range<Int>, count: Int)?
        var start: (range: Range<Int>, date: DateMatch)?
        var index = firstToken
        while index < tokens.count {
            switch word(index) {
            case .until:
                if let match = ledDate(behind: index) {
                    until = (index..<match.end, CivilDate(dayNumber: match.day))
                    index = match.end
                    continue
                }
            case .starting, .from:
                if !ignoring.contains(.due), let match = ledDate(behind: index) {
                    start = (index..<match.end, match)
                    index = match.end
                    continue
                }
            case .times:
                if let number = self.count(index - 1), (1...99_999).contains(number) {
                    count = ((word(index - 2) == .for ? index - 2 : index - 1)..<(index + 1), number)
                }
            default: break
            }
            index += 1
        }
        // One end only: a rule with both is refused, and nothing said here may stop the task.
        if let until {
            rule?.end = .until(until.date)
            settle(until.range, .recurrence, value: .string("UNTIL=" + until.date.text))
        } else if let count {
            rule?.end = .count(count.count)
            settle(count.range, .recurrence, value: .string("COUNT=\(count.count)"))
        }
        if let start {
            date = start.date
            settle(start.range, .due, value: value(of: start.date))
        }
    }

    private func ledDate(behind index: Int) -> DateMatch? {
        let at = word(index + 1) == .on ? index + 2 : index + 1
        guard let match = dateMatch(at: at, isLed: true), !match.isAmbiguous else { return nil }
        return match
    }

    // MARK: Phrases

    private func phrase(at index: Int) -> Phrase? {
        switch word(index) {
        case .every: return everyPhrase(at: index)
        case .adverb: return adverbPhrase(at: index)
        case .hourly: return standsAsAdverb(index) ? .unsupported(end: index + 1) : nil
        default: return nil
        }
    }

    /// `daily` and the like: only at the end or before what goes with a repetition; "monthly report" is text.
    private func adverbPhrase(at index: Int) -> Phrase? {
        guard let adverb = tokens[index].term.adverb, let plain = SpokenRule(every: adverb.interval, adverb.unit) else {
            return nil
        }
        var rule = plain
        var end = index + 1
        if word(end) == .on {
            // A single day behind "on" is the first due; several, or one counted in the month, belong to the rule.
            var detailed = plain
            if let next = days(behind: end, of: adverb.unit, &detailed),
                detailed.weekdays.nonzeroBitCount > 1 || !detailed.ordinals.isEmpty || detailed.setPosition != 0
                    || detailed.monthDays.count > 1 || detailed.monthDays == [-1]
            {
                (rule, end) = (detailed, next)
            }
        }
        guard end > index + 1 || standsAsAdverb(index) else { return nil }
        takeCompletion(&rule, &end)
        return .rule(rule, end: end)
    }

    private func standsAsAdverb(_ index: Int) -> Bool {
        let next = index + 1
        if isAtEnd(next) || isPart(next) { return true }
        switch word(next) {
        case .on, .until, .starting, .from: return true
        case .for: return count(next + 1) != nil && word(next + 2) == .times
        case .after: return word(next + 1) == .completion
        default: return beginsTime(next) || dateMatch(at: next, isLed: leadStart(next) < next) != nil
        }
    }

    private func everyPhrase(at start: Int) -> Phrase? {
        var at = start + 1
        var isAfterCompletion = false
        if isFreeSign("!", at), !tokens[at].isSpaced {
            isAfterCompletion = true
            at += 1
        }
        if let end = clockInterval(at) { return .unsupported(end: end) }
        guard var (rule, end) = repeated(at) else { return nil }
        if word(end) == .dayPart, rule.minute == nil {
            rule.minute = Int(tokens[end].term.value)
            end += 1
        }
        takeCompletion(&rule, &end)
        if isAfterCompletion { rule.isAfterCompletion = true }
        return .rule(rule, end: end)
    }

    /// `after completion` behind a phrase.
    private func takeCompletion(_ rule: inout SpokenRule, _ end: inout Int) {
        guard word(end) == .after, word(end + 1) == .completion else { return }
        rule.isAfterCompletion = true
        end += 2
    }

    /// `hour`, `5 minutes`, `other hour`, `second hour`, `half hour`; `second` alone.
    private func clockInterval(_ index: Int) -> Int? {
        var at = index
        if count(at) != nil || word(at) == .other || word(at) == .half || ordinal(at) != nil && unit(at + 1) != nil {
            at += 1
            if word(at) == .article { at += 1 }
        }
        if let unit = unit(at), unit.isClock {
            // "every second friday" counts Fridays.
            if word(at) == .second, at == index, repeated(at) != nil { return nil }
            return at + 1
        }
        if let token = free(index), token.kind == .quantity, token.term.word == .unit || token.term.word == .shortUnit,
            let unit = Unit(rawValue: Int(token.term.value)), unit.isClock
        {
            return index + 1
        }
        return nil
    }

    /// What stands behind `every`.
    private func repeated(_ at: Int) -> (rule: SpokenRule, end: Int)? {
        switch word(at) {
        case .dayPart:
            var rule = SpokenRule(.daily)
            rule.minute = Int(tokens[at].term.value)
            return (rule, at + 1)
        case .workday, .weekend:
            var rule = SpokenRule(.weekly)
            rule.weekdays = word(at) == .workday ? SpokenRule.workdays : SpokenRule.weekend
            return (rule, at + 1)
        case .month:
            guard let day = count(at + 1) ?? ordinal(at + 1) else { return nil }
            return yearly(month: at, day: day, end: at + 2)
        case .other:
            if let unit = unit(at + 1) { return counted(2, unit, behind: at + 2) }
            guard let list = weekdays(at + 1), var rule = SpokenRule(every: 2, .week) else { return nil }
            rule.weekdays = list.set
            return (rule, list.end)
        default: break
        }
        if let list = weekdays(at) {
            var rule = SpokenRule(.weekly)
            rule.weekdays = list.set
            return (rule, list.end)
        }
        if ordinal(at) != nil, let found = counted(byOrdinalsAt: at) { return found }
        if let count = count(at) {
            if word(at + 1) == .month { return yearly(month: at + 1, day: count, end: at + 2) }
            return unit(at + 1).flatMap { counted(count, $0, behind: at + 2) }
        }
        return unit(at).flatMap { counted(1, $0, behind: at + 1) }
    }

    private func counted(_ count: Int, _ unit: Unit, behind at: Int) -> (rule: SpokenRule, end: Int)? {
        guard var rule = SpokenRule(every: count, unit) else { return nil }
        let end = word(at) == .on ? days(behind: at, of: unit, &rule) ?? at : at
        return (rule, end)
    }

    private func yearly(month index: Int, day: Int, end: Int) -> (rule: SpokenRule, end: Int)? {
        let month = Int(tokens[index].term.value)
        // 2024 had a 29 February.
        guard CivilDate(year: 2024, month: month, day: day) != nil else { return nil }
        var rule = SpokenRule(.yearly)
        rule.month = month
        rule.monthDays = [day]
        return (rule, end)
    }

    /// `3rd friday`, `last day`, `15th of the month`, `27th of january`, `second week`.
    private func counted(byOrdinalsAt start: Int) -> (rule: SpokenRule, end: Int)? {
        guard let (ordinals, at) = ordinals(start) else { return nil }
        var rule = SpokenRule(.monthly)
        if let end = countedDays(ordinals, at, &rule) { return (rule, ofTheMonth(end) ?? end) }
        if let unit = unit(at), unit == .day, let end = ofTheMonth(at + 1), isMonthDays(ordinals) {
            rule.monthDays = ordinals.sorted()
            return (rule, end)
        }
        if ordinals.count == 1, let unit = unit(at) {
            return ordinals[0] > 1 ? counted(ordinals[0], unit, behind: at + 1) : nil
        }
        if ordinals.count == 1, word(at) == .month { return yearly(month: at, day: ordinals[0], end: at + 1) }
        if ordinals.count == 1, word(at) == .of, word(at + 1) == .month {
            return yearly(month: at + 1, day: ordinals[0], end: at + 2)
        }
        let end = ofTheMonth(at)
        // "every first" alone says nothing; "every 15th" does.
        guard isMonthDays(ordinals),
            end != nil || (start..<at).allSatisfy({ word($0) != .ordinal && word($0) != .second })
        else { return nil }
        guard end != nil || !ordinals.contains(-1) else { return nil }
        rule.monthDays = ordinals.sorted()
        return (rule, end ?? at)
    }

    /// `on mon and thu` for weeks; `on the 15th`, `on the first monday`, `on the last day` for months.
    ///
    /// - Parameter index: Where `on` stands.
    private func days(behind index: Int, of unit: Unit, _ rule: inout SpokenRule) -> Int? {
        switch unit {
        case .week:
            guard let list = weekdays(index + 1) else { return nil }
            rule.weekdays = list.set
            return list.end
        case .month, .quarter:
            let at = word(index + 1) == .the ? index + 2 : index + 1
            guard let (ordinals, next) = ordinals(at) else { return nil }
            if let end = countedDays(ordinals, next, &rule) { return end }
            guard isMonthDays(ordinals), !ordinals.contains(-1), word(next) != .month else { return nil }
            rule.monthDays = ordinals.sorted()
            return next
        default: return nil
        }
    }

    /// Weekdays counted in the month, working days counted from either end, the last day.
    private func countedDays(_ ordinals: [Int], _ at: Int, _ rule: inout SpokenRule) -> Int? {
        if let day = weekday(at) {
            guard ordinals.allSatisfy({ (1...5).contains($0) || $0 == -1 }) else { return nil }
            rule.weekdays = 1 << day
            rule.ordinals = ordinals.sorted { ($0 > 0 ? $0 : 9) < ($1 > 0 ? $1 : 9) }
            return at + 1
        }
        guard ordinals.count == 1, let ordinal = ordinals.first else { return nil }
        if word(at) == .workday, ordinal == 1 || ordinal == -1 {
            rule.weekdays = SpokenRule.workdays
            rule.setPosition = ordinal
            return at + 1
        }
        if ordinal == -1, unit(at) == .day {
            rule.monthDays = [-1]
            return at + 1
        }
        return nil
    }

    private func isMonthDays(_ ordinals: [Int]) -> Bool {
        ordinals.allSatisfy { (1...31).contains($0) || $0 == -1 }
    }

    /// `of the month`, `of each month`: where it ends.
    private func ofTheMonth(_ index: Int) -> Int? {
        guard word(index) == .of, word(index + 1) == .the || word(index + 1) == .every, unit(index + 2) == .month else {
            return nil
        }
        return index + 3
    }

    /// `1st`, `1st and 3rd`; each once.
    private func ordinals(_ start: Int) -> (values: [Int], end: Int)? {
        guard let first = ordinal(start) else { return nil }
        var values = [first]
        var end = start + 1
        while true {
            let next = behindSeparator(end)
            guard next > end, let value = ordinal(next) else { return (values, end) }
            if !values.contains(value) { values.append(value) }
            end = next + 1
        }
    }

    /// `mon`, `tue, thu and sat`, `mon & wed`.
    private func weekdays(_ start: Int) -> (set: UInt8, end: Int)? {
        guard let first = weekday(start) else { return nil }
        var set: UInt8 = 1 << first
        var end = start + 1
        while true {
            let next = behindSeparator(end)
            guard let day = weekday(next) else { return (set, end) }
            set |= 1 << day
            end = next + 1
        }
    }

    private func behindSeparator(_ index: Int) -> Int {
        var at = index
        if isFreeSign(",", at) { at += 1 }
        if word(at) == .and || isFreeSign("&", at) { at += 1 }
        return at
    }

    /// A weekday's number, 1 to 7, in full or short.
    func weekday(_ index: Int) -> Int? {
        switch word(index) {
        case .weekday, .shortWeekday: Int(tokens[index].term.value)
        default: nil
        }
    }
}
