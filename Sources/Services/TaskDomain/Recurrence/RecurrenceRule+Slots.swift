package import WireValues

/// One wall time that a rule yields.
package struct Slot: Hashable, Sendable {
    package let scheduledLocal: WallTime
    package let dueAt: Timestamp
    /// The anchor is 1.
    package let index: Int
}

extension RecurrenceRule {
    /// The slots of a fixed schedule in order: the anchor first, then the dates that the rule yields after it, at the
    /// anchor's time of day; up to COUNT, UNTIL, the year 2199 or `limit`.
    ///
    /// - Parameter after: Only slots later than this. It costs no more for being far from the anchor.
    package func slots(from anchor: WallTime, in zone: TimeZoneRules, limit: Int, after: WallTime? = nil) -> [Slot] {
        var result: [Slot] = []
        let calendar = RuleCalendar(self, anchor: anchor.date)
        let schedule = Schedule(calendar: calendar, anchor: anchor)
        var day = after.map { schedule.boundDay(after: $0) } ?? calendar.anchorDay - 1
        var index = day < calendar.anchorDay ? 1 : calendar.count(after: calendar.anchorDay, before: day + 1) + 2
        while result.count < limit, let found = schedule.day(after: day) {
            let local = WallTime(date: CivilDate(dayNumber: found), secondOfDay: anchor.secondOfDay)
            let dueAt = zone.instant(of: local)
            guard endReached(index: index, local: local, dueAt: dueAt) == nil else { break }
            result.append(Slot(scheduledLocal: local, dueAt: dueAt, index: index))
            day = found
            index += 1
        }
        return result
    }

    /// The ordinal of a slot: 1 for the anchor and everything before it.
    package func index(of scheduled: WallTime, from anchor: WallTime) -> Int {
        let calendar = RuleCalendar(self, anchor: anchor.date)
        return calendar.count(after: calendar.anchorDay, before: scheduled.date.dayNumber + 1) + 1
    }

    /// Refuses the rule for a task that is first due then: `rule_never_matches` when no slot follows within 60 years,
    /// `until_before_due` when the rule has ended before.
    package func check(firstDue: WallTime, zone: TimeZoneRules) throws(FieldProblem) {
        let calendar = RuleCalendar(self, anchor: firstDue.date)
        guard calendar.next(after: calendar.anchorDay) != nil else { throw Self.neverMatches }
        switch end {
        case .untilDate(let date) where date < firstDue.date: break
        case .untilInstant(let instant) where instant < zone.instant(of: firstDue): break
        default: return
        }
        throw FieldProblem(
            "until_before_due", pattern == .custom ? "/rrule" : "/until",
            "The task is first due on \(firstDue.text), after the rule's end; choose a later end or an earlier due.")
    }

    /// Refuses what no anchor can make match.
    func checkMatchesSomething() throws(FieldProblem) {
        let monthsApart =
            switch frequency {
            case .daily, .weekly: 0
            case .monthly: interval
            case .yearly: interval * 12
            }
        var each = self
        each.interval = 1
        // Sixty years hold every length of February on every weekday.
        let calendar = RuleCalendar(each, anchor: CivilDate(dayNumber: 10_957))
        guard monthsApart <= RuleCalendar.horizonMonths, calendar.next(after: calendar.anchorDay) != nil else {
            throw Self.neverMatches
        }
    }

    private static let neverMatches = FieldProblem(
        "rule_never_matches", "", "The rule yields no date within 60 years; its parts exclude each other.")

    /// Why the series ends before a slot; nil when it goes on.
    func endReached(index: Int, local: WallTime, dueAt: Timestamp) -> SeriesEnd? {
        switch end {
        case .never: break
        case .count(let count): if index > count { return .count }
        case .untilDate(let date): if local.date > date { return .until }
        case .untilInstant(let instant): if dueAt > instant { return .until }
        }
        return local.date.year > Self.lastYear ? .exhausted : nil
    }

    /// No task is due later.
    private static let lastYear = 2199
}

/// The slots' days: the anchor's, and the rule's dates after it.
struct Schedule {
    let calendar: RuleCalendar
    let anchor: WallTime

    /// The first slot's day after `day`; nil when there is none within 60 years.
    func day(after day: Int) -> Int? { day < calendar.anchorDay ? calendar.anchorDay : calendar.next(after: day) }

    /// The last day whose slot is not later than `wallTime`.
    func boundDay(after wallTime: WallTime) -> Int {
        let day = wallTime.date.dayNumber
        return (anchor.secondOfDay ?? -1) > (wallTime.secondOfDay ?? -1) ? day - 1 : day
    }

    /// How many slots lie after `day` and before `end`.
    func count(after day: Int, before end: Int) -> Int {
        let holdsAnchor = day < calendar.anchorDay && calendar.anchorDay < end
        return calendar.count(after: day, before: end) + (holdsAnchor ? 1 : 0)
    }
}
