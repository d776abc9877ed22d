package import WireValues

/// `reminder.due` on `reminders`: the time that a user asked to be reminded at has come.
package struct ReminderDue: Hashable, Sendable {
    package static let type = "reminder.due"
    package static let source = "/todo/reminders"
    package static let schema = "urn:todo:schema:reminder-due:1.0"

    package var taskID: Int64
    package var reminderID: Int64
    package var title: String
    package var dueAt: Timestamp?
    package var remindAt: Timestamp
    package var userID: String
    package var timestamp: Timestamp
    package var lateBySeconds: Int
    package var allDay: Bool
    package var timeZone: String
    package var trace: EventTrace

    package init(
        taskID: Int64, reminderID: Int64, title: String, dueAt: Timestamp?, remindAt: Timestamp, userID: String,
        timestamp: Timestamp, lateBySeconds: Int, allDay: Bool, timeZone: String, trace: EventTrace = EventTrace()
    ) {
        self.taskID = taskID
        self.reminderID = reminderID
        self.title = title
        self.dueAt = dueAt
        self.remindAt = remindAt
        self.userID = userID
        self.timestamp = timestamp
        self.lateBySeconds = lateBySeconds
        self.allDay = allDay
        self.timeZone = timeZone
        self.trace = trace
    }

    /// The event's id, which depends on nothing but these: a job that fires twice is one event.
    package static func id(taskID: Int64, reminderID: Int64, remindAt: Timestamp) -> String {
        UUIDText.v5("reminder:\(taskID):\(reminderID):\(remindAt.shortText)")
    }

    package var eventID: String { Self.id(taskID: taskID, reminderID: reminderID, remindAt: remindAt) }

    /// - Throws: `.unknownType` for any other event, `.malformed` when a value is missing.
    package init(_ event: CloudEvent) throws(EventProblem) {
        guard event.typeWithoutVersion == Self.type, event.majorVersion == 1 else { throw .unknownType(event.type) }
        let reader = try EventReader(event.data)
        self.init(
            taskID: Int64(try reader.integer("task_id")), reminderID: Int64(try reader.integer("reminder_id", from: 0)),
            title: try reader.optionalText("title") ?? "", dueAt: try reader.optionalInstant("due_at"),
            remindAt: try reader.instant("remind_at"), userID: try reader.text("user_id"),
            timestamp: try reader.optionalInstant("timestamp") ?? event.time,
            lateBySeconds: try reader.optionalInteger("late_by_seconds") ?? 0,
            allDay: reader["all_day"]?.bool ?? false, timeZone: try reader.optionalText("time_zone") ?? "UTC",
            trace: EventTrace(event))
    }

    package var cloudEvent: CloudEvent {
        CloudEvent(
            id: eventID, source: Self.source, type: Self.type, subject: String(taskID), time: timestamp,
            dataSchema: Self.schema, partitionKey: userID, trace: trace,
            data: [
                "event_id": .string(eventID), "event_type": "due", "task_id": .integer(taskID),
                "reminder_id": .integer(reminderID), "title": .string(title),
                "due_at": dueAt.map { .string($0.shortText) } ?? .null, "remind_at": .string(remindAt.shortText),
                "user_id": .string(userID), "timestamp": .string(timestamp.eventText),
                "late_by_seconds": JSON(lateBySeconds), "all_day": JSON(allDay), "time_zone": .string(timeZone),
            ])
    }
}
