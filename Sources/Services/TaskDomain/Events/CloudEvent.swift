package import WireValues

/// A CloudEvents 1.0 envelope in structured JSON, as every event of this project travels.
///
/// We write it ourselves and publish it with `contentType`: left to wrap by itself, Dapr would set another `type`, a
/// new `id` on every retry, and no `dataschema`.
package struct CloudEvent: Hashable, Sendable {
    /// Together with `source` unique, and the same however often the event is sent.
    package var id: String
    package var source: String
    /// The full name: `task.created`; a breaking change appends `.v2`.
    package var type: String
    /// The task's id as text.
    package var subject: String
    /// Instant of the change, not of publishing; milliseconds.
    package var time: Timestamp
    /// `urn:todo:schema:<name>:<major>.<minor>`.
    package var dataSchema: String
    /// The user's id: what order is kept by.
    package var partitionKey: String
    /// The task's version as text, where the event has one.
    package var sequence: String?
    package var correlationID: String?
    package var causationID: String?
    package var traceparent: String?
    package var data: JSON

    package static let contentType = "application/cloudevents+json"
    /// What a broker may carry in one message.
    package static let maximumBytes = 256 * 1024

    package init(
        id: String, source: String, type: String, subject: String, time: Timestamp, dataSchema: String,
        partitionKey: String, sequence: String? = nil, trace: EventTrace = EventTrace(), data: JSON
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.subject = subject
        self.time = time
        self.dataSchema = dataSchema
        self.partitionKey = partitionKey
        self.sequence = sequence
        correlationID = trace.correlationID
        causationID = trace.causationID
        traceparent = trace.traceparent
        self.data = data
    }

    /// The type as inboxes and routing tables know it: `task.created` for `task.created.v2`.
    package var typeWithoutVersion: String { Self.split(type).name }

    /// 2 for `task.created.v2`, 1 without a suffix.
    package var majorVersion: Int { Self.split(type).version }

    /// What stands after the last dot, a trailing version aside: `created` for `task.created.v2`, and for `created`.
    static func word(_ type: String) -> String {
        let name = split(type).name
        return name.lastIndex(of: ".").map { String(name[name.index(after: $0)...]) } ?? name
    }

    private static func split(_ type: String) -> (name: String, version: Int) {
        guard let dot = type.lastIndex(of: ".") else { return (type, 1) }
        let suffix = type[type.index(after: dot)...]
        guard suffix.first == "v", let version = Int(suffix.dropFirst()), version > 0 else { return (type, 1) }
        return (String(type[..<dot]), version)
    }

    package var json: JSON {
        var object: JSON = [
            "specversion": "1.0", "id": .string(id), "source": .string(source), "type": .string(type),
            "subject": .string(subject), "time": .string(time.eventText), "datacontenttype": "application/json",
            "dataschema": .string(dataSchema), "partitionkey": .string(partitionKey),
        ]
        for (name, value) in [
            ("sequence", sequence), ("correlationid", correlationID), ("causationid", causationID),
            ("traceparent", traceparent),
        ] {
            if let value { object[name] = .string(value) }
        }
        object["data"] = data
        return object
    }

    /// What is published.
    package var bytes: [UInt8] { json.bytes }
}
