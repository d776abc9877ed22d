package import WireValues

/// Where a series stands: what the next slot depends on, apart from the completion.
package struct SeriesPosition: Sendable {
    package var rule: RecurrenceRule
    /// Slot 1.
    package var anchorLocal: WallTime
    package var zone: TimeZoneRules
    /// The occurrence's own slot, wherever its due was moved to.
    package var scheduledLocal: WallTime
    /// The slot's ordinal; the anchor is 1.
    package var index: Int

    package init(
        rule: RecurrenceRule, anchorLocal: WallTime, zone: TimeZoneRules, scheduledLocal: WallTime, index: Int
    ) {
        self.rule = rule
        self.anchorLocal = anchorLocal
        self.zone = zone
        self.scheduledLocal = scheduledLocal
        self.index = index
    }
}

/// Why a series has no further slot.
package enum SeriesEnd: String, Sendable {
    case count
    case until
    /// The rule yields no date within 60 years, or none before the year 2200.
    case exhausted
}

/// What follows a completed occurrence.
package enum Successor: Hashable, Sendable {
    /// - Parameter skipped: Slots passed over because they were gone already.
    case slot(scheduledLocal: WallTime, dueAt: Timestamp, index: Int, skipped: Int)
    case ended(reason: SeriesEnd)
}

extension RecurrenceRule {
    /// The slot that the successor of an occurrence gets, or why there is none.
    ///
    /// The cost does not depend on how long ago the occurrence was due: the way there is arithmetic. On a fixed
    /// schedule slots passed over use up COUNT; counted from completion only occurrences made do.
    package static func successor(of position: SeriesPosition, completedAt: Timestamp) -> Successor {
        let doneDate = position.zone.wallTime(at: completedAt).date
        switch position.rule.anchor {
        case .due: return fixedSuccessor(of: position, completedAt: completedAt, doneDate: doneDate)
        case .completion:
            guard let date = position.rule.date(afterCompletionOn: doneDate, of: position.scheduledLocal.date) else {
                return .ended(reason: .exhausted)
            }
            return successor(of: position, on: date, skipped: 0)
        }
    }

    private static func fixedSuccessor(of position: SeriesPosition, completedAt: Timestamp, doneDate: CivilDate)
        -> Successor
    {
        let anchor = position.anchorLocal
        let schedule = Schedule(calendar: RuleCalendar(position.rule, anchor: anchor.date), anchor: anchor)
        let bound = schedule.boundDay(after: position.scheduledLocal)
        guard position.rule.catchUp == .skip else {
            guard let day = schedule.day(after: bound) else { return .ended(reason: .exhausted) }
            return successor(of: position, on: CivilDate(dayNumber: day), skipped: 0)
        }
        // A timed slot of up to two days before may still be ahead: a gap of the clocks can move it past midnight, and
        // a zone that changed sides of the date line left out a whole day.
        let margin = anchor.isAllDay ? 0 : 3
        var found = schedule.day(after: max(bound, doneDate.dayNumber - margin))
        while let day = found, !anchor.isAllDay {
            let local = WallTime(date: CivilDate(dayNumber: day), secondOfDay: anchor.secondOfDay)
            if position.zone.instant(of: local) > completedAt { break }
            found = schedule.day(after: day)
        }
        guard let day = found else { return .ended(reason: .exhausted) }
        return successor(
            of: position, on: CivilDate(dayNumber: day), skipped: schedule.count(after: bound, before: day))
    }

    private static func successor(of position: SeriesPosition, on date: CivilDate, skipped: Int) -> Successor {
        let local = WallTime(date: date, secondOfDay: position.anchorLocal.secondOfDay)
        let dueAt = position.zone.instant(of: local)
        let index = position.index + skipped + 1
        if let reason = position.rule.endReached(index: index, local: local, dueAt: dueAt) {
            return .ended(reason: reason)
        }
        return .slot(scheduledLocal: local, dueAt: dueAt, index: index, skipped: skipped)
    }

    /// The date counted from the day on which an occurrence was done. Nil when there is none within 60 years.
    private func date(afterCompletionOn done: CivilDate, of slot: CivilDate) -> CivilDate? {
        guard hasByParts else {
            switch frequency {
            case .daily: return done.adding(days: interval)
            case .weekly: return done.adding(days: interval * 7)
            case .monthly: return done.adding(months: interval)
            case .yearly: return done.adding(months: interval * 12)
            }
        }
        // After the slot as well: done early, the same slot must not come back.
        let day = RuleCalendar(self, anchor: done).next(after: max(done, slot).dayNumber)
        return day.map { CivilDate(dayNumber: $0) }
    }
}
