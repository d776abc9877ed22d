import TaskDomain
import TestKit
import Testing
import WireValues

struct RuleReadingTests {
    @Test(arguments: [
        // No FREQ, a part twice, values that cannot be read.
        ("INTERVAL=2", "malformed_rule"), ("", "malformed_rule"), ("FREQ=DAILY;FREQ=WEEKLY", "malformed_rule"),
        ("FREQ=DAILY;", "malformed_rule"), ("FREQ", "malformed_rule"), ("FREQ=", "malformed_rule"),
        ("FREQ=OFTEN", "malformed_rule"), ("FREQ=DAILY;INTERVAL=two", "malformed_rule"),
        ("every day", "malformed_rule"),
        ("FREQ=WEEKLY;BYDAY=XX", "malformed_rule"), ("FREQ=WEEKLY;BYDAY=MO,", "malformed_rule"),
        ("FREQ=WEEKLY;WKST=X", "malformed_rule"), ("FREQ=DAILY;UNTIL=tomorrow", "malformed_rule"),
        ("FREQ=MONTHLY;SKIP=BACKWARD", "malformed_rule"), ("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=UP", "malformed_rule"),
        ("FREQ=DAILY;=1", "malformed_rule"), ("FREQ==DAILY", "malformed_rule"),
        // Parts and places that are not in the table.
        ("FREQ=HOURLY", "unsupported_part"), ("FREQ=SECONDLY;COUNT=3", "unsupported_part"),
        ("FREQ=DAILY;BYHOUR=9", "unsupported_part"), ("FREQ=YEARLY;BYYEARDAY=100", "unsupported_part"),
        ("FREQ=YEARLY;BYWEEKNO=20", "unsupported_part"), ("FREQ=DAILY;X-NEW=1", "unsupported_part"),
        ("FREQ=YEARLY;BYDAY=MO", "unsupported_part"), ("FREQ=WEEKLY;BYMONTHDAY=1", "unsupported_part"),
        ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=1", "unsupported_part"), ("FREQ=MONTHLY;BYSETPOS=1", "unsupported_part"),
        ("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD", "unsupported_part"),
        ("RSCALE=HEBREW;FREQ=YEARLY", "unsupported_part"),
        ("FREQ=DAILY;RDATE=20260101", "unsupported_part"),
        // Values out of range.
        ("FREQ=DAILY;INTERVAL=0", "invalid_interval"), ("FREQ=DAILY;INTERVAL=1000", "invalid_interval"),
        ("FREQ=DAILY;INTERVAL=-1", "invalid_interval"),
        ("FREQ=DAILY;INTERVAL=99999999999999999999", "invalid_interval"),
        ("FREQ=DAILY;COUNT=0", "invalid_count"), ("FREQ=DAILY;COUNT=-3", "invalid_count"),
        ("FREQ=DAILY;UNTIL=20261301", "invalid_until"), ("FREQ=DAILY;UNTIL=20261231T100000", "invalid_until"),
        ("FREQ=DAILY;UNTIL=20261231T250000Z", "invalid_until"), ("FREQ=MONTHLY;BYDAY=6MO", "invalid_byday"),
        ("FREQ=MONTHLY;BYDAY=0MO", "invalid_byday"), ("FREQ=WEEKLY;BYDAY=1MO", "invalid_byday"),
        ("FREQ=DAILY;BYDAY=-1FR", "invalid_byday"), ("FREQ=MONTHLY;BYMONTHDAY=32", "invalid_bymonthday"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "invalid_bymonthday"), ("FREQ=MONTHLY;BYMONTHDAY=-32", "invalid_bymonthday"),
        ("FREQ=YEARLY;BYMONTH=13", "invalid_bymonth"), ("FREQ=YEARLY;BYMONTH=-1", "invalid_bymonth"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "invalid_bysetpos"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367", "invalid_bysetpos"),
        ("FREQ=DAILY;COUNT=5;UNTIL=20261231", "conflicting_end"),
        // No date at all.
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "rule_never_matches"),
        ("FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31", "rule_never_matches"),
        ("FREQ=MONTHLY;BYDAY=MO;BYMONTHDAY=1;BYSETPOS=2", "rule_never_matches"),
        ("FREQ=YEARLY;INTERVAL=61", "rule_never_matches"),
        ("FREQ=MONTHLY;INTERVAL=721", "rule_never_matches"),
    ])
    func `RRULE text outside of the table is refused with the code that says why`(text: String, code: String) {
        let refusal = #expect(throws: FieldProblem.self) { try RecurrenceRule(text: text) }
        #expect(refusal?.code == code)
        #expect(#expect(throws: FieldProblem.self) { try RecurrenceRule(json: ["rrule": JSON(text)]) }?.code == code)
    }

