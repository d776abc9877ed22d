import TaskDomain
import WireValues

/// The shapes of bodies. Requests are described exactly: what fits is accepted as far as it makes sense, what does not fit
/// is refused. Patterns have no `$` where a text is free, since engines differ about the end of a line.
enum APISchemas {
    static func reference(_ name: String) -> JSON { ["$ref": .string("#/components/schemas/\(name)")] }

    // MARK: - Parts

    /// Dates of these years that exist.
    private static func date(years: String) -> String {
        "((\(years))-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
            + "|(19(72|76|8[048]|9[26])|20([02468][048]|[13579][26])|21([2468][048]|[13579][26]|0[48]))-02-29)"
    }
    private static let clock = "([01][0-9]|2[0-3]):[0-5][0-9]"

    static let instant: JSON = [
        "type": "string",
        "pattern": .string(
            "^\(date(years: "19(7[1-9]|[89][0-9])|20[0-9]{2}|21([0-8][0-9]|9[0-8])"))T\(clock):[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$"
        ),
        "description": """
        An instant as in RFC 3339, in the years 1971 to 2198; and of 1970 and 2199 what lies in that year in the task's zone.
        """,
    ]
    static let wallTime: JSON = [
        "type": "string",
        "pattern": .string("^\(date(years: "19[7-9][0-9]|2[01][0-9]{2}"))(T\(clock)(:[0-5][0-9])?)?$"),
        "description": "A wall time in time_zone, or a date for all day; in the years 1970 to 2199.",
    ]
    static let patterns = ["daily", "weekly", "monthly", "yearly"]
    private static let words: JSON = ["enum": JSON(patterns)]

    /// The same, or null.
    static func nullable(_ schema: JSON) -> JSON {
        var schema = schema
        if let type = schema["type"]?.string { schema["type"] = [.string(type), "null"] }
        if let values = schema["enum"]?.array { schema["enum"] = .array(values + [.null]) }
        return schema
    }

    /// A text in one line with something in it.
    private static func line(_ limit: Int) -> JSON {
        [
            "type": "string", "maxLength": JSON(limit), "pattern": "[^\\u0000-\\u0020\\u007f]",
            "not": ["type": "string", "pattern": "[\\u0000-\\u001f\\u007f]"],
        ]
    }

    private static let description: JSON = [
        "type": "string", "maxLength": JSON(TaskLimits.descriptionCharacters),
        "not": ["type": "string", "pattern": "[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f]"],
    ]
    private static let tags: JSON = [
        "type": "array", "maxItems": JSON(TaskLimits.tags), "items": line(TaskLimits.tagCharacters),
        "description": "In the order given; one that occurs twice counts once.",
    ]
    private static let zone = reference("TimeZone")
    private static let offset: JSON = [
        "type": "string",
        "pattern":
            "^(PT([0-9]|[1-9][0-9]{1,3})M|PT([0-9]|[1-9][0-9]|[1-5][0-9]{2})H|P([0-9]|1[0-9]|2[0-8])D|P[0-4]W|[1-9][0-9]?[mh]|[1-9]d|[1-4]w)$",
        "description": "A duration before the due: ISO 8601 from PT0M to P4W, or 15m, 1h, 1d, 1w.",
    ]
    private static let reminder: JSON = [
        "anyOf": [
            offset,
            object(["before": offset], required: ["before"]),
            object(["remind_at": instant], required: ["remind_at"]),
        ]
    ]
    private static let reminders: JSON = [
        "type": "array", "maxItems": JSON(TaskLimits.reminders), "items": reference("Reminder"),
    ]

    static func object(_ properties: JSON, required: [String] = []) -> JSON {
        var schema: JSON = ["type": "object", "properties": properties, "additionalProperties": false]
        if !required.isEmpty { schema["required"] = JSON(required) }
        return schema
    }

    // MARK: - Recurrence

