import TaskDomain
import WireValues

/// Successors over a mix of rules, ages of series and zones.
enum OccurrenceSpeed {
    static func measure(seconds: Double) throws -> Int {
        let positions = try positions()
        let completions = ["2026-03-05T10:00:00Z", "2026-10-25T00:30:00Z", "2031-06-30T23:59:59Z"].compactMap {
            Timestamp($0)
        }
        precondition(positions.count == 99 && completions.count == 3)
        return rate(of: positions.count * completions.count, seconds: seconds) {
            for position in positions {
                for completion in completions {
                    guard case .slot = RecurrenceRule.successor(of: position, completedAt: completion) else {
                        preconditionFailure("an endless series has a successor")
                    }
                }
            }
        }
    }

    private static func positions() throws -> [SeriesPosition] {
        let rules: [JSON] = [
            "daily", "weekly", "monthly", "yearly", ["pattern": "weekly", "interval": 2, "by_weekday": ["MO", "TH"]],
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=MONTHLY;BYMONTHDAY=15,31",
            "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            ["pattern": "monthly", "anchor": "completion"],
        ]
        let anchors = ["2026-01-31T09:00:00", "1998-02-28T17:30:00", "2026-02-04"].compactMap { WallTime($0) }
        let zones = ["UTC", "Europe/Berlin", "America/New_York"].compactMap { TimeZoneRules.named($0) }
        return try rules.flatMap { json in
            let rule = try RecurrenceRule(json: json)
            return anchors.flatMap { anchor in
                zones.map {
                    SeriesPosition(rule: rule, anchorLocal: anchor, zone: $0, scheduledLocal: anchor, index: 1)
                }
            }
        }
    }
}
