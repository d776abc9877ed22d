import DaprClient
import TaskDomain
import WireValues

/// Looks once more whether anybody still wants to be reminded: between the reminder's falling due and its delivery the task
/// may have been completed, deleted or moved, above all when a delivery had to be tried for hours.
struct TaskLook: Sendable {
    /// Nobody waits longer for a look that may not be had.
    static let timeout = Duration.seconds(2)

    let dapr: DaprClient
    /// The task API's app id; nil: nothing to ask.
    let app: String?

    /// Why the reminder is obsolete; nil when it stands, or when nobody can say. It was right when it fell due, so in doubt
    /// it is delivered.
    func obsolescence(of reminder: ReminderDue) async -> String? {
        guard let app else { return nil }
        let path = "/internal/users/\(reminder.userID.percentEncoded)/tasks/\(reminder.taskID)"
        // Without an answer nobody can say.
        guard let answer = try? await dapr.hurried(timeout: Self.timeout).invoke(app, .init("GET", path)),
            answer.status == 200, let state = try? JSON(parsing: answer.body)
        else { return nil }
        return Self.obsolescence(of: reminder, state)
    }

    static func obsolescence(of reminder: ReminderDue, _ state: JSON) -> String? {
        if state["exists"]?.bool == false { return "the task is deleted" }
        if state["completed"]?.bool == true { return "the task is completed" }
        if let dueAt = reminder.dueAt, let due = state["due_at"] {
            guard let text = due.string, let now = Timestamp(text) else { return "the task is not due any more" }
            if now != dueAt { return "the task was moved" }
        }
        return nil
    }
}
