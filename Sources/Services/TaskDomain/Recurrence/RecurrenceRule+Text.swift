import WireValues

// RFC 5545, 3.3.10, in the parts that a task needs; RSCALE and SKIP by RFC 7529. Everything else is refused: a rule
// that is half understood would make tasks on wrong days.
extension RecurrenceRule {
    /// Reads RRULE text into a custom rule. A leading `RRULE:` is allowed; case does not matter.
    ///
    /// - Parameter monthEnd: What was said beside the text; nil follows the text, which without SKIP means `skip`.
    /// - Throws: One of the codes of the rule's table, with field `/rrule`.
    package init(text: String, anchor: Anchor = .due, catchUp: CatchUp = .skip, monthEnd: MonthEnd? = nil)
        throws(FieldProblem)
    {
        self = try Self.parse(text, monthEnd: monthEnd)
        self.anchor = anchor
        self.catchUp = catchUp
        try checkMatchesSomething()
    }

    /// The rule as RRULE text; what a custom rule is stored as. With RSCALE and SKIP where a custom rule clamps:
    /// without them its text would be read back as one that skips.
    package var rruleText: String {
        let clampsByText = pattern == .custom && monthEnd == .clamp
        return clampsByText ? "RSCALE=GREGORIAN;" + plainRRule + ";SKIP=BACKWARD" : plainRRule
    }

    /// The rule as RRULE text that any reader of RFC 5545 takes, silent about month ends.
    package var plainRRule: String {
        var parts = ["FREQ=" + frequency.rawValue]
        if interval != 1 { parts.append("INTERVAL=\(interval)") }
        if !byMonth.isEmpty { parts.append("BYMONTH=" + Self.list(byMonth)) }
        if !byMonthDay.isEmpty { parts.append("BYMONTHDAY=" + Self.list(byMonthDay)) }
        if !byWeekday.isEmpty {
            let names = byWeekday.map { ($0.ordinal.map(String.init) ?? "") + $0.weekday.code }
            parts.append("BYDAY=" + names.joined(separator: ","))
        }
        if !bySetPosition.isEmpty { parts.append("BYSETPOS=" + Self.list(bySetPosition)) }
        if weekStart != .monday { parts.append("WKST=" + weekStart.code) }
        switch end {
        case .never: break
        case .count(let count): parts.append("COUNT=\(count)")
        case .untilDate(let date): parts.append("UNTIL=" + date.text.filter { $0 != "-" })
        case .untilInstant(let instant):
            parts.append("UNTIL=" + instant.rfc3339.filter { $0 != "-" && $0 != ":" })
        }
        return parts.joined(separator: ";")
    }

    private static func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: ",") }

    static func parse(_ text: String, monthEnd givenMonthEnd: MonthEnd?) throws(FieldProblem) -> RecurrenceRule {
        let parts = try Parts(text)
        var rule = RecurrenceRule(customFrequency: try parts.frequency(), monthEnd: .skip)
        rule.interval = try parts.integer("INTERVAL", in: intervals, code: "invalid_interval") ?? 1
        rule.byMonth = try parts.integers("BYMONTH", in: 1...12, code: "invalid_bymonth")
        rule.byMonthDay = try parts.integers("BYMONTHDAY", in: -31...31, code: "invalid_bymonthday")
        rule.bySetPosition = try parts.integers("BYSETPOS", in: -366...366, code: "invalid_bysetpos")
        rule.byWeekday = try parts.weekdays()
        rule.weekStart = try parts.weekStart() ?? .monday
        rule.end = try parts.end()
        rule.monthEnd = try parts.monthEnd(given: givenMonthEnd)
        try rule.checkPlaces()
        return rule
    }

    /// Refuses parts where the table has no place for them.
    private func checkPlaces() throws(FieldProblem) {
        let name = frequency.rawValue
        if !byMonthDay.isEmpty, frequency == .weekly {
            throw .rule("unsupported_part", "BYMONTHDAY does not go with FREQ=WEEKLY; use FREQ=MONTHLY.")
        }
        if !byWeekday.isEmpty, frequency == .yearly, byMonth.isEmpty {
            throw .rule("unsupported_part", "BYDAY with FREQ=YEARLY needs BYMONTH beside it.")
        }
        if byWeekday.contains(where: { $0.ordinal != nil }), frequency == .daily || frequency == .weekly {
            throw .rule(
                "invalid_byday",
                "BYDAY takes an ordinal, such as 1MO, with FREQ=MONTHLY or YEARLY only, not with FREQ=\(name).")
        }
        if !bySetPosition.isEmpty {
            guard frequency == .monthly || frequency == .yearly, !byWeekday.isEmpty || !byMonthDay.isEmpty else {
                throw .rule(
                    "unsupported_part",
                    "BYSETPOS goes with FREQ=MONTHLY or YEARLY and needs BYDAY or BYMONTHDAY beside it.")
            }
        }
    }
}

