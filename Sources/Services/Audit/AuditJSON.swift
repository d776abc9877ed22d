import TaskDomain
import WireValues

/// What clients read.
enum AuditJSON {
    static func entry(_ stored: AuditLog.Stored) -> JSON {
        let entry = stored.entry
        // It was JSON when it was stored; should somebody have changed it, verification tells, and the rest is shown.
        let event = (try? JSON(parsing: entry.body)) ?? .null
        let data = event["data"] ?? .null
        return [
            "place": .integer(stored.place), "event_id": .string(entry.eventID), "event_type": .string(entry.eventType),
            "task_id": .integer(entry.taskID), "task_version": .integer(entry.taskVersion),
            "user_id": .string(entry.userID), "timestamp": .string(entry.occurredAt.eventText),
            "recorded_at": .string(stored.recordedAt.eventText), "actor": data["actor"] ?? .null,
            "reason": data["reason"] ?? .null, "changes": data["changes"] ?? .null,
            "task_data": data["task_data"] ?? .null, "correlation_id": event["correlationid"] ?? .null,
            "causation_id": event["causationid"] ?? .null, "link": .string(stored.link.hexadecimal),
        ]
    }

    static func verification(_ result: AuditLog.Verification) -> JSON {
        var fault = JSON.null
        if let found = result.fault {
            fault = ["place": .integer(found.place), "kind": .string(found.kind.rawValue)]
        }
        return [
            "valid": .bool(result.fault == nil), "entries": .integer(result.entries),
            "purged_place": .integer(result.purgedPlace), "last_place": .integer(result.lastPlace),
            "last_link": .string(result.lastLink.hexadecimal), "fault": fault,
        ]
    }
}
