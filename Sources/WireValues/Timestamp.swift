/// An instant as RFC 3339 and the Kubernetes API write it, counted in microseconds since 1970 (UTC, no leap seconds).
///
/// `Time` fields carry seconds (`2026-03-05T17:00:00Z`); `MicroTime` fields (Lease, Event) exactly six fraction digits,
/// or the API server answers 400.
package struct Timestamp: Hashable, Sendable, Comparable {
    package let microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }
    package init(seconds: Int64) { microseconds = seconds * 1_000_000 }

    /// Parses RFC 3339 with `Z` or a numeric offset and up to nine fraction digits (finer than a microsecond is cut).
    /// Nil when `text` is anything else.
    package init?(_ text: String) {
        var bytes = text.utf8.makeIterator()
        func digits(_ count: Int) -> Int? {
            var value = 0
            for _ in 0..<count {
                guard let byte = bytes.next(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
                    return nil
                }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            return value
        }
        func expect(_ characters: String) -> Bool {
            guard let byte = bytes.next() else { return false }
            return characters.utf8.contains(byte)
        }
        guard let year = digits(4), expect("-"), let month = digits(2), expect("-"), let day = digits(2), expect("Tt"),
            let hour = digits(2), expect(":"), let minute = digits(2), expect(":"), let second = digits(2),
            (1...12).contains(month), (1...Self.daysIn(month: month, year: year)).contains(day), hour < 24,
            minute < 60, second < 61
        else { return nil }
        var fraction: Int64 = 0
        var next = bytes.next()
        if next == UInt8(ascii: ".") {
            var places = 0
            next = bytes.next()
            while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), places < 9 {
                if places < 6 { fraction = fraction * 10 + Int64(byte - UInt8(ascii: "0")) }
                places += 1
                next = bytes.next()
            }
            guard places > 0 else { return nil }
            while places < 6 {
                fraction *= 10
                places += 1
            }
        }
        var offset = 0
        switch next {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"): break
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard let hours = digits(2), expect(":"), let minutes = digits(2), hours < 24, minutes < 60 else {
                return nil
            }
            offset = (hours * 60 + minutes) * (next == UInt8(ascii: "-") ? -60 : 60)
        default: return nil
        }
        guard bytes.next() == nil else { return nil }
        let seconds = Self.days(year: year, month: month, day: day) * 86_400 + hour * 3_600 + minute * 60 + second
        microseconds = Int64(seconds - offset) * 1_000_000 + fraction
    }

    /// `2026-03-05T17:00:00Z`: for `Time` fields. Fractions are cut.
    package var rfc3339: String { text(fractionDigits: 0) }

    /// `2026-03-05T17:00:00.000000Z`: for `MicroTime` fields.
    package var microTime: String { text(fractionDigits: 6) }

    /// `2026-03-05T17:00:00.412Z`: exactly three fraction digits, as events carry instants. Finer parts are cut.
    package var eventText: String { text(fractionDigits: 3) }

    /// `2026-03-05T17:00:00Z` on a whole second, else as `eventText`: as the fields of a task carry instants.
    package var shortText: String {
        (microseconds - seconds * 1_000_000) < 1_000 ? rfc3339 : eventText
    }

    /// The instant without what `eventText` would not show, so that writing and reading gives an equal one.
    package var truncatedToMilliseconds: Timestamp {
        let rest = microseconds % 1_000
        return Timestamp(microseconds: microseconds - (rest >= 0 ? rest : rest + 1_000))
    }

    /// Whole seconds since 1970, rounded down.
    package var seconds: Int64 { microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000 }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    package func advanced(by duration: Duration) -> Timestamp {
        let parts = duration.components
        return Timestamp(microseconds: microseconds + parts.seconds * 1_000_000 + parts.attoseconds / 1_000_000_000_000)
    }

    /// The time from `earlier` to this instant.
    package func since(_ earlier: Timestamp) -> Duration { .microseconds(microseconds - earlier.microseconds) }

    private func text(fractionDigits: Int) -> String {
        let dayNumber = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let rest = seconds - dayNumber * 86_400
        let (year, month, day) = Self.civil(dayNumber)
        // Years beyond four digits are written in full; nothing that we read has them.
        let longYear = (0...9_999).contains(year) ? "" : String(year)
        return String(unsafeUninitializedCapacity: longYear.utf8.count + 28) { buffer in
            var place = 0
            func put(_ byte: UInt8) {
                buffer[place] = byte
                place += 1
            }
            func put(_ value: Int64, digits: Int) {
                var value = value
                for index in stride(from: place + digits - 1, through: place, by: -1) {
                    buffer[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10)
                    value /= 10
                }
                place += digits
            }
            if longYear.isEmpty { put(year, digits: 4) } else { for byte in longYear.utf8 { put(byte) } }
            put(UInt8(ascii: "-"))
            put(month, digits: 2)
            put(UInt8(ascii: "-"))
            put(day, digits: 2)
            put(UInt8(ascii: "T"))
            put(rest / 3_600, digits: 2)
            put(UInt8(ascii: ":"))
            put(rest / 60 % 60, digits: 2)
            put(UInt8(ascii: ":"))
            put(rest % 60, digits: 2)
            if fractionDigits > 0 {
                put(UInt8(ascii: "."))
                let fraction = microseconds - seconds * 1_000_000
                put(fractionDigits == 3 ? fraction / 1_000 : fraction, digits: fractionDigits)
            }
            put(UInt8(ascii: "Z"))
            return place
        }
    }

    private static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 of a date of the proleptic Gregorian calendar. Years start in March here, so that the
    /// leap day is the last of its year and needs no special case.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The inverse of `days`.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
