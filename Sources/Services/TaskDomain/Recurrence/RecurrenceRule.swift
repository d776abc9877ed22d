package import WireValues

/// How a task repeats: the rule of a series, without its anchor.
///
/// Checked on input (`init(json:)`), so a value never holds what the table of parts refuses. Slots are counted from the
/// anchor and never from the occurrence before, which is what keeps month ends and clock changes from drifting.
package struct RecurrenceRule: Hashable, Sendable {
    package enum Pattern: String, CaseIterable, Sendable { case daily, weekly, monthly, yearly, custom }

    package enum Frequency: String, CaseIterable, Sendable {
        case daily = "DAILY"
        case weekly = "WEEKLY"
        case monthly = "MONTHLY"
        case yearly = "YEARLY"
    }

    /// What the next slot is counted from.
    package enum Anchor: String, CaseIterable, Sendable {
        /// The first due: a fixed schedule.
        case due
        /// The day on which the occurrence was done.
        case completion
    }

    /// What becomes of slots that went by before the completion.
    package enum CatchUp: String, CaseIterable, Sendable {
        /// They are passed over.
        case skip
        /// Each of them gets its occurrence.
        case each
    }

    /// What a month without the wanted day has.
    package enum MonthEnd: String, CaseIterable, Sendable {
        /// Its last day.
        case clamp
        /// No slot.
        case skip
    }

    package enum End: Hashable, Sendable {
        case never
        /// Number of slots, the anchor included.
        case count(Int)
        /// That whole local day counts.
        case untilDate(CivilDate)
        /// Inclusive.
        case untilInstant(Timestamp)
    }

    /// One entry of BYDAY: every such weekday, or the one with that ordinal in its month (-5 to 5, not 0).
    package struct WeekdayPosition: Hashable, Sendable {
        package let ordinal: Int?
        package let weekday: Weekday

        package init(ordinal: Int? = nil, weekday: Weekday) {
            self.ordinal = ordinal
            self.weekday = weekday
        }
    }

    package internal(set) var pattern: Pattern
    package internal(set) var frequency: Frequency
    /// 1 to 999 periods.
    package internal(set) var interval = 1
    /// Sorted, without doubles, as are the lists below. Empty: not given.
    package internal(set) var byWeekday: [WeekdayPosition] = []
    /// 1 to 31, and -31 to -1 counted from the month's end.
    package internal(set) var byMonthDay: [Int] = []
    package internal(set) var byMonth: [Int] = []
    package internal(set) var bySetPosition: [Int] = []
    package internal(set) var weekStart: Weekday = .monday
    package var anchor: Anchor = .due
    package var catchUp: CatchUp = .skip
    package internal(set) var monthEnd: MonthEnd
    package var end: End = .never

    /// A simple pattern, for code that knows what it asks for; input goes through `init(json:)`.
    ///
    /// - Precondition: `pattern` is not custom, `interval` is 1 to 999, `byWeekday` is empty but for `weekly`.
    package init(
        pattern: Pattern, interval: Int = 1, byWeekday: [Weekday] = [], anchor: Anchor = .due, catchUp: CatchUp = .skip,
        monthEnd: MonthEnd = .clamp, end: End = .never
    ) {
        guard let frequency = pattern.frequency else { preconditionFailure("a custom rule is written as RRULE text") }
        precondition(Self.intervals.contains(interval), "the interval is 1 to 999")
        precondition(byWeekday.isEmpty || pattern == .weekly, "only a weekly pattern names weekdays")
        self.pattern = pattern
        self.frequency = frequency
        self.interval = interval
        self.byWeekday = Self.ordered(byWeekday.map { WeekdayPosition(weekday: $0) })
        self.anchor = anchor
        self.catchUp = catchUp
        self.monthEnd = monthEnd
        self.end = end
    }

    init(customFrequency frequency: Frequency, monthEnd: MonthEnd) {
        pattern = .custom
        self.frequency = frequency
        self.monthEnd = monthEnd
    }

    /// Whether it names weekdays, days or months beside its frequency.
    var hasByParts: Bool { !byWeekday.isEmpty || !byMonthDay.isEmpty || !byMonth.isEmpty }

    static let intervals = 1...999
    /// Up to the largest integer that every reader of JSON has exactly.
    package static let counts = 1...9_007_199_254_740_991

    /// In the order of the week, plain ones first, each once.
    static func ordered(_ weekdays: [WeekdayPosition]) -> [WeekdayPosition] {
        Set(weekdays).sorted {
            ($0.ordinal ?? 0, $0.weekday.rawValue) < ($1.ordinal ?? 0, $1.weekday.rawValue)
        }
    }
}

extension RecurrenceRule.Pattern {
    /// Nil for `custom`, whose text names it.
    var frequency: RecurrenceRule.Frequency? {
        switch self {
        case .daily: .daily
        case .weekly: .weekly
        case .monthly: .monthly
        case .yearly: .yearly
        case .custom: nil
        }
    }
}
