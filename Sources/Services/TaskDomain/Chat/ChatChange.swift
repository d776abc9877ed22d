package import WireValues

/// What a sentence changes of a task. Nil and empty: stays.
package struct ChatChange: Hashable, Sendable {
    package enum Due: Hashable, Sendable {
        case remove
        case moment(WallTime)
        /// The task keeps its time of day, if it has one.
        case date(CivilDate)
        /// The task keeps its date; without one it is the next such time. Second of the day.
        case time(Int)
        /// Later, or earlier when negative.
        case shift(months: Int, days: Int, minutes: Int)
    }

    package var title: String?
    package var due: Due?
    package var priority: QuickAddPriority?
    /// Lower case, as the next two.
    package var addedTags: [String] = []
    package var removedTags: [String] = []
    /// All tags that the task shall have.
    package var tags: [String]?
    package var recurrence: QuickAddRecurrence?
    /// ISO 8601 durations before the due; empty: none.
    package var reminders: [String]?

    package init() {}

    package var isEmpty: Bool { self == ChatChange() }

    /// The due that a task has afterwards; nil for none.
    ///
    /// - Parameter task: The due that it has now.
    package func due(of task: WallTime?, now: WallTime) -> WallTime? {
        switch due {
        case nil: return task
        case .remove: return nil
        case .moment(let moment): return moment
        case .date(let date): return WallTime(date: date, secondOfDay: task?.secondOfDay)
        case .time(let second):
            let isOver = second <= now.secondOfDay ?? 0
            return WallTime(date: task?.date ?? now.date.adding(days: isOver ? 1 : 0), secondOfDay: second)
        case .shift(let months, let days, let minutes):
            let base = task ?? (minutes == 0 ? WallTime(date: now.date, secondOfDay: nil) : now)
            let date = base.date.adding(months: months).adding(days: days)
            guard minutes != 0 else { return WallTime(date: date, secondOfDay: base.secondOfDay) }
            let total = (base.secondOfDay ?? 0) + minutes * 60
            let shifted = total.quotientRoundedDown(by: 86_400)
            return WallTime(date: date.adding(days: shifted), secondOfDay: (total - shifted * 86_400) / 60 * 60)
        }
    }

    package var json: JSON {
        var json: JSON = .object(JSONObject())
        if let title { json["title"] = .string(title) }
        switch due {
        case nil: break
        case .remove: json["due"] = .null
        case .moment(let moment): json["due"] = .string(moment.minuteText)
        case .date(let date): json["due"] = ["date": .string(date.text)]
        case .time(let second):
            json["due"] = [
                "time": .string(decimal(second / 3_600, width: 2) + ":" + decimal(second / 60 % 60, width: 2))
            ]
        case .shift(let months, let days, let minutes):
            json["due"] = ["shift": ["months": JSON(months), "days": JSON(days), "minutes": JSON(minutes)]]
        }
        if let priority { json["priority"] = .string(priority.rawValue) }
        if !addedTags.isEmpty { json["add_tags"] = JSON(addedTags) }
        if !removedTags.isEmpty { json["remove_tags"] = JSON(removedTags) }
        if let tags { json["tags"] = JSON(tags) }
        if let recurrence { json["recurrence"] = recurrence.json }
        if let reminders { json["reminders"] = JSON(reminders) }
        return json
    }
}
