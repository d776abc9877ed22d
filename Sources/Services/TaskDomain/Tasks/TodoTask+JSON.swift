package import WireValues

/// A task as events, rows and answers carry it: all keys always there, null where empty.
extension TodoTask {
    package var json: JSON {
        func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
        func number(_ value: Int?) -> JSON { value.map { JSON($0) } ?? .null }
        return [
            "id": .integer(id), "user_id": .string(userID), "title": .string(title),
            "description": .string(description), "completed": .bool(completed),
            "completed_at": text(completedAt?.shortText), "priority": .string(priority.rawValue), "tags": JSON(tags),
            "due_at": text(dueAt?.shortText), "due_local": text(due?.text), "all_day": .bool(allDay),
            "time_zone": .string(timeZone), "reminders": .array(reminders.map(\.json)),
            "reminder_offset_minutes": number(reminderOffsetMinutes),
            "all_day_reminder_time": text(allDay ? UserSettings.clockText(morningSecondOfDay) : nil),
            "recurrence": recurrence?.json ?? .null, "recurring_pattern": text(recurrence?.pattern.rawValue),
            "recurrence_rule": text(recurrence?.rruleText), "series_id": text(seriesID),
            "series_version": number(seriesVersion), "occurrence_index": number(occurrenceIndex),
            "scheduled_local": text(scheduledLocal?.text), "anchor_local": text(anchorLocal?.text),
            "version": JSON(version),
            "created_at": .string(createdAt.shortText), "updated_at": .string(updatedAt.shortText),
        ]
    }

    /// Reads `task_data`. Unknown keys are passed over, absent ones count as null.
    ///
    /// - Throws: `EventProblem.malformed` naming the key.
    package init(json: JSON) throws(EventProblem) {
        let reader = try EventReader(json)
        func wallTime(_ name: String) throws(EventProblem) -> WallTime? {
            guard let text = try reader.optionalText(name) else { return nil }
            guard let value = WallTime(text) else { throw .malformed("\(name) is no wall time") }
            return value
        }
        var reminders: [ReminderSpec] = []
        var recurrence: RecurrenceRule?
        do throws(FieldProblem) {
            for item in reader["reminders"]?.array ?? [] { reminders.append(try ReminderSpec(json: item)) }
            if let rule = reader["recurrence"] { recurrence = try RecurrenceRule(json: rule) }
        } catch { throw .malformed("\(error.field) \(error.detail)") }
        guard let priority = Priority(rawValue: try reader.optionalText("priority") ?? "medium") else {
            throw .malformed("priority is none of ours")
        }
        var tags: [String] = []
        for tag in reader["tags"]?.array ?? [] {
            guard let tag = tag.string else { throw .malformed("a tag is no text") }
            tags.append(tag)
        }
        let createdAt = try reader.instant("created_at")
        var morning = UserSettings.defaultMorning
        if let text = try reader.optionalText("all_day_reminder_time") {
            guard let second = UserSettings.secondOfDay(text) else {
                throw .malformed("all_day_reminder_time is no time of day")
            }
            morning = second
        }
        self.init(
            id: Int64(try reader.integer("id")), userID: try reader.text("user_id"), title: try reader.text("title"),
            description: try reader.optionalText("description") ?? "", completed: reader["completed"]?.bool ?? false,
            completedAt: try reader.optionalInstant("completed_at"), priority: priority, tags: tags,
            due: try wallTime("due_local"), dueAt: try reader.optionalInstant("due_at"),
            timeZone: try reader.optionalText("time_zone") ?? "UTC", reminders: reminders, recurrence: recurrence,
            seriesID: try reader.optionalText("series_id"),
            seriesVersion: try reader.optionalInteger("series_version"),
            occurrenceIndex: try reader.optionalInteger("occurrence_index"),
            scheduledLocal: try wallTime("scheduled_local"), anchorLocal: try wallTime("anchor_local"),
            version: try reader.integer("version"),
            createdAt: createdAt, updatedAt: try reader.optionalInstant("updated_at") ?? createdAt,
            morningSecondOfDay: morning)
    }

    /// What differs between two states of a task: `{field: {from, to}}`. That the version and the time of the last
    /// change differ goes without saying.
    package static func changes(from before: JSON, to after: JSON) -> JSONObject {
        var result = JSONObject()
        guard let before = before.object, let after = after.object else { return result }
        for (key, value) in after where key != "version" && key != "updated_at" {
            let old = before[key] ?? .null
            if old != value { result[key] = ["from": old, "to": value] }
        }
        return result
    }
}
