import DaprClient
import HTTPTestSupport
import Testing
import WireValues

struct CallTests {
    @Test func `a secret's keys and values come as they are`() async throws {
        try await withSidecar(answering: .by { _ in .json(["url": "postgresql://x", "n": "1"]) }) { client, sidecar in
            let secret = try await client.secret("todo-database", store: "kubernetes")
            #expect(secret == ["url": "postgresql://x", "n": "1"])
            #expect(sidecar.asked.first?.path == "/v1.0/secrets/kubernetes/todo-database")
        }
    }

    @Test func `what another service answers is passed on, whatever its status`() async throws {
        try await withSidecar(
            token: "mine",
            answering: .by { _ in
                .init(
                    404, headers: [("Content-Type", "application/problem+json"), ("ETag", "\"1\"")],
                    text: #"{"status":404}"#)
            }
        ) { client, sidecar in
            let answer = try await client.invoke(
                "todo-audit",
                .init(
                    "GET", "/api/user%207/audit", query: "type=created&x=%2B",
                    headers: [
                        ("Authorization", "Bearer t"), ("Connection", "close"), ("Host", "evil"),
                        ("dapr-api-token", "stolen"),
                    ]))
            #expect(answer.status == 404)
            #expect(answer.header("etag") == "\"1\"")
            let asked = try #require(sidecar.asked.first)
            #expect(asked.target == "/v1.0/invoke/todo-audit/method/api/user%207/audit?type=created&x=%2B")
            #expect(asked.header("authorization") == "Bearer t")
            // What belongs to the caller's own connection stays there.
            #expect(asked.header("dapr-api-token") == "mine")
            #expect(asked.header("host") != "evil")
        }
    }

    @Test func `nobody behind an app id is an error, not the service's answer`() async throws {
        try await withSidecar(
            answering: .by { _ in
                refusal(500, "ERR_DIRECT_INVOKE", "failed to invoke, id: todo-audit, err: x")
            }
        ) { client, _ in
            let error = await daprError { () async throws(DaprError) in
                _ = try await client.invoke("todo-audit", .init("POST", "/x"))
            }
            #expect(error?.errorCode == "ERR_DIRECT_INVOKE")
            #expect(error?.isTransient == true)
        }
    }

    @Test func `a binding gets operation, data and metadata`() async throws {
        try await withSidecar(answering: .by { _ in .init(204) }) { client, sidecar in
            _ = try await client.binding(
                "todo-smtp", operation: "create", data: "<p>x</p>", metadata: ["emailTo": "a@b.c"])
            #expect(sidecar.asked.first?.path == "/v1.0/bindings/todo-smtp")
            #expect(
                sidecar.asked.first?.json == [
                    "operation": "create", "data": "<p>x</p>", "metadata": ["emailTo": "a@b.c"],
                ])
        }
    }

    @Test func `metadata is read and written`() async throws {
        try await withSidecar(answering: .by { $0.method == "GET" ? .json(["id": "todo-api"]) : .init(204) }) {
            client, sidecar in
            let metadata = try await client.metadata()
            #expect(metadata["id"] == "todo-api")
            try await client.setMetadata("version", "1")
            #expect(sidecar.asked.last?.text == "1")
        }
    }
}
