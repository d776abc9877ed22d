import TestKit
import Testing
import WireValues

@testable import LocalDapr

/// Sections 2.1 to 2.3: how the sidecar learns what an app wants, and where each event goes.
@Suite(.timeLimit(.minutes(1))) struct SubscriptionTests {
    private func programmatic(
        _ list: JSON, _ other: @escaping @Sendable (APIRequest) -> APIResponse = { _ in .init(status: 200) }
    )
        -> @Sendable (APIRequest) async -> APIResponse
    {
        { request in request.path == "/dapr/subscribe" ? .json(200, list) : other(request) }
    }

    @Test func `2.1 the app is asked once, with its id in a header, and 404 means none`() async throws {
        let app = TestApp("app", appToken: "secret") { request in
            .init(status: request.path == "/dapr/subscribe" ? 404 : 200)
        }
        try await withDapr([app], resources: pubsub() + subscription("t")) { world in
            let asked = app.everyRequest.filter { $0.path == "/dapr/subscribe" }
            #expect(asked.count == 1)
            #expect(asked.first?.header("dapr-app-id") == "app")
            #expect(asked.first?.header("dapr-api-token") == "secret")
            #expect(app.everyRequest.contains { $0.path == "/dapr/config" && $0.header("dapr-app-id") == "app" })
            // The declarative one holds.
            let metadata = try await world.call("app", "GET", "/v1.0/metadata")
            #expect(metadata.json["subscriptions"]?.array?.map { $0["type"]?.string } == ["DECLARATIVE"])
        }
    }

    @Test func `2.1 without any pubsub the app is not asked`() async throws {
        let app = TestApp("app")
        try await withDapr([app]) { _ in
            #expect(!app.everyRequest.contains { $0.path == "/dapr/subscribe" })
            await Task.yield()
        }
    }

    @Test func `2.1 another status than 200 and 404 means no programmatic subscriptions, without a second question`()
        async throws
    {
        let app = TestApp("app") { request in .init(status: request.path == "/dapr/subscribe" ? 503 : 200) }
        try await withDapr([app], resources: pubsub()) { world in
            #expect(app.everyRequest.filter { $0.path == "/dapr/subscribe" }.count == 1)
            let metadata = try await world.call("app", "GET", "/v1.0/metadata")
            #expect(metadata.json["subscriptions"] == nil)
        }
    }

    @Test func `2.1 programmatic replaces declarative for the same topic`() async throws {
        let app = TestApp("app", programmatic([["pubsubname": "bus", "topic": "t", "route": "/mine"]]))
        try await withDapr(
            [app], resources: pubsub() + subscription("t", to: "/declared") + subscription("u", to: "/other")
        ) { world in
            for topic in ["t", "u"] {
                let reply = try await world.call("app", "POST", "/v1.0/publish/bus/\(topic)", json: 1)
                #expect(reply.status == 204)
            }
            try await world.dapr.waitUntilIdle()
            #expect(app.requests.map(\.path).sorted() == ["/mine", "/other"])
        }
    }

    @Test func `2.2 rules are tried in order, then the default`() async throws {
        let routes: JSON = [
            "rules": [
                ["match": "event.type == \"task.completed\"", "path": "/completed"],
                ["match": "event.data.priority == 'high' && event.data.tags.size() > 0", "path": "/urgent"],
                ["match": "has(event.data.title) && event.data.title.startsWith(\"buy\")", "path": "/shopping"],
            ],
            "default": "/rest",
        ]
        let app = TestApp("app", programmatic([["pubsubname": "bus", "topic": "t", "routes": routes]]))
        try await withDapr([app], resources: pubsub()) { world in
            let bodies: [JSON] = [
                ["type": "task.completed", "data": ["priority": "high", "tags": ["x"]]],
                ["type": "x", "data": ["priority": "high", "tags": ["x"]]],
                ["type": "x", "data": ["priority": "low", "tags": [], "title": "buy milk"]],
                ["type": "x", "data": ["priority": "low", "tags": []]],
            ]
            for body in bodies {
                let reply = try await world.call(
                    "app", "POST", "/v1.0/publish/bus/t?metadata.partitionKey=k", body.bytes,
                    type: "application/cloudevents+json")
                #expect(reply.status == 204)
            }
            try await world.dapr.waitUntilIdle()
            #expect(app.requests.map(\.path) == ["/completed", "/urgent", "/shopping", "/rest"])
        }
    }

    @Test
    func `2.2 no match and no default drops the event, an evaluation error is a failure; both become dead letters`()
        async throws
    {
        let list: JSON = [
            [
                "pubsubname": "bus", "topic": "t",
                "routes": ["rules": [["match": "event.data.kind == 1", "path": "/one"]]],
                "deadLetterTopic": "dead",
            ]
        ]
        let app = TestApp("app", programmatic(list))
        try await withDapr([app], resources: pubsub()) { world in
            for body in [["kind": 2], ["other": 1]] as [JSON] {
                let reply = try await world.call(
                    "app", "POST", "/v1.0/publish/bus/t?metadata.partitionKey=k", json: body)
                #expect(reply.status == 204)
            }
            try await world.dapr.waitUntilIdle()
            #expect(app.requests.isEmpty)
            let reasons = try await world.dapr.deadLetters().map(\.reason)
            #expect(reasons == ["no route matches the event", "a routing rule cannot be evaluated: no such key: kind"])
        }
    }

    @Test func `2.2 one rule that does not compile fails the whole list`() async throws {
        let app = TestApp(
            "app",
            programmatic([
                ["pubsubname": "bus", "topic": "t", "route": "/mine"],
                ["pubsubname": "bus", "topic": "u", "routes": ["rules": [["match": "event.type ==", "path": "/x"]]]],
            ]))
        try await withDapr([app], resources: pubsub()) { world in
            let metadata = try await world.call("app", "GET", "/v1.0/metadata")
            #expect(metadata.json["subscriptions"] == nil)
        }
    }

    @Test func `2.2 an item without any route is left out, the others hold`() async throws {
        let app = TestApp(
            "app",
            programmatic([["pubsubname": "bus", "topic": "t"], ["pubsubname": "bus", "topic": "u", "route": "/u"]]))
        try await withDapr([app], resources: pubsub()) { world in
            let metadata = try await world.call("app", "GET", "/v1.0/metadata")
            #expect(metadata.json["subscriptions"]?.array?.map { $0["topic"]?.string } == ["u"])
        }
    }

    @Test func `2.3 both versions of Subscription are read, and scopes keep others out`() async throws {
        let old = """
            ---
            apiVersion: dapr.io/v1alpha1
            kind: Subscription
            metadata: {name: old}
            spec: {pubsubname: bus, topic: t, route: /old}
            scopes: [app]

            """
        let app = TestApp("app")
        let other = TestApp("other")
        try await withDapr([app, other], resources: pubsub() + old) { world in
            let reply = try await world.call("app", "POST", "/v1.0/publish/bus/t", json: 1)
            #expect(reply.status == 204)
            try await world.dapr.waitUntilIdle()
            #expect(app.requests.map(\.path) == ["/old"])
            #expect(other.requests.isEmpty)
        }
    }

    @Test func `11.1 an app may not hear what its scopes do not name`() async throws {
        let app = TestApp("app")
        let resources =
            pubsub(metadata: ["subscriptionScopes": "app=u"]) + subscription("t") + subscription("u", to: "/u")
        try await withDapr([app], resources: resources) { world in
            let metadata = try await world.call("app", "GET", "/v1.0/metadata")
            #expect(metadata.json["subscriptions"]?.array?.map { $0["topic"]?.string } == ["u"])
        }
    }

    @Test func `11.4 a new group begins where initialOffset says, and then where it stopped`() async throws {
        for (offset, expected) in [("oldest", 2), ("newest", 1)] {
            let app = TestApp("late")
            let resources =
                pubsub(metadata: ["initialOffset": offset]).replacing(
                    "  - {name: initialOffset, value: oldest}\n", with: "")
                + subscription("t", app: "late")
            try await withDapr(
                [app], resources: resources,
                configure: .with { options in
                    options.apps = [LocalDapr.App(id: "early"), LocalDapr.App(id: "late")]
                }
            ) { world in
                let first = try await world.call("early", "POST", "/v1.0/publish/bus/t", json: 1)
                #expect(first.status == 204)
                world.dapr.attach(instance: "late", appPort: app.appPort)
                try await world.dapr.waitUntilReady()
                let second = try await world.call("early", "POST", "/v1.0/publish/bus/t", json: 2)
                #expect(second.status == 204)
                try await world.dapr.waitUntilIdle()
                #expect(app.requests.count == expected)
            }
        }
    }
}
