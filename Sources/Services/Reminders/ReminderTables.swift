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

    /// The reminders of those of these tasks that are known, locked until the transaction ends.
    ///
    /// - Parameter ids: ascending: whoever locks several does so in this order.
    static func locked(_ ids: [Int64], in transaction: any Transaction) throws -> [TaskReminders] {
        try read(ids, lock: transaction.dialect.forUpdate, in: transaction)
    }

    /// The reminders of one task, locked; nil when nothing is known of it.
    static func locked(_ taskID: Int64, in transaction: any Transaction) throws -> TaskReminders? {
        try locked([taskID], in: transaction).first
    }

    static func read(_ taskID: Int64, in transaction: any Transaction) throws -> TaskReminders? {
        try read([taskID], lock: "", in: transaction).first
    }

    private static func read(_ ids: [Int64], lock: String, in transaction: any Transaction) throws -> [TaskReminders] {
        let chosen = transaction.dialect.isIn(1)
        let tasks = try transaction.query(
            "SELECT \(taskColumns) FROM reminder_tasks WHERE task_id \(chosen) ORDER BY task_id\(lock)", [.list(ids)])
        guard !tasks.isEmpty else { return [] }
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

    /// Writes tasks of which nothing was known.
    ///
    /// - Parameter tasks: ascending by task.
    /// - Throws: `contention` when another transaction has just written one of them: the whole is to be done again.
    static func insert(_ tasks: [TaskReminders], at now: Timestamp, in transaction: any Transaction) throws {
        guard !tasks.isEmpty else { return }
        let made = try transaction.insert(
            tasks.map { row($0, now) }, into: "reminder_tasks (\(taskColumns), changed_at)",
            "ON CONFLICT (task_id) DO NOTHING RETURNING task_id")
        guard made.count == tasks.count else {
            throw DatabaseError(.contention, "a task's first events are followed by two at once")
        }
        try write(tasks.flatMap { task in task.reminders.map { row($0, of: task) } }, in: transaction)
    }

    /// Writes what differs from before.
    static func write(
        _ changes: [(before: TaskReminders, after: TaskReminders)], at now: Timestamp, in transaction: any Transaction
    ) throws {
        try transaction.insert(
            changes.map { row($0.after, now) }, into: "reminder_tasks (\(taskColumns), changed_at)",
            """
            ON CONFLICT (task_id) DO UPDATE SET user_id = excluded.user_id, version = excluded.version,
            is_open = excluded.is_open, title = excluded.title, due_at = excluded.due_at, all_day = excluded.all_day,
            time_zone = excluded.time_zone, event_id = excluded.event_id, correlation_id = excluded.correlation_id,
            changed_at = excluded.changed_at
            """)
        var rows: [[SQLValue]] = []
        for (before, after) in changes {
            let known = Dictionary(uniqueKeysWithValues: before.reminders.map { ($0.id, $0) })
            rows += after.reminders.filter { known[$0.id] != $0 }.map { row($0, of: after) }
        }
        try write(rows, in: transaction)
    }

    private static func write(_ reminders: [[SQLValue]], in transaction: any Transaction) throws {
        try transaction.insert(
            reminders, into: "reminders (task_id, reminder_id, user_id, generation, spec, remind_at, state)",
            """
            ON CONFLICT (task_id, reminder_id) DO UPDATE SET generation = excluded.generation, spec = excluded.spec,
            remind_at = excluded.remind_at, state = excluded.state
            """)
    }

    private static func row(_ task: TaskReminders, _ now: Timestamp) -> [SQLValue] {
        [
            .integer(task.taskID), .text(task.userID), .of(task.version), .flag(task.isOpen), .text(task.title),
            .optional(task.dueAt?.microseconds), .flag(task.isAllDay), .text(task.timeZone), .text(task.eventID),
            .optional(task.correlationID), .integer(now.microseconds),
        ]
    }

    private static func row(_ reminder: TaskReminders.Reminder, of task: TaskReminders) -> [SQLValue] {
        [
            .integer(task.taskID), .integer(reminder.id), .text(task.userID), .integer(reminder.generation),
            .text(reminder.spec.json.text), .integer(reminder.remindAt.microseconds), .text(reminder.state.rawValue),
        ]
    }
}

/// A row that this program did not write.
struct StoredReminderProblem: Error, CustomStringConvertible {
    let description: String
}
