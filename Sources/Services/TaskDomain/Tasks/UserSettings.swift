package import WireValues

/// What a user set for all of their tasks.
package struct UserSettings: Hashable, Sendable {
    package enum DateOrder: String, Hashable, Sendable, CaseIterable {
        case dayFirst = "dmy"
        case monthFirst = "mdy"
    }

    /// 09:00.
    package static let defaultMorning = 9 * 3_600

    /// IANA name; new tasks lie in it unless they say otherwise.
    package var timeZone: String
    /// When reminders of all-day tasks go out.
    package var morningSecondOfDay: Int
    /// For tasks with a time that come without reminders. All-day ones get one in the morning.
    package var defaultReminders: [ReminderSpec]
    /// How `5/6` reads in a sentence; nil: only if one reading exists.
    package var dateOrder: DateOrder?
    package var weekStart: Weekday

    package init(
        timeZone: String = "UTC", morningSecondOfDay: Int = defaultMorning,
        defaultReminders: [ReminderSpec] = [Self.minutesBefore(30)], dateOrder: DateOrder? = nil,
        weekStart: Weekday = .monday
    ) {
        self.timeZone = timeZone
        self.morningSecondOfDay = morningSecondOfDay
        self.defaultReminders = defaultReminders
        self.dateOrder = dateOrder
        self.weekStart = weekStart
    }

    package var zone: TimeZoneRules { TimeZoneRules.named(timeZone) ?? .utc }

    /// The reminders of a task that names none.
    package func reminders(for due: WallTime?) -> [ReminderSpec] {
        guard let due else { return [] }
        return due.isAllDay ? [Self.minutesBefore(0)] : defaultReminders
    }

    /// - Parameter minutes: From 0 to four weeks; it is our mistake if it is not.
    package static func minutesBefore(_ minutes: Int) -> ReminderSpec {
        guard let offset = ReminderOffset(minutes: minutes) else {
            preconditionFailure("no offset: \(minutes) minutes")
        }
        return .before(offset)
    }

    package var json: JSON {
        [
            "time_zone": .string(timeZone), "all_day_reminder_time": .string(Self.clockText(morningSecondOfDay)),
            "default_reminders": .array(defaultReminders.map(\.json)),
            "date_order": dateOrder.map { .string($0.rawValue) } ?? .null,
            "week_start": .string(weekStart.code),
        ]
    }

    /// These settings with what `json` names changed.
    ///
    /// - Throws: everything that is wrong with `json`, at once.
    package func changed(by json: JSON) throws(FieldProblems) -> UserSettings {
        var reader = try InputReader(
            json, known: ["time_zone", "all_day_reminder_time", "default_reminders", "date_order", "week_start"])
        var result = self
        if case .value(let zone) = reader.timeZone() { result.timeZone = zone.name }
        if case .value(let text) = reader.text("all_day_reminder_time") {
            if let second = Self.secondOfDay(text) {
                result.morningSecondOfDay = second
            } else {
                reader.refuse("invalid_time", "/all_day_reminder_time", "a time of day such as 09:00 is expected")
            }
        }
        if case .value(let specs) = reader.reminders("default_reminders") {
            if specs.contains(where: { if case .at = $0 { true } else { false } }) {
                reader.refuse("invalid_reminder", "/default_reminders", "only times before the due can be defaults")
            }
            result.defaultReminders = specs
        }
        switch reader.word("date_order", DateOrder.self) {
        case .value(let order): result.dateOrder = order
        case .null: result.dateOrder = nil
        case .absent: break
        }
        if case .value(let code) = reader.text("week_start") {
            if let day = Weekday(code: code) {
                result.weekStart = day
            } else {
                reader.refuse("not_allowed", "/week_start", "one of MO, TU, WE, TH, FR, SA, SU is expected")
            }
        }
        for name in ["time_zone", "all_day_reminder_time", "default_reminders", "week_start"] {
            reader.refuseNull(name)
        }
        try reader.finish()
        return result
    }

    /// `09:00`.
    static func clockText(_ second: Int) -> String {
        func two(_ value: Int) -> String { (value < 10 ? "0" : "") + String(value) }
        return two(second / 3_600) + ":" + two(second / 60 % 60)
    }

    /// The inverse of `clockText`.
    static func secondOfDay(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard text.utf8.count == 5, parts.count == 2,
            parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
        else { return nil }
        return hour * 3_600 + minute * 60
    }
}
