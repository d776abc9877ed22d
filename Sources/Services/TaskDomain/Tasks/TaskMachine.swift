package import WireValues

/// What acts on tasks come to: pure functions from a situation, an act and an instant to a decision.
///
/// Every function that changes a task raises its version by one and gives exactly one change for it; one that changes
/// nothing gives none.
package struct TaskMachine: Sendable {
    /// The instant of the act, in whole milliseconds.
    package let now: Timestamp
    package let settings: UserSettings

    package init(now: Timestamp, settings: UserSettings) {
        self.now = now.truncatedToMilliseconds
        self.settings = settings
    }

    /// A new task from what a request says.
    ///
    /// - Parameters:
    ///   - id: Given out by the storage.
    ///   - seriesID: For its series, should it have a rule.
    /// - Throws: what is wrong with the fields beside each other.
    package func create(_ input: TaskInput, id: Int64, userID: String, seriesID: @autoclosure () -> String)
        throws(TaskRefusal) -> TaskDecision
    {
        var task = TodoTask(
            id: id, userID: userID, title: "", createdAt: now, updatedAt: now,
            morningSecondOfDay: settings.morningSecondOfDay)
        task.timeZone = settings.zone.name
        var decision = TaskDecision()
        var series: Series?
        try lay(input.filled(), over: &task)
        if let rule = input.recurrence.value {
            series = try beginSeries(rule, &task, input, id: seriesID())
        }
        decision.changes = [TaskChange(kind: .created, before: nil, after: StoredTask(task))]
        decision.series = series
        decision.result = task
        return decision
    }

    // MARK: - Completing and taking it back

    /// Completes the task; nothing when it is completed already. Whether a successor will come is known at once, the
    /// successor itself is made later, by a command.
    package func complete(_ situation: TaskSituation) -> TaskDecision {
        guard !situation.task.completed else { return TaskDecision(result: situation.task) }
        var task = situation.task
        task.completed = true
        task.completedAt = now
        var decision = TaskDecision()
        var reason: TaskEvent.Reason?
        if case .head(var series) = situation.standing {
            series.headID = nil
            if case .ended(let end) = RecurrenceRule.successor(of: series.position(of: task), completedAt: now) {
                series.state = .ended
                series.endReason = end.rawValue
                reason = .seriesEnded
            }
            decision.series = series
        }
        decision.note(.completed, situation.stored, touched(task), reason)
        return decision
    }

    /// Opens the task again; nothing when it is open. A successor that nobody touched is withdrawn and the task is head
    /// again; else the task is open beside the line.
    package func reopen(_ situation: TaskSituation) -> TaskDecision {
        guard situation.task.completed else { return TaskDecision(result: situation.task) }
        var task = situation.task
        task.completed = false
        task.completedAt = nil
        var decision = TaskDecision()
        if var series = situation.series, task.seriesID != nil {
            if situation.isEndOfLine(series), series.state != .cancelled, series.endReason != Self.deletedReason {
                series.headID = task.id
                series.state = .live
                series.endReason = nil
                decision.series = series
            } else if series.state == .live, let head = situation.head, series.headID == head.task.id,
                head.previousTaskID == task.id, isUntouched(head.task)
            {
                series.headID = task.id
                decision.series = series
                decision.withdraw(head, touched(head.task))
            }
        }
        decision.note(.updated, situation.stored, touched(task), .reopened)
        return decision
    }

    static let deletedReason = "deleted"

    /// Open, as it was made, and no reminder of it has gone out.
    func isUntouched(_ task: TodoTask) -> Bool {
        !task.completed && task.version == 1
            && task.reminderInstants(now: task.createdAt).allSatisfy { $0.isPast || $0.remindAt > now }
    }

    // MARK: - Moving along a series, and out of it

    /// Moves the head to its next slot.
    ///
    /// - Throws: `conflict` when the task is no head of a living series, or there is no further slot.
    package func skip(_ situation: TaskSituation) throws(TaskRefusal) -> TaskDecision {
        let task = situation.task
        let series: Series
        switch situation.standing {
        case .head(let its): series = its
        case .oneOff:
            throw .conflict("not_recurring", "the task does not repeat, so there is no next time to skip to")
        case .last, .outside:
            throw .conflict("not_the_head", "the task is not the open occurrence of a living series")
        }
        let position = series.position(of: task)
        // Never before its own slot: a rule counted from completion would give the same slot again.
        let from = max(now, position.zone.instant(of: position.scheduledLocal))
        guard case .slot(let local, let dueAt, let index, _) = RecurrenceRule.successor(of: position, completedAt: from)
        else {
            throw .conflict("series_over", "there is no further slot; complete or delete the task instead")
        }
        var moved = task
        moved.due = local
        moved.dueAt = dueAt
        moved.timeZone = series.timeZone
        moved.scheduledLocal = local
        moved.occurrenceIndex = index
        var decision = TaskDecision()
        decision.note(.updated, situation.stored, touched(moved), .skipped)
        return decision
    }

    /// Ends the series: no more occurrences. An open head stays as a one-off task. Called on a completed occurrence, a
    /// head that nobody touched is withdrawn.
    package func cancelSeries(_ situation: TaskSituation) -> TaskDecision {
        guard situation.task.seriesID != nil || situation.task.recurrence != nil else {
            return TaskDecision(result: situation.task)
        }
        var task = situation.task
        var decision = TaskDecision()
        leave(situation, &task, &decision)
        decision.note(.updated, situation.stored, touched(task), .seriesCancelled)
        return decision
    }

    /// Takes `task` out of its series and ends that.
    func leave(_ situation: TaskSituation, _ task: inout TodoTask, _ decision: inout TaskDecision) {
        task.leaveSeries()
        guard var series = situation.series, series.state == .live else { return }
        series.state = .cancelled
        series.headID = nil
        series.version += 1
        series.departed = nil
        decision.series = series
        guard let head = situation.head, head.task.id != task.id else { return }
        if situation.task.completed, isUntouched(head.task) {
            decision.withdraw(head, touched(head.task))
        } else {
            var oneOff = head.task
            oneOff.leaveSeries()
            decision.changes.append(
                TaskChange(
                    kind: .updated, before: head,
                    after: StoredTask(touched(oneOff), previousTaskID: head.previousTaskID), reason: .seriesCancelled))
        }
    }

    /// Deletes the task. Without its head a series ends; a completed occurrence is history, and a successor that is
    /// owed still comes.
    package func delete(_ situation: TaskSituation) -> TaskDecision {
        var decision = TaskDecision()
        switch situation.standing {
        case .oneOff, .outside: break
        case .head(var series):
            series.state = .ended
            series.endReason = Self.deletedReason
            series.headID = nil
            decision.series = series
        case .last(var series):
            series.departed = situation.task
            decision.series = series
        }
        decision.changes = [
            TaskChange(
                kind: .deleted, before: situation.stored,
                after: StoredTask(touched(situation.task), previousTaskID: situation.stored.previousTaskID))
        ]
        return decision
    }

    /// The task after a change: the next version, now.
    func touched(_ task: TodoTask) -> TodoTask {
        var task = task
        task.version += 1
        task.updatedAt = now
        return task
    }
}

extension TaskDecision {
    /// Notes what the act did to the task that it was about.
    mutating func note(
        _ kind: TaskEvent.Kind, _ before: StoredTask, _ after: TodoTask, _ reason: TaskEvent.Reason? = nil
    ) {
        changes.append(
            TaskChange(
                kind: kind, before: before, after: StoredTask(after, previousTaskID: before.previousTaskID),
                reason: reason))
        result = after
    }

    /// Notes that a successor is withdrawn.
    mutating func withdraw(_ head: StoredTask, _ after: TodoTask) {
        changes.append(
            TaskChange(
                kind: .deleted, before: head, after: StoredTask(after, previousTaskID: head.previousTaskID),
                reason: .superseded))
        if let seriesID = head.task.seriesID, let previous = head.previousTaskID {
            withdrawnKey = CreateTaskCommand.idempotencyKey(seriesID: seriesID, previousTaskID: previous)
        }
    }
}
