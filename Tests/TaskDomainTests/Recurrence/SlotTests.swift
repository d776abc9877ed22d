import TaskDomain
import TestKit
import Testing
import WireValues

struct SlotTests {
    private func wall(_ text: String) throws -> WallTime { try #require(WallTime(text)) }
    private func at(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    private func successor(
        _ rule: JSON, anchor: String, scheduled: String? = nil, index: Int = 1, done: String, zone: String = "UTC"
    ) throws -> Successor {
        let position = SeriesPosition(
            rule: try RecurrenceRule(json: rule), anchorLocal: try wall(anchor),
            zone: try #require(TimeZoneRules.named(zone)),
            scheduledLocal: try wall(scheduled ?? anchor), index: index)
        return RecurrenceRule.successor(of: position, completedAt: try at(done))
    }

    @Test func `a series two hundred years old is continued at once and all its missed slots are counted`() throws {
        // 1970-01-01 to 2199-06-01 are 83,792 days; the slot of the day itself is still ahead.
        #expect(
            try successor("daily", anchor: "1970-01-01T09:00:00", done: "2199-06-01T08:00:00Z")
                == .slot(
                    scheduledLocal: wall("2199-06-01T09:00:00"), dueAt: at("2199-06-01T09:00:00Z"), index: 83_793,
                    skipped: 83_791))
    }

    @Test func `counting in closed form and day by day agree`() throws {
        let seed: UInt64 = 11
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let rules: [JSON] = [
            ["pattern": "daily", "interval": 3], ["pattern": "weekly", "interval": 2, "by_weekday": ["MO", "SU"]],
            ["pattern": "monthly", "interval": 5], "yearly", "FREQ=MONTHLY;BYMONTHDAY=31",
            "FREQ=WEEKLY;INTERVAL=3;WKST=SU",
            "FREQ=DAILY;INTERVAL=2;BYMONTH=1,2;BYDAY=MO,WE", "FREQ=YEARLY;BYMONTH=2,3;BYDAY=MO;BYSETPOS=-1,2",
        ]
        for json in rules {
            let rule = try RecurrenceRule(json: json)
            for _ in 0..<20 {
                let anchor = WallTime(
                    date: CivilDate(dayNumber: Int.random(in: 0..<40_000, using: &random)), secondOfDay: 32_400)
                let slots = rule.slots(from: anchor, in: .utc, limit: 60)
                #expect(slots.first?.scheduledLocal == anchor)
                for (place, slot) in slots.enumerated() {
                    #expect(slot.index == place + 1)
                    #expect(rule.index(of: slot.scheduledLocal, from: anchor) == slot.index)
                    let rest = rule.slots(from: anchor, in: .utc, limit: 2, after: slot.scheduledLocal)
                    #expect(rest.first == (place + 1 < slots.count ? slots[place + 1] : rest.first))
                    #expect(place == 0 || slots[place - 1].scheduledLocal < slot.scheduledLocal)
                }
            }
        }
    }

    @Test func `an occurrence moved elsewhere does not move the slots after it`() throws {
        // The slot counts, not the due that the occurrence was moved to; the position does not even hold the due.
        #expect(
            try successor(
                "weekly", anchor: "2026-03-02T09:00:00", scheduled: "2026-03-09T09:00:00", index: 2,
                done: "2026-03-11T12:00:00Z")
                == .slot(
                    scheduledLocal: wall("2026-03-16T09:00:00"), dueAt: at("2026-03-16T09:00:00Z"), index: 3, skipped: 0
                ))
    }

