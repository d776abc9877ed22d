import ServiceKit
import WireValues

/// What other services answer through this door. Their requests are described as they check them; of their answers, what
/// clients can rely on.
extension APIDocument {
    static var forwardedOperations: [(path: String, method: Method, operation: JSON)] {
        ForwardRoutes.patterns.compactMap { method, pattern, service in
            let path = String(pattern.dropFirst("/api/{user_id}/".count))
            guard let own = forwarded(method, path, service) else { return nil }
            return (pattern, method, own)
        }
    }

    private static func forwarded(_ method: Method, _ path: String, _ service: String) -> JSON? {
        switch (method, path) {
        case (.get, "reminders"):
            answered(
                "listReminders", "Pending reminders, the next one first", by: service,
                query: [
                    limit(50),
                    text(
                        "cursor", "The `next_cursor` of the page before.", "^-?[0-9]{1,15}\\.[0-9]{1,15}\\.[0-9]{1,15}$"
                    ),
                ], answer: "ReminderPage")
        case (.get, "tasks/{id}/reminders"):
            answered("listTaskReminders", "The reminders of a task", by: service, answer: "ReminderPage")
        case (.get, "notifications"):
            answered(
                "listNotifications", "What was delivered, the newest first", by: service,
                query: [
                    limit(50), number("before", "Only those with a smaller id.", from: 1),
                    parameter("unread", "Only those that were not read.", ["type": "boolean", "default": false]),
                ], answer: "NotificationPage")
        case (.post, "notifications/read"):
            answered(
                "readNotifications", "Mark everything up to one as read", by: service, body: "ReadUpTo",
                example: ["up_to": 7], answer: "ReadCount")
        case (.patch, "notifications/{id}"):
            answered(
                "markNotification", "Mark one as read or unread", by: service, body: "ReadMark",
                example: ["read": true], answer: nil)
        case (.get, "notification-settings"):
            answered("getChannels", "The channels that reminders go by", by: service, answer: "Channels")
        case (.put, "notification-settings"):
            answered(
                "replaceChannels", "Choose the channels that reminders go by", by: service, ifMatch: true,
                conflicts: true, body: "ChannelsInput",
                example: ["channels": ["log": ["enabled": true], "in-app": ["enabled": true]]],
                answer: "Channels")
        case (.get, "audit"):
            answered(
                "listAudit", "Everything that was done to the user's tasks, in order", by: service,
                query: [
                    parameter(
                        "event_type", "Only these types.",
                        [
                            "type": "array", "maxItems": 4,
                            "items": ["enum": ["created", "updated", "completed", "deleted"]],
                        ]),
                    number("task_id", "Only this task's.", from: 1),
                    parameter("from", "Not before this instant.", APISchemas.instant),
                    parameter("to", "Before this instant.", APISchemas.instant),
                    text(
                        "cursor", "The `next_cursor` of the page before.", "^-?[0-9]{1,18}~[0-9]{1,18}~[0-9]{1,18}$"),
                    limit(50),
                ], answer: "AuditPage")
        case (.get, "audit/verify"):
            answered(
                "verifyAudit", "Whether an entry is missing or was altered", by: service,
                query: [
                    text(
                        "known", "A place and its link as somebody wrote them down earlier, with a colon between them.",
                        "^[0-9]{1,15}:[0-9a-f]{64}$")
                ], answer: "Verification")
        default: nil
        }
    }

    private static func answered(
        _ id: String, _ summary: String, by service: String, query: [JSON] = [], ifMatch: Bool = false,
        conflicts: Bool = false, body: String? = nil, example: JSON = .null, answer: String?
    ) -> JSON {
        let success: (Int, JSON) =
            answer.map { (200, APIResponses.json("Answered by the \(service) service.", $0)) }
            ?? (204, APIResponses.empty("Done by the \(service) service."))
        var own = operation(
            id, "others", summary, checksVersion: ifMatch, body: body.map { ($0, example) },
            success: [success], refusals: conflicts ? [404, 409, 502, 503] : [404, 502, 503])
        if !query.isEmpty { own["parameters"] = .array((own["parameters"]?.array ?? []) + query) }
        return own
    }

