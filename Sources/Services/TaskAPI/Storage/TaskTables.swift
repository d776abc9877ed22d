import TaskStorage

/// The task API's tables. It alone writes them.
///
/// A task's row holds the task as events carry it (`data`), which is what it is read from, and beside it only what lists
/// are filtered and sorted by. So an answer is a copy of the row, and a new field of tasks is no migration.
enum TaskTables {
    static let migrations = Migrations(
        component: "tasks",
        [
            Migration(1, "first tables") { d in
                [
                    // One row per user. Whoever changes a user's tasks locks it first: that orders the user's commits, and
                    // makes `seq` count them without gaps.
                    """
                    CREATE TABLE task_users (user_id \(d.text) PRIMARY KEY, seq \(d.integer) NOT NULL,
                    settings \(d.text))\(d.strict)
                    """,
                    """
                    CREATE TABLE tasks (user_id \(d.text) NOT NULL, id \(d.integer) NOT NULL,
                    completed \(d.integer) NOT NULL, priority \(d.integer) NOT NULL, due_at \(d.integer),
                    created_at \(d.integer) NOT NULL, tags \(d.text) NOT NULL, search \(d.text) NOT NULL,
                    series_id \(d.text), series_version \(d.integer), occurrence_index \(d.integer),
                    previous_task_id \(d.integer), data \(d.text) NOT NULL, PRIMARY KEY (user_id, id))\(d.strict)
                    """,
                    // The second line against a successor made twice.
                    """
                    CREATE UNIQUE INDEX tasks_by_slot ON tasks (series_id, series_version, occurrence_index)
                    WHERE series_id IS NOT NULL
                    """,
                    """
                    CREATE TABLE task_series (id \(d.text) PRIMARY KEY, user_id \(d.text) NOT NULL,
                    head_id \(d.integer), data \(d.text) NOT NULL)\(d.strict)
                    """,
                    // The first line: the keys of successors that were made and not withdrawn.
                    """
                    CREATE TABLE task_keys (key \(d.text) PRIMARY KEY, user_id \(d.text) NOT NULL,
                    task_id \(d.integer) NOT NULL)\(d.strict)
                    """,
                    """
                    CREATE TABLE task_changes (user_id \(d.text) NOT NULL, seq \(d.integer) NOT NULL,
                    data \(d.text) NOT NULL, PRIMARY KEY (user_id, seq))\(d.strict)
                    """,
                    """
                    CREATE TABLE task_requests (user_id \(d.text) NOT NULL, key \(d.text) NOT NULL,
                    fingerprint \(d.text) NOT NULL, created_at \(d.integer) NOT NULL, answer \(d.text) NOT NULL,
                    PRIMARY KEY (user_id, key))\(d.strict)
                    """,
                    "CREATE INDEX task_requests_by_age ON task_requests (created_at)",
                ] + ids(d)
            }
        ])

    /// Where ids of tasks come from.
    private static func ids(_ dialect: Dialect) -> [String] {
        switch dialect {
        case .postgresql: ["CREATE SEQUENCE task_ids"]
        case .sqlite:
            [
                "CREATE TABLE task_ids (one INTEGER PRIMARY KEY CHECK (one = 1), value INTEGER NOT NULL) STRICT",
                "INSERT INTO task_ids VALUES (1, 0)",
            ]
        }
    }
}
