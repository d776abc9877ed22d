/// The dates that a rule yields, as day numbers.
///
/// Every rule is seen as one question: which days of this month? The answer is a bit mask, so that any date is reached
/// by jumping to its month, whatever the series' age, and counting is counting bits. Times of day play no part here.
struct RuleCalendar {
    private let frequency: RecurrenceRule.Frequency
    private let interval: Int
    private let clamps: Bool
    private let hasByParts: Bool
    private let anchor: CivilDate
    /// The date that periods are counted from.
    let anchorDay: Int
    private let anchorMonth: Int
    /// The first day of the anchor's week.
    private let anchorWeek: Int
    /// Bit 0 is Monday. For weekly rules without BYDAY the anchor's weekday.
    private let weekdays: UInt32
    private let ordinals: [RecurrenceRule.WeekdayPosition]
    private let hasWeekdays: Bool
    /// Bit 0 is the 1st.
    private let monthDays: UInt32
    /// Bit 0 is the last day.
    private let monthDaysFromEnd: UInt32
    private let hasMonthDays: Bool
    /// Bit 0 is January; all set where the rule names none.
    private let months: UInt32
    private let setPositions: [Int]
    /// For daily rules: bits 0, interval, 2 × interval, …
    private let dailySteps: UInt32

    /// - Parameter anchor: Where periods are counted from, and what gives the day, weekday or month that the rule
    ///   leaves open.
    init(_ rule: RecurrenceRule, anchor: CivilDate) {
        frequency = rule.frequency
        interval = rule.interval
        clamps = rule.monthEnd == .clamp
        hasByParts = rule.hasByParts
        self.anchor = anchor
        anchorDay = anchor.dayNumber
        anchorMonth = anchor.monthIndex
        let weekday = CivilDate.weekday(dayNumber: anchorDay).rawValue
        anchorWeek = anchorDay - (weekday - rule.weekStart.rawValue + 7) % 7
        var plain: UInt32 = 0
        for position in rule.byWeekday where position.ordinal == nil {
            plain |= 1 << UInt32(position.weekday.rawValue - 1)
        }
        if rule.frequency == .weekly, rule.byWeekday.isEmpty { plain = 1 << UInt32(weekday - 1) }
        weekdays = plain
        ordinals = rule.byWeekday.filter { $0.ordinal != nil }
        hasWeekdays = !rule.byWeekday.isEmpty
        var fromStart: UInt32 = 0
        var fromEnd: UInt32 = 0
        for day in rule.byMonthDay {
            if day > 0 { fromStart |= 1 << UInt32(day - 1) } else { fromEnd |= 1 << UInt32(-day - 1) }
        }
        monthDays = fromStart
        monthDaysFromEnd = fromEnd
        hasMonthDays = !rule.byMonthDay.isEmpty
        var months: UInt32 = 0
        for month in rule.byMonth { months |= 1 << UInt32(month - 1) }
        if rule.byMonth.isEmpty {
            // A yearly rule that names neither months nor days of them means the anchor's month.
            let isAnchorsMonth = rule.frequency == .yearly && rule.byMonthDay.isEmpty
            months = isAnchorsMonth ? 1 << UInt32(anchor.month - 1) : 0xFFF
        }
        self.months = months
        setPositions = rule.bySetPosition
        var steps: UInt32 = 0
        for bit in stride(from: 0, to: 31, by: rule.interval) { steps |= 1 << UInt32(bit) }
        dailySteps = steps
    }

    /// Months that a search looks into before it gives up: 60 years.
    static let horizonMonths = 720

    /// The first date of the rule after both `day` and the anchor; nil when there is none within 60 years of them.
    func next(after day: Int) -> Int? {
        let start = startOfSearch(from: max(day, anchorDay) + 1)
        let startDate = CivilDate(dayNumber: start)
        var month = startDate.monthIndex
        // Whole days that lie before the start are cut off in its own month only.
        var mask = daysMask(month) & ~((1 << UInt32(startDate.day - 1)) - 1)
        let horizon = CivilDate(dayNumber: max(day, anchorDay)).monthIndex + Self.horizonMonths
        while mask == 0 {
            month = periodMonth(after: month)
            guard month <= horizon else { return nil }
            mask = daysMask(month)
        }
        let found = Self.firstDay(ofMonth: month) + mask.trailingZeroBitCount
        return found <= max(day, anchorDay) + 21_915 ? found : nil
    }

