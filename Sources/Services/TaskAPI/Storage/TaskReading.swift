import TaskDomain
import TaskStorage
import WireValues

/// What a change of a user's tasks starts from: the user's row, locked.
struct UserState {
    /// The number of the user's last change.
    var sequence: Int64
    var settings: UserSettings
}

/// Reads tasks and series. Static functions on a transaction: they keep nothing.
enum TaskReading {
    struct Corrupt: Error, CustomStringConvertible { let description: String }

    // MARK: - Users

    /// Locks the user's row, counts one change on it, and gives out an id: all that a new task needs, in one statement.
    static func beginCreation(_ userID: String, defaults: UserSettings, in transaction: any Transaction) throws
        -> (UserState, id: Int64)
    {
        let count = """
            INSERT INTO task_users AS u (user_id, seq) VALUES ($1, 1)
            ON CONFLICT (user_id) DO UPDATE SET seq = u.seq + 1 RETURNING seq, settings
            """
        switch transaction.dialect {
        case .postgresql:
            let row = try only(transaction.query(count + ", nextval('task_ids')", [.text(userID)]))
            return (try state(row, defaults), row.int(2))
        case .sqlite:
            let row = try only(transaction.query(count, [.text(userID)]))
            return (try state(row, defaults), try newID(in: transaction))
        }
    }

    static func newID(in transaction: any Transaction) throws -> Int64 {
        switch transaction.dialect {
        case .postgresql: try only(transaction.query("SELECT nextval('task_ids')")).int(0)
        case .sqlite: try only(transaction.query("UPDATE task_ids SET value = value + 1 RETURNING value")).int(0)
        }
    }

    /// Locks the user's row, making it if there is none. No round trip: it travels with what is read next, whose snapshot
    /// is taken once the lock is held.
    static func lock(_ userID: String, in transaction: any Transaction) throws {
        // SQLite has one writer anyway.
        guard transaction.dialect == .postgresql else { return }
        try transaction.send("SELECT 1 FROM task_users WHERE user_id = $1 FOR UPDATE", [.text(userID)])
    }

    /// The same for a user who may not have a row yet.
    static func lockOrMake(_ userID: String, defaults: UserSettings, in transaction: any Transaction) throws
        -> UserState
    {
        try transaction.send(
            "INSERT INTO task_users (user_id, seq) VALUES ($1, 0) ON CONFLICT (user_id) DO NOTHING", [.text(userID)])
        try lock(userID, in: transaction)
        let rows = try transaction.query("SELECT seq, settings FROM task_users WHERE user_id = $1", [.text(userID)])
        return try state(only(rows), defaults)
    }

    static func settings(_ userID: String, defaults: UserSettings, in transaction: any Transaction) throws
        -> UserSettings
    {
        let rows = try transaction.query("SELECT seq, settings FROM task_users WHERE user_id = $1", [.text(userID)])
        return try rows.first.map { try state($0, defaults).settings } ?? defaults
    }

    /// - Parameter defaults: the settings of a user who saved none.
    private static func state(_ row: Row, _ defaults: UserSettings) throws -> UserState {
        UserState(sequence: row.int(0), settings: try row.textOrNil(1).map { try settings($0) } ?? defaults)
    }

    static func settings(_ text: String) throws -> UserSettings { try UserSettings().changed(by: JSON(parsing: text)) }

    // MARK: - Tasks

    /// Everything that an act on a task is decided by, in one statement.
    ///
    /// - Returns: nil when the user has no such task.
    static func situation(_ userID: String, _ id: Int64, defaults: UserSettings, in transaction: any Transaction) throws
        -> (UserState, TaskSituation)?
    {
        let rows = try transaction.query(
            """
            SELECT u.seq, u.settings, t.data, t.previous_task_id, s.data, h.data, h.previous_task_id, k.task_id
            FROM task_users u
            JOIN tasks t ON t.user_id = u.user_id AND t.id = $2
            LEFT JOIN task_series s ON s.id = t.series_id
            LEFT JOIN tasks h ON h.user_id = t.user_id AND h.id = s.head_id AND h.id <> t.id
            LEFT JOIN task_keys k ON k.key = 'rec:' || t.series_id || ':' || t.id
            WHERE u.user_id = $1
            """, [.text(userID), .integer(id)])
        guard let row = rows.first else { return nil }
        let situation = TaskSituation(
            try stored(row, 2), series: try row.textOrNil(4).map { try Series(stored: $0) },
            head: row.isNull(5) ? nil : try stored(row, 5), hasSuccessor: !row.isNull(7))
        return (try state(row, defaults), situation)
    }

    static func task(_ userID: String, _ id: Int64, in transaction: any Transaction) throws -> StoredTask? {
        try transaction.query(
            "SELECT data, previous_task_id FROM tasks WHERE user_id = $1 AND id = $2", [.text(userID), .integer(id)]
        ).first.map { try stored($0, 0) }
    }

    /// The task at `column`, the id of its predecessor in the next.
    private static func stored(_ row: Row, _ column: Int) throws -> StoredTask {
        StoredTask(try TodoTask(json: JSON(parsing: row.text(column))), previousTaskID: row.intOrNil(column + 1))
    }

    /// What a command to make a successor is decided by.
    static func successorSituation(_ command: CreateTaskCommand, in transaction: any Transaction) throws
        -> SuccessorSituation
    {
        let key = try transaction.query("SELECT 1 FROM task_keys WHERE key = $1", [.text(command.idempotencyKey)])
        guard key.isEmpty else { return SuccessorSituation(previous: nil, series: nil, isKeyKnown: true) }
        let series = try transaction.query("SELECT data FROM task_series WHERE id = $1", [.text(command.seriesID)])
        return SuccessorSituation(
            previous: try task(command.userID, command.previousTaskID, in: transaction)?.task,
            series: try series.first.map { try Series(stored: $0.text(0)) }, isKeyKnown: false)
    }

    /// The ids of the user's open all-day tasks, for a change of settings.
    static func openTasks(_ userID: String, in transaction: any Transaction) throws -> [Int64] {
        try transaction.query(
            "SELECT id FROM tasks WHERE user_id = $1 AND completed = 0 AND data LIKE $2 ORDER BY id",
            [.text(userID), .text("%\"all_day\":true%")]
        ).map { $0.int(0) }
    }

    private static func only(_ rows: [Row]) throws -> Row {
        guard let row = rows.first else { throw Corrupt(description: "a statement that always gives a row gave none") }
        return row
    }
}
