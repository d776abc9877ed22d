import WireValues

extension RecurrenceRule {
    /// The rule as RRULE text for other clients (VTODO), whose DTSTART is the anchor.
    ///
    /// Clamping becomes plain RFC 5545 where that can say it: day n above 28 is the last one of 28 to n that a month
    /// has. What it cannot say is written with RSCALE and SKIP (RFC 7529). `anchor: completion` and `catch_up` have no
    /// form here; they travel as properties of their own.
    package func exportText(anchor: WallTime, zone: TimeZoneRules) -> String {
        var rule = self
        rule.pattern = .custom
        if case .untilDate(let date) = end, !anchor.isAllDay {
            // Beside a DTSTART with a time UNTIL has to be an instant (RFC 5545, 3.3.10): the last one of that day.
            let nextDay = zone.instant(of: WallTime(date: date.adding(days: 1), secondOfDay: nil))
            rule.end = .untilInstant(nextDay.advanced(by: .seconds(-1)))
        }
        guard monthEnd == .clamp, let longest = daysThatMayBeMissing(anchor: anchor.date).max() else {
            return rule.plainRRule
        }
        let namedDays = byMonthDay.isEmpty ? [anchor.date.day] : byMonthDay
        let isOneDay = namedDays.count == 1 && byWeekday.isEmpty && bySetPosition.isEmpty
        guard isOneDay, frequency != .daily else { return rule.rruleText }
        if frequency == .yearly {
            rule.byMonth = clampedMonths(anchor: anchor.date)
            if rule.byMonth.count > 1 {
                guard interval == 1 else { return rruleTextWithSkip(rule) }
                rule.frequency = .monthly
                if rule.byMonth.count == 12 { rule.byMonth = [] }
            }
        }
        rule.byMonthDay = Array(28...longest)
        rule.bySetPosition = [-1]
        return rule.plainRRule
    }

    private func rruleTextWithSkip(_ exported: RecurrenceRule) -> String {
        var rule = exported
        rule.byMonth = byMonth
        return rule.rruleText
    }

    /// The wanted days of the month that some wanted month lacks.
    private func daysThatMayBeMissing(anchor: CivilDate) -> [Int] {
        let days: [Int]
        switch frequency {
        case .weekly: return []
        case .daily: days = byMonthDay
        case .monthly, .yearly: days = byMonthDay.isEmpty ? (byWeekday.isEmpty ? [anchor.day] : []) : byMonthDay
        }
        // 2001 was no leap year: February may have 28 days.
        let shortest = clampedMonths(anchor: anchor).map { CivilDate.daysIn(month: $0, year: 2001) }.min() ?? 28
        return days.filter { $0 > shortest }
    }

    private func clampedMonths(anchor: CivilDate) -> [Int] {
        if !byMonth.isEmpty { return byMonth }
        return frequency == .yearly && byMonthDay.isEmpty ? [anchor.month] : Array(1...12)
    }
}
