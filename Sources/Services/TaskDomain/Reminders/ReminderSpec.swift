package import WireValues

/// One entry of a task's reminders: so long before its due, or at an instant.
package enum ReminderSpec: Hashable, Sendable {
    case before(ReminderOffset)
    case at(Timestamp)

    /// Reads `{"before": "PT30M"}`, `{"remind_at": "2026-03-05T16:00:00Z"}`, or a duration alone, such as `"PT1H"` or
    /// `"15m"`.
    ///
    /// - Throws: `invalid_reminder`, the field a pointer from the entry on.
    package init(json: JSON) throws(FieldProblem) {
        switch json {
        case .string(let text):
            guard let offset = ReminderOffset(text) else { throw Self.badOffset("") }
            self = .before(offset)
        case .object(let members):
            let before = members["before"].flatMap { $0.isNull ? nil : $0 }
            let at = members["remind_at"].flatMap { $0.isNull ? nil : $0 }
            for key in members.keys where key != "before" && key != "remind_at" {
                throw FieldProblem("invalid_reminder", "", "A reminder has no member '\(key.prefix(40))'.")
            }
            switch (before, at) {
            case (let before?, nil):
                guard let offset = before.string.flatMap({ ReminderOffset($0) }) else {
                    throw Self.badOffset("/before")
                }
                self = .before(offset)
            case (nil, let at?):
                guard let instant = at.string.flatMap({ Timestamp($0) }) else {
                    throw FieldProblem(
                        "invalid_reminder", "/remind_at", "remind_at is an instant such as \"2026-03-05T16:00:00Z\".")
                }
                self = .at(instant)
            default:
                throw FieldProblem("invalid_reminder", "", "A reminder has either before or remind_at.")
            }
        default:
            throw FieldProblem(
                "invalid_reminder", "",
                "A reminder is {\"before\": \"PT30M\"}, {\"remind_at\": \"2026-03-05T16:00:00Z\"}, or a duration.")
        }
    }

    /// The object form.
    package var json: JSON {
        switch self {
        case .before(let offset): ["before": JSON(offset.text)]
        case .at(let instant): ["remind_at": JSON(instant.shortText)]
        }
    }

    private static func badOffset(_ field: String) -> FieldProblem {
        FieldProblem(
            "invalid_reminder", field,
            "The time before the due is a duration from \"PT0M\" to \"P4W\", such as \"PT30M\" or \"P1D\", or \"15m\"."
        )
    }
}
