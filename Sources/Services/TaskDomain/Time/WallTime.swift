/// What a clock and a calendar on the wall show: a date, and a time of day unless the whole day is meant.
///
/// It has no offset; `TimeZoneRules` says which instant it is.
package struct WallTime: Hashable, Sendable {
    package var date: CivilDate
    /// 0 to 86,399; nil for the whole day.
    package var secondOfDay: Int?

    package init(date: CivilDate, secondOfDay: Int?) {
        self.date = date
        self.secondOfDay = secondOfDay
    }

    /// Reads `2026-03-05T17:00:00`, `2026-03-05T17:00`, or the date alone; nil for anything else.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 10, let date = CivilDate(String(decoding: bytes[0..<10], as: UTF8.self)) else {
            return nil
        }
        if bytes.count == 10 {
            self.init(date: date, secondOfDay: nil)
            return
        }
        guard bytes.count == 16 || bytes.count == 19, bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"),
            let hour = CivilDate.number(bytes[11..<13]), let minute = CivilDate.number(bytes[14..<16]),
            hour < 24, minute < 60
        else { return nil }
        var second = 0
        if bytes.count == 19 {
            guard bytes[16] == UInt8(ascii: ":"), let read = CivilDate.number(bytes[17..<19]), read < 60 else {
                return nil
            }
            second = read
        }
        self.init(date: date, secondOfDay: hour * 3_600 + minute * 60 + second)
    }

    package var isAllDay: Bool { secondOfDay == nil }

    /// `2026-03-05T17:00:00`, or `2026-03-05` for a whole day.
    package var text: String {
        guard let second = secondOfDay else { return date.text }
        return date.text + "T" + decimal(second / 3_600, width: 2) + ":" + decimal(second / 60 % 60, width: 2) + ":"
            + decimal(second % 60, width: 2)
    }
}

/// A whole day comes before every time on it.
extension WallTime: Comparable {
    package static func < (left: WallTime, right: WallTime) -> Bool {
        (left.date, left.secondOfDay ?? -1) < (right.date, right.secondOfDay ?? -1)
    }
}
