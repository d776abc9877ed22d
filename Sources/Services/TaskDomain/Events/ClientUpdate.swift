package import WireValues

/// `task.changed` on `task-updates`: the same change as a `TaskEvent`, for clients that follow their tasks.
package struct ClientUpdate: Hashable, Sendable {
    package static let type = "task.changed"
    package static let schema = "urn:todo:schema:task-changed:1.0"

    /// Of the task event.
    package var eventID: String
    package var kind: TaskEvent.Kind
    package var taskID: Int64
    package var userID: String
    package var timestamp: Timestamp
    package var version: Int
    /// nil for `deleted`.
    package var task: TodoTask?
    /// Counts the user's changes from 1 without gaps, given out in the transaction of the change.
    package var userSequence: Int64
    package var trace: EventTrace

    package init(_ event: TaskEvent, userSequence: Int64) {
        eventID = event.id
        kind = event.kind
        taskID = event.taskID
        userID = event.userID
        timestamp = event.timestamp
        version = event.version
        task = event.kind == .deleted ? nil : event.task
        self.userSequence = userSequence
        trace = event.trace
    }

    /// - Throws: `.unknownType` for any other event, `.malformed` when a value is missing.
    package init(_ event: CloudEvent) throws(EventProblem) {
        guard event.typeWithoutVersion == Self.type, event.majorVersion == 1 else { throw .unknownType(event.type) }
        try self.init(data: event.data)
        trace = EventTrace(event)
    }

    /// From the payload, which is also what the feed of changes answers with.
    package init(data: JSON) throws(EventProblem) {
        let reader = try EventReader(data)
        guard let kind = TaskEvent.Kind(rawValue: CloudEvent.word(try reader.text("event_type"))) else {
            throw .unknownType(try reader.text("event_type"))
        }
        eventID = try reader.text("event_id")
        self.kind = kind
        taskID = Int64(try reader.integer("task_id"))
        userID = try reader.text("user_id")
        timestamp = try reader.instant("timestamp")
        version = try reader.integer("task_version")
        task = nil
        if let data = reader["task_data"], kind != .deleted { task = try TodoTask(json: data) }
        userSequence = Int64(try reader.integer("user_seq"))
        trace = EventTrace()
    }

    package var data: JSON { data(taskData: task?.json ?? .null) }

    /// The payload with `task_data` that was written before.
    package func data(taskData: JSON) -> JSON {
        [
            "event_id": .string(eventID), "event_type": .string(kind.rawValue), "task_id": .integer(taskID),
            "user_id": .string(userID), "timestamp": .string(timestamp.eventText), "task_version": JSON(version),
            "user_seq": .integer(userSequence), "task_data": kind == .deleted ? .null : taskData,
        ]
    }

    /// - Parameter id: The envelope's own: `source` and `id` together are unique, and the task event has the other.
    package func cloudEvent(id: String, data: JSON? = nil) -> CloudEvent {
        CloudEvent(
            id: id, source: TaskEvent.source, type: Self.type, subject: String(taskID), time: timestamp,
            dataSchema: Self.schema, partitionKey: userID, sequence: String(version), trace: trace,
            data: data ?? self.data)
    }
}
