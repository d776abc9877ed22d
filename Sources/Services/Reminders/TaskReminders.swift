package import TaskDomain
package import WireValues

/// The reminders of one task as this service knows them, and what a task event does to them. Pure: no clock, no
/// database.
///
/// A projection: it follows the task's version, whatever the order in which events come. It looks at the task as it is,
/// never at what happened to it, so that an event that was passed over leaves no trace.
package struct TaskReminders: Hashable, Sendable {
    package enum State: String, Sendable, CaseIterable {
        /// A job stands for it, or the wish for one.
        case pending
        /// Its event is written. Whether it reached anybody is what notifications knows; users are shown that.
        case fired
        /// The task is done, gone, or has it no more.
        case cancelled
        /// Its instant lay in the past when it was set.
        case skippedPast = "skipped_past"
    }

    /// One reminder. Its number stays with its place in the task's list as long as it is there.
    package struct Reminder: Hashable, Sendable {
        /// From 1, within the task.
        package let id: Int64
        /// Grows each time it is set; a job of an earlier generation means nothing.
        package var generation: Int64
        package var spec: ReminderSpec
        package var remindAt: Timestamp
        package var state: State
    }

    package let taskID: Int64
    package var userID: String
    /// The task's; 0 before its first event.
    package var version: Int
    /// Neither completed nor deleted.
    package var isOpen: Bool
    package var title: String
    package var dueAt: Timestamp?
    package var isAllDay: Bool
    package var timeZone: String
    /// The event that it follows.
    package var eventID: String
    package var correlationID: String?
    package var reminders: [Reminder]

    /// A task of which nothing is known yet.
    package init(taskID: Int64, userID: String) {
        self.taskID = taskID
        self.userID = userID
        version = 0
        isOpen = false
        title = ""
        isAllDay = false
        timeZone = "UTC"
        eventID = ""
        reminders = []
    }

    init(
        taskID: Int64, userID: String, version: Int, isOpen: Bool, title: String, dueAt: Timestamp?, isAllDay: Bool,
        timeZone: String, eventID: String, correlationID: String?, reminders: [Reminder]
    ) {
        self.taskID = taskID
        self.userID = userID
        self.version = version
        self.isOpen = isOpen
        self.title = title
        self.dueAt = dueAt
        self.isAllDay = isAllDay
        self.timeZone = timeZone
        self.eventID = eventID
        self.correlationID = correlationID
        self.reminders = reminders
    }

    /// Follows an event. - Returns: What the scheduler is to be asked for; nil when the event is no newer than what is
    /// known.
    package mutating func follow(_ event: TaskEvent) -> [JobWish]? {
        guard event.version > version else { return nil }
        let task = event.task
        userID = task.userID
        version = task.version
        isOpen = !task.completed && event.kind != .deleted
        title = task.title
        dueAt = task.dueAt
        isAllDay = task.allDay
        timeZone = task.timeZone
        eventID = event.id
        correlationID = event.trace.correlationID
        // Past or not is judged as of the change: heard of late, a reminder is late, not skipped.
        let wanted = isOpen ? task.reminderInstants(now: event.timestamp) : []
        let before = reminders
        set(wanted)
        return wishes(since: before)
    }

    /// Brings the reminders to what is wanted; what is not wanted any more is cancelled.
    private mutating func set(_ wanted: [ReminderInstant]) {
        var rest = wanted
        for index in reminders.indices {
            if let place = rest.firstIndex(where: { $0.spec == reminders[index].spec }) {
                reminders[index].become(rest.remove(at: place))
            } else if reminders[index].state == .pending {
                reminders[index].state = .cancelled
            }
        }
        for instant in rest {
            // A number that has nothing to tell any more is given anew, so that a task that is moved to and fro has no
            // more jobs and rows than its list is long.
            if let index = reminders.firstIndex(where: { $0.state != .pending && !wanted.contains(spec: $0.spec) }) {
                reminders[index].replace(by: instant)
            } else {
                let id = (reminders.map(\.id).max() ?? 0) + 1
                reminders.append(
                    Reminder(
                        id: id, generation: 1, spec: instant.spec, remindAt: instant.remindAt,
                        state: instant.isPast ? .skippedPast : .pending))
            }
        }
    }

    private func wishes(since before: [Reminder]) -> [JobWish] {
        reminders.compactMap { reminder in
            let old = before.first { $0.id == reminder.id }
            switch (old?.state == .pending, reminder.state == .pending) {
            case (_, true): return old == reminder ? nil : .set(job(of: reminder))
            case (true, false): return .delete(name: ReminderJob.name(taskID: taskID, reminderID: reminder.id))
            case (false, false): return nil
            }
        }
    }

    func job(of reminder: Reminder) -> ReminderJob {
        ReminderJob(
            taskID: taskID, userID: userID, reminderID: reminder.id, generation: reminder.generation,
            remindAt: reminder.remindAt)
    }
}

extension TaskReminders.Reminder {
    /// The same entry of the list, perhaps at another instant, or of a task that was closed meanwhile.
    fileprivate mutating func become(_ instant: ReminderInstant) {
        let isMoved = instant.remindAt != remindAt
        guard isMoved || state == .cancelled else { return }
        replace(by: instant)
    }

    fileprivate mutating func replace(by instant: ReminderInstant) {
        generation += 1
        spec = instant.spec
        remindAt = instant.remindAt
        state = instant.isPast ? .skippedPast : .pending
    }
}

extension [ReminderInstant] {
    fileprivate func contains(spec: ReminderSpec) -> Bool { contains { $0.spec == spec } }
}
