import TestKit
import Testing
import WireValues

@testable import LocalDapr

/// Sections 0, 6 and 8: calls from app to app, what answers everything else, health and tokens.
@Suite(.timeLimit(.minutes(1))) struct InvocationTests {
    private let echo: @Sendable (APIRequest) async -> APIResponse = { request in
        .json(
            418,
            [
                "method": .string(request.method), "path": .string(request.path),
                "query": .string(request.rawQuery ?? ""),
                "body": .string(String(decoding: request.body ?? [], as: UTF8.self)),
            ])
    }

    @Test func `6 both forms pass method, path, query, body, status and headers through`() async throws {
        let callee = TestApp("callee", appToken: "app-token", echo)
        try await withDapr([TestApp("caller"), callee]) { world in
            let direct = try await world.call(
                "caller", "PATCH", "/v1.0/invoke/callee/method/api/u%201/x?a=b%20c", Array("hi".utf8),
                headers: [("x-mine", "1"), ("dapr-caller-app-id", "forged"), ("authorization", "Bearer t")])
            #expect(direct.status == 418)
            #expect(direct.json == ["method": "PATCH", "path": "/api/u%201/x", "query": "a=b%20c", "body": "hi"])
            #expect(direct.header("content-type") == "application/json")
            let request = try #require(callee.requests.first)
            #expect(request.header("x-mine") == "1")
            #expect(request.header("authorization") == "Bearer t")
            #expect(request.headers.filter { $0.name.lowercased() == "dapr-caller-app-id" }.map(\.value) == ["caller"])
            #expect(request.header("dapr-callee-app-id") == "callee")
            #expect(request.header("dapr-caller-namespace") == "default")
            #expect(request.header("dapr-api-token") == "app-token")
            #expect(request.header("x-forwarded-for") != nil)
            #expect(request.header("traceparent") != nil)
            let byHeader = try await world.call("caller", "GET", "/api/tasks", headers: [("dapr-app-id", "callee")])
            #expect(byHeader.json["path"]?.string == "/api/tasks")
            let basic = Base64.encode(Array("dapr-app-id:callee".utf8))
            let byLogin = try await world.call(
                "caller", "GET", "/api/tasks", headers: [("authorization", "Basic \(basic)")])
            #expect(byLogin.json["path"]?.string == "/api/tasks")
            #expect(callee.requests.last?.header("authorization") == nil)
        }
    }

    @Test func `6 an app that is not there, or is down, is 500`() async throws {
        try await withDapr(
            [TestApp("caller")], configure: .with { $0.apps.append(LocalDapr.App(id: "down", appPort: 1)) },
            ready: false
        ) { world in
            for app in ["nope", "down"] {
                let reply = try await world.call("caller", "GET", "/v1.0/invoke/\(app)/method/x")
                #expect(reply.status == 500)
                #expect(reply.code == "ERR_DIRECT_INVOKE")
                #expect(reply.json["message"]?.string?.hasPrefix("failed to invoke, id: \(app), err: ") == true)
            }
            let bad = try await world.call("caller", "GET", "/v1.0/invoke/caller/method/a%23b")
            #expect(bad.status == 500)
        }
    }

    @Test func `6 replicas take turns, and a policy for an app retries every error, POST included`() async throws {
        let retries = resiliency(
            policies: "retries: {some: {policy: constant, duration: 1ms, maxRetries: 3}}",
            targets: "apps: {callee: {retry: some}}")
        let calls = Box(0)
        let callee = TestApp("callee") { request in
            guard request.path == "/x" else { return .init(status: 200) }
            calls.change { $0 += 1 }
            return .init(status: calls.value < 3 ? 404 : 200)
        }
        try await withDapr([TestApp("caller"), callee], resources: retries) { world in
            let reply = try await world.call("caller", "POST", "/v1.0/invoke/callee/method/x", Array("1".utf8))
            #expect(reply.status == 200)
            #expect(calls.value == 3)
        }
    }

    @Test(arguments: [
        ("GET", "/v1.0/publish/bus/t"), ("DELETE", "/v1.0/publish/bus/t"), ("GET", "/"), ("GET", "/nothing"),
        ("PUT", "/v1.0/healthz"),
        ("PATCH", "/v1.0/state/store"), ("POST", "/v1.0/metadata"), ("GET", "/v2.0/healthz"), ("GET", "/v1.0/invoke"),
    ])
    func `0 everything unknown, and every wrong method, is 404 of service invocation`(method: String, path: String)
        async throws
    {
        try await withDapr([TestApp("app")], resources: pubsub()) { world in
            let reply = try await world.call("app", method, path)
            #expect(reply.status == 404)
            #expect(
                reply.json == [
                    "errorCode": "ERR_DIRECT_INVOKE",
                    "message": "failed getting app id either from the URL path or the header dapr-app-id",
                ])
            #expect(reply.header("content-type") == "application/json")
        }
    }

    @Test func `0 plus is a space in a path parameter, and a bad escape is 400`() async throws {
        try await withDapr([TestApp("app")]) { world in
            let reply = try await world.call("app", "GET", "/v1.0/jobs/a+b")
            #expect(reply.json["message"]?.string?.hasSuffix("job not found: a b") == true)
        }
        let request = APIRequest(method: "GET", target: "/v1.0/jobs/%zz", headers: [], body: [])
        #expect(PercentText.decodeQuery(request.segments[2]) == nil)
    }

    @Test func `0 the API token is asked for, but not for health`() async throws {
        try await withDapr([TestApp("app", apiToken: "t0ken")]) { world in
            let without = try await world.call("app", "GET", "/v1.0/metadata")
            #expect(without.status == 401)
            #expect(without.text == "invalid api token")
            #expect(without.header("content-type")?.hasPrefix("text/plain") == true)
            let with = try await world.call("app", "GET", "/v1.0/metadata", headers: [("dapr-api-token", "t0ken")])
            #expect(with.status == 200)
            for path in ["/v1.0/healthz", "/v1.0/healthz/outbound"] {
                let health = try await world.call("app", "GET", path)
                #expect(health.status == 204)
            }
        }
    }

    @Test func `8 outbound health before the app is there, full health after`() async throws {
        let app = TestApp("app")
        try await withDapr([app], configure: .with { $0.apps = [LocalDapr.App(id: "app", appPort: 1)] }, ready: false) {
            world in
            let outbound = try await world.call("app", "GET", "/v1.0/healthz/outbound")
            #expect(outbound.status == 204)
            let full = try await world.call("app", "GET", "/v1.0/healthz")
            #expect(full.status == 500)
            #expect(full.code == "ERR_HEALTH_NOT_READY")
            #expect(full.json["message"]?.string == "dapr is not ready: [app]")
            world.dapr.attach(instance: "app", appPort: app.appPort)
            try await world.dapr.waitUntilReady()
            let now = try await world.call("app", "GET", "/v1.0/healthz")
            #expect(now.status == 204)
            let other = try await world.call("app", "GET", "/v1.0/healthz?appid=other")
            #expect(other.status == 500)
            #expect(other.code == "ERR_HEALTH_APPID_NOT_MATCH")
        }
    }

    @Test func `8 metadata, and what an app adds to it`() async throws {
        try await withDapr([TestApp("app")], resources: pubsub() + subscription("t", deadLetters: "d")) { world in
            let put = try await world.call("app", "PUT", "/v1.0/metadata/note", Array("hello".utf8), type: "text/plain")
            #expect(put.status == 204)
            let json = try await world.call("app", "GET", "/v1.0/metadata").json
            #expect(json["id"]?.string == "app")
            #expect(json["extended"]?["note"]?.string == "hello")
            #expect(
                json["components"]?[0] == ["name": "bus", "type": "pubsub.kafka", "version": "v1", "capabilities": []])
            #expect(json["subscriptions"]?[0]?["deadLetterTopic"]?.string == "d")
            #expect(json["subscriptions"]?[0]?["rules"] == [["path": "/events"]])
            #expect(json["appConnectionProperties"]?["protocol"]?.string == "http")
            #expect(json["scheduler"]?["connected_addresses"]?.array?.count == 1)
        }
    }

    @Test func `8 shutdown ends deliveries to the app`() async throws {
        let app = TestApp("app")
        try await withDapr([app, TestApp("other")], resources: pubsub() + subscription("t", app: "app")) { world in
            let reply = try await world.call("app", "POST", "/v1.0/shutdown")
            #expect(reply.status == 204)
            try await expectEventually("stopped") { !world.dapr.isReady(instance: "app") }
            let published = try await world.call("other", "POST", "/v1.0/publish/bus/t", json: 1)
            #expect(published.status == 204)
            #expect(world.dapr.backlogs.first?.records == 1)
            #expect(app.requests.isEmpty)
        }
    }

    @Test func `8 an unhealthy app gets no events and no calls, and all of them when it is well again`() async throws {
        let isWell = Box(true)
        let app = TestApp("app", healthCheck: .init(interval: .milliseconds(20), threshold: 2)) { request in
            request.path == "/healthz" ? .init(status: isWell.value ? 200 : 503) : .init(status: 200)
        }
        try await withDapr([app, TestApp("other")], resources: pubsub() + subscription("t", app: "app")) { world in
            #expect(app.everyRequest.filter { $0.path == "/healthz" }.allSatisfy { $0.header("dapr-api-token") == nil })
            isWell.set(false)
            try await expectEventually("unhealthy") { !world.dapr.isReady(instance: "app") }
            let published = try await world.call("other", "POST", "/v1.0/publish/bus/t", json: 1)
            #expect(published.status == 204)
            let call = try await world.call("other", "GET", "/v1.0/invoke/app/method/x")
            #expect(call.status == 500)
            let job = try await world.call(
                "app", "POST", "/v1.0/jobs/j", json: ["dueTime": "0s", "failurePolicy": ["drop": [:]]])
            #expect(job.status == 204)
            #expect(app.requests.isEmpty)
            isWell.set(true)
            try await app.wait(for: 2)
            #expect(app.requests.map(\.path).sorted() == ["/events", "/job/j"])
        }
    }
}
