package import WireValues

/// What the clocks of one IANA zone show, from the zone database's first transition to the year 2299.
///
/// The transitions of the file and those that its closing rule yields up to that year lie in one sorted list; a
/// lookup is a binary search. Later instants keep the last offset.
package final class TimeZoneRules: Sendable {
    package let name: String
    /// Seconds since 1970 at which the offset changes, ascending.
    let transitions: [Int64]
    /// Seconds east of Greenwich: `offsets[i]` holds before `transitions[i]`, the last one after all of them.
    let offsets: [Int32]

    /// - Precondition: One offset more than transitions.
    init(name: String, transitions: [Int64], offsets: [Int32]) {
        precondition(offsets.count == transitions.count + 1, "every period between transitions has one offset")
        self.name = name
        self.transitions = transitions
        self.offsets = offsets
    }

    package static let utc = TimeZoneRules(name: "UTC", transitions: [], offsets: [0])

    /// The instant of a wall time.
    ///
    /// A time that exists twice means the first. One that does not exist, because the clocks went forward over it, is
    /// read with the offset in force before the gap (RFC 5545, 3.3.5), so 02:30 happens at 03:30. A whole day means
    /// its first instant: midnight, or the end of the gap that midnight fell into.
    package func instant(of wallTime: WallTime) -> Timestamp {
        let local = Int64(wallTime.date.dayNumber) * 86_400 + Int64(wallTime.secondOfDay ?? 0)
        // No offset is near 26 hours, so every period that begins earlier than that ends before this local time, or
        // holds it. The first period whose local end lies after the wall time holds it, or comes after its gap.
        var period = periodIndex(at: local - 93_600)
        while period < transitions.count, local >= transitions[period] + Int64(offsets[period]) { period += 1 }
        let isInGap = period > 0 && local < transitions[period - 1] + Int64(offsets[period])
        guard isInGap else { return Timestamp(seconds: local - Int64(offsets[period])) }
        let gapEnd = transitions[period - 1]
        return Timestamp(seconds: wallTime.isAllDay ? gapEnd : local - Int64(offsets[period - 1]))
    }

    /// What the clock shows at an instant, to the second.
    package func wallTime(at instant: Timestamp) -> WallTime {
        let local = Int(instant.seconds) + offsetSeconds(at: instant)
        let dayNumber = local.quotientRoundedDown(by: 86_400)
        return WallTime(date: CivilDate(dayNumber: dayNumber), secondOfDay: local - dayNumber * 86_400)
    }

    /// Seconds east of Greenwich at an instant.
    package func offsetSeconds(at instant: Timestamp) -> Int { Int(offsets[periodIndex(at: instant.seconds)]) }

    /// How many transitions lie at or before `seconds`.
    private func periodIndex(at seconds: Int64) -> Int {
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
