import Logging
import Reminders
import ServiceKit
import TaskDomain
import WireValues

/// A task that is due on 2 March 2026 at nine, and what happens to it.
enum Sample {
    static func instant(_ text: String) -> Timestamp { Timestamp(text) ?? Timestamp(seconds: 0) }

    static let morning = instant("2026-03-01T08:00:00Z")

    static func task(
        _ id: Int64 = 1, user: String = "ann", due: String? = "2026-03-02T09:00:00", zone: String = "UTC",
        reminders: [JSON] = ["PT30M"], completed: Bool = false, version: Int = 1
    ) throws -> TodoTask {
        let wall = due.flatMap { WallTime($0) }
        let rules = TimeZoneRules.named(zone) ?? .utc
        return TodoTask(
            id: id, userID: user, title: "Submit report", completed: completed,
            completedAt: completed ? morning : nil, due: wall, dueAt: wall.map { rules.instant(of: $0) },
            timeZone: zone,
            reminders: try reminders.map { try ReminderSpec(json: $0) }, version: version, createdAt: morning,
            updatedAt: morning)
    }

    static func event(
        _ task: TodoTask, _ kind: TaskEvent.Kind = .updated, at moment: Timestamp = morning
    ) -> TaskEvent {
        TaskEvent(
            id: UUIDText.v5("event \(task.id) \(task.version)"), kind: kind, timestamp: moment, task: task,
            actor: Actor(kind: .user, id: task.userID), trace: EventTrace(correlationID: "req-1"))
    }

    static func delivery(_ event: TaskEvent) -> Delivery { delivery(event.cloudEvent) }

    static func delivery(_ event: CloudEvent) -> Delivery {
        Delivery(
            event: event, role: .taskEvents, receivedAt: event.time,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
}

extension JobWish {
    /// The job that is to be set.
    var job: ReminderJob? {
        if case .set(let job) = self { job } else { nil }
    }
}
