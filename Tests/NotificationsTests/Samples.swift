import TaskDomain
import WireValues

@testable import Notifications

let noon = Timestamp(seconds: 1_772_712_000)

func sampleReminder(task: Int64 = 123, user: String = "user-7", title: String = "Submit report") -> ReminderDue {
    ReminderDue(
        taskID: task, reminderID: 1, title: title, dueAt: noon.advanced(by: .seconds(3_600)), remindAt: noon,
        userID: user,
        timestamp: noon, lateBySeconds: 0, allDay: false, timeZone: "Europe/Berlin",
        trace: EventTrace(
            correlationID: "req-1", traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
}

func sampleDelivery(title: String) -> DueDelivery {
    let reminder = sampleReminder(title: title)
    return DueDelivery(
        notificationID: 1, channel: .email, attempt: 1, userID: "user-7", eventID: reminder.eventID, reminder: reminder)
}
