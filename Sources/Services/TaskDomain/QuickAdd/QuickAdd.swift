package import WireValues

/// Quick add: one line of English becomes a task.
///
/// A deterministic reader: the same line, time and settings always give the same task. It reads in a fixed order (command
/// opening, tags, priority marks, reminders, recurrence, date, time, priority phrases) over words that were cut once, so its
/// cost grows with the line's length and not with its contents. What it does not recognise stays in the title.
/// Entry point: `QuickAdd.parse`.
package enum QuickAdd {
    /// The longest line, in code points.
    package static let maximumLength = 1_000

    /// Reads `text` as a task.
    ///
    /// - Parameters:
    ///   - now: The user's wall time; nothing else is asked for the time.
    ///   - ignoring: Kinds of parts that stay text.
    /// - Throws: `text_required` for a line of nothing but white space, `text_too_long` above `maximumLength`, both for the
    ///   field `/text`. Every other line makes a task.
    package static func parse(
        _ text: String, now: WallTime, settings: QuickAddSettings = QuickAddSettings(),
        ignoring: Set<QuickAddKind> = []
    ) throws(FieldProblem) -> QuickAddResult {
        try check(text)
        var text = text
        return text.withUTF8 { bytes in
            var reader = SentenceReader(bytes, now: now, settings: settings, ignoring: ignoring)
            return reader.read()
        }
    }

    private static func check(_ text: String) throws(FieldProblem) {
        let length = text.utf8.count
        if length > maximumLength, length > maximumLength * 4 || text.unicodeScalars.count > maximumLength {
            throw FieldProblem(
                "text_too_long", "/text",
                "a sentence has at most \(maximumLength) characters: shorten it, or send the task")
        }
        guard text.utf8.contains(where: { $0 > 0x20 }) else {
            throw FieldProblem("text_required", "/text", "there is nothing to read: send a sentence")
        }
    }
}

/// A kind of recognised part.
package enum QuickAddKind: String, CaseIterable, Sendable {
    case due, priority, tags, recurrence, reminders
    /// The opening: `add task`, `remind me to`.
    case command

    /// What a request's `ignore` may name.
    package static let ignorable: [QuickAddKind] = [.due, .priority, .tags, .recurrence, .reminders]
}

/// What the reader had to guess or leave. None of them stops the task.
package enum QuickAddWarning: String, CaseIterable, Sendable {
    /// A bare hour: whether before or after noon was guessed.
    case ambiguousTime = "ambiguous_time"
    /// `5/6` reads two ways and the user set no order; it stayed text.
    case ambiguousDate = "ambiguous_date"
    /// Repeating by hours or less is not offered; it stayed text.
    case unsupportedRecurrence = "unsupported_recurrence"
    /// A reminder counts back from a due, and there is none; it stayed text.
    case reminderWithoutDue = "reminder_without_due"
    /// The parts left nothing for a title, so the whole line is the title.
    case titleFromInput = "title_from_input"
}

/// What a user set that changes how lines are read.
package struct QuickAddSettings: Hashable, Sendable {
    /// How `5/6` is read.
    package enum DateOrder: String, CaseIterable, Sendable { case dmy, mdy }

    /// Nil: only dates that read one way are dates.
    package var dateOrder: DateOrder?
    /// Moves "next week", "this weekend" and "end of week".
    package var weekStart: Weekday

    package init(dateOrder: DateOrder? = nil, weekStart: Weekday = .monday) {
        self.dateOrder = dateOrder
        self.weekStart = weekStart
    }

    /// Reads `{"date_order": "dmy", "week_start": "sunday"}`; what is absent or null keeps its default.
    ///
    /// A weekday is its English name, its first three letters or the two of RFC 5545, in any case.
    /// - Throws: `invalid_value` for `/date_order` or `/week_start`.
    package init(json: JSON?) throws(FieldProblem) {
        self.init()
        if let value = json?["date_order"], !value.isNull {
            guard let order = value.string.flatMap(DateOrder.init) else {
                throw FieldProblem("invalid_value", "/date_order", "the order of dates is \"dmy\" or \"mdy\"")
            }
            dateOrder = order
        }
        if let value = json?["week_start"], !value.isNull {
            guard let day = value.string.flatMap(Self.weekday) else {
                throw FieldProblem("invalid_value", "/week_start", "the week starts on a weekday such as \"monday\"")
            }
            weekStart = day
        }
    }

    private static func weekday(_ text: String) -> Weekday? {
        if let day = Weekday(code: text) { return day }
        return Weekday.allCases.first { "\($0)" == text.lowercased() || "\($0)".prefix(3) == text.lowercased() }
    }
}
