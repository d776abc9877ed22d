import WireValues

/// What is to be written to a topic.
struct PendingRecord: Sendable {
    var key: String?
    /// Asked for by `partitionNumber`.
    var partition: Int?
    /// Every `metadata.*` of the publisher, as Kafka's record headers.
    var headers: [RecordHeader] = []
    var value: [UInt8]
    /// What is known of the value; nil: to be found out.
    var facts: EnvelopeFacts?
    /// Only for records of a dead-letter topic.
    var origin: DeadLetterOrigin?
}

struct RecordHeader: Sendable, Hashable {
    let name: String
    let value: String
}

/// Where a dead letter comes from, and why.
struct DeadLetterOrigin: Sendable, Hashable {
    let topic: String
    let group: String
    let reason: String
}

/// A message at its place in a partition.
struct Record: Sendable {
    let offset: Int64
    /// Milliseconds since 1970.
    let timestamp: Int64
    let key: String?
    let headers: [RecordHeader]
    let value: [UInt8]
    let origin: DeadLetterOrigin?
    let facts: EnvelopeFacts

    init(offset: Int64, timestamp: Int64, _ pending: PendingRecord) {
        self.offset = offset
        self.timestamp = timestamp
        key = pending.key
        headers = pending.headers
        value = pending.value
        origin = pending.origin
        facts = pending.facts ?? EnvelopeFacts(pending.value)
    }

    /// About what it takes of memory.
    var size: Int { value.count + 200 }
}

/// What delivery needs to know of a message, found once for all groups that read it.
struct EnvelopeFacts: Sendable {
    /// Whether it is a JSON object. What is not cannot be delivered without `rawPayload`.
    let isObject: Bool
    let traceparent: String?
    let expiration: Timestamp?

    /// Of an envelope that was just made.
    init(traceparent: String?, expiration: Timestamp?) {
        isObject = true
        self.traceparent = traceparent
        self.expiration = expiration
    }

    init(_ value: [UInt8]) {
        guard value.first == UInt8(ascii: "{") || value.first.map({ $0 <= 0x20 }) == true,
            // A message may be anything; one that is no JSON is raw.
            let members = try? RawJSON.members(of: value)
        else {
            isObject = false
            traceparent = nil
            expiration = nil
            return
        }
        isObject = true
        func text(_ name: String) -> String? {
            members.last { $0.key == name }.flatMap { RawJSON.string(value[$0.value]) }
        }
        traceparent = text("traceparent").flatMap { $0.isEmpty ? nil : $0 }
        expiration = text("expiration").flatMap { Timestamp($0) }
    }
}
