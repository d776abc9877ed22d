/// How long before the due a reminder comes: `P[nW][nD][T[nH][nM]]`, from nothing to four weeks.
///
/// Weeks and days count by the calendar, hours and minutes exactly: over a clock change `P1D` and `PT24H` differ.
package struct ReminderOffset: Hashable, Sendable {
    /// The duration as it was given: `PT60M` stays `PT60M`.
    package let text: String
    /// Weeks and days.
    package let days: Int
    /// Hours and minutes.
    package let minutes: Int

    /// Reads an ISO 8601 duration, or a short form: `15m`, `1h`, `1d`, `1w` (kept as the duration that it stands for).
    /// Nil for anything else, and beyond four weeks.
    package init?(_ text: String) {
        guard text.utf8.count <= 40 else { return nil }
        var capitals = text.uppercased()
        if let unit = capitals.last, let first = capitals.utf8.first, first != UInt8(ascii: "P") {
            guard capitals.dropLast().utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
                return nil
            }
            capitals = (unit == "H" || unit == "M" ? "PT" : "P") + capitals
        }
        guard let (days, minutes) = Self.parse(capitals) else { return nil }
        self.init(text: capitals, days: days, minutes: minutes)
    }

    /// - Parameter minutes: Exact ones. Nil when negative or more than four weeks.
    package init?(minutes: Int) { self.init(text: "PT\(minutes)M", days: 0, minutes: minutes) }

    private init?(text: String, days: Int, minutes: Int) {
        guard minutes >= 0, days * 1_440 + minutes <= Self.longestMinutes else { return nil }
        self.text = text
        self.days = days
        self.minutes = minutes
    }

    /// The whole of it in minutes, a day as 24 hours.
    package var wholeMinutes: Int { days * 1_440 + minutes }

    private static let longestMinutes = 28 * 1_440

    private static func parse(_ text: String) -> (days: Int, minutes: Int)? {
        guard text.utf8.first == UInt8(ascii: "P") else { return nil }
        var days = 0
        var minutes = 0
        // Each unit at most once, in this order; T goes before hours and minutes.
        var units: [(letter: UInt8, days: Int, minutes: Int)] = [(UInt8(ascii: "W"), 7, 0), (UInt8(ascii: "D"), 1, 0)]
        var isTime = false
        var digits: [UInt8] = []
        var hasUnit = false
        for byte in text.utf8.dropFirst() {
            if byte == UInt8(ascii: "T") {
                guard !isTime, digits.isEmpty else { return nil }
                isTime = true
                hasUnit = false
                units = [(UInt8(ascii: "H"), 0, 60), (UInt8(ascii: "M"), 0, 1)]
            } else if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                guard digits.count < 6 else { return nil }
                digits.append(byte)
            } else {
                guard let place = units.firstIndex(where: { $0.letter == byte }), let count = CivilDate.number(digits)
                else { return nil }
                days += count * units[place].days
                minutes += count * units[place].minutes
                units.removeFirst(place + 1)
                digits = []
                hasUnit = true
            }
        }
        return hasUnit && digits.isEmpty ? (days, minutes) : nil
    }
}
