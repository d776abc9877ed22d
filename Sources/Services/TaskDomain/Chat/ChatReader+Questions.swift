internal import WireValues

extension ChatReader {
    /// A question back: what is clear, what is not.
    func missing(_ reason: ChatClarification.Reason, _ understood: JSON, _ what: String) -> ChatIntent {
        .unclear(
            ChatClarification(
                reason: reason, understood: understood, message: "I understood \(what).",
                examples: Self.examples[understood["intent"]?.string ?? ""] ?? Self.mixedExamples))
    }

    /// No form fits. If the sentence would make a task by itself, that is offered.
    func unknown(_ whole: QuickAddResult) -> ChatIntent {
        .unclear(
            ChatClarification(
                reason: .unknownCommand, understood: ["quick_add": whole.json],
                message: "I do not know this form of command. To make it a task, say: add task \(sentence.text)",
                examples: ["add task \(sentence.text)"] + Self.mixedExamples))
    }

    /// An intent's name in a sentence.
    static func described(_ name: String) -> String {
        switch name {
        case "complete": "that something is done"
        case "reopen": "that something is open again"
        case "skip": "that an occurrence is to be skipped"
        case "delete": "that something is to be deleted"
        case "cancel_series": "that a repetition ends"
        case "update": "that something is to be changed"
        default: "\"\(name)\""
        }
    }

    private static let mixedExamples = [
        "add task buy groceries due tomorrow at 5pm", "show my high priority tasks", "mark buy groceries as done",
        "change the due date of buy groceries to friday", "delete task 12",
    ]

    private static let examples: [String: [String]] = [
        "add": ["add task buy groceries due tomorrow at 5pm", "remind me to call Ann at noon"],
        "complete": ["complete task 12", "mark buy groceries as done"],
        "reopen": ["reopen task 12", "mark buy groceries as not done"],
        "skip": ["skip task 12", "skip water the plants"],
        "delete": ["delete task 12", "delete the dentist task"],
        "cancel_series": ["stop repeating task 12", "cancel the series of water the plants"],
        "update": [
            "change the due date of report to friday", "set priority of 12 to high", "rename task 12 to Call Ann",
            "move the dentist task to tomorrow at 9am", "add tag home to task 12",
        ],
    ]
}