/// The parts of an RRULE text, split and in capitals, each at most once.
private struct Parts {
    private var values: [String: String] = [:]

    private static let known: Set<String> = [
        "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "RSCALE", "SKIP",
    ]

    init(_ text: String) throws(FieldProblem) {
        guard text.utf8.count <= 1_000 else {
            throw .rule("malformed_rule", "The rule is longer than 1,000 bytes.")
        }
        var capitals = text.uppercased()[...]
        if capitals.hasPrefix("RRULE:") { capitals = capitals.dropFirst(6) }
        for part in capitals.split(separator: ";", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, !sides[0].isEmpty, !sides[1].isEmpty else {
                throw .rule(
                    "malformed_rule",
                    "\(Self.quoted(part)) is no part of a rule; parts look like FREQ=DAILY, separated by ';'.")
            }
            let name = String(sides[0])
            guard Self.known.contains(name) else {
                throw .rule("unsupported_part", "\(Self.quoted(sides[0])) is not supported in a rule.")
            }
            guard values.updateValue(String(sides[1]), forKey: name) == nil else {
                throw .rule("malformed_rule", "\(name) stands in the rule twice.")
            }
        }
    }

    /// As it can be shown: input may be long.
    private static func quoted(_ text: some StringProtocol) -> String { "'" + text.prefix(40) + "'" }

    private static func unreadable(_ part: String, _ value: some StringProtocol, _ wanted: String) -> FieldProblem {
        .rule("malformed_rule", "\(part) cannot be read: \(quoted(value)) is not \(wanted).")
    }

    func frequency() throws(FieldProblem) -> RecurrenceRule.Frequency {
        guard let text = values["FREQ"] else {
            throw .rule("malformed_rule", "The rule has no FREQ; begin it with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY.")
        }
        if let frequency = RecurrenceRule.Frequency(rawValue: text) { return frequency }
        if ["HOURLY", "MINUTELY", "SECONDLY"].contains(text) {
            throw .rule("unsupported_part", "FREQ=\(text) is not supported; a task repeats daily at the most.")
        }
        throw Self.unreadable("FREQ", text, "DAILY, WEEKLY, MONTHLY or YEARLY")
    }

