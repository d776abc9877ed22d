package import WireValues

extension RecurrenceRule {
    /// Reads a rule from input: the object, one of the words of `Pattern` but `custom`, or RRULE text.
    ///
    /// - Throws: One of the codes of the rule's table. The field is a pointer from the rule on: `/interval`, or `""`.
    package init(json: JSON) throws(FieldProblem) {
        switch json {
        case .string(let text):
            if let pattern = Pattern(rawValue: text.lowercased()), pattern != .custom {
                self.init(pattern: pattern)
            } else {
                do throws(FieldProblem) {
                    try self.init(text: text)
                } catch {
                    throw FieldProblem(error.code, "", error.detail)
                }
            }
        case .object(let members):
            self = try Reader(members: members).rule()
            try checkMatchesSomething()
        default:
            throw FieldProblem(
                "malformed_rule", "", "A rule is an object, a word such as \"weekly\", or RRULE text.")
        }
    }

    /// The object form. Reading it back gives an equal rule.
    package var json: JSON {
        var members = JSONObject([("pattern", JSON(pattern.rawValue))])
        if pattern == .custom {
            // Interval and end stand in the text alone: said twice, a client that changes one of them contradicts
            // itself.
            members["rrule"] = JSON(rruleText)
        } else {
            members["interval"] = JSON(interval)
            if !byWeekday.isEmpty { members["by_weekday"] = JSON(byWeekday.map(\.weekday.code)) }
        }
        members["anchor"] = JSON(anchor.rawValue)
        members["catch_up"] = JSON(catchUp.rawValue)
        members["month_end"] = JSON(monthEnd.rawValue)
        if pattern != .custom {
            switch end {
            case .never: break
            case .count(let count): members["count"] = JSON(count)
            case .untilDate(let date): members["until"] = JSON(date.text)
            case .untilInstant(let instant): members["until"] = JSON(instant.rfc3339)
            }
        }
        return .object(members)
    }

    /// Whether a pattern's word beside this rule says the same: its own pattern's, or for a custom rule also the one of
    /// its frequency.
    package func agrees(withPattern word: String) -> Bool {
        let word = word.lowercased()
        return word == pattern.rawValue || (pattern == .custom && word == frequency.rawValue.lowercased())
    }

    /// Whether RRULE text beside this rule says the same. What the text is silent about, it does not deny.
    package func agrees(withText text: String) -> Bool {
        // A text that cannot be read agrees with nothing; why it cannot is told where it is read for itself.
        guard let written = try? Self.parse(text, monthEnd: nil) else { return false }
        let saysMonthEnd = text.uppercased().contains("SKIP=")
        return written.plainRRule == plainRRule && (!saysMonthEnd || written.monthEnd == monthEnd)
    }
}

/// Reads the object form.
private struct Reader {
    let members: JSONObject

    private static let known: Set<String> = [
        "pattern", "interval", "by_weekday", "rrule", "anchor", "catch_up", "month_end", "until", "count",
    ]

    func rule() throws(FieldProblem) -> RecurrenceRule {
        for key in members.keys where !Self.known.contains(key) {
            throw FieldProblem("unsupported_part", "", "A rule has no part '\(key.prefix(40))'.")
        }
        let monthEnd = try word("month_end", RecurrenceRule.MonthEnd.self)
        let pattern = try word("pattern", RecurrenceRule.Pattern.self) ?? (value("rrule") == nil ? nil : .custom)
        guard let pattern else {
            throw FieldProblem(
                "malformed_rule", "/pattern", "A rule needs a pattern: \(Self.words(RecurrenceRule.Pattern.self)).")
        }
        var rule =
            try pattern == .custom ? custom(monthEnd) : simple(pattern, monthEnd: monthEnd ?? .clamp)
        rule.anchor = try word("anchor", RecurrenceRule.Anchor.self) ?? .due
        rule.catchUp = try word("catch_up", RecurrenceRule.CatchUp.self) ?? .skip
        return rule
    }

    private func simple(_ pattern: RecurrenceRule.Pattern, monthEnd: RecurrenceRule.MonthEnd) throws(FieldProblem)
        -> RecurrenceRule
    {
        guard value("rrule") == nil else {
            throw FieldProblem("unsupported_part", "/rrule", "RRULE text goes with the pattern custom only.")
        }
        let weekdays = try weekdays()
        guard weekdays.isEmpty || pattern == .weekly else {
            throw FieldProblem("unsupported_part", "/by_weekday", "Weekdays go with the pattern weekly only.")
        }
        return RecurrenceRule(
            pattern: pattern, interval: try interval() ?? 1, byWeekday: weekdays, monthEnd: monthEnd,
            end: try end() ?? .never)
    }

