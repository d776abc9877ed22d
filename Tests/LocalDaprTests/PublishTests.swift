import TestKit
import Testing
import WireValues

@testable import LocalDapr

/// Sections 0 and 1: what publishing refuses, and publishing in bulk.
@Suite struct PublishTests {
    private let resources =
        pubsub(metadata: ["publishingScopes": "limited=ok", "protectedTopics": "secret-topic"])
        + subscription("t", app: "app")

    @Test func `1.1 a pubsub that there is not is 404, a topic out of scope 403`() async throws {
        try await withDapr([TestApp("app"), TestApp("limited")], resources: resources) { world in
            let unknown = try await world.call("app", "POST", "/v1.0/publish/nope/t", json: 1)
            #expect(unknown.status == 404)
            #expect(unknown.code == "ERR_PUBSUB_NOT_FOUND")
            #expect(unknown.reason == "DAPR_PUBSUB_NOT_FOUND")
            #expect(unknown.json["message"]?.string == "pubsub nope is not found")
            #expect(unknown.json["details"]?[0]?["@type"]?.string == "type.googleapis.com/google.rpc.ErrorInfo")
            #expect(unknown.json["details"]?[0]?["domain"]?.string == "dapr.io")
            let forbidden = try await world.call("limited", "POST", "/v1.0/publish/bus/t", json: 1)
            #expect(forbidden.status == 403)
            #expect(forbidden.code == "ERR_PUBSUB_FORBIDDEN")
            #expect(forbidden.reason == "DAPR_PUBSUB_FORBIDDEN")
            #expect(forbidden.json["message"]?.string == "topic t is not allowed for app id limited")
            #expect(try await world.call("limited", "POST", "/v1.0/publish/bus/ok", json: 1).status == 204)
            #expect(try await world.call("app", "PUT", "/v1.0/publish/bus/t", json: 1).status == 204)
            #expect(try await world.call("app", "POST", "/v1.0/publish/bus/secret-topic", json: 1).status == 403)
        }
    }

    @Test func `1.1 rawPayload that is no truth value is 400, a CloudEvent that is none 500, no topic a route miss`()
        async throws
    {
        try await withDapr([TestApp("app")], resources: resources) { world in
            let raw = try await world.call("app", "POST", "/v1.0/publish/bus/t?metadata.rawPayload=maybe", json: 1)
            #expect(raw.status == 400)
            #expect(raw.code == "ERR_PUBSUB_REQUEST_METADATA")
            #expect(raw.reason == "DAPR_PUBSUB_METADATA_DESERIALIZATION")
            let event = try await world.call(
                "app", "POST", "/v1.0/publish/bus/t", Array("[1]".utf8), type: "application/cloudevents+json")
            #expect(event.status == 500)
            #expect(event.code == "ERR_PUBSUB_CLOUD_EVENTS_SER")
            #expect(event.reason == "DAPR_PUBSUB_CLOUD_EVENT_CREATION")
            let bare = try await world.call("app", "POST", "/v1.0/publish/bus", json: 1)
            #expect(bare.status == 404)
            #expect(bare.code == "ERR_DIRECT_INVOKE")
        }
    }

    @Test func `1.1 a broker that refuses is 500, for as long as it was asked to`() async throws {
        let app = TestApp("app")
        try await withDapr([app], resources: resources, configure: .with { $0.allowFaults = true }) { world in
            try world.dapr.refusePublishing(for: .seconds(600))
            let refused = try await world.call("app", "POST", "/v1.0/publish/bus/t", json: 1)
            #expect(refused.status == 500)
            #expect(refused.code == "ERR_PUBSUB_PUBLISH_MESSAGE")
            #expect(refused.reason == "DAPR_PUBSUB_PUBLISH_MESSAGE")
            let entries: JSON = [["entryId": "1", "event": 1, "contentType": "application/json"]]
            let bulk = try await world.call("app", "POST", "/v1.0/publish/bulk/bus/t", json: entries)
            #expect(bulk.status == 500)
            #expect(bulk.code == "ERR_PUBSUB_PUBLISH_MESSAGE")
            #expect(bulk.json["failedEntries"]?[0]?["entryId"]?.string == "1")
            try world.dapr.refusePublishing(for: .zero)
            #expect(try await world.call("app", "POST", "/v1.0/publish/bus/t", json: 2).status == 204)
            try await app.wait(for: 1)
            #expect(app.requests.count == 1)
        }
    }

