import DaprClient
import HTTPTestSupport
import Testing
import WireValues

struct StateTests {
    @Test func `a value comes with its tag, and a key without one is none`() async throws {
        try await withSidecar(
            answering: .by { asked in
                asked.path.hasSuffix("/there")
                    ? .init(200, headers: [("ETag", "7"), ("Content-Type", "application/json")], text: #"{"a":1}"#)
                    : .init(204)
            }
        ) { client, _ in
            let state = try await client.state("there", store: "s")
            #expect(state?.value == ["a": 1])
            #expect(state?.etag == "7")
            let missing = try await client.state("missing", store: "s")
            #expect(missing == nil)
        }
    }

    @Test func `a write with a tag is guarded by it, and a mismatch is a conflict`() async throws {
        try await withSidecar(answering: .by { _ in refusal(409, "ERR_STATE_SAVE", "possible etag mismatch") }) {
            client, sidecar in
            let error = await daprError { () async throws(DaprError) in
                try await client.saveState([.init("k", ["a": 1], etag: "7", ttl: .seconds(60))], store: "s")
            }
            #expect(error?.isConflict == true)
            #expect(
                sidecar.asked.first?.json == [
                    [
                        "key": "k", "value": ["a": 1], "etag": "7", "metadata": ["ttlInSeconds": "60"],
                        "options": ["concurrency": "first-write"],
                    ]
                ])
        }
    }

    @Test func `a mismatch within a transaction is a conflict too, although it is 500`() async throws {
        try await withSidecar(
            answering: .by { _ in refusal(500, "ERR_STATE_TRANSACTION", "possible etag mismatch. x") }
        ) {
            client, sidecar in
            let error = await daprError { () async throws(DaprError) in
                try await client.stateTransaction(
                    [.upsert(.init("a", 1)), .delete(key: "b", etag: "2")], store: "s")
            }
            #expect(error?.isConflict == true)
            #expect(sidecar.asked.first?.json["operations"]?[1]?["request"] == ["key": "b", "etag": "2"])
        }
    }

    @Test func `of many keys those that exist come back`() async throws {
        try await withSidecar(
            answering: .by { _ in
                .json([["key": "a", "data": ["x": 1], "etag": "1"], ["key": "b"]])
            }
        ) { client, _ in
            let states = try await client.bulkState(["a", "b"], store: "s")
            #expect(states.count == 1)
            #expect(states["a"]?.value == ["x": 1])
        }
    }

    @Test func `a delete is guarded by its tag`() async throws {
        try await withSidecar(answering: .by { _ in .init(204) }) { client, sidecar in
            try await client.deleteState("k", etag: "9", store: "s")
            #expect(sidecar.asked.first?.header("if-match") == "9")
        }
    }
}
