import WireValues

/// Publishing (section 1 of the Dapr contract).
extension SidecarAPI {
    func publish(_ request: APIRequest, pubsub name: String, topic: String) async throws -> APIResponse {
        let pubsub = try pubsub(name, mayPublish: topic)
        let metadata = request.metadata
        let isRaw = try isRaw(metadata)
        guard let body = request.body else { throw bodyTooLong(topic, name) }
        var record = record(body, metadata)
        if !isRaw {
            do throws(Envelope.NotACloudEvent) {
                let made = try Envelope.make(
                    body: body, contentType: request.header("content-type"), context(request, topic, name, metadata))
                (record.value, record.facts) = (made.bytes, made.facts)
            } catch {
                throw APIError(
                    500, "ERR_PUBSUB_CLOUD_EVENTS_SER", "cannot create cloudevent: \(error)",
                    reason: "DAPR_PUBSUB_CLOUD_EVENT_CREATION")
            }
        }
        try await sidecar.publish([record], to: topic, of: pubsub)
        return .noContent
    }

    private func pubsub(_ name: String, mayPublish topic: String) throws(APIError) -> PubSub {
        guard let pubsub = sidecar.pubsubs[name] else {
            throw APIError(404, "ERR_PUBSUB_NOT_FOUND", "pubsub \(name) is not found", reason: "DAPR_PUBSUB_NOT_FOUND")
        }
        guard pubsub.scopes.mayPublish(topic, app: sidecar.appID) else {
            throw APIError(
                403, "ERR_PUBSUB_FORBIDDEN", "topic \(topic) is not allowed for app id \(sidecar.appID)",
                reason: "DAPR_PUBSUB_FORBIDDEN")
        }
        return pubsub
    }

    private func isRaw(_ metadata: [RecordHeader]) throws(APIError) -> Bool {
        guard let text = metadata.first(where: { $0.name == "rawPayload" })?.value, !text.isEmpty else { return false }
        // What Go reads as a truth value.
        switch text {
        case "1", "t", "T", "TRUE", "true", "True": return true
        case "0", "f", "F", "FALSE", "false", "False": return false
        default:
            throw APIError(
                400, "ERR_PUBSUB_REQUEST_METADATA",
                "failed deserializing metadata: rawPayload \"\(text)\" is neither true nor false",
                reason: "DAPR_PUBSUB_METADATA_DESERIALIZATION")
        }
    }

    private func bodyTooLong(_ topic: String, _ pubsub: String) -> APIError {
        APIError(
            500, "ERR_PUBSUB_PUBLISH_MESSAGE",
            "error when publishing to topic \(topic) in pubsub \(pubsub): the body cannot be read or is longer than 4 MiB",
            reason: "DAPR_PUBSUB_PUBLISH_MESSAGE")
    }

    private func context(_ request: APIRequest, _ topic: String, _ pubsub: String, _ metadata: [RecordHeader])
        -> Envelope.Context
    {
        let trace = sidecar.traceparent(request)
        return Envelope.Context(
            source: sidecar.appID, topic: topic, pubsub: pubsub, metadata: metadata, traceparent: trace,
            tracestate: trace.isEmpty ? "" : request.header("tracestate") ?? "", now: sidecar.machine.time.now())
    }

    private func record(_ value: [UInt8], _ metadata: [RecordHeader]) -> PendingRecord {
        var record = PendingRecord(headers: metadata, value: value)
        for header in metadata {
            switch header.name.lowercased() {
            case "partitionkey", "__key": record.key = header.value
            case "partitionnumber": record.partition = Int(header.value)
            default: break
            }
        }
        return record
    }

    // MARK: Many at once

