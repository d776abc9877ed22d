import TaskDomain
import Testing
import WireValues

struct QuickAddSpanTests {
    private static let now = "2026-03-04T10:15:00"
    private static let line =
        "add high priority task Ünal call every monday at 5pm #Work remind 1h before, low priority"

    private func parse(_ text: String, ignoring: Set<QuickAddKind> = []) throws -> QuickAddResult {
        try QuickAdd.parse(text, now: try #require(WallTime(Self.now)), ignoring: ignoring)
    }

    @Test func `each part says where it stands, in code points, and what it means`() throws {
        let result = try parse(Self.line)
        let points = Array(Self.line.unicodeScalars)
        let parts = result.spans.map { span in
            var text = String.UnicodeScalarView()
            text.append(contentsOf: points[span.start..<span.end])
            return "\(span.kind.rawValue): \(String(text)): \(span.value.text)"
        }
        #expect(
            parts == [
                "command: add: null", #"priority: high priority: "high""#, "command: task: null",
                #"recurrence: every monday: "FREQ=WEEKLY;BYDAY=MO""#, #"due: at 5pm: "17:00""#,
                #"tags: #Work: ["work"]"#,
                #"reminders: remind 1h before: ["PT1H"]"#, #"priority: low priority: "low""#,
            ])
        #expect(result.row == "Ünal call | 2026-03-09T17:00 | low, #work, FREQ=WEEKLY;BYDAY=MO, remind PT1H")
    }

    @Test func `a dry run's answer has every member`() throws {
        let expected: JSON = [
            "title": "Call Ann", "due": "2026-03-05T17:00", "priority": .null, "tags": [], "recurrence": .null,
            "reminders": .null, "warnings": [],
            "spans": [
                ["kind": "due", "start": 9, "end": 17, "value": "2026-03-05"],
                ["kind": "due", "start": 18, "end": 21, "value": "17:00"],
            ],
        ]
        #expect(try parse("Call Ann tomorrow 5pm").json == expected)
    }

    @Test(arguments: [
        "every day", "every! 3 days", "every 2 weeks on mon and thu", "every month on the 31st", "every 3rd friday",
        "every last weekday", "every last day", "every jan 27", "every 1st and 15th 4 times",
        "every quarter until 2027-01-01",
    ])
    func `the rule of the task is one that recurrence accepts and reads the same`(phrase: String) throws {
        let recurrence = try #require(try parse("Do it " + phrase).recurrence)
        let rule = try RecurrenceRule(json: recurrence.ruleJSON)
        #expect(rule.plainRRule == recurrence.rrule)
        #expect(rule.monthEnd == .clamp)
        #expect(rule.anchor.rawValue == recurrence.anchor.rawValue)
    }

    @Test(arguments: [
        (QuickAddKind.due, "Call at 5pm | 2026-03-09 | high, #work, FREQ=WEEKLY;BYDAY=MO, remind PT1H"),
        (.tags, "Call #Work | 2026-03-09T17:00 | high, FREQ=WEEKLY;BYDAY=MO, remind PT1H"),
        (.priority, "Call p1 | 2026-03-09T17:00 | #work, FREQ=WEEKLY;BYDAY=MO, remind PT1H"),
        (.recurrence, "Call every monday | 2026-03-04T17:00 | high, #work, remind PT1H"),
        (.reminders, "Call remind 1h before | 2026-03-09T17:00 | high, #work, FREQ=WEEKLY;BYDAY=MO"),
    ])
    func `kinds that the request ignores stay text`(kind: QuickAddKind, expected: String) throws {
        let result = try parse("Call p1 every monday at 5pm #Work remind 1h before", ignoring: [kind])
        #expect(result.row == expected)
        #expect(!result.spans.contains { $0.kind == kind })
    }

    @Test func `a line that is too long or empty is refused by name`() throws {
        #expect(throws: FieldProblem.self) { try parse("") }
        #expect(throws: FieldProblem.self) { try parse(" \n\t ") }
        #expect(throws: FieldProblem.self) { try parse(String(repeating: "é", count: 1_001)) }
        #expect(try parse(String(repeating: "é", count: 1_000)).title.unicodeScalars.count == 1_000)
        do {
            _ = try parse(String(repeating: "x ", count: 501))
            Issue.record("accepted")
        } catch let problem as FieldProblem {
            #expect(problem.code == "text_too_long")
            #expect(problem.field == "/text")
        }
    }

    @Test func `settings are read leniently and refused by name`() throws {
        #expect(try QuickAddSettings(json: nil) == QuickAddSettings())
        for text in ["sunday", "Sun", "SU"] {
            #expect(try QuickAddSettings(json: ["week_start": .string(text)]).weekStart == .sunday)
        }
        #expect(try QuickAddSettings(json: ["date_order": "mdy", "week_start": .null]).dateOrder == .mdy)
        #expect(throws: FieldProblem.self) { try QuickAddSettings(json: ["date_order": "ymd"]) }
        #expect(throws: FieldProblem.self) { try QuickAddSettings(json: ["week_start": 7]) }
    }
}
