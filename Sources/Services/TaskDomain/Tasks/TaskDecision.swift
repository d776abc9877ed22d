package import WireValues

/// A task as it is stored: with what only the task API knows of it.
package struct StoredTask: Hashable, Sendable {
    package var task: TodoTask
    /// The task whose completion made this one.
    package var previousTaskID: Int64?

    package init(_ task: TodoTask, previousTaskID: Int64? = nil) {
        self.task = task
        self.previousTaskID = previousTaskID
    }
}

/// What an act changes on one task: exactly one event.
package struct TaskChange: Hashable, Sendable {
    package var kind: TaskEvent.Kind
    /// nil when the task is new.
    package var before: StoredTask?
    /// For `deleted` the last state, with the version of the deletion.
    package var after: StoredTask
    package var reason: TaskEvent.Reason?
    package var skippedOccurrences: Int?

    /// - Parameter id: Of the event, made with the change.
    package func event(id: String, actor: Actor, trace: EventTrace, taskData: JSON) -> TaskEvent {
        let task = after.task
        return TaskEvent(
            id: id, kind: kind, timestamp: task.updatedAt, task: task,
            changes: kind == .updated || kind == .completed
                ? TodoTask.changes(from: before?.task.json ?? .null, to: taskData) : JSONObject(),
            reason: reason, actor: actor,
            previousTaskID: kind == .created && reason == .recurrence ? after.previousTaskID : nil,
            skippedOccurrences: skippedOccurrences, trace: trace)
    }
}

/// What an act comes to: all of it is to be written in one transaction, or none.
package struct TaskDecision: Hashable, Sendable {
    /// In the order of their events. Empty when nothing changes: then nothing is published.
    package var changes: [TaskChange] = []
    /// The series as it is to be stored; nil when it stays as it is.
    package var series: Series?
    /// The key under which a successor was made: stored with it, known for ever after.
    package var newKey: String?
    /// The key of a successor that was withdrawn: to be forgotten, so that it may be made once more.
    package var withdrawnKey: String?
    /// The task that the act was about, as it is afterwards; nil when it is gone, or none was made.
    package var result: TodoTask?

    package init(
        changes: [TaskChange] = [], series: Series? = nil, newKey: String? = nil, withdrawnKey: String? = nil,
        result: TodoTask? = nil
    ) {
        self.changes = changes
        self.series = series
        self.newKey = newKey
        self.withdrawnKey = withdrawnKey
        self.result = result
    }
}

/// What is known of a task and its series when an act is decided. Read in the transaction that writes the decision.
package struct TaskSituation: Hashable, Sendable {
    package var stored: StoredTask
    /// The series of the task; nil for one-off tasks.
    package var series: Series?
    /// The head of that series when it is another task than this one.
    package var head: StoredTask?
    /// Whether a successor of this task was made and not withdrawn.
    package var hasSuccessor: Bool

    package init(_ stored: StoredTask, series: Series? = nil, head: StoredTask? = nil, hasSuccessor: Bool = false) {
        self.stored = stored
        self.series = series
        self.head = head
        self.hasSuccessor = hasSuccessor
    }

    package var task: TodoTask { stored.task }

    /// How a task stands to its series.
    enum Standing {
        case oneOff
        /// The one open occurrence of a living series.
        case head(Series)
        /// Completed, and no successor was made so far.
        case last(Series)
        /// History, reopened beside the line, or of a series that is over.
        case outside(Series)
    }

    var standing: Standing {
        guard task.seriesID != nil, let series else { return .oneOff }
        if series.state == .live {
            if series.headID == task.id, !task.completed { return .head(series) }
            if isEndOfLine(series) { return .last(series) }
        }
        return .outside(series)
    }

    /// Completed last, with nothing behind it.
    func isEndOfLine(_ series: Series) -> Bool {
        series.headID == nil && task.completed && !hasSuccessor && task.seriesVersion == series.version
    }
}