    func bulkPublish(_ request: APIRequest, pubsub name: String, topic: String) async throws -> APIResponse {
        let pubsub = try pubsub(name, mayPublish: topic)
        let metadata = request.metadata
        let isRaw = try isRaw(metadata)
        guard let body = request.body else {
            throw refused("the body cannot be read or is longer than 4 MiB", "DAPR_PUBSUB_UNMARSHAL_EVENTS")
        }
        let elements: [RawJSON.Element]
        do throws(MalformedJSON) {
            // The entries' members, and those of what stands in them.
            elements = try RawJSON.elements(of: body, levels: 2)
        } catch {
            throw refused(
                "error when unmarshaling the request for topic \(topic) pubsub \(name): \(error)",
                "DAPR_PUBSUB_UNMARSHAL_EVENTS")
        }
        var seen: Set<String> = []
        var records: [PendingRecord] = []
        records.reserveCapacity(elements.count)
        let context = context(request, topic, name, metadata)
        for element in elements {
            let entry = try Entry(element, of: body)
            guard seen.insert(entry.id).inserted else {
                throw refused("error: entryId \(entry.id) is duplicated")
            }
            var own = entry.metadata()
            // The request's metadata counts for entries that bring their own, too, and Kafka copies it onto every record.
            for header in metadata where !own.contains(where: { $0.name == header.name }) { own.append(header) }
            var record = record([], own)
            if isRaw {
                record.value = try entry.event()
            } else {
                var context = context
                context.metadata = own
                let made = try entry.envelope(context)
                (record.value, record.facts) = (made.bytes, made.facts)
            }
            records.append(record)
        }
        do {
            try await sidecar.publish(records, to: topic, of: pubsub)
        } catch let error as APIError {
            // All of them are one transaction: none was published.
            let failed = seen.sorted().map { id in
                JSON.object(JSONObject([("entryId", .string(id)), ("error", .string(error.message))]))
            }
            return .json(500, ["failedEntries": .array(failed), "errorCode": "ERR_PUBSUB_PUBLISH_MESSAGE"])
        }
        return .noContent
    }

}

private func refused(_ message: String, _ reason: String = "DAPR_PUBSUB_MARSHAL_EVENTS") -> APIError {
    APIError(400, "ERR_PUBSUB_EVENTS_SER", message, reason: reason)
}

/// One entry of a bulk publish, where it stands in the request's body.
private struct Entry {
    let id: String
    private let body: [UInt8]
    private let contentType: String
    private let eventMember: RawJSON.Member?
    private let metadataMember: RawJSON.Member?

    init(_ element: RawJSON.Element, of body: [UInt8]) throws(APIError) {
        guard let members = element.members else {
            throw refused("an entry is no object", "DAPR_PUBSUB_UNMARSHAL_EVENTS")
        }
        func text(_ name: String) -> String? {
            members.last { $0.key == name }.flatMap { RawJSON.string(body[$0.value]) }
        }
        guard let id = text("entryId"), !id.isEmpty else {
            throw refused("error: entryId is missing for an entry")
        }
        self.id = id
        self.body = body
        contentType = text("contentType") ?? ""
        eventMember = members.last { $0.key == "event" }
        metadataMember = members.last { $0.key == "metadata" }
    }

    /// What is to be published, in the form that the content type says.
    func event() throws(APIError) -> [UInt8] {
        let event = eventMember.map { body[$0.value] } ?? []
        let type = Envelope.mediaType(contentType)
        if type == "application/json" || type.hasSuffix("+json") {
            if !event.isEmpty { return Array(event) }
        } else if type.hasPrefix("text/") || type == "application/xml" {
            if let text = RawJSON.string(event) { return Array(text.utf8) }
        } else if type == "application/octet-stream" {
            if let decoded = RawJSON.string(event).flatMap({ Base64.decode($0) }) { return decoded }
        }
        throw refused("error: the event of entry \(id) does not fit its contentType \"\(contentType)\"")
    }

    func envelope(_ context: Envelope.Context) throws(APIError) -> Envelope.Made {
        // The usual case: it was looked through with the whole body, and goes on without being copied.
        if contentType == Envelope.cloudEvent, let event = eventMember, let members = event.members {
            return Envelope.stamped(body[event.value], members, context)
        }
        let event = try event()
        do throws(Envelope.NotACloudEvent) {
            return try Envelope.make(body: event, contentType: contentType, context)
        } catch {
            throw refused("cannot create cloudevent for entry \(id): \(error)", "DAPR_PUBSUB_MARSHAL_ENVELOPE")
        }
    }

    func metadata() -> [RecordHeader] {
        guard let members = metadataMember?.members else { return [] }
        var found: [RecordHeader] = []
        for member in members {
            let raw = body[member.value]
            // It was looked through before, so it is JSON.
            let value = RawJSON.string(raw) ?? (try? JSON(parsing: raw))?.scalarText ?? ""
            found.removeAll { $0.name == member.key }
            found.append(RecordHeader(name: member.key, value: value))
        }
        return found
    }
}
