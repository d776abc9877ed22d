import WireValues

/// Publishing (section 1 of the Dapr contract).
extension SidecarAPI {
    func publish(_ request: APIRequest, pubsub name: String, topic: String) async throws -> APIResponse {
        let pubsub = try pubsub(name, mayPublish: topic)
        let metadata = request.metadata
        let isRaw = try isRaw(metadata)
        guard let body = request.body else { throw bodyTooLong(topic, name) }
        let value: [UInt8]
        if isRaw {
            value = body
        } else {
            do throws(Envelope.NotACloudEvent) {
                value = try Envelope.make(
                    body: body, contentType: request.header("content-type"), context(request, topic, name, metadata))
            } catch {
                throw APIError(
                    500, "ERR_PUBSUB_CLOUD_EVENTS_SER", "cannot create cloudevent: \(error)",
                    reason: "DAPR_PUBSUB_CLOUD_EVENT_CREATION")
            }
        }
        try await sidecar.publish([record(value, metadata)], to: topic, of: pubsub)
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
            throw events("the body cannot be read or is longer than 4 MiB", "DAPR_PUBSUB_UNMARSHAL_EVENTS")
        }
        let places: [Range<Int>]
        do throws(MalformedJSON) {
            places = try RawJSON.elements(of: body)
        } catch {
            throw events(
                "error when unmarshaling the request for topic \(topic) pubsub \(name): \(error)",
                "DAPR_PUBSUB_UNMARSHAL_EVENTS")
        }
        var seen: Set<String> = []
        var records: [PendingRecord] = []
        records.reserveCapacity(places.count)
        let context = context(request, topic, name, metadata)
        for place in places {
            let entry = try entry(Array(body[place]), &seen)
            var own = entry.metadata
            // The request's metadata counts for entries that bring their own, too, and Kafka copies it onto every record.
            for header in metadata where !own.contains(where: { $0.name == header.name }) { own.append(header) }
            let value: [UInt8]
            if isRaw {
                value = entry.body
            } else {
                var context = context
                context.metadata = own
                do throws(Envelope.NotACloudEvent) {
                    value = try Envelope.make(body: entry.body, contentType: entry.contentType, context)
                } catch {
                    throw events(
                        "cannot create cloudevent for entry \(entry.id): \(error)", "DAPR_PUBSUB_MARSHAL_ENVELOPE")
                }
            }
            records.append(record(value, own))
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

    private func events(_ message: String, _ reason: String) -> APIError {
        APIError(400, "ERR_PUBSUB_EVENTS_SER", message, reason: reason)
    }

    private struct Entry {
        var id = ""
        var contentType = ""
        var body: [UInt8] = []
        var metadata: [RecordHeader] = []
    }

    private func entry(_ bytes: [UInt8], _ seen: inout Set<String>) throws(APIError) -> Entry {
        let members: [RawJSON.Member]
        do throws(MalformedJSON) {
            members = try RawJSON.members(of: bytes)
        } catch {
            throw events("an entry is no object", "DAPR_PUBSUB_UNMARSHAL_EVENTS")
        }
        func value(_ name: String) -> ArraySlice<UInt8>? { members.last { $0.key == name }.map { bytes[$0.value] } }
        var entry = Entry()
        guard let id = value("entryId").flatMap({ RawJSON.string($0) }), !id.isEmpty else {
            throw events("error: entryId is missing for an entry", "DAPR_PUBSUB_MARSHAL_EVENTS")
        }
        guard seen.insert(id).inserted else {
            throw events("error: entryId \(id) is duplicated", "DAPR_PUBSUB_MARSHAL_EVENTS")
        }
        entry.id = id
        entry.contentType = value("contentType").flatMap { RawJSON.string($0) } ?? ""
        let event = value("event") ?? []
        func mismatch() -> APIError {
            events(
                "error: the event of entry \(id) does not fit its contentType \"\(entry.contentType)\"",
                "DAPR_PUBSUB_MARSHAL_EVENTS")
        }
        let type = Envelope.mediaType(entry.contentType)
        if type == "application/json" || type.hasSuffix("+json") {
            guard !event.isEmpty else { throw mismatch() }
            entry.body = Array(event)
        } else if type.hasPrefix("text/") || type == "application/xml" {
            guard let text = RawJSON.string(event) else { throw mismatch() }
            entry.body = Array(text.utf8)
        } else if type == "application/octet-stream" {
            guard let decoded = RawJSON.string(event).flatMap({ Base64.decode($0) }) else { throw mismatch() }
            entry.body = decoded
        } else {
            throw mismatch()
        }
        // Written out as JSON: an entry without metadata is the usual case.
        if let raw = value("metadata"), let metadata = (try? JSON(parsing: raw))?.object {
            entry.metadata = metadata.map { RecordHeader(name: $0.key, value: $0.value.scalarText ?? "") }
        }
        return entry
    }
}
