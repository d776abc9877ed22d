package import TaskDomain
import TestKit
import WireValues

/// Something that input brought about and that must not be.
package struct FuzzFinding: Error, CustomStringConvertible {
    package let description: String
}

/// Feeds the readers of outside input with random and damaged input, and checks what must hold of every result.
///
/// The same seed gives the same input. A crash is a finding, too, of course: run it with the seed that was printed.
package struct DomainFuzzer {
    private var generator: SeededGenerator
    private var lines: RandomLines
    private var rules: RandomRules
    private var events: RandomEvents
    private var runs = 0
    private var accepted = 0

    package init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        lines = RandomLines(seed: seed &+ 1)
        rules = RandomRules(seed: seed &+ 2)
        events = RandomEvents(seed: seed &+ 3)
    }

    /// Runs until the time is over. - Throws: `FuzzFinding`.
    package mutating func run(for duration: Duration) throws {
        let clock = ContinuousClock()
        let end = clock.now + duration
        while clock.now < end { try run(iterations: 500) }
    }

    /// One iteration feeds each reader once. - Throws: `FuzzFinding`.
    package mutating func run(iterations: Int) throws {
        for _ in 0..<iterations {
            runs += 1
            try sentence()
            try command()
            try rule()
            try event()
        }
    }

    /// How much was tried.
    package var summary: String { "\(runs) of each, \(accepted) rules and events accepted, nothing found" }

    private mutating func sentence() throws {
        let line = Bool.random(using: &generator) ? lines.next() : lines.noise()
        let now = WallTime(
            date: CivilDate(dayNumber: .random(in: 0...83_000, using: &generator)),
            secondOfDay: .random(in: 0..<86_400, using: &generator))
        let settings = QuickAddSettings(
            dateOrder: [nil, .dmy, .mdy].randomElement(using: &generator) ?? nil,
            weekStart: Weekday.allCases.randomElement(using: &generator) ?? .monday)
        let ignored = Set(QuickAddKind.allCases.filter { _ in Int.random(in: 0..<8, using: &generator) == 0 })
        do {
            let result = try QuickAdd.parse(line, now: now, settings: settings, ignoring: ignored)
            if let problem = Self.problem(line, result) {
                throw FuzzFinding(
                    description: "\(line.debugDescription) at \(now.text): \(problem): \(result.json.text)")
            }
            if let recurrence = result.recurrence {
                let rule = try RecurrenceRule(json: recurrence.ruleJSON)
                guard rule.plainRRule == recurrence.rrule else {
                    throw FuzzFinding(
                        description: "\(line.debugDescription): \(recurrence.rrule), read \(rule.plainRRule)")
                }
            }
        } catch let problem as FieldProblem {
            throw FuzzFinding(description: "\(line.debugDescription) at \(now.text): \(problem)")
        }
    }

    private mutating func command() throws {
        let line = Bool.random(using: &generator) ? lines.command() : lines.noise()
        let now = WallTime(date: CivilDate(dayNumber: .random(in: 0...83_000, using: &generator)), secondOfDay: 36_900)
        let intent = try Chat.parse(line, now: now)
        switch intent {
        case .complete(.words("")), .reopen(.words("")), .skip(.words("")), .delete(.words("")), .update(.words(""), _):
            throw FuzzFinding(description: "\(line.debugDescription): a task without a name: \(intent.json.text)")
        case .update(_, let change):
            if change.isEmpty { throw FuzzFinding(description: "\(line.debugDescription): nothing to change") }
            _ = change.due(of: nil, now: now)
            _ = change.due(of: now, now: now)
        default: break
        }
    }

    private mutating func rule() throws {
        let json = rules.next()
        let rule: RecurrenceRule
        do { rule = try RecurrenceRule(json: json) } catch { return }
        accepted += 1
        func expect(_ holds: Bool, _ what: String) throws {
            if !holds { throw FuzzFinding(description: "rule \(json.text): \(what)") }
        }
        try expect(try RecurrenceRule(json: rule.json) == rule, "its own JSON reads differently")
        let anchor = WallTime(
            date: CivilDate(dayNumber: .random(in: 0...40_000, using: &generator)),
            secondOfDay: Bool.random(using: &generator) ? nil : .random(in: 0..<86_400, using: &generator))
        let slots = rule.slots(from: anchor, in: .utc, limit: 6)
        for (slot, next) in zip(slots, slots.dropFirst()) {
            try expect(slot.scheduledLocal < next.scheduledLocal, "slots from \(anchor.text) do not ascend")
        }
        let position = SeriesPosition(rule: rule, anchorLocal: anchor, zone: .utc, scheduledLocal: anchor, index: 1)
        let completed = TimeZoneRules.utc.instant(of: anchor)
        if case .slot(let local, _, let index, _) = RecurrenceRule.successor(of: position, completedAt: completed),
            rule.anchor == .due
        {
            try expect(local > anchor && index > 1, "the successor of \(anchor.text) is \(local.text), number \(index)")
        }
    }

    private mutating func event() throws {
        let bytes = events.next()
        let event: CloudEvent
        do { event = try CloudEvent(parsing: bytes) } catch { return }
        accepted += 1
        // A bare payload has no source, so it is no complete envelope; ours always is.
        if !event.source.isEmpty {
            var written = event
            written.time = written.time.truncatedToMilliseconds
            guard let again = try? CloudEvent(parsing: event.bytes), again == written else {
                throw FuzzFinding(
                    description: "event \(String(decoding: bytes, as: UTF8.self)): its own bytes read differently")
            }
        }
        // Whatever the type says, reading the payload ends in a value or a typed error.
        _ = try? TaskEvent(event)
        _ = try? ClientUpdate(event)
        _ = try? ReminderDue(event)
        _ = try? CreateTaskCommand(event)
    }

    /// What is wrong with a reading of `line`, nil when nothing is: spans lie in the line, in order and apart, and every word
    /// outside them is in the title.
    package static func problem(_ line: String, _ result: QuickAddResult) -> String? {
        if result.title.isEmpty { return "no title" }
        let points = Array(line.unicodeScalars)
        var end = 0
        var left: [Unicode.Scalar] = []
        for span in result.spans {
            guard span.start >= end, span.end > span.start, span.end <= points.count else { return "spans" }
            left += points[end..<span.start]
            end = span.end
        }
        left += points[end...]
        // Marks of literals, separators and white space may go; words may not.
        func words(_ scalars: some Sequence<Unicode.Scalar>) -> [Unicode.Scalar] {
            scalars.filter { $0.value > 0x20 && !#"\",;:-–—"#.unicodeScalars.contains($0) }
        }
        let expected = result.warnings.contains(.titleFromInput) ? words(points) : words(left)
        return words(result.title.unicodeScalars) == expected ? nil : "words"
    }
}
