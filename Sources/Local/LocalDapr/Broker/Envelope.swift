import WireValues

/// The CloudEvents envelope that the sidecar puts around what is published (section 1.1 of the Dapr contract).
enum Envelope {
    struct NotACloudEvent: Error, CustomStringConvertible {
        let description: String
    }

    /// What an event does not carry itself.
    struct Context: Sendable {
        /// The publisher's app id.
        var source: String
        var topic: String
        var pubsub: String
        /// `metadata.*` of the request, names as sent.
        var metadata: [RecordHeader]
        /// A W3C trace context, or "" when tracing is off.
        var traceparent: String
        var tracestate: String
        var now: Timestamp
    }

    static let cloudEvent = "application/cloudevents+json"

    /// `traceparent` of a delivery whose event has none.
    static let noTrace = "00-00000000000000000000000000000000-0000000000000000-00"

    /// What goes to the broker, and what is known of it by then.
    struct Made {
        let bytes: [UInt8]
        let facts: EnvelopeFacts
    }

    /// Members of an envelope, each value as JSON text; written in alphabetical order.
    private struct Members {
        private var all: [(name: String, value: ArraySlice<UInt8>)] = []

        init() { all.reserveCapacity(20) }

        subscript(name: String) -> ArraySlice<UInt8>? {
            get { all.first { $0.name == name }?.value }
            set {
                let place = all.firstIndex { $0.name == name }
                switch (place, newValue) {
                case (let place?, let value?): all[place].value = value
                case (let place?, nil): all.remove(at: place)
                case (nil, let value?): all.append((name, value))
                case (nil, nil): break
                }
            }
        }

        mutating func set(_ name: String, _ text: String) { self[name] = RawJSON.quoted(text)[...] }

        mutating func setIfMissing(_ name: String, _ text: @autoclosure () -> String) {
            if self[name] == nil { set(name, text()) }
        }

        /// The value as text, if it is a string that is not empty.
        func text(_ name: String) -> String? {
            self[name].flatMap { RawJSON.string($0) }.flatMap { $0.isEmpty ? nil : $0 }
        }