    /// How many dates of the rule lie after `day` and before `end`. Dates up to the anchor do not count.
    ///
    /// Closed form where the rule names no days; else the bits of each month between, some nanoseconds each, in at most
    /// 2,760 months (1970 to 2199).
    func count(after day: Int, before end: Int) -> Int {
        let first = max(day, anchorDay)
        guard first < end - 1 else { return 0 }
        if let upToEnd = closedCount(through: end - 1), let upToFirst = closedCount(through: first) {
            return upToEnd - upToFirst
        }
        let firstDate = CivilDate(dayNumber: first + 1)
        let lastDate = CivilDate(dayNumber: end - 1)
        var month = CivilDate(dayNumber: startOfSearch(from: first + 1)).monthIndex
        var total = 0
        while month <= lastDate.monthIndex {
            var mask = daysMask(month)
            if month == firstDate.monthIndex { mask &= ~((1 << UInt32(firstDate.day - 1)) - 1) }
            if month == lastDate.monthIndex {
                mask &= UInt32(truncatingIfNeeded: (UInt64(1) << UInt64(lastDate.day)) - 1)
            }
            total += mask.nonzeroBitCount
            month = periodMonth(after: month)
        }
        return total
    }

    // MARK: Jumps

    /// The first day from `day` on that may be a date: in a period that the interval does not pass over.
    private func startOfSearch(from day: Int) -> Int {
        func ahead(_ distance: Int) -> Int { (interval - distance % interval) % interval }
        switch frequency {
        case .daily: return day + ahead(day - anchorDay)
        case .weekly:
            let weeks = ahead((day - anchorWeek) / 7)
            return weeks == 0 ? day : anchorWeek + ((day - anchorWeek) / 7 + weeks) * 7
        case .monthly:
            let month = CivilDate(dayNumber: day).monthIndex
            let months = ahead(month - anchorMonth)
            return months == 0 ? day : Self.firstDay(ofMonth: month + months)
        case .yearly:
            let year = CivilDate(dayNumber: day).year
            let years = ahead(year - anchor.year)
            return years == 0 ? day : Self.firstDay(ofMonth: (year + years) * 12)
        }
    }

    /// The next month that lies in a period of the rule.
    private func periodMonth(after month: Int) -> Int {
        switch frequency {
        case .daily, .weekly: month + 1
        case .monthly: month + interval
        case .yearly: (month + 1) % 12 == 0 ? month + 1 + (interval - 1) * 12 : month + 1
        }
    }

    private static func firstDay(ofMonth month: Int) -> Int {
        CivilDate(dayNumber: 0).adding(months: month - 1970 * 12).dayNumber
    }

    /// Dates of the rule after the anchor and up to `day`; nil where only counting month by month tells.
    private func closedCount(through day: Int) -> Int? {
        switch frequency {
        case .daily: return hasByParts ? nil : (day - anchorDay) / interval
        case .weekly:
            guard months == 0xFFF else { return nil }
            return weeklyCount(through: day) - weeklyCount(through: anchorDay)
        case .monthly, .yearly:
            guard !hasByParts, clamps else { return nil }
            // One date in each period. The last period's may still lie ahead.
            let period = frequency == .monthly ? interval : interval * 12
            let month = CivilDate(dayNumber: day).monthIndex
            let periods = (month - anchorMonth) / period
            guard (month - anchorMonth) % period == 0 else { return periods }
            let date = Self.firstDay(ofMonth: month) + daysMask(month).trailingZeroBitCount
            return date > day ? periods - 1 : periods
        }
    }

    /// Dates of a weekly rule from the anchor's week on, up to `day`.
    private func weeklyCount(through day: Int) -> Int {
        let week = (day - anchorWeek) / 7
        let fullWeeks = (week + interval - 1) / interval
        var total = fullWeeks * weekdays.nonzeroBitCount
        if week % interval == 0 {
            for other in (anchorWeek + week * 7)...day where weekdays & Self.weekdayBit(other) != 0 { total += 1 }
        }
        return total
    }

    private static func weekdayBit(_ day: Int) -> UInt32 { 1 << UInt32(CivilDate.weekday(dayNumber: day).rawValue - 1) }

    // MARK: The days of one month

    /// One bit for each date of the rule in a month, bit 0 the 1st. Not limited by the anchor.
    private func daysMask(_ index: Int) -> UInt32 {
        let year = index / 12
        let month = index - year * 12 + 1
        switch frequency {
        case .daily:
            guard isWanted(month) else { return 0 }
            let shape = MonthShape(index)
            let days = selectedDays(shape) ?? shape.all
            let phase = (anchorDay - shape.firstDay).remainderFromZero(dividingBy: interval)
            return phase < 31 ? days & dailySteps << UInt32(phase) : 0
        case .weekly:
            guard isWanted(month) else { return 0 }
            let shape = MonthShape(index)
            let days = shape.days(on: weekdays)
            return interval == 1 ? days : days & wantedWeeks(shape)
        case .monthly:
            guard (index - anchorMonth) % interval == 0, isWanted(month) else { return 0 }
            let days = datesOfPeriod(MonthShape(index))
            return setPositions.isEmpty ? days : days & positions(in: [days])[0]
        case .yearly:
            guard (year - anchor.year) % interval == 0, isWanted(month) else { return 0 }
            if setPositions.isEmpty { return datesOfPeriod(MonthShape(index)) }
            let wholeYear = (0..<12).map { isWanted($0 + 1) ? datesOfPeriod(MonthShape(year * 12 + $0)) : 0 }
            return positions(in: wholeYear)[month - 1]
        }
    }

