import TaskDomain
package import WireValues

/// The Dapr job of one pending reminder: fires once, at its instant.
package struct ReminderJob: Hashable, Sendable {
    package let taskID: Int64
    package let userID: String
    package let reminderID: Int64
    package let generation: Int64
    package let remindAt: Timestamp

    package init(taskID: Int64, userID: String, reminderID: Int64, generation: Int64, remindAt: Timestamp) {
        self.taskID = taskID
        self.userID = userID
        self.reminderID = reminderID
        self.generation = generation
        self.remindAt = remindAt
    }

    package static func name(taskID: Int64, reminderID: Int64) -> String { "reminder-task-\(taskID)-\(reminderID)" }

    package var name: String { Self.name(taskID: taskID, reminderID: reminderID) }

    /// What comes back when it fires.
    package var data: JSON {
        [
            "task_id": .integer(taskID), "user_id": .string(userID), "reminder_id": .integer(reminderID),
            "generation": .integer(generation), "remind_at": .string(remindAt.shortText),
        ]
    }

    /// Nil when `data` is not what we set. Numbers have been through floating point.
    package init?(data: JSON) {
        guard let task = data["task_id"]?.int, let user = data["user_id"]?.string,
            let reminder = data["reminder_id"]?.int, let generation = data["generation"]?.int,
            let remindAt = data["remind_at"]?.string.flatMap({ Timestamp($0) })
        else { return nil }
        self.init(
            taskID: Int64(task), userID: user, reminderID: Int64(reminder), generation: Int64(generation),
            remindAt: remindAt)
    }
}
