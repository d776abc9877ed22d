import ServiceKit
import TaskDomain
import WireValues

/// When a repeating task comes back.
enum Preview {
    static let counts = 1...50

    /// The next `count` slots after the task's own. A rule that counts from completion is shown as if each occurrence
    /// were done at its due, for nobody knows better.
    static func occurrences(of task: TodoTask, count: Int, now: Timestamp) throws -> JSON {
        guard let rule = task.recurrence, let anchor = task.anchorLocal ?? task.scheduledLocal,
            let scheduled = task.scheduledLocal
        else { throw Problem(409, "not_recurring", "The task does not repeat.") }
        var position = SeriesPosition(
            rule: rule, anchorLocal: anchor, zone: task.zone, scheduledLocal: scheduled,
            index: task.occurrenceIndex ?? 1)
        var slots: [JSON] = []
        var end: SeriesEnd?
        while slots.count < count, end == nil {
            let done = position.zone.instant(of: position.scheduledLocal)
            switch RecurrenceRule.successor(of: position, completedAt: done) {
            case .slot(let local, let dueAt, let index, _):
                slots.append([
                    "scheduled_local": .string(local.text), "due_at": .string(dueAt.shortText), "index": JSON(index),
                ])
                position = SeriesPosition(
                    rule: rule, anchorLocal: anchor, zone: position.zone, scheduledLocal: local, index: index)
            case .ended(let reason): end = reason
            }
        }
        return [
            "task_id": .integer(task.id), "recurrence_rule": .string(rule.rruleText),
            "time_zone": .string(task.timeZone), "occurrences": .array(slots),
            "ends": end.map { .string($0.rawValue) } ?? .null,
        ]
    }
}