    @Test(arguments: [
        ("freq=weekly;byday=mo,tu;wkst=su", "FREQ=WEEKLY;BYDAY=MO,TU;WKST=SU"),
        ("RRULE:INTERVAL=1;FREQ=DAILY", "FREQ=DAILY"),
        ("FREQ=MONTHLY;BYMONTHDAY=31,-1,15,31", "FREQ=MONTHLY;BYMONTHDAY=-1,15,31"),
        ("FREQ=MONTHLY;BYDAY=-1FR,MO,1TU,MO", "FREQ=MONTHLY;BYDAY=-1FR,MO,1TU"),
        ("COUNT=7;BYMONTH=3,1;FREQ=YEARLY", "FREQ=YEARLY;BYMONTH=1,3;COUNT=7"),
        ("FREQ=DAILY;UNTIL=20261231T170000Z", "FREQ=DAILY;UNTIL=20261231T170000Z"),
        (
            "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD",
            "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD"
        ),
        ("RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=OMIT", "FREQ=MONTHLY;BYMONTHDAY=31"),
    ])
    func `RRULE text is written in one form`(text: String, written: String) throws {
        let rule = try RecurrenceRule(text: text)
        #expect(rule.rruleText == written)
        #expect(try RecurrenceRule(text: rule.rruleText) == rule)
        #expect(rule.agrees(withText: text))
    }

