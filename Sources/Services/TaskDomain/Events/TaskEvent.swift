package import WireValues

/// One change of one task, on `task-events`. There are these four kinds and no more; `reason` tells the rest.
package struct TaskEvent: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case created, updated, completed, deleted
    }

    /// What lay behind the change, where it was no plain act of the user. Readers pass over those they do not know.
    package struct Reason: RawRepresentable, Hashable, Sendable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// With `updated`: `completed` went from true to false.
        package static let reopened = Reason(rawValue: "reopened")
        /// With `updated`: a series' head moved to its next slot.
        package static let skipped = Reason(rawValue: "skipped")
        /// With `updated`: the due changed.
        package static let rescheduled = Reason(rawValue: "rescheduled")
        /// With `updated`: the rule changed.
        package static let seriesChanged = Reason(rawValue: "series_changed")
        /// With `updated`: no more occurrences.
        package static let seriesCancelled = Reason(rawValue: "series_cancelled")
        /// With `completed`: count or until is reached, no successor will come.
        package static let seriesEnded = Reason(rawValue: "series_ended")
        /// With `created`: made for a completed one.
        package static let recurrence = Reason(rawValue: "recurrence")
        /// With `deleted`: an untouched successor was withdrawn.
        package static let superseded = Reason(rawValue: "superseded")
    }

    package static let source = "/todo/task-api"
    package static let schema = "urn:todo:schema:task-event:1.0"

    package var id: String
    package var kind: Kind
    package var timestamp: Timestamp
    /// The whole task after the change; for `deleted` its last state.
    package var task: TodoTask
    /// `{field: {from, to}}` for changed fields only, on `updated` and `completed`; else empty.
    package var changes: JSONObject
    package var reason: Reason?
    package var actor: Actor
    /// On `created` by recurrence: the task whose completion asked for it, and how many slots were passed over.
    package var previousTaskID: Int64?
    package var skippedOccurrences: Int?
    package var trace: EventTrace

    package init(
        id: String, kind: Kind, timestamp: Timestamp, task: TodoTask, changes: JSONObject = JSONObject(),
        reason: Reason? = nil, actor: Actor, previousTaskID: Int64? = nil, skippedOccurrences: Int? = nil,
        trace: EventTrace = EventTrace()
    ) {
        self.id = id
        self.kind = kind
        self.timestamp = timestamp
        self.task = task
        self.changes = changes
        self.reason = reason
        self.actor = actor
        self.previousTaskID = previousTaskID
        self.skippedOccurrences = skippedOccurrences
        self.trace = trace
    }

    package var taskID: Int64 { task.id }
    package var userID: String { task.userID }
    package var version: Int { task.version }

    /// Reads the event, `event_type` in either form and whatever else stands in it.
    ///
    /// - Throws: `.unknownType` when the envelope's type is none of the four; `.malformed` when a value is missing.
    package init(_ event: CloudEvent) throws(EventProblem) {
        let name = event.typeWithoutVersion
        guard name.hasPrefix("task."), let kind = Kind(rawValue: CloudEvent.word(name)), event.majorVersion == 1,
            name == "task.\(kind.rawValue)"
        else { throw .unknownType(event.type) }
        let reader = try EventReader(event.data)
        let said = try reader.optionalText("event_type").map { CloudEvent.word($0) }
        guard said == nil || said == kind.rawValue else { throw .malformed("event_type is not that of the envelope") }
        guard let data = reader["task_data"] else { throw .malformed("no task_data") }
        let task = try TodoTask(json: data)
        guard try reader.integer("task_id") == Int(task.id),
            try UserKey(reader.text("user_id")) == UserKey(task.userID),
            try reader.integer("task_version") == task.version
        else { throw .malformed("task_data is of another task, user or version than the event") }
        var actor = Actor(kind: .service, id: "")
        if let given = reader["actor"] { actor = try Actor(json: given) }
        self.init(
            id: try reader.optionalText("event_id") ?? event.id, kind: kind,
            timestamp: try reader.optionalInstant("timestamp") ?? event.time, task: task,
            changes: reader["changes"]?.object ?? JSONObject(),
            reason: try reader.optionalText("reason").map { Reason(rawValue: $0) }, actor: actor,
            previousTaskID: try reader.optionalInteger("previous_task_id", from: 1).map { Int64($0) },
            skippedOccurrences: try reader.optionalInteger("skipped_occurrences"), trace: EventTrace(event))
    }

    package var cloudEvent: CloudEvent { cloudEvent(taskData: task.json) }

    /// The envelope with `task_data` that was written before: the same object goes into several places.
    package func cloudEvent(taskData: JSON) -> CloudEvent {
        var data: JSON = [
            "event_id": .string(id), "event_type": .string(kind.rawValue), "task_id": .integer(task.id),
            "user_id": .string(task.userID), "timestamp": .string(timestamp.eventText),
            "task_version": JSON(task.version), "reason": reason.map { .string($0.rawValue) } ?? .null,
            "actor": actor.json,
        ]
        if kind == .updated || kind == .completed { data["changes"] = .object(changes) }
        if let previousTaskID { data["previous_task_id"] = .integer(previousTaskID) }
        if let skippedOccurrences { data["skipped_occurrences"] = JSON(skippedOccurrences) }
        data["task_data"] = taskData
        return CloudEvent(
            id: id, source: Self.source, type: "task.\(kind.rawValue)", subject: String(task.id), time: timestamp,
            dataSchema: Self.schema, partitionKey: task.userID, sequence: String(task.version), trace: trace,
            data: data)
    }
}