    @Test func `a slot that a gap moved past midnight is still ahead after its date`() throws {
        // Clocks in Cairo go from 24:00 on 23 April to 01:00: 23:30 is safe, but 00:15 of the 24th happens at 01:15.
        #expect(
            try successor("daily", anchor: "2026-04-20T00:15:00", done: "2026-04-23T22:10:00Z", zone: "Africa/Cairo")
                == .slot(
                    scheduledLocal: wall("2026-04-24T00:15:00"), dueAt: at("2026-04-23T22:15:00Z"), index: 5, skipped: 3
                ))
        // Samoa had no 30 December 2011: its 09:00 fell on the 31st, and was still ahead at 08:00 there.
        #expect(
            try successor("daily", anchor: "2011-12-29T09:00:00", done: "2011-12-30T18:00:00Z", zone: "Pacific/Apia")
                == .slot(
                    scheduledLocal: wall("2011-12-30T09:00:00"), dueAt: at("2011-12-30T19:00:00Z"), index: 2, skipped: 0
                ))
    }

    @Test func `slots end at count, at until and at the end of the calendar`() throws {
        #expect(
            try successor(
                ["pattern": "daily", "count": 2], anchor: "2026-03-02T09:00:00", scheduled: "2026-03-03T09:00:00",
                index: 2, done: "2026-03-03T09:00:00Z")
                == .ended(reason: .count))
        #expect(
            try successor(
                ["pattern": "weekly", "until": "2026-03-08"], anchor: "2026-03-02T09:00:00",
                done: "2026-03-02T09:00:00Z")
                == .ended(reason: .until))
        #expect(
            try successor("yearly", anchor: "2199-03-02", done: "2199-03-02T09:00:00Z") == .ended(reason: .exhausted))
        // Counted from an odd year this rule meets no leap day, ever.
        #expect(
            try successor(
                ["rrule": "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29", "anchor": "completion"],
                anchor: "2024-02-29",
                done: "2025-03-01T09:00:00Z") == .ended(reason: .exhausted))
        #expect(
            try RecurrenceRule(json: ["pattern": "weekly", "count": 3]).slots(
                from: wall("2026-03-02"), in: .utc, limit: 10
            ).count == 3)
    }

    @Test func `a head whose series began anew later goes to the new anchor`() throws {
        #expect(
            try successor(
                ["pattern": "daily", "interval": 7], anchor: "2026-03-09T09:00:00", scheduled: "2026-03-02T09:00:00",
                done: "2026-03-02T08:00:00Z")
                == .slot(
                    scheduledLocal: wall("2026-03-09T09:00:00"), dueAt: at("2026-03-09T09:00:00Z"), index: 2, skipped: 0
                ))
    }

    static let unfitting: [(json: JSON, due: String, code: String)] = [
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", "2026-03-03", "rule_never_matches"),
        ("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", "2026-02-28", "rule_never_matches"),
        (["pattern": "daily", "until": "2026-03-01"], "2026-03-02T09:00:00", "until_before_due"),
        ("FREQ=DAILY;UNTIL=20260302T085959Z", "2026-03-02T09:00:00", "until_before_due"),
    ]

    @Test(arguments: Self.unfitting)
    func `a rule that does not fit a first due is refused`(json: JSON, due: String, code: String) throws {
        let rule = try RecurrenceRule(json: json)
        let due = try wall(due)
        #expect(#expect(throws: FieldProblem.self) { try rule.check(firstDue: due, zone: .utc) }?.code == code)
        try rule.check(firstDue: try wall("2024-02-26T09:00:00"), zone: .utc)
    }

    static let exports: [(json: JSON, anchor: String, text: String)] = [
        (["pattern": "monthly"], "2026-01-30T09:00:00", "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1"),
        (["pattern": "monthly"], "2026-01-28T09:00:00", "FREQ=MONTHLY"),
        (["pattern": "monthly", "month_end": "skip"], "2026-01-31T09:00:00", "FREQ=MONTHLY"),
        (
            ["pattern": "monthly", "interval": 3, "count": 4], "2026-01-29",
            "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=28,29;BYSETPOS=-1;COUNT=4"
        ),
        (["pattern": "yearly"], "2026-01-31", "FREQ=YEARLY"),
        // Several months: MONTHLY says it, unless years are left out.
        (
            ["rrule": "FREQ=YEARLY;BYMONTH=2,4;BYMONTHDAY=31", "month_end": "clamp"], "2026-02-28",
            "FREQ=MONTHLY;BYMONTH=2,4;BYMONTHDAY=28,29,30,31;BYSETPOS=-1"
        ),
        (
            ["rrule": "FREQ=YEARLY;BYMONTHDAY=31", "month_end": "clamp"], "2026-01-31",
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1"
        ),
        (
            ["rrule": "FREQ=YEARLY;INTERVAL=2;BYMONTH=2,4;BYMONTHDAY=31", "month_end": "clamp"], "2026-02-28",
            "RSCALE=GREGORIAN;FREQ=YEARLY;INTERVAL=2;BYMONTH=2,4;BYMONTHDAY=31;SKIP=BACKWARD"
        ),
        // Two days that clamp have no plain form.
        (
            ["rrule": "FREQ=MONTHLY;BYMONTHDAY=15,31", "month_end": "clamp"], "2026-01-15",
            "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=15,31;SKIP=BACKWARD"
        ),
        (["rrule": "FREQ=MONTHLY;BYMONTHDAY=-1", "month_end": "clamp"], "2026-01-31", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        // Beside a time, UNTIL is an instant: the local day's last one.
        (["pattern": "daily", "until": "2026-03-10"], "2026-03-01T22:00:00", "FREQ=DAILY;UNTIL=20260311T035959Z"),
        (["pattern": "daily", "until": "2026-03-10"], "2026-03-01", "FREQ=DAILY;UNTIL=20260310"),
    ]

    @Test(arguments: Self.exports)
    func `rules are exported so that any client understands them`(json: JSON, anchor: String, text: String) throws {
        let zone = try #require(TimeZoneRules.named("America/New_York"))
        #expect(try RecurrenceRule(json: json).exportText(anchor: try wall(anchor), zone: zone) == text)
    }

    @Test func `the exported text of a clamped rule yields the same slots`() throws {
        for day in 28...31 {
            for frequency in ["monthly", "yearly"] {
                for month in frequency == "yearly" ? [1, 2, 4] : [1] {
                    guard let date = CivilDate(year: 2024, month: month, day: day) else { continue }
                    let anchor = WallTime(date: date, secondOfDay: 3_600)
                    let rule = try RecurrenceRule(json: JSON(frequency))
                    let exported = try RecurrenceRule(text: rule.exportText(anchor: anchor, zone: .utc))
                    #expect(exported.monthEnd == .skip)
                    #expect(
                        exported.slots(from: anchor, in: .utc, limit: 30)
                            == rule.slots(from: anchor, in: .utc, limit: 30))
                }
            }
        }
    }
}