    private func isWanted(_ month: Int) -> Bool { months & 1 << UInt32(month - 1) != 0 }

    /// The days of the weeks that the interval does not pass over.
    private func wantedWeeks(_ shape: MonthShape) -> UInt32 {
        var result: UInt64 = 0
        // A whole multiple of the interval before the month, so that the remainder is never negative.
        var week = (shape.firstDay - anchorWeek).quotientRoundedDown(by: 7)
        var start = anchorWeek + week * 7 - shape.firstDay
        while start < shape.length {
            if week.remainderFromZero(dividingBy: interval) == 0 {
                result |= start >= 0 ? 0x7F << UInt64(start) : 0x7F >> UInt64(-start)
            }
            week += 1
            start += 7
        }
        return UInt32(truncatingIfNeeded: result) & shape.all
    }

    /// The dates of a month in a monthly or yearly rule, before BYSETPOS.
    private func datesOfPeriod(_ shape: MonthShape) -> UInt32 {
        if let days = selectedDays(shape) { return days }
        if anchor.day <= shape.length { return 1 << UInt32(anchor.day - 1) }
        return clamps ? shape.last : 0
    }

    /// The days that BYDAY and BYMONTHDAY select together; nil when the rule has neither.
    private func selectedDays(_ shape: MonthShape) -> UInt32? {
        guard hasWeekdays || hasMonthDays else { return nil }
        var result = shape.all
        if hasMonthDays {
            var days = monthDays & shape.all
            if clamps, monthDays & ~shape.all != 0 { days |= shape.last }
            var rest = monthDaysFromEnd
            while rest != 0 {
                let fromEnd = rest.trailingZeroBitCount
                if fromEnd < shape.length { days |= 1 << UInt32(shape.length - 1 - fromEnd) }
                rest &= rest - 1
            }
            result &= days
        }
        if hasWeekdays {
            var days = shape.days(on: weekdays)
            for position in ordinals { days |= shape.day(position) }
            result &= days
        }
        return result
    }

    /// What BYSETPOS keeps of a period's dates.
    private func positions(in period: [UInt32]) -> [UInt32] {
        let total = period.reduce(0) { $0 + $1.nonzeroBitCount }
        let wanted = setPositions.map { $0 > 0 ? $0 - 1 : total + $0 }
        var kept = [UInt32](repeating: 0, count: period.count)
        var position = 0
        for index in period.indices {
            var rest = period[index]
            while rest != 0 {
                if wanted.contains(position) { kept[index] |= rest & ~(rest - 1) }
                rest &= rest - 1
                position += 1
            }
        }
        return kept
    }
}

/// A month's length and the weekday that it begins on: all that days by weekday depend on.
private struct MonthShape {
    /// As a day number.
    let firstDay: Int
    let length: Int
    /// 0 is Monday.
    let firstWeekday: Int

    init(_ index: Int) {
        let first = CivilDate(dayNumber: 0).adding(months: index - 1970 * 12)
        firstDay = first.dayNumber
        length = CivilDate.daysIn(month: first.month, year: first.year)
        firstWeekday = CivilDate.weekday(dayNumber: firstDay).rawValue - 1
    }

    var all: UInt32 { UInt32(truncatingIfNeeded: (UInt64(1) << UInt64(length)) - 1) }
    var last: UInt32 { 1 << UInt32(length - 1) }

    /// Every day on one of the weekdays.
    func days(on weekdays: UInt32) -> UInt32 {
        let twice = UInt64(weekdays) | UInt64(weekdays) << 7
        let week = twice >> UInt64(firstWeekday) & 0x7F
        return UInt32(truncatingIfNeeded: week | week << 7 | week << 14 | week << 21 | week << 28) & all
    }

    /// The day with an ordinal, or none where the month has no such day.
    func day(_ position: RecurrenceRule.WeekdayPosition) -> UInt32 {
        guard let ordinal = position.ordinal else { return 0 }
        let first = (position.weekday.rawValue - 1 - firstWeekday + 7) % 7
        let last = first + (length - 1 - first) / 7 * 7
        let day = ordinal > 0 ? first + (ordinal - 1) * 7 : last + (ordinal + 1) * 7
        return (0..<length).contains(day) ? 1 << UInt32(day) : 0
    }
}

extension Int {
    /// The remainder from 0 to `divisor` - 1. - Parameter divisor: Above 0.
    fileprivate func remainderFromZero(dividingBy divisor: Int) -> Int {
        self - quotientRoundedDown(by: divisor) * divisor
    }
}
