import WireValues

/// How far a change of a due reaches.
package enum ChangeScope: String, Hashable, Sendable, CaseIterable {
    /// Only this occurrence; its slot stays.
    case this
    /// The head becomes slot 1 of a new anchor.
    case future
}

/// Changing the fields of a task that is there.
extension TaskMachine {
    /// Lays a patch over the task.
    ///
    /// - Throws: `invalid` when fields do not fit each other or the task; `conflict` when a rule is changed on a task that
    ///   is not the end of its series.
    package func patch(
        _ situation: TaskSituation, _ input: TaskInput, scope: ChangeScope = .this,
        seriesID: @autoclosure () -> String
    ) throws(TaskRefusal) -> TaskDecision {
        try change(situation, input, scope, seriesID())
    }

    /// Puts what a request says in the place of all that can be set: what it does not name is as on a new task.
    package func replace(
        _ situation: TaskSituation, _ input: TaskInput, scope: ChangeScope = .this,
        seriesID: @autoclosure () -> String
    ) throws(TaskRefusal) -> TaskDecision {
        var whole = input.filled()
        if whole.timeZone.value == nil { whole.timeZone = .value(settings.zone) }
        if whole.recurrence.value == nil { whole.recurrence = .null }
        if whole.reminders.isAbsent {
            let zone = whole.timeZone.value ?? settings.zone
            // Wrong dues are refused below; here only whether there is one and of which kind counts.
            let due = try? whole.due(zone: zone)
            whole.reminders = .value(settings.reminders(for: due?.value))
        }
        return try change(situation, whole, scope, seriesID())
    }

    private func change(
        _ situation: TaskSituation, _ input: TaskInput, _ scope: ChangeScope, _ seriesID: @autoclosure () -> String
    ) throws(TaskRefusal) -> TaskDecision {
        let before = situation.task
        var task = before
        try lay(input, over: &task)
        var decision = TaskDecision()
        var reason: TaskEvent.Reason? = task.due != before.due || task.dueAt != before.dueAt ? .rescheduled : nil
        switch input.recurrence {
        case .value(let rule) where rule != before.recurrence:
            decision.series = try changeRule(rule, situation, &task, input, scope, seriesID())
            reason = .seriesChanged
        case .null where before.recurrence != nil || before.seriesID != nil:
            leave(situation, &task, &decision)
            reason = .seriesCancelled
        case .absent, .null, .value:
            decision.series = try follow(situation, &task, scope, input)
        }
        guard task != before else { return TaskDecision(result: before) }
        decision.note(.updated, situation.stored, touched(task), reason)
        return decision
    }

    /// A changed rule counts from the head's slot on.
    private func changeRule(
        _ rule: RecurrenceRule, _ situation: TaskSituation, _ task: inout TodoTask, _ input: TaskInput,
        _ scope: ChangeScope, _ seriesID: @autoclosure () -> String
    ) throws(TaskRefusal) -> Series {
        var series: Series
        switch situation.standing {
        case .oneOff: return try beginSeries(rule, &task, input, id: seriesID())
        case .head(let its), .last(let its): series = its
        case .outside: throw notTheHead(situation)
        }
        let slot = task.scheduledLocal ?? series.anchorLocal
        let anchor = scope == .future ? task.due ?? WallTime(date: slot.date, secondOfDay: nil) : slot
        try anchorAnew(&series, &task, rule: rule, at: anchor, input)
        return series
    }

    /// What a change of due or zone means for the series, when the rule itself stays.
    private func follow(
        _ situation: TaskSituation, _ task: inout TodoTask, _ scope: ChangeScope, _ input: TaskInput
    ) throws(TaskRefusal) -> Series? {
        let before = situation.task
        var series: Series
        let movesLine = scope == .future && task.due != before.due
        switch situation.standing {
        case .head(let its), .last(let its): series = its
        case .outside where movesLine: throw notTheHead(situation)
        case .outside, .oneOff: return nil
        }
        if movesLine {
            let slot = before.scheduledLocal ?? series.anchorLocal
            var rule = series.rule
            // Slots that are behind have used up their part of the count.
            if case .count(let count) = rule.end {
                rule.end = .count(max(1, count - ((before.occurrenceIndex ?? 1) - 1)))
            }
            let anchor = task.due ?? WallTime(date: slot.date, secondOfDay: nil)
            try anchorAnew(&series, &task, rule: rule, at: anchor, input)
            return series
        }
        guard task.timeZone != series.timeZone, task.timeZone != before.timeZone else { return nil }
        series.timeZone = task.timeZone
        series.version += 1
        task.seriesVersion = series.version
        return series
    }

    private func anchorAnew(
        _ series: inout Series, _ task: inout TodoTask, rule: RecurrenceRule, at anchor: WallTime, _ input: TaskInput
    ) throws(TaskRefusal) {
        var rule = rule
        if task.due == nil { rule.anchor = .completion }
        try check(rule, anchor, zone: task.zone, input)
        series.rule = rule
        series.anchorLocal = anchor
        series.timeZone = task.timeZone
        series.version += 1
        task.recurrence = rule
        task.scheduledLocal = anchor
        task.anchorLocal = anchor
        task.occurrenceIndex = 1
        task.seriesVersion = series.version
    }

    /// Makes `task` the first occurrence of a new series.
    func beginSeries(_ rule: RecurrenceRule, _ task: inout TodoTask, _ input: TaskInput, id: String)
        throws(TaskRefusal) -> Series
    {
        var rule = rule
        let anchor: WallTime
        if let due = task.due {
            anchor = due
        } else {
            // Without a due it lies on the day it was made and repeats from its completion.
            anchor = WallTime(date: task.zone.wallTime(at: now).date, secondOfDay: nil)
            rule.anchor = .completion
        }
        try check(rule, anchor, zone: task.zone, input)
        task.recurrence = rule
        task.seriesID = id
        task.seriesVersion = 1
        task.occurrenceIndex = 1
        task.scheduledLocal = anchor
        task.anchorLocal = anchor
        return Series(
            id: id, userID: task.userID, rule: rule, anchorLocal: anchor, timeZone: task.timeZone,
            headID: task.completed ? nil : task.id)
    }

    private func check(_ rule: RecurrenceRule, _ anchor: WallTime, zone: TimeZoneRules, _ input: TaskInput)
        throws(TaskRefusal)
    {
        do throws(FieldProblem) {
            try rule.check(firstDue: anchor, zone: zone)
        } catch {
            throw .invalid([FieldProblem(error.code, input.recurrenceField, error.detail)])
        }
    }

    private func notTheHead(_ situation: TaskSituation) -> TaskRefusal {
        let remedy =
            situation.head.map { "; change task \($0.task.id), its open occurrence" } ?? "; its series is over"
        return .conflict("not_the_head", "the task is not the open occurrence of its series" + remedy)
    }
}
