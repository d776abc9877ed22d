import TaskDomain
import WireValues

/// How many successors a second one core finds, over a mix of rules, ages and zones.
enum OccurrenceSpeed {
    static func measure() -> String {
        let positions = self.positions()
        let completions = ["2026-03-05T10:00:00Z", "2026-10-25T00:30:00Z", "2031-06-30T23:59:59Z"].compactMap {
            Timestamp($0)
        }
        precondition(
            !positions.isEmpty && completions.count == 3, "the rules and instants of the measurement can be read")
        let clock = ContinuousClock()
        let start = clock.now
        var found = 0
        var runs = 0
        while clock.now - start < .seconds(2) {
            for position in positions {
                for completion in completions {
                    if case .slot = RecurrenceRule.successor(of: position, completedAt: completion) { found += 1 }
                }
            }
            runs += positions.count * completions.count
        }
        let elapsed = clock.now - start
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        return "next occurrences: \(Int(Double(runs) / seconds)) a second on one core (\(found) of \(runs) found)"
    }

    private static func positions() -> [SeriesPosition] {
        let rules: [JSON] = [
            "daily", "weekly", "monthly", "yearly", ["pattern": "weekly", "interval": 2, "by_weekday": ["MO", "TH"]],
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=MONTHLY;BYMONTHDAY=15,31",
            "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            ["pattern": "monthly", "anchor": "completion"],
        ]
        let anchors = ["2026-01-31T09:00:00", "1998-02-28T17:30:00", "2026-02-04"].compactMap { WallTime($0) }
        let zones = ["UTC", "Europe/Berlin", "America/New_York"].compactMap { TimeZoneRules.named($0) }
        var result: [SeriesPosition] = []
        for json in rules {
            guard let rule = try? RecurrenceRule(json: json) else { continue }  // written above: each can be read
            for anchor in anchors {
                for zone in zones {
                    result.append(
                        SeriesPosition(rule: rule, anchorLocal: anchor, zone: zone, scheduledLocal: anchor, index: 1))
                }
            }
        }
        return result
    }
}
