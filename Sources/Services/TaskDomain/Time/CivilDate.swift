/// A date of the proleptic Gregorian calendar, without a zone.
package struct CivilDate: Hashable, Sendable {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to 31.
    package let day: Int

    private init(uncheckedYear year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// Nil when there is no such date, or its year is not 1 to 9999.
    package init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month),
            (1...Self.daysIn(month: month, year: year)).contains(day)
        else { return nil }
        self.init(uncheckedYear: year, month: month, day: day)
    }

    /// Reads `2026-03-05`; nil for anything else.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[5..<7]),
            let day = Self.number(bytes[8..<10])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// The date `dayNumber` days after 1970-01-01.
    package init(dayNumber: Int) {
        // Years start in March here, so that the leap day is the last of its year and needs no special case.
        let shifted = dayNumber + Self.daysFromYearZero
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        self.init(
            uncheckedYear: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
            day: dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    /// Days since 1970-01-01; negative before.
    package var dayNumber: Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - Self.daysFromYearZero
    }

    package var weekday: Weekday { Self.weekday(dayNumber: dayNumber) }

    package func adding(days: Int) -> CivilDate { CivilDate(dayNumber: dayNumber + days) }

    /// The same day of another month, or that month's last day where it is shorter.
    package func adding(months: Int) -> CivilDate {
        let index = monthIndex + months
        let year = index.quotientRoundedDown(by: 12)
        let month = index - year * 12 + 1
        return CivilDate(
            uncheckedYear: year, month: month, day: min(day, Self.daysIn(month: month, year: year)))
    }

    /// `2026-03-05`.
    package var text: String {
        decimal(year, width: 4) + "-" + decimal(month, width: 2) + "-" + decimal(day, width: 2)
    }

    /// Months since January of the year 0.
    var monthIndex: Int { year * 12 + month - 1 }

    package static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    static func weekday(dayNumber: Int) -> Weekday {
        // 1970-01-01 was a Thursday.
        let index = dayNumber + 3
        return Weekday.allCases[index - index.quotientRoundedDown(by: 7) * 7]
    }

    /// The number that ASCII digits write; nil when there is anything else among them, or nothing.
    static func number(_ digits: some Collection<UInt8>) -> Int? {
        guard !digits.isEmpty, digits.count <= 18 else { return nil }
        var value = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }

    /// From 0000-03-01 to 1970-01-01.
    private static let daysFromYearZero = 719_468
}

extension CivilDate: Comparable {
    package static func < (left: CivilDate, right: CivilDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }
}

extension Int {
    /// Division that rounds toward minus infinity. - Parameter divisor: Above 0.
    func quotientRoundedDown(by divisor: Int) -> Int {
        self >= 0 ? self / divisor : (self - divisor + 1) / divisor
    }
}

/// `value` in decimal digits, with zeros in front up to `width`. For values from 0.
func decimal(_ value: Int, width: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: Swift.max(0, width - text.utf8.count)) + text
}
