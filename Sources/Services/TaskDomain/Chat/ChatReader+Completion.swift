internal import WireValues

extension ChatReader {
    private static let done = ["done", "complete", "completed", "finished", "closed"]
    private static let open = [
        "not done", "not completed", "not complete", "not finished", "undone", "incomplete", "open", "pending",
        "unfinished",
        "active", "todo", "to-do",
    ]

    /// `mark X as done`, `complete X`, `I finished X`, `X is done`; `reopen X`; `skip X`.
    func completion(_ command: ChatPhrase) -> ChatIntent? {
        if let rest = command.dropping(["mark", "set", "flag"]) {
            // "not done" ends in "done": the longer ending first.
            if let task = ended(rest, Self.open) { return withTask(task, "reopen", ChatIntent.reopen) }
            if let task = ended(rest, Self.done) { return withTask(task, "complete", ChatIntent.complete) }
            if let task = begun(rest, Self.open) { return withTask(task, "reopen", ChatIntent.reopen) }
            if let task = begun(rest, Self.done) { return withTask(task, "complete", ChatIntent.complete) }
        }
        if let rest = command.dropping([
            "reopen", "re-open", "uncomplete", "uncheck", "unmark", "restore", "undo", "open again",
        ]) {
            return withTask(rest, "reopen", ChatIntent.reopen)
        }
        if let rest = command.dropping([
            "skip the next occurrence of", "skip the next occurrence for", "skip this occurrence of", "skip the next",
            "skip this", "skip next", "skip",
        ]) {
            return withTask(rest, "skip", ChatIntent.skip)
        }
        if let rest = command.dropping([
            "complete", "finish", "close", "check off", "tick off", "cross off", "tick", "done with", "i'm done with",
            "i am done with", "i finished", "i have finished", "i've finished", "i completed", "i have completed",
            "i've completed", "i did", "i have done", "i've done",
        ]) {
            return withTask(rest, "complete", ChatIntent.complete)
        }
        if let rest = command.dropping(["check", "cross"]), let task = rest.droppingEnd(["off"]) {
            return withTask(task, "complete", ChatIntent.complete)
        }
        let isQuestion = command.dropping(["what", "which", "how", "is", "what's", "show", "list", "who"]) != nil
        if !isQuestion, let task = command.droppingEnd(["is done", "is complete", "is completed", "is finished"]),
            !task.isEmpty
        {
            return withTask(task, "complete", ChatIntent.complete)
        }
        return nil
    }

    private func ended(_ phrase: ChatPhrase, _ states: [String]) -> ChatPhrase? {
        phrase.droppingEnd(states.flatMap { ["as \($0)", "to \($0)", $0] })
    }

    private func begun(_ phrase: ChatPhrase, _ states: [String]) -> ChatPhrase? {
        phrase.dropping(states.map { "as \($0)" })
    }

    /// `stop repeating X`, `cancel the series of X`.
    func seriesEnd(_ command: ChatPhrase) -> ChatIntent? {
        let names = ["series", "recurrence", "repetition", "repeat", "all future occurrences", "future occurrences"]
        let openings = ["cancel", "end", "stop", "remove", "delete"].flatMap { verb in
            names.flatMap { name in
                ["of", "for", "from"].flatMap { ["\(verb) the \(name) \($0)", "\(verb) \(name) \($0)"] }
            }
        }
        if let rest = command.dropping(
            openings + ["stop repeating", "don't repeat", "do not repeat", "no longer repeat"])
        {
            let task = rest.droppingEnd(["anymore", "any more", "again"]) ?? rest
            return withTask(task, "cancel_series", ChatIntent.cancelSeries)
        }
        if let rest = command.dropping(["stop"]), let task = rest.droppingEnd(["from repeating", "repeating"]) {
            return withTask(task, "cancel_series", ChatIntent.cancelSeries)
        }
        return nil
    }

    /// `delete X`, `remove X from my list`; `remove the due date of X`.
    func deletion(_ command: ChatPhrase) -> ChatIntent? {
        if let rest = command.dropping(["remove", "clear", "delete", "drop"]) {
            if let (field, task) = fieldAndTask(rest, behind: ["of", "from", "for", "on"]) {
                var change = ChatChange()
                switch field {
                case .due, .time: change.due = .remove
                case .reminders: change.reminders = []
                case .tags: change.tags = []
                case .recurrence: return withTask(task, "cancel_series", ChatIntent.cancelSeries)
                case .title, .priority: return nil
                }
                return withTask(task, "update") { .update($0, change) }
            }
        }
        guard
            let rest = command.dropping([
                "delete", "remove", "erase", "trash", "drop", "discard", "cancel", "get rid of", "throw away",
            ])
        else { return nil }
        return withTask(rest, "delete", ChatIntent.delete)
    }
}