    /// A decimal integer with an optional sign. A longer one than any range here is still a number: out of range.
    private static func number(_ text: some StringProtocol) -> Int? {
        let digits =
            text.utf8.first.map { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") } == true
            ? text.utf8.dropFirst() : text.utf8[...]
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        let magnitude = CivilDate.number(digits) ?? Int.max
        return text.utf8.first == UInt8(ascii: "-") ? -magnitude : magnitude
    }

    func integer(_ part: String, in range: ClosedRange<Int>, code: String) throws(FieldProblem) -> Int? {
        guard let text = values[part] else { return nil }
        guard let value = Self.number(text) else { throw Self.unreadable(part, text, "a whole number") }
        guard range.contains(value) else {
            throw .rule(
                code, "\(part) is \(Self.quoted(text)); it goes from \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    /// A list without 0, sorted, each value once.
    func integers(_ part: String, in range: ClosedRange<Int>, code: String) throws(FieldProblem) -> [Int] {
        guard let text = values[part] else { return [] }
        var result: Set<Int> = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let value = Self.number(item) else { throw Self.unreadable(part, item, "a whole number") }
            guard range.contains(value), value != 0 else {
                let allowed =
                    range.lowerBound > 0
                    ? "1 to \(range.upperBound)"
                    : "1 to \(range.upperBound) or -1 to \(range.lowerBound)"
                throw .rule(code, "\(part) has \(Self.quoted(item)); it takes \(allowed).")
            }
            result.insert(value)
        }
        return result.sorted()
    }

    func weekdays() throws(FieldProblem) -> [RecurrenceRule.WeekdayPosition] {
        guard let text = values["BYDAY"] else { return [] }
        var result: [RecurrenceRule.WeekdayPosition] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let weekday = Weekday(code: item.suffix(2)) else {
                throw Self.unreadable("BYDAY", item, "a weekday such as MO or 1MO")
            }
            let front = item.dropLast(2)
            guard !front.isEmpty else {
                result.append(RecurrenceRule.WeekdayPosition(weekday: weekday))
                continue
            }
            guard let ordinal = Self.number(front) else {
                throw Self.unreadable("BYDAY", item, "a weekday such as MO or 1MO")
            }
            guard (-5...5).contains(ordinal), ordinal != 0 else {
                throw .rule("invalid_byday", "BYDAY has \(Self.quoted(item)); ordinals are 1 to 5 or -1 to -5.")
            }
            result.append(RecurrenceRule.WeekdayPosition(ordinal: ordinal, weekday: weekday))
        }
        return RecurrenceRule.ordered(result)
    }

    func weekStart() throws(FieldProblem) -> Weekday? {
        guard let text = values["WKST"] else { return nil }
        guard let weekday = Weekday(code: text) else { throw Self.unreadable("WKST", text, "a weekday such as MO") }
        return weekday
    }

    func end() throws(FieldProblem) -> RecurrenceRule.End {
        let count = try integer("COUNT", in: RecurrenceRule.counts, code: "invalid_count")
        guard let text = values["UNTIL"] else { return count.map { .count($0) } ?? .never }
        let until = try Self.until(text)
        guard count == nil else {
            throw .rule("conflicting_end", "A rule ends by COUNT or by UNTIL, not by both; leave one of them out.")
        }
        return until
    }

    /// `20261231` or `20261231T085959Z`.
    private static func until(_ text: String) throws(FieldProblem) -> RecurrenceRule.End {
        let wanted = "a date such as 20261231 or an instant such as 20261231T170000Z"
        let bytes = Array(text.utf8)
        guard bytes.count >= 8, bytes.prefix(8).allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else {
            throw unreadable("UNTIL", text, wanted)
        }
        func digits(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        let date = digits(0..<4) + "-" + digits(4..<6) + "-" + digits(6..<8)
        if bytes.count == 8, let date = CivilDate(date) { return .untilDate(date) }
        if bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z"),
            let instant = Timestamp(date + "T" + digits(9..<11) + ":" + digits(11..<13) + ":" + digits(13..<15) + "Z")
        {
            return .untilInstant(instant)
        }
        throw .rule("invalid_until", "UNTIL is \(quoted(text)); it takes \(wanted).")
    }

    func monthEnd(given: RecurrenceRule.MonthEnd?) throws(FieldProblem) -> RecurrenceRule.MonthEnd {
        if let calendar = values["RSCALE"], calendar != "GREGORIAN" {
            throw .rule("unsupported_part", "RSCALE=\(calendar.prefix(40)) is not supported; only GREGORIAN is.")
        }
        guard let skip = values["SKIP"] else { return given ?? .skip }
        guard values["RSCALE"] != nil else {
            throw .rule("malformed_rule", "SKIP needs RSCALE=GREGORIAN beside it.")
        }
        let written: RecurrenceRule.MonthEnd
        switch skip {
        case "OMIT": written = .skip
        case "BACKWARD": written = .clamp
        case "FORWARD":
            throw .rule("unsupported_part", "SKIP=FORWARD is not supported; use OMIT or BACKWARD.")
        default: throw Self.unreadable("SKIP", skip, "OMIT or BACKWARD")
        }
        guard given == nil || given == written else {
            throw FieldProblem(
                "recurrence_conflict", "/month_end",
                "The rule's SKIP=\(skip) and month_end disagree; leave one of them out.")
        }
        return written
    }
}

extension FieldProblem {
    /// Something wrong with RRULE text.
    static func rule(_ code: String, _ detail: String) -> FieldProblem {
        FieldProblem(code, "/rrule", detail)
    }
}
