import Crypto
package import TaskDomain
package import WireValues

/// One task event as the log keeps it.
package struct AuditEntry: Sendable, Equatable {
    package let userID: String
    package let eventID: String
    /// `created`, `updated`, `completed` or `deleted`.
    package let eventType: String
    package let taskID: Int64
    package let taskVersion: Int64
    package let occurredAt: Timestamp
    /// The event with its envelope, as JSON.
    package let body: [UInt8]

    package init(
        userID: String, eventID: String, eventType: String, taskID: Int64, taskVersion: Int64, occurredAt: Timestamp,
        body: [UInt8]
    ) {
        self.userID = userID
        self.eventID = eventID
        self.eventType = eventType
        self.taskID = taskID
        self.taskVersion = taskVersion
        self.occurredAt = occurredAt
        self.body = body
    }

    /// The four words that there are.
    package static let eventTypes = ["created", "updated", "completed", "deleted"]

    /// Takes from an event only what the log files it by. What else stands in it is kept and not judged, so that an event
    /// of a later minor version, or with values that nobody foresaw, is logged like any other.
    /// - Throws: `unknownType` for what is no task event of this major version; `malformed`.
    package init(_ event: CloudEvent) throws(EventProblem) {
        let name = event.typeWithoutVersion
        let word = String(name.dropFirst("task.".count))
        guard name.hasPrefix("task."), Self.eventTypes.contains(word), event.majorVersion == 1 else {
            throw .unknownType(event.type)
        }
        func text(_ field: String, _ fallback: String) throws(EventProblem) -> String {
            let value = event.data[field]?.string ?? fallback
            guard (1...255).contains(value.utf8.count), !value.utf8.contains(0) else {
                throw .malformed("\(field) is no text of 1 to 255 bytes without NUL")
            }
            return value
        }
        func number(_ field: String, _ fallback: String?) throws(EventProblem) -> Int64 {
            let value = event.data[field]?.int ?? fallback.flatMap { Int($0) }
            guard let value, (1...9_007_199_254_740_991).contains(value) else {
                throw .malformed("\(field) is no integer from 1")
            }
            return Int64(value)
        }
        userID = try text("user_id", event.partitionKey)
        eventID = try text("event_id", event.id)
        eventType = word
        taskID = try number("task_id", event.subject)
        taskVersion = try number("task_version", event.sequence)
        occurredAt = event.data["timestamp"]?.string.flatMap { Timestamp($0) } ?? event.time
        body = event.bytes
    }
}

/// A link of a user's chain: SHA-256 over the link before it and the entry's canonical bytes.
///
/// The canonical bytes are the fields one after the other, each as the decimal number of its bytes, a colon, and its
/// bytes: the word `todo-audit-1`, user id, place in the chain, event id, event type, task id, task version, time of the
/// event and time of recording (both in microseconds since 1970), and the event. Numbers are decimal text. The first
/// link of a chain follows 32 zero bytes. With this anybody can check a chain, from an export of it alone.
package struct ChainLink: Hashable, Sendable {
    package let bytes: [UInt8]

    package static let first = ChainLink(bytes: [UInt8](repeating: 0, count: 32))

    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// The link of `entry` at `place`, after this one.
    package func following(_ entry: AuditEntry, place: Int64, recordedAt: Timestamp) -> ChainLink {
        var canonical: [UInt8] = []
        canonical.reserveCapacity(entry.body.count + 256)
        func add(_ bytes: some Collection<UInt8>) {
            canonical += String(bytes.count).utf8
            canonical.append(UInt8(ascii: ":"))
            canonical += bytes
        }
        add("todo-audit-1".utf8)
        add(entry.userID.utf8)
        add(String(place).utf8)
        add(entry.eventID.utf8)
        add(entry.eventType.utf8)
        add(String(entry.taskID).utf8)
        add(String(entry.taskVersion).utf8)
        add(String(entry.occurredAt.microseconds).utf8)
        add(String(recordedAt.microseconds).utf8)
        add(entry.body)
        var hash = SHA256()
        hash.update(data: bytes)
        hash.update(data: canonical)
        return ChainLink(bytes: Array(hash.finalize()))
    }

    /// 64 hexadecimal digits.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
