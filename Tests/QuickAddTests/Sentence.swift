import TaskDomain
import Testing
import WireValues

/// A sentence with what it should say, as a row of a table: `title | due | else`, the rest in the order priority, tags,
/// repetition, reminders, warnings.
struct Sentence: CustomTestStringConvertible, Sendable {
    let text: String
    let expected: String
    let now: String
    let settings: QuickAddSettings

    /// `now` is a Wednesday unless given.
    init(
        _ text: String, _ expected: String, now: String = "2026-03-04T10:15:00",
        settings: QuickAddSettings = QuickAddSettings()
    ) {
        self.text = text
        self.expected = expected
        self.now = now
        self.settings = settings
    }

    var testDescription: String { text }

    func check(ignoring: Set<QuickAddKind> = []) throws {
        let wall = try #require(WallTime(now))
        let result = try QuickAdd.parse(text, now: wall, settings: settings, ignoring: ignoring)
        #expect(result.row == expected)
    }
}

extension QuickAddResult {
    /// The result as a row of a table.
    var row: String {
        var rest: [String] = []
        if let priority { rest.append(priority.rawValue) }
        rest += tags.map { "#" + $0 }
        if let recurrence {
            rest.append(recurrence.rrule + (recurrence.anchor == .completion ? " after completion" : ""))
        }
        if let reminders {
            rest.append(reminders.isEmpty ? "remind none" : "remind " + reminders.joined(separator: " "))
        }
        rest += warnings.map(\.rawValue)
        return [title, due?.minuteText ?? "-", rest.joined(separator: ", ")].joined(separator: " | ")
    }
}