    private func custom(_ monthEnd: RecurrenceRule.MonthEnd?) throws(FieldProblem) -> RecurrenceRule {
        guard let written = value("rrule") else {
            throw FieldProblem("malformed_rule", "/rrule", "The pattern custom needs the rule as RRULE text.")
        }
        guard case .string(let text) = written else {
            throw FieldProblem("malformed_rule", "/rrule", "RRULE text is a string such as \"FREQ=DAILY\".")
        }
        guard value("by_weekday") == nil else {
            throw FieldProblem(
                "unsupported_part", "/by_weekday", "With the pattern custom, weekdays stand in rrule as BYDAY.")
        }
        var rule = try RecurrenceRule.parse(text, monthEnd: monthEnd)
        if let interval = try interval(), interval != rule.interval {
            throw FieldProblem(
                "recurrence_conflict", "/interval", "The interval is not the one of rrule; leave one of them out.")
        }
        if let end = try end(), end != rule.end {
            guard rule.end == .never else {
                throw FieldProblem(
                    "conflicting_end", value("count") == nil ? "/until" : "/count",
                    "The end is not the one of rrule; leave one of them out.")
            }
            rule.end = end
        }
        return rule
    }

    /// The member; nil also where it is null.
    private func value(_ key: String) -> JSON? {
        guard let value = members[key], !value.isNull else { return nil }
        return value
    }

    private static func words<Word: CaseIterable & RawRepresentable>(_: Word.Type) -> String
    where Word.RawValue == String {
        Word.allCases.map(\.rawValue).joined(separator: ", ")
    }

    private func word<Word: CaseIterable & RawRepresentable>(_ key: String, _: Word.Type) throws(FieldProblem) -> Word?
    where Word.RawValue == String {
        guard let value = value(key) else { return nil }
        guard case .string(let text) = value, let word = Word(rawValue: text) else {
            throw FieldProblem("malformed_rule", "/" + key, "\(key) is one of \(Self.words(Word.self)).")
        }
        return word
    }

    private func integer(_ key: String, in range: ClosedRange<Int>, code: String, _ allowed: String)
        throws(FieldProblem) -> Int?
    {
        guard let value = value(key) else { return nil }
        guard let number = value.int, range.contains(number) else {
            throw FieldProblem(code, "/" + key, "\(key) is a whole number, \(allowed).")
        }
        return number
    }

    private func interval() throws(FieldProblem) -> Int? {
        try integer("interval", in: RecurrenceRule.intervals, code: "invalid_interval", "1 to 999")
    }

    private func weekdays() throws(FieldProblem) -> [Weekday] {
        guard let value = value("by_weekday") else { return [] }
        let problem = FieldProblem(
            "invalid_byday", "/by_weekday", "by_weekday is a list of weekdays, MO to SU, each once at most.")
        guard let items = value.array, items.count <= 7 else { throw problem }
        var result: [Weekday] = []
        for item in items {
            guard let text = item.string, let weekday = Weekday(code: text) else { throw problem }
            result.append(weekday)
        }
        return result
    }

    private func end() throws(FieldProblem) -> RecurrenceRule.End? {
        let count = try integer("count", in: RecurrenceRule.counts, code: "invalid_count", "1 or more")
        let until = try until()
        guard count == nil || until == nil else {
            throw FieldProblem(
                "conflicting_end", "/count", "A rule ends by count or by until, not by both; leave one of them out.")
        }
        return until ?? count.map { .count($0) }
    }

    private func until() throws(FieldProblem) -> RecurrenceRule.End? {
        guard let value = value("until") else { return nil }
        if case .string(let text) = value {
            if let date = CivilDate(text) { return .untilDate(date) }
            if text.hasSuffix("Z"), let instant = Timestamp(text) {
                // To the second, as RRULE text writes it; cut later, the rule would not equal the one read back.
                return .untilInstant(Timestamp(seconds: instant.seconds))
            }
        }
        throw FieldProblem(
            "invalid_until", "/until",
            "until is a date such as \"2026-12-31\" or a UTC instant such as \"2026-12-31T17:00:00Z\".")
    }
}
