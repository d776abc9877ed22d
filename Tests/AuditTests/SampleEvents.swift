import TaskDomain
import WireValues

/// Task events as the API publishes them, as far as the log looks at them.
enum Sample {
    static let moment = Timestamp(seconds: 1_790_000_000)

    static func event(
        _ word: String = "created", user: String = "ann", task: Int = 1, version: Int = 1, id: String? = nil,
        at time: Timestamp = moment, type: String? = nil, data extra: JSON = [:]
    ) -> CloudEvent {
        let id = id ?? "\(user)-\(task)-\(version)"
        var data: JSON = [
            "event_id": .string(id), "event_type": .string(word), "task_id": JSON(task), "user_id": .string(user),
            "timestamp": .string(time.eventText), "task_version": JSON(version), "reason": .null,
            "actor": ["kind": "user", "id": .string(user)],
            "task_data": ["id": JSON(task), "title": "Grüße 🎉", "version": JSON(version)],
        ]
        for (name, value) in extra.object ?? JSONObject() { data[name] = value }
        return CloudEvent(
            id: id, source: "/todo/task-api", type: type ?? "task.\(word)", subject: String(task), time: time,
            dataSchema: "urn:todo:schema:task-event:1.0", partitionKey: user, sequence: String(version),
            trace: EventTrace(correlationID: "req-1"), data: data)
    }
}
