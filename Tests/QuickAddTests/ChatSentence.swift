import TaskDomain
import Testing
import WireValues

/// A sentence with what it should ask for, as one line: the intent's name, the task, and what else it says.
struct ChatSentence: CustomTestStringConvertible, Sendable {
    let text: String
    let expected: String

    init(_ text: String, _ expected: String) {
        self.text = text
        self.expected = expected
    }

    var testDescription: String { text }

    /// It is Wednesday, 4 March 2026, 10:15.
    static let now = WallTime(date: CivilDate(dayNumber: 20_516), secondOfDay: 36_900)

    func check() throws {
        #expect(try Chat.parse(text, now: Self.now).row == expected)
    }
}

extension ChatIntent {
    var row: String {
        switch self {
        case .add(let task): "add \(task.row)"
        case .list(let query): "list " + query.json.text
        case .show(let task), .complete(let task), .reopen(let task), .skip(let task), .delete(let task),
            .cancelSeries(let task):
            "\(name) \(task.text)"
        case .update(let task, let change): "update \(task.text) " + change.json.text
        case .unclear(let question): "unclear \(question.reason.rawValue)"
        }
    }
}
