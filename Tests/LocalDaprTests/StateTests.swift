import TestKit
import Testing
import WireValues

@testable import LocalDapr

/// Section 4: state.
@Suite(.timeLimit(.minutes(1))) struct StateTests {
    private func store(_ name: String = "store", type: String = "state.postgresql", metadata: String = "") -> String {
        """
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: \(name)}
        spec: {type: \(type), version: v2, metadata: [\(metadata)]}

        """
    }

    @Test func `4 what is saved is read with its ETag, what is missing is 204`() async throws {
        try await withDapr([TestApp("app")], resources: store()) { world in
            let saved = try await world.call(
                "app", "POST", "/v1.0/state/store",
                json: [["key": "k", "value": ["a": 1]], ["key": "text", "value": "x"]])
            #expect(saved.status == 204)
            let read = try await world.call("app", "GET", "/v1.0/state/store/k?consistency=strong")
            #expect(read.status == 200)
            #expect(read.text == #"{"a":1}"#)
            #expect(read.header("content-type") == "application/json")
            #expect(read.header("etag")?.isEmpty == false)
            #expect(try await world.call("app", "GET", "/v1.0/state/store/nope").status == 204)
            #expect(try await world.call("app", "DELETE", "/v1.0/state/store/k").status == 204)
            #expect(try await world.call("app", "DELETE", "/v1.0/state/store/k").status == 204)
            #expect(try await world.call("app", "GET", "/v1.0/state/store/k").status == 204)
            #expect(try await world.call("app", "POST", "/v1.0/state/store", json: []).status == 204)
        }
    }

    @Test func `4 an ETag that differs is 409, for saving and deleting`() async throws {
        try await withDapr([TestApp("app")], resources: store()) { world in
            _ = try await world.call("app", "POST", "/v1.0/state/store", json: [["key": "k", "value": 1]])
            let etag = try await world.call("app", "GET", "/v1.0/state/store/k").header("etag") ?? ""
            let wrong = try await world.call(
                "app", "POST", "/v1.0/state/store", json: [["key": "k", "value": 2, "etag": "other"]])
            #expect(wrong.status == 409)
            #expect(wrong.code == "ERR_STATE_SAVE")
            #expect(wrong.json["message"]?.string?.contains("possible etag mismatch") == true)
            let right = try await world.call(
                "app", "POST", "/v1.0/state/store", json: [["key": "k", "value": 2, "etag": .string(etag)]])
            #expect(right.status == 204)
            let stale = try await world.call("app", "DELETE", "/v1.0/state/store/k", headers: [("if-match", etag)])
            #expect(stale.status == 409)
            #expect(stale.code == "ERR_STATE_DELETE")
            let absent = try await world.call(
                "app", "POST", "/v1.0/state/store", json: [["key": "new", "value": 2, "etag": "x"]])
            #expect(absent.status == 409)
            let current = try await world.call("app", "GET", "/v1.0/state/store/k").header("etag") ?? ""
            #expect(
                try await world.call("app", "DELETE", "/v1.0/state/store/k", headers: [("if-match", current)]).status
                    == 204)
        }
    }

    @Test func `4 a first write that comes second is 500 on Postgres and 409 elsewhere`() async throws {
        let item: JSON = [["key": "k", "value": 1, "options": ["concurrency": "first-write"]]]
        try await withDapr([TestApp("app")], resources: store() + store("memory", type: "state.in-memory")) { world in
            for (name, status) in [("store", 500), ("memory", 409)] {
                #expect(try await world.call("app", "POST", "/v1.0/state/\(name)", json: item).status == 204)
                let second = try await world.call("app", "POST", "/v1.0/state/\(name)", json: item)
                #expect(second.status == status)
                #expect(second.code == "ERR_STATE_SAVE")
                if status == 500 { #expect(second.json["message"]?.string?.contains("no item was updated") == true) }
            }
        }
    }

    @Test func `4 bulk reads and transactions`() async throws {
        try await withDapr([TestApp("app")], resources: store()) { world in
            let transaction: JSON = [
                "operations": [
                    ["operation": "upsert", "request": ["key": "a", "value": 1]],
                    ["operation": "upsert", "request": ["key": "b", "value": 2]],
                    ["operation": "delete", "request": ["key": "c"]],
                ]
            ]
            #expect(
                try await world.call("app", "POST", "/v1.0/state/store/transaction", json: transaction).status == 204)
            let bulk = try await world.call("app", "POST", "/v1.0/state/store/bulk", json: ["keys": ["a", "b", "c"]])
            #expect(bulk.status == 200)
            #expect(bulk.json[0]?["data"]?.int == 1)
            #expect(bulk.json[0]?["etag"]?.string?.isEmpty == false)
            #expect(bulk.json[2] == ["key": "c"])
            let conflict: JSON = [
                "operations": [
                    ["operation": "upsert", "request": ["key": "a", "value": 9]],
                    ["operation": "upsert", "request": ["key": "b", "value": 9, "etag": "no"]],
                ]
            ]
            let refused = try await world.call("app", "POST", "/v1.0/state/store/transaction", json: conflict)
            #expect(refused.status == 500)
            #expect(refused.code == "ERR_STATE_TRANSACTION")
            #expect(try await world.call("app", "GET", "/v1.0/state/store/a").text == "1")
            #expect(
                try await world.call("app", "POST", "/v1.0/state/store/transaction", json: ["operations": []]).status
                    == 204)
            let unknown = try await world.call(
                "app", "POST", "/v1.0/state/store/transaction",
                json: ["operations": [["operation": "patch", "request": [:]]]])
            #expect(unknown.status == 400)
            #expect(unknown.code == "ERR_NOT_SUPPORTED_STATE_OPERATION")
        }
    }

    @Test func `4 stores that there are not, and bodies that are none`() async throws {
        try await withDapr([TestApp("app")], resources: store()) { world in
            let unknown = try await world.call("app", "GET", "/v1.0/state/nope/k")
            #expect(unknown.status == 400)
            #expect(unknown.code == "ERR_STATE_STORE_NOT_FOUND")
            #expect(unknown.json["message"]?.string == "state store nope is not found")
            for body in ["nonsense", "{}", #"[{"value":1}]"#] {
                let reply = try await world.call("app", "POST", "/v1.0/state/store", Array(body.utf8))
                #expect(reply.status == 400)
                #expect(reply.code == "ERR_MALFORMED_REQUEST")
            }
            let bars = try await world.call("app", "GET", "/v1.0/state/store/a%7C%7Cb")
            #expect(bars.status == 400)
            #expect(bars.reason == "DAPR_STATE_ILLEGAL_KEY")
        }
        try await withDapr([TestApp("app")]) { world in
            let none = try await world.call("app", "GET", "/v1.0/state/store/k")
            #expect(none.status == 500)
            #expect(none.code == "ERR_STATE_STORE_NOT_CONFIGURED")
        }
    }

    @Test func `4 the key's prefix keeps apps apart, or not`() async throws {
        let resources = store() + store("shared", metadata: "{name: keyPrefix, value: name}")
        try await withDapr([TestApp("a"), TestApp("b")], resources: resources) { world in
            for name in ["store", "shared"] {
                _ = try await world.call("a", "POST", "/v1.0/state/\(name)", json: [["key": "k", "value": 1]])
            }
            #expect(try await world.call("b", "GET", "/v1.0/state/store/k").status == 204)
            #expect(try await world.call("b", "GET", "/v1.0/state/shared/k").status == 200)
        }
    }

    @Test func `4 what has a time to live goes, unless it is saved again without`() async throws {
        let now = Box(Timestamp("2026-03-02T08:00:00Z") ?? Timestamp(seconds: 0))
        try await withDapr(
            [TestApp("app")], resources: store(),
            configure: .with { $0.time = TimeSource(now: { now.value }, sleep: TimeSource.system.sleep) }
        ) { world in
            _ = try await world.call(
                "app", "POST", "/v1.0/state/store",
                json: [["key": "a", "value": 1, "metadata": ["ttlInSeconds": "10"]]])
            _ = try await world.call(
                "app", "POST", "/v1.0/state/store?metadata.ttlInSeconds=10", json: [["key": "b", "value": 1]])
            _ = try await world.call("app", "POST", "/v1.0/state/store", json: [["key": "b", "value": 2]])
            let read = try await world.call("app", "GET", "/v1.0/state/store/a")
            #expect(read.header("metadata.ttlexpiretime") == "2026-03-02T08:00:10Z")
            now.set(now.value.advanced(by: .seconds(11)))
            #expect(try await world.call("app", "GET", "/v1.0/state/store/a").status == 204)
            #expect(try await world.call("app", "GET", "/v1.0/state/store/b").text == "2")
            let bad = try await world.call(
                "app", "POST", "/v1.0/state/store",
                json: [["key": "a", "value": 1, "metadata": ["ttlInSeconds": "soon"]]])
            #expect(bad.status == 500)
        }
    }

    @Test func `state outlives a restart, but not in memory`() async throws {
        let file = try TemporaryFile()
        let resources = store() + store("memory", type: "state.in-memory")
        try await withDapr([TestApp("app")], resources: resources, configure: .with { $0.stateFile = file.path }) {
            world in
            for name in ["store", "memory"] {
                let reply = try await world.call(
                    "app", "POST", "/v1.0/state/\(name)", json: [["key": "k", "value": 1]])
                #expect(reply.status == 204)
            }
        }
        try await withDapr([TestApp("app")], resources: resources, configure: .with { $0.stateFile = file.path }) {
            world in
            let kept = try await world.call("app", "GET", "/v1.0/state/store/k")
            #expect(kept.text == "1")
            let gone = try await world.call("app", "GET", "/v1.0/state/memory/k")
            #expect(gone.status == 204)
        }
    }
}
