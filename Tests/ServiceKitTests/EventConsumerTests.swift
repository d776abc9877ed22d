import HTTPTestSupport
import Logging
import ServiceHarness
import Synchronization
import TaskDomain
import TestKit
import Testing
import WireValues

@testable import ServiceKit

@Suite(.timeLimit(.minutes(1))) struct EventConsumerTests {
    private func withEcho(
        environment: [String: String] = [:],
        _ body: @escaping @Sendable (RunningService<EchoService>, EchoService) async throws -> Void
    ) async throws {
        try await withService(
            EchoService.self, environment: environment,
            configure: { $0.now = { noon.advanced(by: .milliseconds(250)) } },
            { running in try await body(running, try #require(running.host.state.service)) })
    }

    @Test func `an event reaches its handler with what it inherits, and is counted with its delay`() async throws {
        try await withEcho { running, echo in
            let status = try await running.deliver(event("e1"), to: .taskEvents)
            #expect(status == "SUCCESS")
            let delivery = try #require(echo.seen.withLock { $0.first })
            #expect(delivery.event.id == "e1")
            #expect(delivery.cause.correlationID == "req-1")
            #expect(delivery.cause.causationID == "e1")
            #expect(delivery.cause.traceparent?.contains("4bf92f3577b34da6a3ce929d0e0e4736") == true)
            // What is logged of it can be found by the request that it came from.
            #expect(delivery.logger[metadataKey: "trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736")
            #expect(delivery.logger[metadataKey: "request_id"] == "req-1")
            let page = try await running.send("GET", "/metrics", onAdminPort: true).text
            #expect(page.contains(#"todo_events_handled_total{topic="task-events",outcome="success"} 1"#))
            #expect(page.contains(#"todo_events_handled_total{topic="task-events",outcome="drop"} 0"#))
            #expect(page.contains(#"todo_event_delay_seconds_sum{topic="task-events"} 0.25"#))
        }
    }

    @Test(arguments: [
        // An event that cannot be used goes to the dead letters, one of a later release is passed over, and what fails
        // for reasons nobody foresaw is tried again.
        ("bad", "DROP"), ("new", "SUCCESS"), ("throws", "RETRY"),
    ])
    func `what a handler throws decides about its event`(type: String, status: String) async throws {
        try await withEcho { running, _ in
            let outcome = try await running.deliver(event("e1", type: type), to: .taskEvents)
            #expect(outcome == status)
        }
    }

    @Test(arguments: ["", "{", "[]", "null", #"{"specversion":"1.0"}"#, #"{"specversion":"1.0","id":"x","data":{}}"#])
    func `what is no event is dropped`(text: String) async throws {
        try await withEcho { running, echo in
            let outcome = try await running.deliver(bytes: Array(text.utf8), to: .taskEvents)
            #expect(outcome == "DROP")
            #expect(echo.seen.withLock { $0.isEmpty })
        }
    }

    @Test func `an outcome is what the sidecar reads`() async throws {
        try await withEcho { running, echo in
            let outcomes: [(String, Outcome, String)] = [
                ("a", .duplicate, "SUCCESS"), ("b", .ignored, "SUCCESS"), ("c", .retry("x"), "RETRY"),
                ("d", .drop("x"), "DROP"),
            ]
            for (id, outcome, status) in outcomes {
                echo.outcomes.withLock { $0[id] = outcome }
                let answered = try await running.deliver(event(id), to: .taskEvents)
                #expect(answered == status)
            }
            let page = try await running.send("GET", "/metrics", onAdminPort: true).text
            #expect(page.contains(#"todo_events_handled_total{topic="task-events",outcome="duplicate"} 1"#))
        }
    }

    @Test func `of a bulk each entry has its own outcome, and a key waits behind its first that has to wait`()
        async throws
    {
        try await withEcho { running, echo in
            echo.outcomes.withLock { $0["a2"] = .retry("locked") }
            let statuses = try await running.deliver(
                [
                    event("a1", key: "a"), event("b1", key: "b"), event("a2", key: "a"), event("a3", key: "a"),
                    event("b2", type: "bad", key: "b"), event("b3", key: "b"),
                ], to: .taskEvents)
            #expect(statuses == ["SUCCESS", "SUCCESS", "RETRY", "RETRY", "DROP", "SUCCESS"])
            // The third of a was not even shown to the handler.
            let seen = echo.seen.withLock { $0.map(\.event.id) }
            #expect(seen.filter { $0.hasPrefix("a") } == ["a1", "a2"])
            #expect(seen.filter { $0.hasPrefix("b") } == ["b1", "b2", "b3"])
        }
    }

    @Test func `an entry that is no event does not harm its neighbours`() async throws {
        try await withEcho { running, _ in
            let bulk: JSON = [
                "type": "com.dapr.event.sent.bulk",
                "entries": [
                    ["entryId": "x", "event": "bm8=", "contentType": "application/octet-stream"],
                    ["entryId": "y", "event": event("e1").json], ["entryId": "z"],
                ],
            ]
            let answer = try await running.send("POST", "/events/task-events", json: bulk)
            #expect(
                answer.json["statuses"] == [
                    ["entryId": "x", "status": "DROP"], ["entryId": "y", "status": "SUCCESS"],
                    ["entryId": "z", "status": "DROP"],
                ])
        }
    }

    @Test func `a handler of batches gets a bulk as one, and one bad event does not spoil it`() async throws {
        try await withEcho { running, echo in
            let both = try await running.deliver([event("a"), event("b")], to: .reminders)
            #expect(both == ["SUCCESS", "SUCCESS"])
            #expect(echo.seen.withLock { $0.map(\.event.id) } == ["a", "b"])
            let mixed = try await running.deliver([event("c"), event("d", type: "bad"), event("e")], to: .reminders)
            #expect(mixed == ["SUCCESS", "DROP", "SUCCESS"])
            let single = try await running.deliver(event("f"), to: .reminders)
            #expect(single == "SUCCESS")
        }
    }

    @Test func `events of no concern are answered without being read, and the others come whole`() async throws {
        try await withEcho { running, echo in
            let mixed = try await running.deliver(
                [event("a"), event("b", key: "stranger"), event("c")], to: .taskUpdates)
            #expect(mixed == ["SUCCESS", "SUCCESS", "SUCCESS"])
            #expect(try await running.deliver(event("d", key: "stranger"), to: .taskUpdates) == "SUCCESS")
            #expect(try await running.deliver(event("e"), to: .taskUpdates) == "SUCCESS")
            #expect(echo.seen.withLock { $0.map(\.event) } == [event("a"), event("c"), event("e")])
            let page = try await running.send("GET", "/metrics", onAdminPort: true).text
            #expect(page.contains(#"todo_events_handled_total{topic="task-updates",outcome="success"} 5"#))
        }
    }

    @Test func `an event that does not say whom it concerns is read`() async throws {
        try await withEcho { running, echo in
            var wrapped: JSON = ["specversion": "1.0", "id": "w", "source": "sidecar", "type": "com.dapr.event.sent"]
            wrapped["data"] = event("a").json
            #expect(try await running.deliver(bytes: wrapped.bytes, to: .taskUpdates) == "SUCCESS")
            #expect(echo.seen.withLock { $0.map(\.event) } == [event("a")])
            let nonsense = #"{"specversion":"1.0","id":"x","source":"/y","type":"task.changed","data":{"nonsense":1}}"#
            let outcome = try await running.deliver(bytes: Array(nonsense.utf8), to: .taskUpdates)
            #expect(outcome == "DROP")
        }
    }

    @Test func `only the sidecar delivers`() async throws {
        try await withEcho(environment: ["APP_API_TOKEN": "between-us"]) { running, echo in
            let withoutToken = try await running.deliver(event("e1"), to: .taskEvents)
            #expect(withoutToken == "401")
            for token in ["", "between-u", "between-us ", "Between-us"] {
                let answer = try await running.send(
                    "POST", "/events/task-events", headers: [("dapr-api-token", token)], body: event("e1").bytes)
                #expect(answer.status == (token == "between-us " ? 200 : 401), "\(token)")
            }
            let job = try await running.send("POST", "/job/x", body: Array("{}".utf8))
            #expect(job.status == 401)
            let right = try await running.send(
                "POST", "/events/task-events", headers: [("dapr-api-token", "between-us")], body: event("e2").bytes)
            #expect(right.json["status"] == "SUCCESS")
            #expect(echo.jobs.withLock { $0.isEmpty })
        }
    }

    @Test func `jobs end, or come again, and never look lost`() async throws {
        try await withEcho { running, echo in
            let done = try await running.fire(job: "rem-1", data: ["generation": 3])
            #expect(done == 200)
            #expect(echo.jobs.withLock { $0.first?.data } == ["generation": 3])
            let later = try await running.fire(job: "later", data: [:])
            #expect(later == 503)
            let failed = try await running.fire(job: "fails", data: [:])
            #expect(failed == 503)
            // Nobody can set unreadable data right by calling again.
            let unreadable = try await running.send("POST", "/job/rem-2", body: Array("{".utf8)).status
            #expect(unreadable == 200)
            let empty = try await running.send("POST", "/job/rem-3").status
            #expect(empty == 200)
        }
    }
}