    private static let rule: JSON = {
        let common: JSON = [
            "anchor": nullable(["enum": ["due", "completion"], "default": "due"]),
            "catch_up": nullable(["enum": ["skip", "each"], "default": "skip"]),
            "month_end": nullable(["enum": ["clamp", "skip"], "default": "clamp"]),
            "count": nullable([
                "type": "integer", "minimum": JSON(RecurrenceRule.counts.lowerBound),
                "maximum": JSON(RecurrenceRule.counts.upperBound),
            ]),
        ]
        func simple(_ pattern: JSON, interval: Int, _ more: JSON = [:]) -> JSON {
            var properties: JSON = [
                "pattern": pattern,
                "interval": nullable(["type": "integer", "minimum": 1, "maximum": JSON(interval), "default": 1]),
            ]
            for (name, schema) in more.object ?? JSONObject() { properties[name] = schema }
            for (name, schema) in common.object ?? JSONObject() { properties[name] = schema }
            return object(properties, required: ["pattern"])
        }
        let days: JSON = [
            "type": "array", "maxItems": 7,
            "items": ["enum": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]],
        ]
        return [
            "description": """
            A rule, one of the words, or RRULE text of RFC 5545. Instead of `count`, a rule may have `until`: a local date, \
            that day included, or a UTC instant, not before the due. Described are the forms that fit every due; `until`, and \
            UNTIL in a text, depend on it.
            """,
            "anyOf": [
                words, text,
                simple(["const": "daily"], interval: 999),
                simple(["const": "weekly"], interval: 999, ["by_weekday": nullable(days)]),
                simple(["const": "monthly"], interval: 720), simple(["const": "yearly"], interval: 60),
                object(
                    [
                        "pattern": nullable(["enum": ["custom"]]), "rrule": text,
                        "anchor": nullable(["enum": ["due", "completion"]]),
                        "catch_up": nullable(["enum": ["skip", "each"]]),
                        "month_end": nullable(["enum": ["clamp", "skip"]]),
                    ], required: ["rrule"]),
            ],
        ]
    }()

    /// RRULE text in the order that we write it.
    private static let text: JSON = {
        let interval = "(;INTERVAL=[1-9][0-9]?)?"
        let day = "(MO|TU|WE|TH|FR|SA|SU)"
        let end =
            "(;WKST=\(day))?(;COUNT=[1-9][0-9]{0,3})?"
        let monthDay = "(-?([1-9]|1[0-9]|2[0-8]))"
        return [
            "type": "string", "maxLength": JSON(TaskLimits.ruleCharacters),
            "pattern": .string(
                "^(FREQ=DAILY\(interval)(;BYDAY=\(day))?|FREQ=WEEKLY\(interval)(;BYDAY=\(day)(,\(day))*)?"
                    + "|FREQ=MONTHLY\(interval)(;BYMONTHDAY=\(monthDay)(,\(monthDay))*|;BYDAY=(-?1|[2-4])\(day)|;BYDAY=\(day)(,\(day))*;BYSETPOS=-?1)?"
                    + "|FREQ=YEARLY(;INTERVAL=[1-5])?(;BYMONTH=([1-9]|1[0-2])(;BYMONTHDAY=\(monthDay)|;BYDAY=(-?1|[2-4])\(day))?)?)\(end)$"
            ),
            "description": "RRULE text of RFC 5545 with FREQ from DAILY to YEARLY; its parts may come in any order.",
        ]
    }()

    // MARK: - Tasks

    private static func taskInput(patch: Bool) -> JSON {
        func optional(_ schema: JSON) -> JSON { patch ? schema : nullable(schema) }
        var schema = object(
            [
                "title": line(TaskLimits.titleCharacters), "description": optional(description),
                "priority": optional(["enum": ["low", "medium", "high"]]), "tags": optional(tags),
                "due_at": nullable(instant), "due_local": nullable(wallTime),
                "all_day": optional(["type": "boolean"]),
                "time_zone": patch ? zone : ["anyOf": [["type": "null"], zone]], "reminders": nullable(reminders),
                "reminder_offset_minutes": [
                    "type": ["integer", "null"], "minimum": 0, "maximum": 40_320,
                    "description": "One reminder, so many minutes before the due.",
                ],
                "recurrence": ["anyOf": [["type": "null"], reference("RecurrenceInput")]],
                "recurring_pattern": nullable(words), "recurrence_pattern": nullable(words),
                "recurrence_rule": nullable(text),
            ], required: patch ? [] : ["title"])
        schema["not"] = contradictions
        schema["description"] = .string(
            (patch
                ? "What is named is changed; null takes a due, the reminders or the recurrence away."
                : "Null is the same as leaving a field out.")
                + " Where there are two names for one thing, send one of them; both are accepted if they agree.")
        return schema
    }

    static let task: JSON = {
        let wall: JSON = ["type": ["string", "null"]]
        let when: JSON = ["type": "string", "format": "date-time"]
        let properties: JSON = [
            "id": ["type": "integer", "minimum": 1, "maximum": 9_007_199_254_740_991], "user_id": ["type": "string"],
            "title": ["type": "string", "minLength": 1, "maxLength": JSON(TaskLimits.titleCharacters)],
            "description": ["type": "string", "maxLength": JSON(TaskLimits.descriptionCharacters)],
            "completed": ["type": "boolean"], "completed_at": nullable(when),
            "priority": ["enum": ["low", "medium", "high"]],
            "tags": ["type": "array", "items": ["type": "string"]],
            "due_at": nullable(when), "due_local": wall, "all_day": ["type": "boolean"],
            "time_zone": ["type": "string"],
            "reminders": [
                "type": "array",
                "items": [
                    "anyOf": [
                        object(["before": ["type": "string"]], required: ["before"]),
                        object(["remind_at": when], required: ["remind_at"]),
                    ]
                ],
            ],
            "reminder_offset_minutes": ["type": ["integer", "null"]],
            "all_day_reminder_time": ["type": ["string", "null"]],
            "recurrence": ["anyOf": [["type": "null"], reference("Recurrence")]],
            "recurring_pattern": ["enum": ["daily", "weekly", "monthly", "yearly", "custom", .null]],
            "recurrence_rule": ["type": ["string", "null"]],
            "series_id": ["type": ["string", "null"], "format": "uuid"],
            "series_version": ["type": ["integer", "null"]], "occurrence_index": ["type": ["integer", "null"]],
            "scheduled_local": wall, "anchor_local": wall, "version": ["type": "integer", "minimum": 1],
            "created_at": when, "updated_at": when,
        ]
        return object(properties, required: properties.object?.keys ?? [])
    }()

    private static let recurrence: JSON = object(
        [
            "pattern": ["enum": ["daily", "weekly", "monthly", "yearly", "custom"]], "interval": ["type": "integer"],
            "by_weekday": ["type": "array", "items": ["type": "string"]], "rrule": ["type": "string"],
            "anchor": ["enum": ["due", "completion"]], "catch_up": ["enum": ["skip", "each"]],
            "month_end": ["enum": ["clamp", "skip"]], "until": ["type": "string"], "count": ["type": "integer"],
        ], required: ["pattern", "anchor", "catch_up", "month_end"])

    private static let settingsFields: JSON = [
        "time_zone": zone,
        "all_day_reminder_time": ["type": "string", "pattern": .string("^\(clock)$")],
        "default_reminders": [
            "type": "array", "maxItems": JSON(TaskLimits.reminders),
            "items": ["anyOf": [offset, object(["before": offset], required: ["before"])]],
        ],
        "date_order": ["enum": ["dmy", "mdy", .null]],
        "week_start": ["enum": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]],
    ]

    private static let sentence: JSON = [
        "type": "string", "minLength": 1, "maxLength": JSON(QuickAdd.maximumLength),
        "pattern": "[^\\u0000-\\u0020\\u007f]",
        "not": ["type": "string", "pattern": "[\\u0000-\\u001f\\u007f]"],
    ]

    private static let span: JSON = object(
        ["kind": ["type": "string"], "start": ["type": "integer"], "end": ["type": "integer"], "value": true],
        required: ["kind", "start", "end", "value"])

    static var components: JSON {
        var all = own
        for (name, schema) in forwarded { all[name] = schema }
        return all
    }

    private static var own: JSON {
        let strings: JSON = ["type": "array", "items": ["type": "string"]]
        var made = task
        made["properties"]?["warnings"] = strings
        made["properties"]?["spans"] = ["type": "array", "items": reference("Span")]
        made["required"] = .array((made["required"]?.array ?? []) + ["warnings", "spans"])
        return [
            "TimeZone": ZoneNames.schema, "Task": task, "Recurrence": recurrence, "RecurrenceInput": rule,
            "Reminder": reminder,
            "TaskInput": taskInput(patch: false), "TaskPatch": taskInput(patch: true),
            "TaskPage": object(
                [
                    "tasks": ["type": "array", "items": reference("Task")],
                    "next_cursor": ["type": ["string", "null"]],
                ], required: ["tasks", "next_cursor"]),
            "Occurrences": object(
                [
                    "task_id": ["type": "integer"], "recurrence_rule": ["type": "string"],
                    "time_zone": ["type": "string"],
                    "occurrences": [
                        "type": "array",
                        "items": object(
                            [
                                "scheduled_local": ["type": "string"],
                                "due_at": ["type": "string", "format": "date-time"],
                                "index": ["type": "integer", "minimum": 1],
                            ], required: ["scheduled_local", "due_at", "index"]),
                    ],
                    "ends": [
                        "enum": ["count", "until", "exhausted", .null],
                        "description": "Why nothing follows the last of them.",
                    ],
                ], required: ["task_id", "recurrence_rule", "time_zone", "occurrences", "ends"]),
            "Change": object(
                [
                    "event_id": ["type": "string", "format": "uuid"],
                    "event_type": ["enum": ["created", "updated", "completed", "deleted"]],
                    "task_id": ["type": "integer"],
                    "user_id": ["type": "string"], "timestamp": ["type": "string", "format": "date-time"],
                    "task_version": ["type": "integer"], "user_seq": ["type": "integer", "minimum": 1],
                    "task_data": ["anyOf": [["type": "null"], reference("Task")]],
                ],
                required: [
                    "event_id", "event_type", "task_id", "user_id", "timestamp", "task_version", "user_seq",
                    "task_data",
                ]),
            "Feed": object(
                [
                    "changes": ["type": "array", "items": reference("Change")],
                    "user_seq": [
                        "type": "integer", "minimum": 0, "description": "The number of the user's newest change.",
                    ],
                    "has_more": ["type": "boolean"],
                ], required: ["changes", "user_seq", "has_more"]),
            "SettingsAnswer": object(
                [
                    "time_zone": ["type": "string"], "all_day_reminder_time": ["type": "string"],
                    "default_reminders": [
                        "type": "array", "items": object(["before": ["type": "string"]], required: ["before"]),
                    ],
                    "date_order": ["enum": ["dmy", "mdy", .null]], "week_start": ["type": "string"],
                ], required: settingsFields.object?.keys ?? []),
            "SettingsInput": object(settingsFields),
            "Sentence": object(
                [
                    "text": sentence,
                    "ignore": [
                        "type": "array", "maxItems": 5,
                        "items": ["enum": .array(QuickAddKind.ignorable.map { .string($0.rawValue) })],
                        "description": "Kinds of parts that stay text.",
                    ],
                    "time_zone": zone,
                ], required: ["text"]),
            "ChatMessage": object(["text": sentence, "time_zone": zone], required: ["text"]),
            "Span": span,
            "Reading": object(
                [
                    "title": ["type": "string"], "due": ["type": ["string", "null"]],
                    "priority": ["enum": ["high", "medium", "low", .null]], "tags": strings,
                    "recurrence": [
                        "anyOf": [
                            ["type": "null"],
                            object(
                                [
                                    "rrule": ["type": "string"], "anchor": ["enum": ["due", "completion"]],
                                    "month_end": ["const": "clamp"],
                                ], required: ["rrule", "anchor", "month_end"]),
                        ]
                    ],
                    "reminders": ["anyOf": [["type": "null"], strings]], "warnings": strings,
                    "spans": ["type": "array", "items": reference("Span")],
                ], required: ["title", "due", "priority", "tags", "recurrence", "reminders", "warnings", "spans"]),
            "QuickTask": made,
            "ChatAnswer": [
                "type": "object", "required": ["intent", "message"],
                "properties": [
                    "intent": ["type": "string"], "message": ["type": "string"],
                    "task": ["anyOf": [["type": "null"], reference("Task")]],
                    "tasks": ["type": "array", "items": reference("Task")],
                ],
            ],
            "Any": ["description": "As its service describes it."],
            "Problem": [
                "type": "object", "required": ["type", "title", "status", "detail"],
                "properties": [
                    "type": ["type": "string"], "title": ["type": "string"], "status": ["type": "integer"],
                    "detail": ["type": "string"],
                    "errors": [
                        "type": "array",
                        "items": object(
                            ["field": ["type": "string"], "code": ["type": "string"], "detail": ["type": "string"]],
                            required: ["field", "code", "detail"]),
                    ],
                ],
            ],
        ]
    }
}
