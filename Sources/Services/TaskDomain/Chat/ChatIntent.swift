package import WireValues

/// What a sentence asks for.
package enum ChatIntent: Hashable, Sendable {
    case add(QuickAddResult)
    case list(ChatQuery)
    case show(TaskReference)
    case complete(TaskReference)
    case reopen(TaskReference)
    case skip(TaskReference)
    case delete(TaskReference)
    /// No further occurrences; the open one stays.
    case cancelSeries(TaskReference)
    case update(TaskReference, ChatChange)
    /// Nothing is done; the sentence is answered with a question.
    case unclear(ChatClarification)
}

extension ChatIntent {
    /// One word for the answer and for metrics.
    package var name: String {
        switch self {
        case .add: "add"
        case .list: "list"
        case .show: "show"
        case .complete: "complete"
        case .reopen: "reopen"
        case .skip: "skip"
        case .delete: "delete"
        case .cancelSeries: "cancel_series"
        case .update: "update"
        case .unclear: "unclear"
        }
    }

    /// What was understood: `intent`, and what it needs.
    package var json: JSON {
        var json: JSON = ["intent": .string(name)]
        switch self {
        case .add(let task): json["reading"] = task.json
        case .list(let query): json["query"] = query.json
        case .show(let task), .complete(let task), .reopen(let task), .skip(let task), .delete(let task),
            .cancelSeries(let task):
            json["task"] = task.json
        case .update(let task, let change):
            json["task"] = task.json
            json["changes"] = change.json
        case .unclear(let clarification): json["clarification"] = clarification.json
        }
        return json
    }
}

/// Why a sentence was not carried out, and what to say instead.
package struct ChatClarification: Hashable, Sendable {
    package enum Reason: String, CaseIterable, Sendable {
        /// No form of command that we know.
        case unknownCommand = "unknown_command"
        /// The command is clear, the task is not: "delete it".
        case missingTask = "missing_task"
        /// "change the priority of report to".
        case missingValue = "missing_value"
        /// "change the due date of report to purple".
        case unreadableValue = "unreadable_value"
        /// "complete all tasks": several at once are not offered.
        case oneAtATime = "one_at_a_time"
    }

    package let reason: Reason
    /// What is clear so far: a JSON object with the members that `ChatIntent.json` would have.
    package let understood: JSON
    /// For people: what was understood, what is missing.
    package let message: String
    /// Sentences that work.
    package let examples: [String]

    package var json: JSON {
        [
            "reason": .string(reason.rawValue), "understood": understood, "message": .string(message),
            "examples": JSON(examples),
        ]
    }
}
