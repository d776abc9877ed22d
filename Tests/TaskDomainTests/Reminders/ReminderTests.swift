import TaskDomain
import Testing
import WireValues

struct ReminderTests {
    @Test(arguments: [
        ("PT30M", 0, 30), ("PT0M", 0, 0), ("P1D", 1, 0), ("P4W", 28, 0), ("P1W2DT3H4M", 9, 184), ("PT60M", 0, 60),
        ("pt1h", 0, 60),
        ("P28D", 28, 0), ("PT40320M", 0, 40_320), ("15m", 0, 15), ("1h", 0, 60), ("1D", 1, 0), ("2w", 14, 0),
    ])
    func `durations and their short forms are read`(text: String, days: Int, minutes: Int) throws {
        let offset = try #require(ReminderOffset(text))
        #expect(offset.days == days)
        #expect(offset.minutes == minutes)
        #expect(ReminderOffset(offset.text) == offset)
    }

    @Test(arguments: [
        "", "P", "PT", "P1", "1", "m", "P1M", "P1Y", "PT1S", "P1DT", "P1D1W", "PT1M1H", "P1W1W", "P4WT1M", "P29D",
        "-PT5M", "PT-5M",
        "P1.5D", "PT1H30", "15 m", "15min", "PT99999999999999999999M", "PTT1M", "P1D PT1H", "1m1h",
    ])
    func `what is no duration up to four weeks is refused`(text: String) {
        #expect(ReminderOffset(text) == nil)
    }

    static let entries: [(json: JSON, written: JSON)] = [
        (["before": "PT30M"], ["before": "PT30M"]), ("15m", ["before": "PT15M"]),
        (["remind_at": "2026-03-05T17:00:00+01:00"], ["remind_at": "2026-03-05T16:00:00Z"]),
        (["before": "P1D", "remind_at": .null], ["before": "P1D"]),
    ]

    @Test(arguments: Self.entries)
    func `entries are read from their forms and written as objects`(json: JSON, written: JSON) throws {
        #expect(try ReminderSpec(json: json).json == written)
    }

    static let refusedEntries: [(json: JSON, field: String)] = [
        (["before": "PT30S"], "/before"), (["remind_at": "tomorrow"], "/remind_at"), ([:], ""), (30, ""), ("soon", ""),
        (["before": "PT1H", "remind_at": "2026-03-05T17:00:00Z"], ""), (["after": "PT1H"], ""),
        (["before": 30], "/before"),
    ]

    @Test(arguments: Self.refusedEntries)
    func `other entries are refused, the field named`(json: JSON, field: String) {
        let refusal = #expect(throws: FieldProblem.self) { try ReminderSpec(json: json) }
        #expect(refusal?.code == "invalid_reminder")
        #expect(refusal?.field == field)
    }

    @Test func `without a due only reminders at an instant come`() throws {
        let specs: [ReminderSpec] = try ["PT30M", ["remind_at": "2026-03-05T16:00:00Z"]].map {
            try ReminderSpec(json: $0)
        }
        let found = reminderInstants(specs, due: nil, zone: .utc, now: try #require(Timestamp("2026-03-05T15:59:59Z")))
        #expect(found.map(\.remindAt.rfc3339) == ["2026-03-05T16:00:00Z"])
        #expect(found.map(\.state) == ["pending"])
    }
}
