import FoundationEssentials
import TaskDomain
import Testing
import WireValues

/// A daily series whose first occurrence is due on 2 March 2026 at nine.
enum Sample {
    static func instant(_ text: String) -> Timestamp { Timestamp(text) ?? Timestamp(seconds: 0) }

    static func task(
        _ id: Int64 = 1, user: String = "ann", rule: RecurrenceRule? = RecurrenceRule(pattern: .daily), version: Int = 2
    ) throws -> TodoTask {
        let due = try #require(WallTime("2026-03-02T09:00:00"))
        return TodoTask(
            id: id, userID: user, title: "Standup", completed: true, completedAt: instant("2026-03-02T08:00:00Z"),
            due: due,
            dueAt: instant("2026-03-02T09:00:00Z"), recurrence: rule,
            seriesID: rule == nil ? nil : "0b7a1f2e-5b0e-4b52-9f0e-2f5a3f0f6f11", seriesVersion: rule == nil ? nil : 1,
            occurrenceIndex: rule == nil ? nil : 1, scheduledLocal: rule == nil ? nil : due,
            anchorLocal: rule == nil ? nil : due, version: version, createdAt: instant("2026-03-01T18:00:00Z"),
            updatedAt: instant("2026-03-02T08:00:00Z"))
    }

    static func event(
        _ task: TodoTask, _ kind: TaskEvent.Kind = .completed, id: String? = nil, reason: TaskEvent.Reason? = nil
    ) -> TaskEvent {
        TaskEvent(
            id: id ?? UUIDText.v5("event \(task.userID) \(task.id) \(task.version)"), kind: kind,
            timestamp: task.completedAt ?? task.updatedAt, task: task, reason: reason,
            actor: Actor(kind: .user, id: task.userID), trace: EventTrace(correlationID: "req-5f0c"))
    }
}
