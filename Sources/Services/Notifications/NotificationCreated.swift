import TaskDomain
import TaskStorage
import WireValues

/// `notification.created` on `task-updates`: a reminder for the clients that a user has open. Whoever knows only
/// `task.changed` passes over it.
struct NotificationCreated: Sendable {
    static let type = "notification.created"
    static let source = "/todo/notifications"
    static let schema = "urn:todo:schema:notification-created:1.0"

    let notificationID: Int64
    let reminder: ReminderDue
    let timestamp: Timestamp
    let trace: EventTrace

    /// Of the reminder's event: however often that comes, this is one event.
    var eventID: String { UUIDText.v5("notification:\(reminder.eventID):in-app") }

    var cloudEvent: CloudEvent {
        CloudEvent(
            id: eventID, source: Self.source, type: Self.type, subject: String(reminder.taskID), time: timestamp,
            dataSchema: Self.schema, partitionKey: reminder.userID, trace: trace,
            data: [
                "event_id": .string(eventID), "event_type": "notified", "notification_id": .integer(notificationID),
                "task_id": .integer(reminder.taskID), "user_id": .string(reminder.userID),
                "timestamp": .string(timestamp.eventText), "title": .string(reminder.title),
                "due_at": reminder.dueAt.map { .string($0.shortText) } ?? .null,
                "remind_at": .string(reminder.remindAt.shortText), "all_day": .bool(reminder.allDay),
                "time_zone": .string(reminder.timeZone), "late_by_seconds": JSON(reminder.lateBySeconds),
            ])
    }

    var outboxRow: OutboxRow {
        OutboxRow(
            role: TopicRole.taskUpdates.rawValue, key: reminder.userID, eventID: eventID, bytes: cloudEvent.bytes)
    }
}
