package import WireValues

/// `task.create.requested` on `task-commands`: recurrence asks the task API, which alone writes tasks, for a successor.
package struct CreateTaskCommand: Hashable, Sendable {
    package static let type = "task.create.requested"
    package static let source = "/todo/recurrence"
    package static let schema = "urn:todo:schema:task-create-requested:1.0"

    /// Where the successor shall stand.
    package struct Slot: Hashable, Sendable {
        package let scheduledLocal: WallTime
        package let dueAt: Timestamp
        /// The anchor is 1.
        package let index: Int
        /// Slots passed over since they were gone already.
        package let skipped: Int

        package init(scheduledLocal: WallTime, dueAt: Timestamp, index: Int, skipped: Int) {
            self.scheduledLocal = scheduledLocal
            self.dueAt = dueAt
            self.index = index
            self.skipped = skipped
        }
    }

    package var seriesID: String
    /// As the completed task knew it.
    package var seriesVersion: Int
    package var previousTaskID: Int64
    package var userID: String
    package var timestamp: Timestamp
    package var requestedBy: String
    package var slot: Slot
    package var trace: EventTrace

    package init(
        seriesID: String, seriesVersion: Int, previousTaskID: Int64, userID: String, timestamp: Timestamp,
        requestedBy: String = "recurrence", slot: Slot, trace: EventTrace = EventTrace()
    ) {
        self.seriesID = seriesID
        self.seriesVersion = seriesVersion
        self.previousTaskID = previousTaskID
        self.userID = userID
        self.timestamp = timestamp
        self.requestedBy = requestedBy
        self.slot = slot
        self.trace = trace
    }

    /// The one key of "the successor of this task": unique among tasks that were not withdrawn.
    package static func idempotencyKey(seriesID: String, previousTaskID: Int64) -> String {
        "rec:\(seriesID):\(previousTaskID)"
    }

    package var idempotencyKey: String {
        Self.idempotencyKey(seriesID: seriesID, previousTaskID: previousTaskID)
    }

    /// The command's id. The same again when the task is reopened and completed once more, and rightly so: it asks for
    /// the same thing.
    package var id: String { UUIDText.v5(idempotencyKey) }

    /// - Throws: `.unknownType` for any other event or command, `.malformed` when a value is missing or out of range.
    package init(_ event: CloudEvent) throws(EventProblem) {
        guard event.typeWithoutVersion == Self.type, event.majorVersion == 1 else { throw .unknownType(event.type) }
        let reader = try EventReader(event.data)
        let command = try reader.optionalText("command_type") ?? "create"
        guard command == "create" else { throw .unknownType("\(event.type) \(command)") }
        guard let given = reader["slot"] else { throw .malformed("no slot") }
        let slot = try EventReader(given)
        guard let local = WallTime(try slot.text("scheduled_local")) else {
            throw .malformed("slot.scheduled_local is no wall time")
        }
        let series = try reader.text("series_id")
        guard UUIDText.isValid(series) else { throw .malformed("series_id is no UUID") }
        self.init(
            seriesID: series, seriesVersion: try reader.integer("series_version"),
            previousTaskID: Int64(try reader.integer("previous_task_id")), userID: try reader.text("user_id"),
            timestamp: try reader.optionalInstant("timestamp") ?? event.time,
            requestedBy: try reader.optionalText("requested_by") ?? "recurrence",
            slot: Slot(
                scheduledLocal: local, dueAt: try slot.instant("due_at"), index: try slot.integer("index"),
                skipped: try slot.optionalInteger("skipped") ?? 0),
            trace: EventTrace(event))
        if let key = try reader.optionalText("idempotency_key"), key != idempotencyKey {
            throw .malformed("idempotency_key is not that of the series and the task")
        }
    }

    package var cloudEvent: CloudEvent {
        CloudEvent(
            id: id, source: Self.source, type: Self.type, subject: String(previousTaskID), time: timestamp,
            dataSchema: Self.schema, partitionKey: userID, trace: trace,
            data: [
                "command_id": .string(id), "command_type": "create", "idempotency_key": .string(idempotencyKey),
                "user_id": .string(userID), "timestamp": .string(timestamp.eventText),
                "requested_by": .string(requestedBy), "series_id": .string(seriesID),
                "series_version": JSON(seriesVersion), "previous_task_id": .integer(previousTaskID),
                "slot": [
                    "scheduled_local": .string(slot.scheduledLocal.text), "due_at": .string(slot.dueAt.shortText),
                    "index": JSON(slot.index), "skipped": JSON(slot.skipped),
                ],
            ])
    }
}
