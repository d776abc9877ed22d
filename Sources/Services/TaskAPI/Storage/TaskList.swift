import TaskDomain
import TaskStorage
import WireValues

/// Which of a user's tasks are wanted, in which order.
struct TaskList: Hashable, Sendable {
    enum Order: String, Hashable, Sendable, CaseIterable {
        case due, priority, created

        /// The direction when none is named.
        var isDescendingByDefault: Bool { self != .due }
    }

    var completed: Bool?
    var priorities: [Priority] = []
    /// All of them, in any case.
    var tags: [String] = []
    var dueFrom: Timestamp?
    /// Not included.
    var dueBefore: Timestamp?
    var hasDue: Bool?
    var search: String?
    var order = Order.created
    var descending = true
    var limit = 50

    /// What a cursor is bound to: everything but the size of the page.
    var fingerprint: String {
        var parts = [completed.map { "\($0)" } ?? "", priorities.map(\.rawValue).joined(separator: ",")]
        parts += [tags.joined(separator: TaskColumns.separator), dueFrom?.microTime ?? "", dueBefore?.microTime ?? ""]
        parts += [hasDue.map { "\($0)" } ?? ""]
        parts += [search.map { "q" + $0 } ?? "", order.rawValue, descending ? "desc" : "asc"]
        return String(UUIDText.v5(parts.joined(separator: "\n")).prefix(8))
    }

    /// What tasks are sorted by, before their id. Tasks without a due come last in both directions.
    private var sortExpression: String {
        switch order {
        case .due:
            descending
                ? "COALESCE(due_at, CAST(-9223372036854775807 AS BIGINT))"
                : "COALESCE(due_at, CAST(9223372036854775807 AS BIGINT))"
        case .priority: "priority"
        case .created: "created_at"
        }
    }

    /// The page after `position`.
    ///
    /// - Returns: the tasks as JSON text, and where the next page begins; nil when there is none.
    func page(_ userID: String, after position: Cursor.Position?, in transaction: any Transaction) throws
        -> (tasks: [String], next: Cursor.Position?)
    {
        var conditions = ["user_id = $1"]
        var parameters: [SQLValue] = [.text(userID)]
        func parameter(_ value: SQLValue) -> String {
            parameters.append(value)
            return "$\(parameters.count)"
        }
        if let completed { conditions.append("completed = \(parameter(.flag(completed)))") }
        if !priorities.isEmpty {
            let ranks = priorities.map { parameter(.of($0.rank)) }
            conditions.append("priority IN (\(ranks.joined(separator: ", ")))")
        }
        for tag in tags {
            let pattern = TaskColumns.containing(TaskColumns.tags([tag]))
            conditions.append("tags LIKE \(parameter(.text(pattern))) ESCAPE '\\'")
        }
        if let dueFrom { conditions.append("due_at >= \(parameter(.integer(dueFrom.microseconds)))") }
        if let dueBefore { conditions.append("due_at < \(parameter(.integer(dueBefore.microseconds)))") }
        if let hasDue { conditions.append(hasDue ? "due_at IS NOT NULL" : "due_at IS NULL") }
        if let search, !search.isEmpty {
            let pattern = TaskColumns.containing(search.lowercased())
            conditions.append("search LIKE \(parameter(.text(pattern))) ESCAPE '\\'")
        }
        if let position {
            let value = parameter(.integer(position.value))
            let id = parameter(.integer(position.id))
            conditions.append("(\(sortExpression), id) \(descending ? "<" : ">") (\(value), \(id))")
        }
        let direction = descending ? "DESC" : "ASC"
        let rows = try transaction.query(
            """
            SELECT data, id, \(sortExpression) FROM tasks WHERE \(conditions.joined(separator: " AND "))
            ORDER BY \(sortExpression) \(direction), id \(direction) LIMIT \(parameter(.of(limit + 1)))
            """, parameters)
        let page = rows.prefix(limit)
        guard rows.count > limit, let last = page.last else { return (page.map { $0.text(0) }, nil) }
        return (page.map { $0.text(0) }, Cursor.Position(value: last.int(2), id: last.int(1)))
    }
}
