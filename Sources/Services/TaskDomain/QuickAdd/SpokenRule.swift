internal import WireValues

/// A repetition as a line says it.
struct SpokenRule {
    enum End {
        case never
        case count(Int)
        case until(CivilDate)
    }

    var frequency: RecurrenceRule.Frequency
    /// 1 to 999.
    var interval = 1
    /// Yearly on a date: 1 to 12. 0: not said.
    var month = 0
    /// 1 to 31, or -1 for the last day.
    var monthDays: [Int] = []
    /// Bit `rawValue` of each weekday.
    var weekdays: UInt8 = 0
    /// Which of these weekdays in the month: 1 to 5, or -1 for the last. Empty: every one.
    var ordinals: [Int] = []
    /// Which of all days that fit: 1 or -1. 0: not said.
    var setPosition = 0
    /// Minute of the day, for `every morning`.
    var minute: Int?
    var isAfterCompletion = false
    var end = End.never

    static let workdays: UInt8 = 0b0011_1110
    static let weekend: UInt8 = 0b1100_0000

    /// `count` units; nil where that is no interval of a rule. A quarter is three months.
    init?(every count: Int, _ unit: Unit) {
        switch unit {
        case .second, .minute, .hour: return nil
        case .day: frequency = .daily
        case .week: frequency = .weekly
        case .month, .quarter: frequency = .monthly
        case .year: frequency = .yearly
        }
        interval = unit == .quarter ? count * 3 : count
        guard RecurrenceRule.intervals.contains(interval) else { return nil }
    }

    init(_ frequency: RecurrenceRule.Frequency) { self.frequency = frequency }

    /// Whether it names days beside its frequency.
    var hasDays: Bool { month != 0 || !monthDays.isEmpty || weekdays != 0 }

    // MARK: As text

    private var weekdayCodes: [String] {
        Weekday.allCases.filter { weekdays & (1 << $0.rawValue) != 0 }.map(\.code)
    }

    private var isSimple: Bool { month == 0 && monthDays.isEmpty && ordinals.isEmpty && setPosition == 0 }

    /// RRULE text.
    var text: String {
        var text = "FREQ=" + frequency.rawValue
        if interval != 1 { text += ";INTERVAL=\(interval)" }
        if month != 0 { text += ";BYMONTH=\(month)" }
        if !monthDays.isEmpty { text += ";BYMONTHDAY=" + monthDays.map(String.init).joined(separator: ",") }
        if weekdays != 0 {
            let codes = weekdayCodes
            let days = ordinals.isEmpty ? codes : ordinals.flatMap { ordinal in codes.map { "\(ordinal)\($0)" } }
            text += ";BYDAY=" + days.joined(separator: ",")
        }
        if setPosition != 0 { text += ";BYSETPOS=\(setPosition)" }
        switch end {
        case .never: break
        case .count(let count): text += ";COUNT=\(count)"
        case .until(let date): text += ";UNTIL=" + date.text.filter { $0 != "-" }
        }
        return text
    }

    var recurrence: QuickAddRecurrence {
        let text = text
        let anchor: QuickAddRecurrence.Anchor = isAfterCompletion ? .completion : .due
        var json: JSON = [
            "pattern": "custom", "rrule": .string(text), "anchor": .string(anchor.rawValue), "month_end": "clamp",
        ]
        if isSimple {
            json["rrule"] = nil
            json["pattern"] = .string(frequency.rawValue.lowercased())
            json["interval"] = JSON(interval)
            if weekdays != 0 { json["by_weekday"] = JSON(weekdayCodes) }
            switch end {
            case .never: break
            case .count(let count): json["count"] = JSON(count)
            case .until(let date): json["until"] = .string(date.text)
            }
        }
        return QuickAddRecurrence(rrule: text, anchor: anchor, ruleJSON: json)
    }

    // MARK: The first slot

    /// The day of the first slot of a series that begins `today`, or the first one after today when `isOver`: its time
    /// has passed.
    ///
    /// A rule that names days begins on the first of them. One that does not begins today, so its next slot is a whole
    /// interval away. A month too short for its day has the slot on its last.
    func firstDay(today: CivilDate, isOver: Bool) -> CivilDate {
        guard hasDays else {
            guard isOver else { return today }
            switch frequency {
            case .daily: return today.adding(days: interval)
            case .weekly: return today.adding(days: 7 * interval)
            case .monthly: return today.adding(months: interval)
            case .yearly: return today.adding(months: 12 * interval)
            }
        }
        let from = isOver ? today.adding(days: 1) : today
        if frequency == .weekly {
            let fits = (0..<7).first { weekdays & (1 << from.adding(days: $0).weekday.rawValue) != 0 }
            return from.adding(days: fits ?? 0)
        }
        var first = from.adding(days: 1 - from.day)
        // Every rule of the grammar has a day within fourteen months but a fifth weekday, which never lies that far either.
        for _ in 0..<14 {
            if month == 0 || first.month == month,
                let day = days(inMonthOf: first).filter({ $0 >= from }).min()
            {
                return day
            }
            first = first.adding(months: 1)
        }
        return from
    }

    /// The days that a monthly or yearly rule names in the month that begins with `first`.
    private func days(inMonthOf first: CivilDate) -> [CivilDate] {
        let length = CivilDate.daysIn(month: first.month, year: first.year)
        guard weekdays != 0 else {
            return monthDays.map { first.adding(days: ($0 > 0 ? min($0, length) : length + 1 + $0) - 1) }
        }
        let fitting = (0..<length).map { first.adding(days: $0) }.filter { weekdays & (1 << $0.weekday.rawValue) != 0 }
        if setPosition != 0 { return [setPosition > 0 ? fitting.first : fitting.last].compactMap(\.self) }
        return ordinals.compactMap { ordinal in
            let index = ordinal > 0 ? ordinal - 1 : fitting.count + ordinal
            return fitting.indices.contains(index) ? fitting[index] : nil
        }
    }
}
