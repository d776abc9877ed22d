package import WireValues

/// A line as it was understood.
package struct QuickAddResult: Hashable, Sendable {
    /// What is left of the line; never empty.
    package let title: String
    /// To the minute, or a whole day; nil when the line names no time.
    package let due: WallTime?
    /// Nil: the API's default applies.
    package let priority: QuickAddPriority?
    /// Lower case, in order of appearance, no doubles.
    package let tags: [String]
    package let recurrence: QuickAddRecurrence?
    /// Nil: nothing said, the user's default applies. Empty: none wanted. Else ISO 8601 durations before the due.
    package let reminders: [String]?
    package let warnings: [QuickAddWarning]
    /// The recognised parts, from left to right, without overlap.
    package let spans: [QuickAddSpan]
}

package enum QuickAddPriority: String, CaseIterable, Sendable { case high, medium, low }

/// How the task repeats.
package struct QuickAddRecurrence: Hashable, Sendable {
    package enum Anchor: String, CaseIterable, Sendable { case due, completion }

    /// RRULE text, parts in the order FREQ, INTERVAL, BYMONTH, BYMONTHDAY, BYDAY, BYSETPOS, then COUNT or UNTIL.
    package let rrule: String
    package let anchor: Anchor
    /// The rule as the task API reads it: a simple pattern where one says the same, RRULE text otherwise.
    package let ruleJSON: JSON

    /// `{rrule, anchor, month_end}`.
    package var json: JSON {
        ["rrule": .string(rrule), "anchor": .string(anchor.rawValue), "month_end": "clamp"]
    }
}

/// Where a recognised part stands.
package struct QuickAddSpan: Hashable, Sendable {
    package let kind: QuickAddKind
    /// In code points from the start of the line; `end` is behind the last one.
    package let start: Int
    package let end: Int
    /// What the part means: a text, for tags and reminders a list, for the command opening null.
    package let value: JSON

    package var json: JSON {
        ["kind": .string(kind.rawValue), "start": JSON(start), "end": JSON(end), "value": value]
    }
}

extension QuickAddResult {
    /// The answer of a dry run.
    package var json: JSON {
        var json = vectorJSON
        json["spans"] = .array(spans.map(\.json))
        return json
    }

    /// The same without spans.
    package var vectorJSON: JSON {
        [
            "title": .string(title),
            "due": due.map { .string($0.minuteText) } ?? .null,
            "priority": priority.map { .string($0.rawValue) } ?? .null,
            "tags": JSON(tags),
            "recurrence": recurrence?.json ?? .null,
            "reminders": reminders.map { JSON($0) } ?? .null,
            "warnings": JSON(warnings.map(\.rawValue)),
        ]
    }
}

extension WallTime {
    /// `2026-03-05T17:00`, or `2026-03-05` for a whole day.
    package var minuteText: String {
        isAllDay ? date.text : String(text.dropLast(3))
    }
}
