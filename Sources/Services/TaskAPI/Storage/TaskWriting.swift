import TaskDomain
import TaskStorage
import WireValues

/// Writes what an act came to: rows, feed and outbox, in the transaction in which it was decided. Nothing of it waits for
/// an answer; all travels with the commit.
struct TaskWriting {
    let transaction: any Transaction
    let outbox: Outbox
    let userID: String
    let actor: Actor
    let trace: EventTrace
    /// The number of the user's last change; one more for each that is written.
    var sequence: Int64

    /// - Parameters:
    ///   - countedAlready: the user's row has the number of the one change in it.
    ///   - now: the instant of the act.
    /// - Returns: the task that the act was about as JSON text, if it was changed and is still there.
    mutating func write(_ decision: TaskDecision, countedAlready: Bool = false, now: Timestamp) throws -> String? {
        var rows: [OutboxRow] = []
        var result: String?
        if countedAlready { sequence -= 1 }
        // A withdrawn successor makes room before anything takes its place.
        if let key = decision.withdrawnKey {
            try transaction.send("DELETE FROM task_keys WHERE key = $1", [.text(key)])
        }
        for change in decision.changes {
            sequence += 1
            let id = UUIDText.v7(now: now)
            let updateID = UUIDText.v7(now: now)
            let taskData = change.after.task.json
            // Written once, and copied to wherever it is a part.
            let task = taskData.bytes
            let event = change.event(id: id, actor: actor, trace: trace, taskData: taskData)
            let update = ClientUpdate(event, userSequence: sequence)
            let payload = update.data(taskData: .null)
            let feed = update.task == nil ? payload.bytes : payload.bytes(with: task, at: ["task_data"])
            rows.append(
                OutboxRow(
                    role: TopicRole.taskEvents.rawValue, key: userID, eventID: id,
                    bytes: event.cloudEvent(taskData: .null).json.bytes(with: task, at: ["data", "task_data"])))
            rows.append(
                OutboxRow(
                    role: TopicRole.taskUpdates.rawValue, key: userID, eventID: updateID,
                    bytes: update.cloudEvent(id: updateID, data: .null).json.bytes(with: feed, at: ["data"])))
            let text = String(decoding: task, as: UTF8.self)
            if change.after.task.id == decision.result?.id { result = text }
            try write(change, text)
            try transaction.send(
                "INSERT INTO task_changes (user_id, seq, data) VALUES ($1, $2, $3)",
                [.text(userID), .integer(sequence), .text(String(decoding: feed, as: UTF8.self))])
        }
        if let series = decision.series {
            try transaction.send(
                """
                INSERT INTO task_series (id, user_id, head_id, data) VALUES ($1, $2, $3, $4)
                ON CONFLICT (id) DO UPDATE SET head_id = excluded.head_id, data = excluded.data
                """, [.text(series.id), .text(userID), .optional(series.headID), .text(series.stored)])
        }
        if let key = decision.newKey, let task = decision.result {
            try transaction.send(
                "INSERT INTO task_keys (key, user_id, task_id) VALUES ($1, $2, $3)",
                [.text(key), .text(userID), .integer(task.id)])
        }
        if !countedAlready, !decision.changes.isEmpty {
            try transaction.send(
                "UPDATE task_users SET seq = $2 WHERE user_id = $1", [.text(userID), .integer(sequence)])
        }
        try outbox.append(rows, at: now, in: transaction)
        return result
    }

    private func write(_ change: TaskChange, _ data: String) throws {
        let task = change.after.task
        let values: [SQLValue] = [
            .text(userID), .integer(task.id), .flag(task.completed), .of(task.priority.rank),
            .optional(task.dueAt?.microseconds), .integer(task.createdAt.microseconds),
            .text(TaskColumns.tags(task.tags)),
            .text(TaskColumns.search(task)), .optional(task.seriesID), .optional(task.seriesVersion),
            .optional(task.occurrenceIndex), .optional(change.after.previousTaskID), .text(data),
        ]
        switch change.kind {
        case .created:
            try transaction.send(
                """
                INSERT INTO tasks (user_id, id, completed, priority, due_at, created_at, tags, search, series_id,
                series_version, occurrence_index, previous_task_id, data)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                """, values)
        case .updated, .completed:
            try transaction.send(
                """
                UPDATE tasks SET completed = $3, priority = $4, due_at = $5, created_at = $6, tags = $7, search = $8,
                series_id = $9, series_version = $10, occurrence_index = $11, previous_task_id = $12, data = $13
                WHERE user_id = $1 AND id = $2
                """, values)
        case .deleted:
            try transaction.send(
                "DELETE FROM tasks WHERE user_id = $1 AND id = $2", [.text(userID), .integer(task.id)])
        }
    }
}

/// What lists are filtered by, as the columns hold it.
enum TaskColumns {
    /// Between tags, and at both ends: a control character, which no tag can hold.
    static let separator = "\u{1F}"

    /// Without regard to case.
    static func tags(_ tags: [String]) -> String {
        tags.isEmpty ? "" : separator + tags.joined(separator: separator).lowercased() + separator
    }

    /// Title and tags, without regard to case.
    static func search(_ task: TodoTask) -> String {
        ([task.title] + task.tags).joined(separator: separator).lowercased()
    }

    /// A LIKE pattern for what contains `text`, `\` being the escape.
    static func containing(_ text: String) -> String {
        var pattern = "%"
        for character in text.unicodeScalars {
            if character == "%" || character == "_" || character == "\\" { pattern += "\\" }
            pattern.unicodeScalars.append(character)
        }
        return pattern + "%"
    }
}
