import TaskDomain
package import TaskStorage
import WireValues

/// The service's tables, and how a task's reminders are read from them and written to them.
package enum ReminderTables {
    package static let migrations = Migrations(
        component: "reminders",
        [
            Migration(1, "tasks as far as reminders need them, and their reminders") { dialect in
                [
                    """
                    CREATE TABLE reminder_tasks (
                    task_id \(dialect == .sqlite ? "INTEGER" : "BIGINT") PRIMARY KEY, user_id \(dialect.text) NOT NULL,
                    version \(dialect.integer) NOT NULL, is_open \(dialect.integer) NOT NULL,
                    title \(dialect.text) NOT NULL, due_at \(dialect.integer), all_day \(dialect.integer) NOT NULL,
                    time_zone \(dialect.text) NOT NULL, event_id \(dialect.text) NOT NULL,
                    correlation_id \(dialect.text), changed_at \(dialect.integer) NOT NULL)\(dialect.strict)
                    """,
                    // For forgetting; open tasks are kept for good.
                    "CREATE INDEX reminder_tasks_closed ON reminder_tasks (changed_at) WHERE is_open = 0",
                    """
                    CREATE TABLE reminders (
                    task_id \(dialect.integer) NOT NULL, reminder_id \(dialect.integer) NOT NULL,
                    user_id \(dialect.text) NOT NULL, generation \(dialect.integer) NOT NULL,
                    spec \(dialect.text) NOT NULL, remind_at \(dialect.integer) NOT NULL,
                    state \(dialect.text) NOT NULL, PRIMARY KEY (task_id, reminder_id))\(dialect.strict)
                    """,
                    """
                    CREATE INDEX reminders_pending ON reminders (user_id, remind_at, task_id, reminder_id)
                    WHERE state = 'pending'
                    """,
                ]
            }
        ])

    private static let taskColumns =
        "task_id, user_id, version, is_open, title, due_at, all_day, time_zone, event_id, correlation_id"

    /// The reminders of tasks, locked until the transaction ends, those of which nothing is known yet with version 0.
    ///
    /// - Parameter tasks: task and its user, ascending by task: whoever locks several does so in this order.
    static func locked(
        _ tasks: [(id: Int64, userID: String)], at now: Timestamp, in transaction: any Transaction
    ) throws -> [TaskReminders] {
        guard !tasks.isEmpty else { return [] }
        let dialect = transaction.dialect
        // A row to lock, for tasks that are new: two deliveries of a first event must not both find nothing.
        var parameters: [SQLValue] = []
        for task in tasks {
            parameters += [
                .integer(task.id), .text(task.userID), 0, 0, "", .null, 0, "UTC", "", .null, .integer(now.microseconds),
            ]
        }
        try transaction.send(
            """
            INSERT INTO reminder_tasks (\(taskColumns), changed_at)
            VALUES \(dialect.values(rows: tasks.count, columns: 11)) ON CONFLICT (task_id) DO NOTHING
            """, parameters)
        return try read(tasks.map(\.id), lock: dialect.forUpdate, in: transaction)
    }

    /// The reminders of one task, locked; nil when nothing is known of it.
    static func locked(_ taskID: Int64, in transaction: any Transaction) throws -> TaskReminders? {
        try read([taskID], lock: transaction.dialect.forUpdate, in: transaction).first
    }

    static func read(_ taskID: Int64, in transaction: any Transaction) throws -> TaskReminders? {
        try read([taskID], lock: "", in: transaction).first
    }

    private static func read(_ ids: [Int64], lock: String, in transaction: any Transaction) throws -> [TaskReminders] {
        let chosen = transaction.dialect.isIn(1)
        let tasks = try transaction.query(
            "SELECT \(taskColumns) FROM reminder_tasks WHERE task_id \(chosen) ORDER BY task_id\(lock)", [.list(ids)])
        let rows = try transaction.query(
            """
            SELECT task_id, reminder_id, generation, spec, remind_at, state FROM reminders WHERE task_id \(chosen)
            ORDER BY task_id, reminder_id
            """, [.list(ids)])
        let reminders = try Dictionary(grouping: rows) { $0.int(0) }.mapValues { try $0.map(reminder) }
        return tasks.map { row in
            TaskReminders(
                taskID: row.int(0), userID: row.text(1), version: Int(row.int(2)), isOpen: row.flag(3),
                title: row.text(4), dueAt: row.intOrNil(5).map { Timestamp(microseconds: $0) }, isAllDay: row.flag(6),
                timeZone: row.text(7), eventID: row.text(8), correlationID: row.textOrNil(9),
                reminders: reminders[row.int(0)] ?? [])
        }
    }

    private static func reminder(_ row: Row) throws -> TaskReminders.Reminder {
        let spec = try ReminderSpec(json: JSON(parsing: row.text(3)))
        guard let state = TaskReminders.State(rawValue: row.text(5)) else {
            throw StoredReminderProblem(
                description: "reminder \(row.int(0))/\(row.int(1)) has the state \(row.text(5))")
        }
        return TaskReminders.Reminder(
            id: row.int(1), generation: row.int(2), spec: spec, remindAt: Timestamp(microseconds: row.int(4)),
            state: state)
    }

    /// Writes what differs from `before`.
    static func write(
        _ task: TaskReminders, since before: TaskReminders, at now: Timestamp, in transaction: any Transaction
    ) throws {
        try transaction.send(
            """
            UPDATE reminder_tasks SET user_id = $2, version = $3, is_open = $4, title = $5, due_at = $6, all_day = $7,
            time_zone = $8, event_id = $9, correlation_id = $10, changed_at = $11 WHERE task_id = $1
            """,
            [
                .integer(task.taskID), .text(task.userID), .of(task.version), .flag(task.isOpen), .text(task.title),
                .optional(task.dueAt?.microseconds), .flag(task.isAllDay), .text(task.timeZone), .text(task.eventID),
                .optional(task.correlationID), .integer(now.microseconds),
            ])
        let known = Dictionary(uniqueKeysWithValues: before.reminders.map { ($0.id, $0) })
        for reminder in task.reminders where known[reminder.id] != reminder {
            try transaction.send(
                """
                INSERT INTO reminders (task_id, reminder_id, user_id, generation, spec, remind_at, state)
                VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (task_id, reminder_id) DO UPDATE SET
                generation = excluded.generation, spec = excluded.spec, remind_at = excluded.remind_at,
                state = excluded.state
                """,
                [
                    .integer(task.taskID), .integer(reminder.id), .text(task.userID), .integer(reminder.generation),
                    .text(reminder.spec.json.text), .integer(reminder.remindAt.microseconds),
                    .text(reminder.state.rawValue),
                ])
        }
    }
}

/// A row that this program did not write.
struct StoredReminderProblem: Error, CustomStringConvertible {
    let description: String
}
