import HTTPTestSupport
import ServiceHarness
import TestKit
import Testing
import WireValues

@testable import ServiceKit

@Suite(.timeLimit(.minutes(1))) struct HTTPTests {
    private func withEcho(
        environment: [String: String] = [:],
        _ body: @escaping @Sendable (RunningService<EchoService>) async throws -> Void
    ) async throws {
        try await withService(EchoService.self, environment: environment, configure: { $0.now = { noon } }, body)
    }

    @Test func `a user's request is answered, with its ids`() async throws {
        try await withEcho { service in
            let answer = try await service.get(
                "/api/user-7/things?q=a%20b", user: "user-7",
                headers: [
                    ("X-Request-Id", "mine-1"),
                    ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                ])
            #expect(answer.status == 200)
            #expect(answer.json["user"] == "user-7")
            #expect(answer.json["query"] == "a b")
            #expect(answer.json["trace"] == "4bf92f3577b34da6a3ce929d0e0e4736")
            #expect(answer.json["request"] == "mine-1")
            #expect(answer.header("x-request-id") == "mine-1")
            #expect(answer.header("cache-control") == "no-store")
            #expect(answer.header("content-type") == "application/json")
        }
    }

    @Test func `an id that could spoil a log is replaced`() async throws {
        try await withEcho { service in
            let answer = try await service.get("/nowhere", headers: [("X-Request-Id", "a b{}")])
            #expect(answer.header("x-request-id")?.hasPrefix("req-") == true)
        }
    }

    @Test(arguments: [
        // method, path, user, status, code
        ("GET", "/nowhere", nil, 404, "not_found"), ("GET", "/api/user-7/things/", "user-7", 404, "not_found"),
        ("GET", "/api/user-7/things", nil, 401, "no_token"), ("GET", "/api/user-8/things", "user-7", 403, "other_user"),
        ("GET", "/api/user-7/things/0", "user-7", 404, "not_found"),
        ("GET", "/api/user-7/things/01", "user-7", 404, "not_found"),
        ("GET", "/api/user-7/things/9007199254740992", "user-7", 404, "not_found"),
        ("GET", "/api/user-7/things/x", "user-7", 404, "not_found"),
        ("DELETE", "/api/user-7/things", "user-7", 405, "method_not_allowed"),
        ("TRACE", "/api/user-7/things", "user-7", 405, "method_not_allowed"),
        ("GET", "/fails/field", nil, 422, "invalid"), ("GET", "/fails/fields", nil, 422, "invalid"),
        ("GET", "/fails/database", nil, 503, "database_unavailable"), ("GET", "/fails/bug", nil, 500, "internal"),
        ("GET", "/fails/nul", nil, 422, "invalid"), ("GET", "/fails/else", nil, 500, "internal"),
    ])
    func `every refusal is a problem document`(
        method: String, path: String, user: String?, status: Int, code: String
    ) async throws {
        try await withEcho { service in
            let answer = try await service.send(method, path, user: user)
            #expect(answer.status == status)
            #expect(answer.header("content-type") == "application/problem+json")
            #expect(answer.problem == code)
            #expect(answer.json["status"]?.int == status)
            #expect(answer.json["title"]?.string?.isEmpty == false)
            #expect(answer.json["detail"]?.string?.isEmpty == false)
            #expect(answer.json["request_id"]?.string == answer.header("x-request-id"))
            // What broke inside is for the log.
            #expect(!answer.text.contains("10.0.0.7") && !answer.text.contains("secrets_of_the_house"))
        }
    }

    @Test func `users whose ids look the same and differ in bytes are two`() async throws {
        try await withEcho { service in
            let own = try await service.get("/api/%C3%A9/things", user: "\u{E9}")
            #expect(own.status == 200)
            let other = try await service.get("/api/%C3%A9/things", user: "e\u{301}")
            #expect(other.status == 403)
            #expect(other.problem == "other_user")
        }
    }

    @Test func `problems of fields name them all`() async throws {
        try await withEcho { service in
            let answer = try await service.get("/fails/fields")
            #expect(
                answer.json["errors"] == [
                    ["field": "/title", "code": "required", "detail": "is missing"],
                    ["field": "/tags", "code": "wrong_type", "detail": "is no list"],
                ])
        }
    }

    @Test func `another method says which there are`() async throws {
        try await withEcho { service in
            let answer = try await service.send("PUT", "/api/user-7/things", user: "user-7")
            #expect(answer.header("allow") == "GET, POST, HEAD")
        }
    }

    @Test func `HEAD is GET without the body`() async throws {
        try await withEcho { service in
            let answer = try await service.send("HEAD", "/api/user-7/things", user: "user-7")
            #expect(answer.status == 200)
            #expect(answer.body.isEmpty)
            #expect(answer.header("content-type") == "application/json")
        }
    }

    @Test func `JSON that is none says where it ends to be some`() async throws {
        try await withEcho { service in
            let answer = try await service.send("POST", "/api/u/things", user: "u", body: Array(#"{"a":1,}"#.utf8))
            #expect(answer.status == 400)
            #expect(answer.problem == "malformed_json")
            #expect(answer.json["offset"] == 7)
        }
    }

    @Test(arguments: ["text/plain", "application/jsonp", "application/json; charset=latin1", "application/+json"])
    func `another content type is refused`(type: String) async throws {
        try await withEcho { service in
            let answer = try await service.send(
                "POST", "/api/u/things", user: "u", headers: [("Content-Type", type)], body: Array("{}".utf8))
            #expect(answer.status == 415)
        }
    }

    @Test(arguments: ["application/json", "application/json; charset=UTF-8", "Application/Merge-Patch+JSON"])
    func `JSON by any of its names is read`(type: String) async throws {
        try await withEcho { service in
            let answer = try await service.send(
                "POST", "/api/u/things", user: "u", headers: [("Content-Type", type)], body: Array("{}".utf8))
            #expect(answer.status == 201)
            #expect(answer.header("etag") == "\"1\"")
        }
    }

    @Test func `a body that is compressed or too long is refused`() async throws {
        try await withEcho { service in
            let long = Array("\"\(String(repeating: "x", count: 1_000))\"".utf8)
            let answer = try await service.send("POST", "/api/u/things", user: "u", body: long)
            #expect(answer.status == 413)
            #expect(answer.json["limit"] == 1_000)
            let packed = try await service.send(
                "POST", "/api/u/things", user: "u", headers: [("Content-Encoding", "gzip")], body: [1])
            #expect(packed.status == 415)
        }
    }

    @Test func `two tokens are no token`() async throws {
        try await withEcho { service in
            let token = "Bearer " + TestTokens.token("u", now: noon)
            let answer = try await service.get(
                "/api/u/things", headers: [("Authorization", token), ("Authorization", token)])
            #expect(answer.status == 401)
            let basic = try await service.get("/api/u/things", headers: [("Authorization", "Basic dTpw")])
            #expect(basic.problem == "no_token")
            #expect(basic.header("www-authenticate") == "Bearer")
        }
    }

    @Test func `headers without end are refused`() async throws {
        try await withEcho { service in
            // The connection may be closed before all of them are sent.
            let answer = try? await service.get(
                "/nowhere", headers: [("X-Long", String(repeating: "x", count: 20_000))])
            #expect(answer == nil || answer?.status == 400 || answer?.status == 431)
            let next = try await service.get("/nowhere")
            #expect(next.status == 404)
        }
    }

    @Test func `requests are counted by their route, not by their path`() async throws {
        try await withEcho { service in
            for id in 1...3 { _ = try await service.get("/api/u/things/\(id)", user: "u") }
            _ = try await service.get("/api/u/things/x", user: "u")
            _ = try await service.get("/random-\(Int.random(in: 0...9))")
            let page = try await service.send("GET", "/metrics", onAdminPort: true).text
            #expect(
                page.contains(
                    #"todo_http_requests_total{method="GET",route="/api/{user_id}/things/{id}",status="200"} 3"#))
            #expect(
                page.contains(
                    #"todo_http_requests_total{method="GET",route="/api/{user_id}/things/{id}",status="404"} 1"#))
            #expect(page.contains(#"todo_http_requests_total{method="GET",route="none",status="404"} 1"#))
            #expect(
                page.contains(
                    #"todo_http_request_duration_seconds_count{method="GET",route="/api/{user_id}/things/{id}"} 4"#))
        }
    }

    @Test func `whoever is trusted without a token was asked for in full`() async throws {
        try await withEcho(environment: ["TODO_DEVELOPMENT_AUTH": "trust-any-user"]) { service in
            let answer = try await service.get("/api/anybody/things")
            #expect(answer.status == 200)
            #expect(answer.json["user"] == "anybody")
        }
    }
}