    @Test func `words, objects and text are all rules`() throws {
        #expect(
            try RecurrenceRule(json: "Weekly").json == [
                "pattern": "weekly", "interval": 1, "anchor": "due", "catch_up": "skip", "month_end": "clamp",
            ])
        let long: JSON = [
            "pattern": "weekly", "interval": 2, "by_weekday": ["TH", "MO"], "anchor": "completion", "catch_up": "each",
            "month_end": "skip", "until": "2026-12-31", "count": .null,
        ]
        let rule = try RecurrenceRule(json: long)
        #expect(rule.rruleText == "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;UNTIL=20261231")
        #expect(try RecurrenceRule(json: rule.json) == rule)
        // Without SKIP, text means RFC 5545: months without the day have no slot. A simple pattern clamps.
        #expect(try RecurrenceRule(json: "FREQ=MONTHLY").monthEnd == .skip)
        #expect(try RecurrenceRule(json: "monthly").monthEnd == .clamp)
        let custom = try RecurrenceRule(json: ["rrule": "FREQ=MONTHLY", "month_end": "clamp"])
        #expect(custom.pattern == .custom)
        #expect(custom.plainRRule == "FREQ=MONTHLY")
        #expect(try RecurrenceRule(text: custom.rruleText) == custom)
    }

    static let refusedObjects: [(json: JSON, code: String, field: String)] = [
        (["interval": 2], "malformed_rule", "/pattern"), (["pattern": "fortnightly"], "malformed_rule", "/pattern"),
        (["pattern": "daily", "interval": 0], "invalid_interval", "/interval"),
        (["pattern": "daily", "interval": "2"], "invalid_interval", "/interval"),
        (["pattern": "daily", "interval": 1.5], "invalid_interval", "/interval"),
        (["pattern": "daily", "count": 0], "invalid_count", "/count"),
        (["pattern": "daily", "until": "tomorrow"], "invalid_until", "/until"),
        (["pattern": "daily", "until": "2026-12-31T10:00:00+01:00"], "invalid_until", "/until"),
        (["pattern": "daily", "until": "2026-12-31", "count": 3], "conflicting_end", "/count"),
        (["pattern": "weekly", "by_weekday": ["XX"]], "invalid_byday", "/by_weekday"),
        (["pattern": "weekly", "by_weekday": "MO"], "invalid_byday", "/by_weekday"),
        (["pattern": "daily", "by_weekday": ["MO"]], "unsupported_part", "/by_weekday"),
        (["pattern": "daily", "rrule": "FREQ=DAILY"], "unsupported_part", "/rrule"),
        (["pattern": "custom"], "malformed_rule", "/rrule"),
        (["pattern": "custom", "rrule": 7], "malformed_rule", "/rrule"),
        (["pattern": "custom", "rrule": "FREQ=DAILY;COUNT=3", "until": "2026-12-31"], "conflicting_end", "/until"),
        (["pattern": "custom", "rrule": "FREQ=DAILY;COUNT=3", "count": 4], "conflicting_end", "/count"),
        (["pattern": "custom", "rrule": "FREQ=DAILY;INTERVAL=3", "interval": 2], "recurrence_conflict", "/interval"),
        (
            ["pattern": "custom", "rrule": "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=OMIT", "month_end": "clamp"],
            "recurrence_conflict", "/month_end"
        ),
        (["pattern": "daily", "anchor": "start"], "malformed_rule", "/anchor"),
        (["pattern": "daily", "catch_up": true], "malformed_rule", "/catch_up"),
        (["pattern": "daily", "by_hour": [9]], "unsupported_part", ""), (7, "malformed_rule", ""),
        (["daily"], "malformed_rule", ""),
        ("fortnightly", "malformed_rule", ""), ("custom", "malformed_rule", ""),
    ]

    @Test(arguments: Self.refusedObjects)
    func `objects outside of the table are refused, the field named`(json: JSON, code: String, field: String) {
        let refusal = #expect(throws: FieldProblem.self) { try RecurrenceRule(json: json) }
        #expect(refusal?.code == code)
        #expect(refusal?.field == field)
    }

    static let patternsBeside: [(json: JSON, word: String, agrees: Bool)] = [
        ("daily", "daily", true), ("daily", "weekly", false), ("FREQ=WEEKLY;BYDAY=MO", "weekly", true),
        ("FREQ=WEEKLY;BYDAY=MO", "custom", true), ("FREQ=WEEKLY;BYDAY=MO", "daily", false),
    ]

    @Test(arguments: Self.patternsBeside)
    func `a pattern beside a rule agrees or not`(json: JSON, word: String, agrees: Bool) throws {
        #expect(try RecurrenceRule(json: json).agrees(withPattern: word) == agrees)
    }

    static let textsBeside: [(json: JSON, text: String, agrees: Bool)] = [
        ("monthly", "FREQ=MONTHLY", true), ("monthly", "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD", true),
        ("monthly", "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=OMIT", false), ("monthly", "FREQ=MONTHLY;INTERVAL=2", false),
        ("weekly", "FREQ=WEEKLY;BYDAY=MO", false), ("daily", "nonsense", false),
    ]

    @Test(arguments: Self.textsBeside)
    func `text beside a rule agrees unless it says otherwise`(json: JSON, text: String, agrees: Bool) throws {
        #expect(try RecurrenceRule(json: json).agrees(withText: text) == agrees)
    }

    @Test func `text put together and broken at random is read back equal, or refused`() throws {
        let seed: UInt64 = 20_260_305
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "FREQ=", "DAILY", "WEEKLY", "MONTHLY", "YEARLY", "INTERVAL=2", "COUNT=3", "UNTIL=20300101",
            "UNTIL=20300101T000000Z",
            "WKST=SU", "BYDAY=", "MO", "1TU", "-1FR", "BYMONTHDAY=", "31", "-1", "BYMONTH=", "2", "BYSETPOS=",
            "RSCALE=GREGORIAN",
            "SKIP=BACKWARD", "SKIP=OMIT", ",", ";", ";", ";", "=", "0", "é", "\u{0}", "999999999999999999999",
        ]
        var read = 0
        for _ in 0..<30_000 {
            var text =
                Bool.random(using: &random)
                ? "FREQ=MONTHLY;" : ["FREQ=DAILY", "FREQ=YEARLY", ""].randomElement(using: &random) ?? ""
            for _ in 0..<Int.random(in: 0...7, using: &random) { text += pieces.randomElement(using: &random) ?? "" }
            guard let rule = try? RecurrenceRule(text: text) else { continue }  // refused, which is fine here
            read += 1
            #expect(try RecurrenceRule(text: rule.rruleText) == rule, "\(text)")
            #expect(try RecurrenceRule(json: rule.json) == rule, "\(text)")
        }
        #expect(read > 500)
    }
}
