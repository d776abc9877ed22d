import WireValues

extension TaskMachine {
    /// Lays the plain fields, the zone, the due and the reminders of `input` over `task`. The rule is not among them.
    ///
    /// - Throws: all that does not fit.
    func lay(_ input: TaskInput, over task: inout TodoTask) throws(TaskRefusal) {
        let before = task
        if let title = input.title.value { task.title = title }
        switch input.description {
        case .value(let text): task.description = text
        case .null: task.description = ""
        case .absent: break
        }
        if let priority = input.priority.value { task.priority = priority }
        if let tags = input.tags.value { task.tags = tags }
        if let zone = input.timeZone.value { task.timeZone = zone.name }
        let zone = task.zone
        do throws(FieldProblems) {
            switch try input.due(zone: zone) {
            case .value(let due): task.due = due
            case .null: task.due = nil
            case .absent: break
            }
        } catch { throw .invalid(error.problems) }
        if case .absent = input.dueAt, case .absent = input.dueLocal, let allDay = input.allDay.value {
            try makeAllDay(allDay, &task)
        }
        if task.due?.isAllDay == true, before.due?.isAllDay != true {
            task.morningSecondOfDay = settings.morningSecondOfDay
        }
        task.dueAt = task.due.map { zone.instant(of: $0) }
        switch input.reminders {
        case .value(let specs): task.reminders = specs
        case .null: task.reminders = []
        case .absent:
            // Whoever first names a due and says nothing of reminders wants the usual ones.
            if before.due == nil, before.reminders.isEmpty { task.reminders = settings.reminders(for: task.due) }
        }
    }

    /// `all_day` alone: a due that is there loses its time, but cannot gain one.
    private func makeAllDay(_ allDay: Bool, _ task: inout TodoTask) throws(TaskRefusal) {
        guard let due = task.due, due.isAllDay != allDay else { return }
        guard allDay else {
            throw .conflict("due_conflict", "the due is a date; send due_local with a time instead of all_day")
        }
        task.due = WallTime(date: due.date, secondOfDay: nil)
    }
}

extension TaskInput {
    /// What a new task has where nothing is said.
    func filled() -> TaskInput {
        var whole = self
        if whole.description.value == nil { whole.description = .value("") }
        if whole.priority.value == nil { whole.priority = .value(.medium) }
        if whole.tags.value == nil { whole.tags = .value([]) }
        if whole.dueAt.isAbsent && whole.dueLocal.isAbsent { whole.dueAt = .null }
        return whole
    }

    /// The wall time that `due_at`, `due_local` and `all_day` together name.
    ///
    /// - Throws: when they disagree.
    func due(zone: TimeZoneRules) throws(FieldProblems) -> Given<WallTime> {
        if case .value(let local) = dueLocal {
            if case .value(let instant) = dueAt, zone.instant(of: local).seconds != instant.seconds {
                throw FieldProblems([
                    FieldProblem(
                        "due_conflict", "/due_at", "due_local is another instant in \(zone.name); send one of the two")
                ])
            }
            if let allDay = allDay.value, allDay != local.isAllDay {
                throw FieldProblems([
                    FieldProblem(
                        "due_conflict", "/all_day",
                        "due_local is \(local.isAllDay ? "a date" : "a date and a time"); leave all_day out")
                ])
            }
            return .value(local)
        }
        if case .value(let instant) = dueAt {
            let local = zone.wallTime(at: instant)
            guard TaskLimits.years.contains(local.date.year) else {
                throw FieldProblems([
                    FieldProblem(
                        "due_out_of_range", "/due_at", "in \(zone.name) that is not in the years 1970 to 2199")
                ])
            }
            return .value(WallTime(date: local.date, secondOfDay: allDay.value == true ? nil : local.secondOfDay))
        }
        if case .absent = dueAt, case .absent = dueLocal { return .absent }
        return .null
    }
}
