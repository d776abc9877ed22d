import NIOHTTP1
import Synchronization
import WireValues

extension DaprClient {
    /// One event of a bulk.
    package struct BulkEntry: Sendable {
        /// Unique within its bulk.
        package let id: String
        /// A whole CloudEvent, structured JSON; goes out as it is.
        package let event: [UInt8]
        /// Events with one key keep their order, where the broker keeps any.
        package let partitionKey: String?

        package init(id: String, event: [UInt8], partitionKey: String?) {
            self.id = id
            self.event = event
            self.partitionKey = partitionKey
        }
    }

    /// An event that the broker did not take.
    package struct BulkFailure: Hashable, Sendable {
        package let id: String
        package let error: String

        package init(id: String, error: String) {
            self.id = id
            self.error = error
        }
    }

    private static let cloudEvent = "application/cloudevents+json"

    /// Publishes one CloudEvent; the broker has it when this returns. It may get it twice.
    /// - Parameter event: structured JSON; the sidecar adds `topic` and `pubsubname`.
    package func publish(
        _ event: [UInt8], to topic: String, pubsub: String, partitionKey: String?
    ) async throws(DaprError) {
        let key = partitionKey.map { "?metadata.partitionKey=\($0.percentEncoded)" } ?? ""
        _ = try await call(
            Exchange(
                operation: "publish to \(topic)", method: .POST,
                path: "/v1.0/publish/\(pubsub.percentEncoded)/\(topic.percentEncoded)\(key)",
                headers: [("Content-Type", Self.cloudEvent)], body: event, isRepeatable: true))
    }

    /// Publishes many CloudEvents of one topic.
    ///
    /// - Returns: those that the broker does not have; it has all others. Empty when it has all.
    /// - Throws: when nothing is known of any entry; some may have been published all the same.
    package func bulkPublish(
        _ entries: [BulkEntry], to topic: String, pubsub: String
    ) async throws(DaprError) -> [BulkFailure] {
        guard !entries.isEmpty else { return [] }
        var exchange = Exchange(
            operation: "bulk publish to \(topic)", method: .POST, path: "",
            headers: [("Content-Type", "application/json")], body: Self.bulk(entries), isRepeatable: true)
        func path(_ version: String) -> String {
            "/\(version)/publish/bulk/\(pubsub.percentEncoded)/\(topic.percentEncoded)"
        }
        var answer: Answer
        if learned.olderBulkPublish.load(ordering: .relaxed) {
            exchange.path = path("v1.0-alpha1")
            answer = try await send(exchange)
        } else {
            exchange.path = path("v1.0")
            answer = try await send(exchange)
            if DaprError(operation: exchange.operation, status: answer.status, body: answer.body).isUnknownRoute {
                exchange.path = path("v1.0-alpha1")
                answer = try await send(exchange)
                learned.olderBulkPublish.store((200..<300).contains(answer.status), ordering: .relaxed)
            }
        }
        if (200..<300).contains(answer.status) { return [] }
        // A body that is no JSON is an error like any other.
        if answer.status == 500, let failed = (try? JSON(parsing: answer.body))?["failedEntries"]?.array {
            return failed.compactMap { entry in
                entry["entryId"]?.string.map { BulkFailure(id: $0, error: entry["error"]?.string ?? "no reason given") }
            }
        }
        throw DaprError(operation: exchange.operation, status: answer.status, body: answer.body)
    }

    /// The events go in as the bytes that they are: nothing is parsed, and nothing can change on the way.
    static func bulk(_ entries: [BulkEntry]) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(entries.reduce(2) { $0 + $1.event.count + 160 })
        body.append(UInt8(ascii: "["))
        for (index, entry) in entries.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body += #"{"entryId":"#.utf8
            body += JSON.string(entry.id).bytes
            body += #","contentType":"\#(cloudEvent)""#.utf8
            if let key = entry.partitionKey {
                body += #","metadata":{"partitionKey":"#.utf8
                body += JSON.string(key).bytes
                body.append(UInt8(ascii: "}"))
            }
            body += #","event":"#.utf8
            body += entry.event
            body.append(UInt8(ascii: "}"))
        }
        body.append(UInt8(ascii: "]"))
        return body
    }
}