    @Test func `0 more than 4 MiB cannot be published`() async throws {
        let app = TestApp("app")
        try await withDapr([app], resources: resources) { world in
            let body = [UInt8](repeating: UInt8(ascii: "x"), count: (4 << 20) + 1)
            let reply = try await world.call("app", "POST", "/v1.0/publish/bus/t", body, type: "text/plain")
            #expect(reply.status == 500)
            #expect(reply.code == "ERR_PUBSUB_PUBLISH_MESSAGE")
            #expect(
                try await world.call("app", "POST", "/v1.0/jobs/j", body, type: "text/plain").code == "ERR_BODY_READ")
        }
    }

    @Test func `1.1 the topic is the rest of the path`() async throws {
        let app = TestApp("app")
        try await withDapr([app], resources: pubsub() + subscription("a/b", app: "app")) { world in
            #expect(try await world.call("app", "POST", "/v1.0/publish/bus/a/b", json: 1).status == 204)
            #expect(try await world.call("app", "POST", "//v1.0/./publish/bus/a%2Fb/", json: 2).status == 204)
            try await app.wait(for: 2)
            #expect(app.requests.allSatisfy { $0.header("__topic") == "a/b" })
        }
    }

    @Test func `1.2 each entry of a bulk gets its own envelope and its own key`() async throws {
        let app = TestApp("app")
        try await withDapr([app], resources: resources) { world in
            let entries: JSON = [
                [
                    "entryId": "1", "event": ["a": 1], "contentType": "application/json",
                    "metadata": ["partitionKey": "k"],
                ],
                ["entryId": "2", "event": "hi", "contentType": "text/plain"],
                ["entryId": "3", "event": "AP8K", "contentType": "application/octet-stream"],
                ["entryId": "4", "event": ["id": "e", "type": "x"], "contentType": "application/cloudevents+json"],
            ]
            for path in ["/v1.0/publish/bulk/bus/t", "/v1.0-alpha1/publish/bulk/bus/t"] {
                let reply = try await world.call("app", "POST", path, json: entries)
                #expect(reply.status == 204)
                #expect(reply.bytes.isEmpty)
            }
            try await app.wait(for: 8)
            let events = try app.requests.map { ($0, try JSON(parsing: $0.body ?? [])) }
            #expect(events.filter { $0.1["data"]?["a"]?.int == 1 && $0.0.header("__key") == "k" }.count == 2)
            #expect(events.filter { $0.1["data"]?.string == "hi" }.count == 2)
            #expect(events.filter { $0.1["data_base64"]?.string == "AP8K" }.count == 2)
            #expect(events.filter { $0.1["id"]?.string == "e" && $0.1["type"]?.string == "x" }.count == 2)
        }
    }

    @Test(arguments: [
        #"{"entryId":"1"}"#, "nonsense", #"[{"event":1,"contentType":"application/json"}]"#,
        #"[{"entryId":"1","event":1,"contentType":"application/json"},{"entryId":"1","event":1,"contentType":"application/json"}]"#,
        #"[{"entryId":"1","event":1,"contentType":"text/plain"}]"#,
        #"[{"entryId":"1","event":"&","contentType":"application/octet-stream"}]"#,
        #"[{"entryId":"1","event":1}]"#,
    ])
    func `1.2 a bulk with anything wrong in it is refused as a whole`(body: String) async throws {
        let app = TestApp("app")
        try await withDapr([app], resources: resources) { world in
            let reply = try await world.call("app", "POST", "/v1.0/publish/bulk/bus/t", Array(body.utf8))
            #expect(reply.status == 400)
            #expect(reply.code == "ERR_PUBSUB_EVENTS_SER")
            try await world.dapr.waitUntilIdle()
            #expect(app.requests.isEmpty)
        }
    }

    @Test func `1.2 an unknown pubsub and a forbidden topic are refused in bulk, too`() async throws {
        try await withDapr([TestApp("limited")], resources: resources) { world in
            let unknown = try await world.call("limited", "POST", "/v1.0/publish/bulk/nope/t", json: [])
            #expect(unknown.status == 404)
            let forbidden = try await world.call("limited", "POST", "/v1.0/publish/bulk/bus/t", json: [])
            #expect(forbidden.status == 403)
        }
    }
}
