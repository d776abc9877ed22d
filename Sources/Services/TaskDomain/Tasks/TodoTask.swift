package import WireValues

/// A task, with everything that its owner and other services see of it.
package struct TodoTask: Hashable, Sendable {
    /// From 1 to 2^53 - 1.
    package var id: Int64
    package var userID: String
    package var title: String
    package var description: String
    package var completed: Bool
    package var completedAt: Timestamp?
    package var priority: Priority
    /// In the order that the user gave, none twice.
    package var tags: [String]
    /// The stored truth about the due, read in `timeZone`.
    package var due: WallTime?
    /// Derived from `due`; of all-day tasks the first instant of the date.
    package var dueAt: Timestamp?
    package var timeZone: String
    package var reminders: [ReminderSpec]
    package var recurrence: RecurrenceRule?
    /// With what follows: nil on one-off tasks.
    package var seriesID: String?
    package var seriesVersion: Int?
    package var occurrenceIndex: Int?
    /// The slot, which stays when only this occurrence's due is moved.
    package var scheduledLocal: WallTime?
    /// Slot 1 of the series: with it, the next slot can be counted from an event alone.
    package var anchorLocal: WallTime?
    /// From 1; grows by 1 with every change.
    package var version: Int
    package var createdAt: Timestamp
    package var updatedAt: Timestamp
    /// The owner's morning, in seconds of the day: where reminders of all-day tasks are counted back from. Carried with
    /// the task so that whoever reads its events can compute them.
    package var morningSecondOfDay: Int

    package init(
        id: Int64, userID: String, title: String, description: String = "", completed: Bool = false,
        completedAt: Timestamp? = nil, priority: Priority = .medium, tags: [String] = [], due: WallTime? = nil,
        dueAt: Timestamp? = nil, timeZone: String = "UTC", reminders: [ReminderSpec] = [],
        recurrence: RecurrenceRule? = nil, seriesID: String? = nil, seriesVersion: Int? = nil,
        occurrenceIndex: Int? = nil, scheduledLocal: WallTime? = nil, anchorLocal: WallTime? = nil,
        version: Int = 1, createdAt: Timestamp,
        updatedAt: Timestamp, morningSecondOfDay: Int = UserSettings.defaultMorning
    ) {
        self.id = id
        self.userID = userID
        self.title = title
        self.description = description
        self.completed = completed
        self.completedAt = completedAt
        self.priority = priority
        self.tags = tags
        self.due = due
        self.dueAt = dueAt
        self.timeZone = timeZone
        self.reminders = reminders
        self.recurrence = recurrence
        self.seriesID = seriesID
        self.seriesVersion = seriesVersion
        self.occurrenceIndex = occurrenceIndex
        self.scheduledLocal = scheduledLocal
        self.anchorLocal = anchorLocal
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.morningSecondOfDay = morningSecondOfDay
    }

    /// Whether the task lies on a date rather than at a time. A recurring task without due does.
    package var allDay: Bool { due?.isAllDay ?? (recurrence != nil) }

    /// The first relative reminder in whole minutes: what the simple field of the requirements shows.
    package var reminderOffsetMinutes: Int? {
        for case .before(let offset) in reminders { return offset.wholeMinutes }
        return nil
    }

    /// The zone's rules; UTC when the name is none any more.
    package var zone: TimeZoneRules { TimeZoneRules.named(timeZone) ?? .utc }

    /// The reminders' instants as of `now`; without a due only those that name an instant have one.
    package func reminderInstants(now: Timestamp) -> [ReminderInstant] {
        TaskDomain.reminderInstants(reminders, due: due, zone: zone, morning: morningSecondOfDay, now: now)
    }

    mutating func leaveSeries() {
        recurrence = nil
        seriesID = nil
        seriesVersion = nil
        occurrenceIndex = nil
        scheduledLocal = nil
        anchorLocal = nil
    }
}
