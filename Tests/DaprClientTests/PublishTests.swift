import DaprClient
import HTTPTestSupport
import Testing
import WireValues

struct PublishTests {
    private let event = Array(#"{"specversion":"1.0","id":"e1","data":{"n":9007199254740993}}"#.utf8)

    @Test func `an event goes out as it is, as a CloudEvent, under its key`() async throws {
        try await withSidecar(token: "s3cret", answering: .by { _ in .init(204) }) { [event] client, sidecar in
            try await client.publish(event, to: "task-events", pubsub: "todo-pubsub", partitionKey: "user 7+8/ü")
            let asked = try #require(sidecar.asked.first)
            #expect(asked.method == "POST")
            // The sidecar reads "+" as a space (contract of the sidecar's paths), so it may not be sent as itself.
            #expect(
                asked.target
                    == "/v1.0/publish/todo-pubsub/task-events?metadata.partitionKey=user%207%2B8%2F%C3%BC")
            #expect(asked.header("content-type") == "application/cloudevents+json")
            #expect(asked.header("dapr-api-token") == "s3cret")
            #expect(asked.body == event)
        }
    }

    @Test func `a bulk holds every event unchanged, with its key, in order`() async throws {
        try await withSidecar(answering: .by { _ in .init(204) }) { [event] client, sidecar in
            let failures = try await client.bulkPublish(
                [
                    .init(id: "1", event: event, partitionKey: #"a"b"#),
                    .init(id: "2", event: event, partitionKey: nil),
                ], to: "task-events", pubsub: "p")
            #expect(failures.isEmpty)
            let asked = try #require(sidecar.asked.first)
            #expect(asked.path == "/v1.0/publish/bulk/p/task-events")
            #expect(asked.header("content-type") == "application/json")
            // Numbers beyond 2^53 pass unharmed, since the bytes are not read.
            #expect(asked.text.contains(String(decoding: event, as: UTF8.self)))
            #expect(asked.json[0]?["entryId"] == "1")
            #expect(asked.json[0]?["contentType"] == "application/cloudevents+json")
            #expect(asked.json[0]?["metadata"]?["partitionKey"]?.string == #"a"b"#)
            #expect(asked.json[1]?["metadata"] == nil)
        }
    }

    @Test func `entries that failed are named, all others count as published`() async throws {
        let reply = FakeServer.Reply.json(
            [
                "failedEntries": [["entryId": "2", "error": "leader not available"]],
                "errorCode": "ERR_PUBSUB_PUBLISH_MESSAGE",
            ], status: 500)
        try await withSidecar(answering: .by { _ in reply }) { [event] client, _ in
            let failures = try await client.bulkPublish(
                [.init(id: "1", event: event, partitionKey: nil), .init(id: "2", event: event, partitionKey: nil)],
                to: "t", pubsub: "p")
            #expect(failures == [.init(id: "2", error: "leader not available")])
        }
    }

    @Test func `a runtime that knows bulks by the older path only is asked there from then on`() async throws {
        try await withSidecar(answering: .by { $0.path.hasPrefix("/v1.0-alpha1/") ? .init(204) : unknownRoute }) {
            [event] client, sidecar in
            for _ in 0..<2 {
                _ = try await client.bulkPublish(
                    [.init(id: "1", event: event, partitionKey: nil)], to: "t", pubsub: "p")
            }
            #expect(
                sidecar.asked.map(\.path) == [
                    "/v1.0/publish/bulk/p/t", "/v1.0-alpha1/publish/bulk/p/t", "/v1.0-alpha1/publish/bulk/p/t",
                ])
        }
    }

    @Test(arguments: [
        // A component that is missing does not come by waiting; one that is overloaded may recover.
        (404, "ERR_PUBSUB_NOT_FOUND", false), (403, "ERR_PUBSUB_FORBIDDEN", false),
        (500, "ERR_PUBSUB_PUBLISH_MESSAGE", true), (500, "ERR_PUBSUB_CLOUD_EVENTS_SER", false),
    ])
    func `a refusal says what, where and why, and whether to try again`(
        status: Int, code: String, isTransient: Bool
    ) async throws {
        try await withSidecar(answering: .by { _ in refusal(status, code, "pubsub nope is not found") }) {
            [event] client, _ in
            let error = await daprError { () async throws(DaprError) in
                try await client.publish(event, to: "task-events", pubsub: "nope", partitionKey: nil)
            }
            #expect(error?.kind == .answered)
            #expect(error?.isTransient == isTransient)
            #expect(error?.description == "publish to task-events: \(status) \(code): pubsub nope is not found")
        }
    }

    @Test func `a wrong token is said to be one, and not shown`() async throws {
        try await withSidecar(token: "s3cret", answering: .by { _ in .init(401, text: "invalid api token") }) {
            [event] client, _ in
            let error = await daprError { () async throws(DaprError) in
                try await client.publish(event, to: "t", pubsub: "p", partitionKey: nil)
            }
            #expect(
                error?.description == "publish to t: 401: invalid api token (is DAPR_API_TOKEN the sidecar's token?)")
        }
    }
}
