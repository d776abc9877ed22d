package import ServiceKit
import TaskDomain
package import TaskStorage
package import WireValues

/// What the service knows and does, each step one transaction.
///
/// Whatever is to happen outside is written with the reason for it, as a row of the outbox: a job that is to be set or
/// deleted, an event. The service may end between any two steps; the next one finds all that is still to be done.
package struct ReminderLedger: Sendable {
    private let database: any Database
    private let outbox: Outbox
    private let now: @Sendable () -> Timestamp

    package init(database: any Database, outbox: Outbox, now: @escaping @Sendable () -> Timestamp) {
        self.database = database
        self.outbox = outbox
        self.now = now
    }

    // MARK: Task events

    /// Follows task events, all of a delivery in one transaction. No inbox: a task's version tells what was seen.
    package func follow(_ deliveries: [Delivery]) async throws -> [Outcome] {
        var outcomes = [Outcome](repeating: .ignored, count: deliveries.count)
        var events: [(index: Int, event: TaskEvent)] = []
        for (index, delivery) in deliveries.enumerated() {
            do throws(EventProblem) {
                events.append((index, try TaskEvent(delivery.event)))
            } catch {
                switch error {
                case .unknownType: outcomes[index] = .ignored
                case .malformed(let what): outcomes[index] = .drop(what)
                }
            }
        }
        guard !events.isEmpty else { return outcomes }
        let news = events.map(\.event)
        let isNew = try await database.transaction { transaction in try self.follow(news, in: transaction) }
        for ((index, _), isNew) in zip(events, isNew) { outcomes[index] = isNew ? .success : .duplicate }
        return outcomes
    }

    /// - Returns: For each event whether it was news.
    private func follow(_ events: [TaskEvent], in transaction: any Transaction) throws -> [Bool] {
        let now = now()
        // Two replicas that lock the same tasks do it in the same order.
        let ids = Set(events.map(\.taskID)).sorted()
        let known = try ReminderTables.locked(ids, in: transaction)
        let before = Dictionary(uniqueKeysWithValues: known.map { ($0.taskID, $0) })
        var tasks = before
        var wishes: [OutboxRow] = []
        var isNew: [Bool] = []
        for event in events {
            let nothing = TaskReminders(taskID: event.taskID, userID: event.userID)
            let found = tasks[event.taskID, default: nothing].follow(event)
            isNew.append(found != nil)
            wishes += (found ?? []).map { $0.row(taskID: event.taskID) }
        }
        let after = ids.compactMap { tasks[$0] }
        try ReminderTables.insert(after.filter { before[$0.taskID] == nil }, at: now, in: transaction)
        let changes = after.compactMap { task in
            before[task.taskID].flatMap { $0 == task ? nil : (before: $0, after: task) }
        }
        try ReminderTables.write(changes, at: now, in: transaction)
        try outbox.append(wishes, at: now, in: transaction)
        return isNew
    }

    // MARK: Jobs

    /// What a job that fires comes to.
    package enum Firing: Hashable, Sendable {
        /// Its event is written, `late` after its instant.
        case due(late: Duration)
        /// The reminder is gone, was moved, or has fired before.
        case void
        /// By our clock its instant is still to come.
        case early(by: Duration)
    }

    /// A job fires: writes its event, once, if the reminder still stands as it did when the job was set.
    package func fire(_ job: ReminderJob, trace: String?) async throws -> Firing {
        try await database.transaction { transaction in
            guard let task = try ReminderTables.locked(job.taskID, in: transaction), task.isOpen,
                let index = task.reminders.firstIndex(where: { $0.id == job.reminderID }),
                task.reminders[index].state == .pending, task.reminders[index].generation == job.generation
            else { return .void }
            let now = self.now()
            let reminder = task.reminders[index]
            guard reminder.remindAt <= now else { return .early(by: reminder.remindAt.since(now)) }
            var fired = task
            fired.reminders[index].state = .fired
            try ReminderTables.write([(before: task, after: fired)], at: now, in: transaction)
            let late = now.since(reminder.remindAt)
            let event = ReminderDue(
                taskID: task.taskID, reminderID: reminder.id, title: task.title, dueAt: task.dueAt,
                remindAt: reminder.remindAt, userID: task.userID, timestamp: now.truncatedToMilliseconds,
                lateBySeconds: Int(late.components.seconds), allDay: task.isAllDay, timeZone: task.timeZone,
                trace: EventTrace(correlationID: task.correlationID, causationID: task.eventID, traceparent: trace))
            try self.outbox.append(
                [
                    OutboxRow(
                        role: TopicRole.reminders.rawValue, key: task.userID, eventID: event.eventID,
                        bytes: event.cloudEvent.bytes)
                ], at: now, in: transaction)
            return .due(late: late)
        }
    }

    // MARK: Comparison with the scheduler

    /// Jobs that should exist, in the order of task and reminder, from `after` on.
    package func pendingJobs(after: (taskID: Int64, reminderID: Int64), limit: Int) async throws -> [ReminderJob] {
        try await database.read { transaction in
            try transaction.query(
                """
                SELECT task_id, user_id, reminder_id, generation, remind_at FROM reminders
                WHERE state = 'pending' AND (task_id, reminder_id) > ($1, $2) ORDER BY task_id, reminder_id LIMIT $3
                """, [.integer(after.taskID), .integer(after.reminderID), .of(limit)]
            ).map { row in
                ReminderJob(
                    taskID: row.int(0), userID: row.text(1), reminderID: row.int(2), generation: row.int(3),
                    remindAt: Timestamp(microseconds: row.int(4)))
            }
        }
    }

    /// Wishes a job anew that the scheduler does not have, if it is still to fire.
    package func wishAgain(_ job: ReminderJob) async throws {
        try await database.transaction { transaction in
            guard let task = try ReminderTables.locked(job.taskID, in: transaction), task.isOpen,
                let reminder = task.reminders.first(where: { $0.id == job.reminderID }), reminder.state == .pending
            else { return }
            let row = JobWish.set(task.job(of: reminder)).row(taskID: job.taskID)
            try self.outbox.append([row], at: self.now(), in: transaction)
        }
    }

    /// Forgets some tasks that were closed before `moment`: so long ago that no event of theirs can come again.
    /// - Returns: how many.
    package func forget(closedBefore moment: Timestamp, limit: Int) async throws -> Int {
        try await database.transaction { transaction in
            let rows = try transaction.query(
                """
                SELECT task_id FROM reminder_tasks WHERE is_open = 0 AND changed_at < $1 ORDER BY changed_at LIMIT $2
                \(transaction.dialect.forUpdateSkipLocked)
                """, [.integer(moment.microseconds), .of(limit)])
            let ids = SQLValue.list(rows.map { $0.int(0) })
            let chosen = transaction.dialect.isIn(1)
            try transaction.send("DELETE FROM reminders WHERE task_id \(chosen)", [ids])
            try transaction.send("DELETE FROM reminder_tasks WHERE task_id \(chosen)", [ids])
            return rows.count
        }
    }
}
