import Synchronization
import TestKit
import Testing
import WireValues

@testable import LocalDapr

/// Section 1.1: the envelope that the sidecar puts around what is published.
@Suite struct EnvelopeTests {
    /// Publishes to one app that subscribes, and gives what arrived.
    private func delivered(
        _ body: [UInt8], type: String?, query: String = "", resources: String = "", headers: [(String, String)] = []
    ) async throws -> (event: JSON, request: APIRequest) {
        let app = TestApp("task-api")
        let result = Box<(JSON, APIRequest)?>(nil)
        try await withDapr([app], resources: pubsub() + subscription("t") + resources) { world in
            let reply = try await world.call(
                "task-api", "POST", "/v1.0/publish/bus/t\(query)", body, type: type, headers: headers)
            #expect(reply.status == 204)
            #expect(reply.bytes.isEmpty)
            try await app.wait(for: 1)
            let request = try #require(app.requests.first)
            result.set((try JSON(parsing: request.body ?? []), request))
        }
        return try #require(result.value)
    }

    @Test func `1.1 without content type the data is the body as a string, even when it is JSON`() async throws {
        let (event, _) = try await delivered(Array(#"{"a":1}"#.utf8), type: nil)
        #expect(event["datacontenttype"]?.string == "text/plain")
        #expect(event["data"]?.string == #"{"a":1}"#)
    }

    @Test func `1.1 JSON becomes the data as it is, big numbers included`() async throws {
        let (event, request) = try await delivered(
            Array(#"{"n":12345678901234567890123,"t":"<a&b>"}"#.utf8), type: "application/json; charset=utf-8")
        #expect(event["datacontenttype"]?.string == "application/json; charset=utf-8")
        let text = String(decoding: request.body ?? [], as: UTF8.self)
        #expect(text.contains("12345678901234567890123"))
        #expect(text.contains(#"\u003ca\u0026b\u003e"#))
        #expect(event[path: ["data", "t"]]?.string == "<a&b>")
    }

    @Test func `1.1 what calls itself JSON and is none becomes a string`() async throws {
        let (event, _) = try await delivered(Array("{nonsense".utf8), type: "application/json")
        #expect(event["data"]?.string == "{nonsense")
    }

    @Test func `1.1 octets become base64, everything else a string`() async throws {
        let (octets, _) = try await delivered([0, 255, 10], type: "application/octet-stream")
        #expect(octets["data_base64"]?.string == "AP8K")
        #expect(octets["data"] == nil)
        let (vendor, _) = try await delivered(Array(#"{"a":1}"#.utf8), type: "application/vnd.todo+json")
        #expect(vendor["data"]?.string == #"{"a":1}"#)
    }

    @Test func `1.1 the fields of the envelope, in alphabetical order, with empty trace fields while tracing is off`()
        async throws
    {
        let (event, request) = try await delivered(Array("1".utf8), type: "application/json")
        #expect(event["specversion"]?.string == "1.0")
        #expect(event["source"]?.string == "task-api")
        #expect(event["type"]?.string == "com.dapr.event.sent")
        #expect(event["topic"]?.string == "t")
        #expect(event["pubsubname"]?.string == "bus")
        #expect(event["traceid"]?.string == "")
        #expect(event["traceparent"]?.string == "")
        #expect(event["tracestate"]?.string == "")
        #expect(event["subject"] == nil)
        #expect(event["expiration"] == nil)
        #expect(Timestamp(event["time"]?.string ?? "") != nil)
        #expect(event["id"]?.string?.count == 36)
        #expect(event.object?.keys == event.object?.keys.sorted())
        // 2.4: the header says zero where there is no trace.
        #expect(request.header("traceparent") == "00-00000000000000000000000000000000-0000000000000000-00")
    }

    @Test func `1.1 with tracing on the request's trace context goes into the event and to the subscriber`()
        async throws
    {
        let configuration = """
            ---
            apiVersion: dapr.io/v1alpha1
            kind: Configuration
            metadata: {name: c}
            spec: {tracing: {samplingRate: "1"}}

            """
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let (event, request) = try await delivered(
            Array("1".utf8), type: "application/json", resources: configuration, headers: [("traceparent", trace)])
        #expect(event["traceid"]?.string == trace)
        #expect(event["traceparent"]?.string == trace)
        #expect(request.header("traceparent") == trace)
    }

    @Test func `1.1 a body that is a CloudEvent is stamped, not wrapped`() async throws {
        let body: JSON = [
            "id": "e-1", "source": "/todo/task-api", "type": "task.created", "specversion": "1.0", "topic": "elsewhere",
            "time": "2026-03-02T08:00:00.412Z", "data": ["n": 1], "partitionkey": "u",
        ]
        let (event, _) = try await delivered(
            body.bytes, type: "application/cloudevents+json", query: "?metadata.cloudevent.type=other")
        #expect(event["id"]?.string == "e-1")
        #expect(event["type"]?.string == "task.created")
        #expect(event["topic"]?.string == "t")
        #expect(event["pubsubname"]?.string == "bus")
        #expect(event["time"]?.string == "2026-03-02T08:00:00.412Z")
        #expect(event["data"]?["n"]?.int == 1)
        #expect(event["traceid"]?.string == "")
        #expect(event["datacontenttype"] == nil)
    }

    @Test func `1.1 a CloudEvent with gaps gets what is missing, but no id`() async throws {
        let (event, _) = try await delivered(Array(#"{"data":1}"#.utf8), type: "application/cloudevents+json")
        #expect(event["source"]?.string == "Dapr")
        #expect(event["type"]?.string == "com.dapr.event.sent")
        #expect(event["specversion"]?.string == "1.0")
        #expect(event["id"] == nil)
        #expect(event["time"] != nil)
    }

    @Test func `1.1 metadata of the query overrides fields of the envelope, and goes to the subscriber as headers`()
        async throws
    {
        let (event, request) = try await delivered(
            Array("1".utf8), type: "application/json",
            query:
                "?metadata.cloudevent.type=task.done&metadata.cloudevent.ID=7&metadata.cloudevent.topic=x&metadata.note=a%20b&metadata.partitionKey=u1"
        )
        #expect(event["type"]?.string == "task.done")
        #expect(event["id"]?.string == "7")
        #expect(event["topic"]?.string == "t")
        #expect(request.header("note") == "a b")
        #expect(request.header("__key") == "u1")
        #expect(request.header("partitionkey") == "u1")
        #expect(request.header("__offset") == "0")
        #expect(request.header("__topic") == "t")
        #expect(request.header("__timestamp").flatMap { Int($0) } != nil)
        #expect(request.header("pubsubname") == "bus")
        #expect(request.header("content-type") == "application/cloudevents+json")
    }

    @Test func `1.1 a time to live becomes an expiration`() async throws {
        let (event, _) = try await delivered(
            Array("1".utf8), type: "application/json", query: "?metadata.ttlInSeconds=60")
        #expect(Timestamp(event["expiration"]?.string ?? "") != nil)
    }
}

/// A value that a closure sets and a test reads.
final class Box<Value: Sendable>: Sendable {
    private let storage: Synchronization.Mutex<Value>
    init(_ value: Value) { storage = Mutex(value) }
    var value: Value { storage.withLock { $0 } }
    func set(_ value: Value) { storage.withLock { $0 = value } }
    func change(_ body: (inout Value) -> Void) { storage.withLock { body(&$0) } }
}