        var made: Made {
            var output: [UInt8] = []
            output.reserveCapacity(all.reduce(64) { $0 + $1.value.count + 24 })
            output.append(UInt8(ascii: "{"))
            for (index, member) in all.sorted(by: { $0.name < $1.name }).enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                RawJSON.append(quoted: member.name, to: &output)
                output.append(UInt8(ascii: ":"))
                output += member.value
            }
            output.append(UInt8(ascii: "}"))
            let expiration = text("expiration").flatMap { Timestamp($0) }
            return Made(
                bytes: output, facts: EnvelopeFacts(traceparent: text("traceparent"), expiration: expiration))
        }
    }

    /// The media type without parameters, in lower case.
    static func mediaType(_ contentType: String) -> String {
        var type = contentType.prefix { $0 != ";" }
        while type.last == " " { type.removeLast() }
        return type.lowercased()
    }

    /// What goes to the broker for a request with this body.
    ///
    /// - Throws: `NotACloudEvent` when the content type says it is one and it is not.
    static func make(body: [UInt8], contentType: String?, _ context: Context) throws(NotACloudEvent) -> Made {
        let type = mediaType(contentType ?? "")
        if type == cloudEvent {
            do throws(MalformedJSON) {
                return stamped(body[...], try RawJSON.members(of: body), context)
            } catch {
                throw NotACloudEvent(description: "the body is no JSON object: \(error)")
            }
        }
        var members = Members()
        members.set("id", UUIDText.random())
        members.set("specversion", "1.0")
        members.set("source", context.source)
        members.set("type", "com.dapr.event.sent")
        members.set("datacontenttype", contentType.flatMap { $0.isEmpty ? nil : $0 } ?? "text/plain")
        members.set("topic", context.topic)
        members.set("pubsubname", context.pubsub)
        members.set("time", context.now.rfc3339)
        members.set("traceid", context.traceparent)
        members.set("traceparent", context.traceparent)
        members.set("tracestate", context.tracestate)
        override(&members, context.metadata)
        expire(&members, context)
        switch type {
        case "application/json" where RawJSON.isValid(body): members["data"] = RawJSON.htmlSafe(body[...])[...]
        case "application/octet-stream", "application/cloudevents+protobuf", "application/x-protobuf":
            members.set("data_base64", Base64.encode(body))
        default: members.set("data", String(decoding: body, as: UTF8.self))
        }
        return members.made
    }

    private static func override(_ members: inout Members, _ metadata: [RecordHeader]) {
        for header in metadata {
            let name = header.name.lowercased()
            guard name.hasPrefix("cloudevent.") else { continue }
            switch name.dropFirst("cloudevent.".count) {
            case "id": members.set("id", header.value)
            case "source": members.set("source", header.value)
            case "type": members.set("type", header.value)
            case "subject": members.set("subject", header.value)
            case "tracestate": members.set("tracestate", header.value)
            case "traceid":
                members.set("traceid", header.value)
                members.set("traceparent", header.value)
            default: break
            }
        }
        if let parent = metadata.first(where: { $0.name.lowercased() == "cloudevent.traceparent" }) {
            members.set("traceid", parent.value)
            members.set("traceparent", parent.value)
        }
    }

    private static func expire(_ members: inout Members, _ context: Context) {
        if let life = timeToLive(context.metadata) { members.set("expiration", context.now.advanced(by: life).rfc3339) }
    }

    /// `ttlInSeconds`, or `ttl` as a duration or a number of seconds. Nil without, or when it cannot be read.
    static func timeToLive(_ metadata: [RecordHeader]) -> Duration? {
        for header in metadata {
            switch header.name.lowercased() {
            case "ttlinseconds": return Int(header.value).flatMap { $0 > 0 ? .seconds($0) : nil }
            case "ttl":
                if let seconds = Int(header.value) { return seconds > 0 ? .seconds(seconds) : nil }
                return GoDuration.parse(header.value).flatMap { $0 > .zero ? $0 : nil }
            default: break
            }
        }
        return nil
    }

    /// An event that is a CloudEvent already: only what belongs to this publishing is set.
    /// - Parameters:
    ///   - event: a JSON object; may be a part of something larger.
    ///   - found: its members, their places being those of the larger thing.
    static func stamped(_ event: ArraySlice<UInt8>, _ found: [RawJSON.Member], _ context: Context) -> Made {
        let isSafe = RawJSON.isHTMLSafe(event)
        var members = Members()
        for member in found {
            members[member.key] = isSafe ? event[member.value] : RawJSON.htmlSafe(event[member.value])[...]
        }
        members.set("topic", context.topic)
        members.set("pubsubname", context.pubsub)
        members.setIfMissing("time", context.now.rfc3339)
        let trace = members.text("traceparent") ?? members.text("traceid") ?? context.traceparent
        members.setIfMissing("traceid", trace)
        members.setIfMissing("traceparent", trace)
        members.setIfMissing("tracestate", context.tracestate)
        members.setIfMissing("source", "Dapr")
        members.setIfMissing("type", "com.dapr.event.sent")
        members.setIfMissing("specversion", "1.0")
        expire(&members, context)
        return members.made
    }

    /// What a subscriber with `rawPayload` gets for a message without envelope; each call makes another id.
    static func raw(_ body: [UInt8], topic: String, pubsub: String, now: Timestamp) -> [UInt8] {
        var members = Members()
        members.set("id", UUIDText.random())
        members.set("specversion", "1.0")
        members.set("source", "Dapr")
        members.set("type", "com.dapr.event.sent")
        members.set("datacontenttype", "application/octet-stream")
        members.set("topic", topic)
        members.set("pubsubname", pubsub)
        members.set("time", now.rfc3339)
        members.set("traceid", "")
        members.set("traceparent", "")
        members.set("tracestate", "")
        members.set("data_base64", Base64.encode(body))
        return members.made.bytes
    }
}
