/// The topics by what they are for; their names are configuration.
package enum TopicRole: String, CaseIterable, Hashable, Sendable {
    case taskEvents = "task-events"
    case reminders
    case taskUpdates = "task-updates"
    case taskCommands = "task-commands"
}
