package import WireValues

/// Lenient reading: what other producers, other brokers and the sidecar make of our envelope is accepted as long as
/// the event can be told.
extension CloudEvent {
    /// Reads one event as a subscription delivers it.
    ///
    /// Accepted beside our own form: attributes we do not know; an envelope that wraps ours (a sidecar that was given
    /// it as plain JSON); `data` as JSON text or in `data_base64`; no envelope at all (raw mode), then told from the
    /// payload's own `event_id` and `event_type`.
    /// - Throws: `EventProblem.malformed`.
    package init(parsing bytes: [UInt8]) throws(EventProblem) {
        let json: JSON
        do throws(JSONParseError) { json = try JSON(parsing: bytes) } catch { throw .malformed("\(error)") }
        try self.init(json: json)
    }

    /// Reads one event that is parsed already, as bulk deliveries hold them.
    package init(json: JSON) throws(EventProblem) { try self.init(json: json, depth: 0) }

    private init(json: JSON, depth: Int) throws(EventProblem) {
        guard json.object != nil else { throw .malformed("no JSON object") }
        let data = try Self.payload(json)
        if let data, data["specversion"] != nil, data["data"] != nil || data["data_base64"] != nil {
            // An envelope around the envelope. Nobody wraps without end but to harm.
            guard depth < 4 else { throw .malformed("too many envelopes around each other") }
            try self.init(json: data, depth: depth + 1)
            if traceparent == nil { traceparent = json["traceparent"]?.string }
            return
        }
        if json["specversion"] == nil {
            // The sidecar's raw mode may still put its own attributes beside data_base64.
            try self.init(payload: data ?? json)
            return
        }
        guard let version = json["specversion"]?.string, version == "1.0" || version.hasPrefix("1.") else {
            throw .malformed("specversion is not 1.0")
        }
        let reader = try EventReader(json)
        guard let data else { throw .malformed("no data") }
        let time: Timestamp
        switch json["time"] {
        case let value? where !value.isNull:
            guard let instant = value.string.flatMap({ Timestamp($0) }) else { throw .malformed("time is no instant") }
            time = instant
        default: time = try EventReader(data).instant("timestamp")  // optional in CloudEvents, repeated in ours
        }
        self.init(
            id: try reader.text("id"), source: try reader.text("source"), type: try reader.text("type"),
            subject: try reader.optionalText("subject") ?? "", time: time,
            dataSchema: try reader.optionalText("dataschema") ?? "",
            partitionKey: try reader.optionalText("partitionkey") ?? data["user_id"]?.string ?? "",
            sequence: json["sequence"]?.string ?? json["sequence"]?.int.map { String($0) },
            trace: EventTrace(
                correlationID: json["correlationid"]?.string, causationID: json["causationid"]?.string,
                traceparent: json["traceparent"]?.string),
            data: data)
    }

    /// The `data` of an envelope, unpacked; nil when there is none.
    private static func payload(_ json: JSON) throws(EventProblem) -> JSON? {
        var data = json["data"]
        if data == nil || data?.isNull == true, let text = json["data_base64"]?.string {
            guard let bytes = Base64.decode(text) else { throw .malformed("data_base64 is no base64") }
            do throws(JSONParseError) { data = try JSON(parsing: bytes) } catch { throw .malformed("data: \(error)") }
        }
        if case .string(let text)? = data {
            do throws(JSONParseError) { data = try JSON(parsing: text) } catch { throw .malformed("data: \(error)") }
        }
        if let data, !data.isNull, data.object == nil { throw .malformed("data is no object") }
        return data?.isNull == true ? nil : data
    }

    /// From a payload alone.
    private init(payload: JSON) throws(EventProblem) {
        let reader = try EventReader(payload)
        let id: String
        let type: String
        if reader["command_id"] != nil {
            id = try reader.text("command_id")
            type = CreateTaskCommand.type
        } else {
            id = try reader.text("event_id")
            let given = try reader.text("event_type")
            type =
                if reader["user_seq"] != nil { ClientUpdate.type } else if given.contains(".") {
                    given
                } else if reader["reminder_id"] != nil { ReminderDue.type } else { "task." + given }
        }
        self.init(
            id: id, source: "", type: type,
            subject: (reader["task_id"] ?? reader["previous_task_id"])?.int.map { String($0) } ?? "",
            time: try reader.instant("timestamp"), dataSchema: "", partitionKey: try reader.text("user_id"),
            sequence: reader["task_version"]?.int.map { String($0) }, data: payload)
    }
}