    private static func parameter(_ name: String, _ description: String, _ schema: JSON) -> JSON {
        ["name": .string(name), "in": "query", "description": .string(description), "schema": schema]
    }

    private static func limit(_ usual: Int) -> JSON {
        parameter(
            "limit", "How many at most.", ["type": "integer", "minimum": 1, "maximum": 200, "default": JSON(usual)])
    }

    private static func number(_ name: String, _ description: String, from minimum: Int) -> JSON {
        parameter(
            name, description, ["type": "integer", "minimum": JSON(minimum), "maximum": 9_007_199_254_740_991])
    }

    private static func text(_ name: String, _ description: String, _ pattern: String) -> JSON {
        parameter(name, description, ["type": "string", "pattern": .string(pattern)])
    }
}

/// Their shapes.
extension APISchemas {
    static var forwarded: JSONObject {
        func page(_ items: String, _ more: [String]) -> JSON {
            [
                "type": "object", "required": JSON([items] + more),
                "properties": [items: ["type": "array", "items": ["type": "object"]]] as JSON,
            ]
        }
        func members(_ names: [String]) -> JSON { ["type": "object", "required": JSON(names)] }
        let enabled: JSON = ["type": "boolean"]
        // A channel that is on needs its address, one that is off may have it.
        func channel(_ name: String, _ address: JSON, _ more: [(String, JSON)] = []) -> JSON {
            let off: [(String, JSON)] = [("enabled", ["const": false]), (name, nullable(address))]
            let on: [(String, JSON)] = [("enabled", ["const": true]), (name, address)]
            return [
                "anyOf": [
                    object(.object(JSONObject(on + more)), required: ["enabled", name]),
                    object(.object(JSONObject(off + more)), required: ["enabled"]),
                ]
            ]
        }
        let webhookAddress: JSON = [
            "type": "string", "maxLength": 2_048,
            "pattern": """
            ^https://[A-Za-z0-9._-]{1,253}(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}))?\
            ([/?][!-\"$-\\[\\]-~]*)?$
            """,
        ]
        let mailAddress: JSON = [
            "type": "string", "maxLength": 254,
            "pattern": "^[A-Za-z0-9]([A-Za-z0-9_+-]{0,62}[A-Za-z0-9])?@[a-z0-9]+([.-][a-z0-9]+)*\\.[a-z]{2,20}$",
        ]
        let switched = object(["enabled": enabled], required: ["enabled"])
        let shapes: [(String, JSON)] = [
            ("ReminderPage", page("reminders", [])),
            ("NotificationPage", page("notifications", ["has_more", "unread"])),
            ("AuditPage", page("entries", ["next_cursor"])),
            ("Verification", members(["valid", "entries", "last_link"])),
            ("Channels", members(["channels", "available"])),
            (
                "ChannelsInput",
                object(
                    [
                        "channels": object([
                            "log": switched, "in-app": switched,
                            "webhook": channel(
                                "url", webhookAddress,
                                [
                                    ("secret", ["type": ["string", "null"], "pattern": "^[!-~]{16,128}$"]),
                                    ("has_secret", ["type": "boolean", "description": "Says nothing here."]),
                                ]),
                            "email": channel("address", mailAddress),
                        ])
                    ], required: ["channels"])
            ),
            (
                "ReadMark", object(["read": ["type": "boolean"]], required: ["read"])
            ),
            (
                "ReadUpTo",
                object(
                    ["up_to": ["type": "integer", "minimum": 1, "maximum": 9_007_199_254_740_991]], required: ["up_to"])
            ),
            ("ReadCount", object(["read": ["type": "integer", "minimum": 0]], required: ["read"])),
        ]
        return JSONObject(shapes)
    }
}
