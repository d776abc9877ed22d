import WireValues

/// What is known when a command to make a successor is decided.
package struct SuccessorSituation: Hashable, Sendable {
    /// The task that was completed; nil when it is gone.
    package var previous: TodoTask?
    package var series: Series?
    /// Whether the command's key is known.
    package var isKeyKnown: Bool

    package init(previous: TodoTask?, series: Series?, isKeyKnown: Bool) {
        self.previous = previous
        self.series = series
        self.isKeyKnown = isKeyKnown
    }
}

extension TaskMachine {
    /// Makes the successor that `command` asks for, if it is still wanted: the key is new, the series lives and has no
    /// head, and the task is completed. Else nothing; that is success, too.
    ///
    /// - Parameter id: For the new task.
    package func successor(_ command: CreateTaskCommand, _ situation: SuccessorSituation, id: Int64) -> TaskDecision {
        guard !situation.isKeyKnown, var series = situation.series, series.id == command.seriesID,
            UserKey(series.userID) == UserKey(command.userID), series.state == .live, series.headID == nil
        else { return TaskDecision() }
        // One that was deleted after its completion left what its successor takes from it.
        guard let previous = situation.previous ?? series.departed, previous.id == command.previousTaskID,
            previous.completed, previous.seriesID == series.id, previous.seriesVersion == series.version
        else { return TaskDecision() }
        // Counted from what is stored, by the same library that counted the command's slot: since then the rule may have
        // changed, or the task may have been reopened, skipped and completed again, and lie itself where the slot was.
        let slot: CreateTaskCommand.Slot
        switch RecurrenceRule.successor(of: series.position(of: previous), completedAt: previous.completedAt ?? now) {
        case .slot(let local, let dueAt, let index, let skipped):
            slot = CreateTaskCommand.Slot(scheduledLocal: local, dueAt: dueAt, index: index, skipped: skipped)
        case .ended(let end):
            series.state = .ended
            series.endReason = end.rawValue
            series.departed = nil
            return TaskDecision(series: series)
        }
        var task = TodoTask(
            id: id, userID: previous.userID, title: previous.title, description: previous.description,
            priority: previous.priority, tags: previous.tags, due: slot.scheduledLocal,
            dueAt: series.zone.instant(of: slot.scheduledLocal), timeZone: series.timeZone, recurrence: series.rule,
            seriesID: series.id, seriesVersion: series.version, occurrenceIndex: slot.index,
            scheduledLocal: slot.scheduledLocal, anchorLocal: series.anchorLocal, createdAt: now, updatedAt: now,
            morningSecondOfDay: settings.morningSecondOfDay)
        // Reminders at an instant were for the one that is done.
        task.reminders = previous.reminders.filter { if case .before = $0 { true } else { false } }
        series.headID = id
        series.departed = nil
        return TaskDecision(
            changes: [
                TaskChange(
                    kind: .created, before: nil, after: StoredTask(task, previousTaskID: previous.id),
                    reason: .recurrence, skippedOccurrences: slot.skipped)
            ],
            series: series, newKey: command.idempotencyKey, result: task)
    }

    /// What the owner's new settings mean for an open all-day task: another morning, and, where the task lay in the
    /// owner's old zone, the new one.
    package func settle(_ situation: TaskSituation, from old: UserSettings) throws(TaskRefusal) -> TaskDecision {
        guard situation.task.allDay, !situation.task.completed else { return TaskDecision(result: situation.task) }
        var input = TaskInput()
        if situation.task.timeZone == old.zone.name { input.timeZone = .value(settings.zone) }
        var settled = situation
        settled.stored.task.morningSecondOfDay = settings.morningSecondOfDay
        var decision = try patch(settled, input, seriesID: "")
        if decision.changes.isEmpty, settled.task != situation.task {
            decision.note(.updated, situation.stored, touched(settled.task))
        } else if !decision.changes.isEmpty {
            decision.changes[decision.changes.count - 1].before = situation.stored
        }
        return decision
    }
}
