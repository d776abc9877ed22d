package import WireValues

/// What a request says about a task: read and checked field by field, not yet laid over a task.
///
/// The names that the requirements use are all accepted: `due_at` or `due_local`; `reminders` or
/// `reminder_offset_minutes`; `recurrence` (object, word or RRULE text), `recurring_pattern`, `recurrence_pattern`,
/// `recurrence_rule`. Two that disagree are refused.
package struct TaskInput: Sendable {
    package var title: Given<String> = .absent
    package var description: Given<String> = .absent
    package var priority: Given<Priority> = .absent
    package var tags: Given<[String]> = .absent
    package var dueAt: Given<Timestamp> = .absent
    package var dueLocal: Given<WallTime> = .absent
    package var allDay: Given<Bool> = .absent
    package var timeZone: Given<TimeZoneRules> = .absent
    package var reminders: Given<[ReminderSpec]> = .absent
    package var recurrence: Given<RecurrenceRule> = .absent
    /// The member that the rule came from, for refusals that only show beside the due.
    var recurrenceField = "/recurrence"

    package static let fields = [
        "title", "description", "priority", "tags", "due_at", "due_local", "all_day", "time_zone", "reminders",
        "reminder_offset_minutes", "recurrence", "recurring_pattern", "recurrence_pattern", "recurrence_rule",
    ]

    /// What we answer with beside them.
    package static let readOnlyFields = [
        "id", "user_id", "completed", "completed_at", "series_id", "series_version", "occurrence_index",
        "scheduled_local", "anchor_local", "all_day_reminder_time", "version", "created_at", "updated_at",
    ]

    package init() {}

    /// - Parameter isPatch: Only what is named counts, and null takes a value away. Else null is the same as absent,
    ///   and a title must be there.
    /// - Throws: everything that is wrong, at once.
    package init(json: JSON, isPatch: Bool) throws(FieldProblems) {
        var reader = try InputReader(json, known: Self.fields, readOnly: Self.readOnlyFields)
        readTexts(&reader, isPatch: isPatch)
        priority = reader.word("priority", Priority.self)
        readTags(&reader)
        readDue(&reader)
        timeZone = reader.timeZone()
        readReminders(&reader)
        readRecurrence(&reader)
        if isPatch {
            for name in ["title", "description", "priority", "tags", "all_day", "time_zone"] { reader.refuseNull(name) }
        } else {
            if case .null = reminders { reminders = .absent }
        }
        try reader.finish()
    }

    private mutating func readTexts(_ reader: inout InputReader, isPatch: Bool) {
        switch reader.text("title") {
        case .value(let text):
            guard let text = reader.checked(text, "/title", limit: TaskLimits.titleCharacters, multiline: false)
            else { break }
            title = .value(text.trimmingSpaces)
            if text.trimmingSpaces.isEmpty {
                reader.refuse("required", "/title", "a title needs at least one character that is no space")
            }
        case .null where isPatch: break  // refused with the others that cannot be null
        case .null, .absent:
            // A title of another type was refused already.
            if !isPatch, !reader.has("title") || reader["title"] == .null {
                reader.refuse("required", "/title", "a task needs a title")
            }
        }
        switch reader.text("description") {
        case .value(let text):
            if let text = reader.checked(
                text, "/description", limit: TaskLimits.descriptionCharacters, multiline: true)
            {
                description = .value(text)
            }
        case .null: description = .null
        case .absent: break
        }
    }

    private mutating func readTags(_ reader: inout InputReader) {
        switch reader["tags"] {
        case .absent: return
        case .null: tags = .null
        case .value(.array(let items)):
            guard items.count <= TaskLimits.tags else {
                reader.refuse("too_many", "/tags", "\(items.count) tags; at most \(TaskLimits.tags) are possible")
                return
            }
            var list: [String] = []
            for (index, item) in items.enumerated() {
                guard let text = item.string else {
                    reader.refuse("wrong_type", "/tags/\(index)", "a tag must be a string")
                    continue
                }
                guard
                    let text = reader.checked(
                        text, "/tags/\(index)", limit: TaskLimits.tagCharacters, multiline: false)
                else { continue }
                let tag = text.trimmingSpaces
                if tag.isEmpty {
                    reader.refuse("required", "/tags/\(index)", "a tag needs at least one character that is no space")
                } else if !list.contains(tag) {
                    list.append(tag)
                }
            }
            tags = .value(list)
        case .value: reader.refuse("wrong_type", "/tags", "tags must be a list of strings")
        }
    }

    private mutating func readDue(_ reader: inout InputReader) {
        dueAt = reader.instant("due_at")
        if let instant = dueAt.value, !InputReader.isInRange(instant) {
            reader.refuse("due_out_of_range", "/due_at", "only the years 1970 to 2199 are possible")
        }
        switch reader.text("due_local") {
        case .absent: break
        case .null: dueLocal = .null
        case .value(let text):
            if let local = WallTime(text) {
                if TaskLimits.years.contains(local.date.year) {
                    dueLocal = .value(local)
                } else {
                    reader.refuse("due_out_of_range", "/due_local", "only the years 1970 to 2199 are possible")
                }
            } else {
                reader.refuse(
                    "invalid_wall_time", "/due_local", "2026-03-05T17:00:00 or, for all day, 2026-03-05 is expected")
            }
        }
        allDay = reader.boolean("all_day")
    }

    private mutating func readReminders(_ reader: inout InputReader) {
        reminders = reader.reminders("reminders")
        let minutes: Int?
        switch reader["reminder_offset_minutes"] {
        case .absent: return
        case .null: minutes = nil
        case .value(let value):
            guard let whole = value.int else {
                reader.refuse("wrong_type", "/reminder_offset_minutes", "a whole number of minutes is expected")
                return
            }
            minutes = whole
        }
        guard let minutes else {
            if reminders.isAbsent { reminders = .null }
            return
        }
        guard let offset = ReminderOffset(minutes: minutes) else {
            reader.refuse(
                "invalid_reminder", "/reminder_offset_minutes", "0 to 40320 minutes (four weeks) are possible")
            return
        }
        guard let specs = reminders.value else {
            if !reader.has("reminders") || reminders == .null { reminders = .value([.before(offset)]) }
            return
        }
        for case .before(let first) in specs {
            if first.wholeMinutes == minutes { return }
            break
        }
        reader.refuse(
            "reminders_conflict", "/reminder_offset_minutes", "reminders says something else; send one of the two")
    }
}

extension String {
    /// Without spaces at its ends. Other scripts' spaces count as text.
    fileprivate var trimmingSpaces: String {
        guard let first = utf8.firstIndex(where: { $0 != 0x20 }), let last = utf8.lastIndex(where: { $0 != 0x20 })
        else { return "" }
        return String(self[first...last])
    }
}
