/// What a TZif file says about the time after its last transition: a POSIX `TZ` string with the extensions of RFC 9636
/// (3.3.1), such as `CET-1CEST,M3.5.0,M10.5.0/3`.
struct ClosingRule {
    /// Seconds east of Greenwich.
    let standardOffset: Int
    let summer: Summer?

    struct Summer {
        let offset: Int
        let start, end: YearDay
    }

    /// A day of every year and the wall time of the change on it, counted from that day's midnight in seconds.
    struct YearDay {
        enum Day {
            /// 1 to 365; 29 February does not count.
            case julian(Int)
            /// 0 to 365; 29 February counts.
            case ofYear(Int)
            /// Week 5 is the month's last; weekday 0 is Sunday.
            case weekday(month: Int, week: Int, weekday: Int)
        }
        let day: Day
        let second: Int

        func dayNumber(year: Int) -> Int {
            let newYear = CivilDate(dayNumber: 0).adding(months: (year - 1970) * 12).dayNumber
            switch day {
            case .julian(let count):
                let isAfterLeapDay = count >= 60 && CivilDate.daysIn(month: 2, year: year) == 29
                return newYear + count - (isAfterLeapDay ? 0 : 1)
            case .ofYear(let count): return newYear + count
            case .weekday(let month, let week, let weekday):
                let first = CivilDate(dayNumber: newYear).adding(months: month - 1)
                let toFirst = (weekday - first.weekday.rawValue % 7 + 7) % 7
                let day = toFirst + (week - 1) * 7
                let length = CivilDate.daysIn(month: month, year: year)
                return first.dayNumber + (day >= length ? day - 7 : day)
            }
        }
    }

    /// Nil when `text` is no such rule.
    init?(_ text: String) {
        var scanner = Scanner(text)
        guard scanner.skipName(), let west = scanner.time(maximumHours: 24) else { return nil }
        standardOffset = -west
        if scanner.isAtEnd {
            summer = nil
            return
        }
        guard scanner.skipName() else { return nil }
        var offset = standardOffset + 3_600
        if !scanner.skip(",") {
            guard let west = scanner.time(maximumHours: 24), scanner.skip(",") else { return nil }
            offset = -west
        }
        guard let start = scanner.yearDay(), scanner.skip(","), let end = scanner.yearDay(), scanner.isAtEnd else {
            return nil
        }
        summer = Summer(offset: offset, start: start, end: end)
    }

    /// Continues the lists with this rule's changes after their last one, and with the offset that it starts from.
    func append(to transitions: inout [Int64], _ offsets: inout [Int32], throughYear lastYear: Int) {
        func change(_ seconds: Int, _ offset: Int) {
            if transitions.last == Int64(seconds) {
                // Summer time all year: it begins anew at the instant at which it ended.
                transitions.removeLast()
                offsets.removeLast()
            }
            guard offset != offsets[offsets.count - 1], transitions.last.map({ $0 < Int64(seconds) }) ?? true else {
                return
            }
            transitions.append(Int64(seconds))
            offsets.append(Int32(offset))
        }
        guard let summer else { return }
        let lastDay = Int(transitions.last ?? 0).quotientRoundedDown(by: 86_400)
        for year in max(1970, min(CivilDate(dayNumber: lastDay).year, lastYear))...lastYear {
            // Each change is written in the wall time of what held before it.
            let start = summer.start.dayNumber(year: year) * 86_400 + summer.start.second - standardOffset
            let end = summer.end.dayNumber(year: year) * 86_400 + summer.end.second - summer.offset
            let changes = [(start, summer.offset), (end, standardOffset)]
            for (seconds, offset) in start < end ? changes : changes.reversed() { change(seconds, offset) }
        }
    }

    private struct Scanner {
        private var rest: Substring.UTF8View

        init(_ text: String) { rest = Substring(text).utf8 }

        var isAtEnd: Bool { rest.isEmpty }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard let first = rest.first, UInt32(first) == character.value else { return false }
            rest.removeFirst()
            return true
        }

        /// A name in angle brackets, or three letters and more.
        mutating func skipName() -> Bool {
            if skip("<") {
                guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
                rest = rest[rest.index(after: end)...]
                return true
            }
            let letters = rest.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) }
            rest = rest.dropFirst(letters.count)
            return letters.count >= 3
        }

        mutating func number(atMost maximum: Int) -> Int? {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard digits.count <= 3, let value = CivilDate.number(digits), value <= maximum else { return nil }
            rest = rest.dropFirst(digits.count)
            return value
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func time(maximumHours: Int) -> Int? {
            let isNegative = skip("-")
            if !isNegative { _ = skip("+") }
            guard let hours = number(atMost: maximumHours) else { return nil }
            var seconds = hours * 3_600
            for unit in [60, 1] where skip(":") {
                guard let value = number(atMost: 59) else { return nil }
                seconds += value * unit
            }
            return isNegative ? -seconds : seconds
        }

        mutating func yearDay() -> YearDay? {
            let day: YearDay.Day
            if skip("M") {
                guard let month = number(atMost: 12), month > 0, skip("."), let week = number(atMost: 5), week > 0,
                    skip("."), let weekday = number(atMost: 6)
                else { return nil }
                day = .weekday(month: month, week: week, weekday: weekday)
            } else if skip("J") {
                guard let count = number(atMost: 365), count > 0 else { return nil }
                day = .julian(count)
            } else {
                guard let count = number(atMost: 365) else { return nil }
                day = .ofYear(count)
            }
            var second = 7_200
            if skip("/") {
                guard let time = time(maximumHours: 167) else { return nil }
                second = time
            }
            return YearDay(day: day, second: second)
        }
    }
}
