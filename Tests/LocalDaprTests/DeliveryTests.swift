import TestKit
import Testing
import WireValues

@testable import LocalDapr

/// Sections 2.4 to 2.8: how events reach an app, and what its answers mean.
@Suite(.timeLimit(.minutes(1))) struct DeliveryTests {
    private func publish(_ world: World, _ number: Int, app: String = "app", topic: String = "t", key: String? = nil)
        async throws
    {
        let query = key.map { "?metadata.partitionKey=\($0)" } ?? ""
        let reply = try await world.call(app, "POST", "/v1.0/publish/bus/\(topic)\(query)", json: ["n": JSON(number)])
        #expect(reply.status == 204)
    }

    private static func number(_ request: APIRequest) -> Int? {
        request.body.flatMap { try? JSON(parsing: $0) }?["data"]?["n"]?.int
    }

    struct Answer: Sendable, CustomTestStringConvertible {
        let status: Int
        let body: String
        /// What the contract makes of it.
        let outcome: String
        var testDescription: String { "\(status) \(body) is \(outcome)" }
    }

    @Test(arguments: [
        Answer(status: 200, body: "", outcome: "success"), Answer(status: 204, body: "", outcome: "success"),
        Answer(status: 299, body: "not json", outcome: "success"), Answer(status: 200, body: "[1]", outcome: "success"),
        Answer(status: 200, body: #"{"status":"SUCCESS"}"#, outcome: "success"),
        Answer(status: 200, body: #"{"status":""}"#, outcome: "success"),
        Answer(status: 200, body: #"{"ok":true}"#, outcome: "success"),
        Answer(status: 200, body: #"{"Status":"RETRY"}"#, outcome: "retry"),
        Answer(status: 200, body: #"{"status":"RETRY"}"#, outcome: "retry"),
        Answer(status: 200, body: #"{"status":"ok"}"#, outcome: "retry"),
        Answer(status: 200, body: #"{"status":"success"}"#, outcome: "retry"),
        Answer(status: 200, body: #"{"status":"DROP"}"#, outcome: "drop"),
        Answer(status: 404, body: "", outcome: "drop"), Answer(status: 302, body: "", outcome: "retry"),
        Answer(status: 400, body: "", outcome: "retry"), Answer(status: 500, body: "", outcome: "retry"),
        Answer(status: 503, body: "", outcome: "retry"),
    ])
    func `2.5 each answer counts as the table says`(answer: Answer) async throws {
        let app = TestApp("app") { _ in .init(status: answer.status, body: Array(answer.body.utf8)) }
        let resources = pubsub() + subscription("t", deadLetters: "dead") + inboundRetries(2)
        try await withDapr([app], resources: resources) { world in
            try await publish(world, 1)
            try await world.dapr.waitUntilIdle()
            let letters = try await world.dapr.deadLetters()
            switch answer.outcome {
            case "success":
                #expect(app.requests.count == 1)
                #expect(letters.isEmpty)
            case "drop":
                #expect(app.requests.count == 1)
                #expect(letters.count == 1)
            default:
                // 2.6: maxRetries 2 is three attempts; the id is the same each time.
                #expect(app.requests.count == 3)
                #expect(Set(app.requests.map { $0.body ?? [] }).count == 1)
                #expect(letters.count == 1)
            }
        }
    }

    @Test func `2.6 a dead letter is the original bytes, with the original topic, and says why`() async throws {
        let app = TestApp("app") { request in .init(status: request.path == "/events" ? 500 : 200) }
        let resources = pubsub() + subscription("t", deadLetters: "t-dlq") + subscription("t-dlq", to: "/dead")
        try await withDapr([app], resources: resources) { world in
            try await publish(world, 7, key: "u1")
            try await app.wait(for: 1, on: "/dead")
            let original = try #require(app.requests("/events").first?.body)
            let dead = try #require(app.requests("/dead").first)
            #expect(dead.body == original)
            #expect(try JSON(parsing: original)["topic"]?.string == "t")
            #expect(dead.header("__key") == "u1")
            let letter = try #require(try await world.dapr.deadLetters().first)
            #expect(letter.topic == "t-dlq")
            #expect(letter.originTopic == "t")
            #expect(letter.group == "app")
            #expect(letter.reason == "the app answered 500")
            #expect(letter.bytes == original)
            // No policy: one failed attempt was enough.
            #expect(app.requests("/events").count == 1)
        }
    }

    @Test func `a dead letter that is replayed reaches the app again, and is known as replayed`() async throws {
        let isWell = Box(false)
        let app = TestApp("app") { _ in .init(status: isWell.value ? 200 : 500) }
        try await withDapr([app], resources: pubsub() + subscription("t", deadLetters: "dead")) { world in
            try await publish(world, 7)
            try await world.dapr.waitUntilIdle()
            isWell.set(true)
            let letter = try #require(try await world.dapr.deadLetters().first)
            #expect(!letter.isReplayed)
            try await world.dapr.replay(letter)
            try await app.wait(for: 2)
            #expect(app.requests.map { $0.body ?? [] } == [letter.bytes, letter.bytes])
            #expect(try await world.dapr.deadLetters().map(\.isReplayed) == [true])
        }
    }

    @Test func `2.6 without dead letters Kafka's record is tried in place, and holds up its partition alone`()
        async throws
    {
        let failures = Box(0)
        let app = TestApp("app") { request in
            guard Self.number(request) == 1, failures.value < 3 else { return .init(status: 200) }
            failures.change { $0 += 1 }
            return .init(status: 500)
        }
        let resources = pubsub(metadata: ["backOffDuration": "50ms"]) + subscription("t")
        try await withDapr([app], resources: resources) { world in
            for number in 1...3 { try await publish(world, number, key: "same") }
            try await app.wait(for: 6)
            // 1 fails three times and only then 2 and 3 come.
            #expect(app.requests.map { Self.number($0) } == [1, 1, 1, 1, 2, 3])
        }
    }

    @Test func `2.6 in memory a failed delivery is lost`() async throws {
        let app = TestApp("app") { request in .init(status: Self.number(request) == 1 ? 500 : 200) }
        try await withDapr([app], resources: pubsub(type: "pubsub.in-memory") + subscription("t")) { world in
            try await publish(world, 1)
            try await publish(world, 2)
            try await world.dapr.waitUntilIdle()
            #expect(app.requests.map { Self.number($0) }.sorted { ($0 ?? 0) < ($1 ?? 0) } == [1, 2])
            #expect(app.requests.allSatisfy { $0.header("__offset") == nil })
        }
    }

    @Test(arguments: [["consumeRetryEnabled": "false"], ["backOffDuration": "1ms", "backOffMaxRetries": "2"]])
    func `2.6 consumeRetryEnabled false, and backOffMaxRetries, give a record up`(metadata: [String: String])
        async throws
    {
        let app = TestApp("app") { request in .init(status: Self.number(request) == 1 ? 500 : 200) }
        try await withDapr([app], resources: pubsub(metadata: metadata) + subscription("t")) { world in
            try await publish(world, 1, key: "k")
            try await publish(world, 2, key: "k")
            try await world.dapr.waitUntilIdle()
            let attempts = metadata["backOffMaxRetries"] == nil ? 1 : 3
            #expect(app.requests.compactMap { Self.number($0) } == Array(repeating: 1, count: attempts) + [2])
        }
    }

    @Test func `2.4 raw messages are wrapped on the way to a raw subscription, and fail on another`() async throws {
        let raw = TestApp("raw")
        let plain = TestApp("plain")
        let resources =
            pubsub() + subscription("t", app: "plain", deadLetters: "dead")
            + subscription("t", app: "raw", more: "  metadata: {rawPayload: \"true\"}")
        try await withDapr([raw, plain], resources: resources) { world in
            let reply = try await world.call(
                "raw", "POST", "/v1.0/publish/bus/t?metadata.rawPayload=true", Array("not json".utf8),
                type: "text/plain")
            #expect(reply.status == 204)
            try await world.dapr.waitUntilIdle()
            let event = try JSON(parsing: try #require(raw.requests.first?.body))
            #expect(event["data_base64"]?.string == Base64.encode(Array("not json".utf8)))
            #expect(event["source"]?.string == "Dapr")
            #expect(event["datacontenttype"]?.string == "application/octet-stream")
            #expect(plain.requests.isEmpty)
            let letters = try await world.dapr.deadLetters()
            #expect(letters.map(\.bytes) == [Array("not json".utf8)])
        }
    }

    @Test func `2.4 a JSON object that is no CloudEvent is delivered as it is`() async throws {
        let app = TestApp("app")
        try await withDapr([app], resources: pubsub() + subscription("t")) { world in
            let body = Array(#"{"free": "form"}"#.utf8)
            let reply = try await world.call("app", "POST", "/v1.0/publish/bus/t?metadata.rawPayload=true", body)
            #expect(reply.status == 204)
            try await app.wait(for: 1)
            #expect(app.requests.first?.body == body)
        }
    }

    @Test func `1.1 an event that is too old is not delivered, but a dead letter`() async throws {
        let now = Box(Timestamp("2026-03-02T08:00:00Z") ?? Timestamp(seconds: 0))
        let app = TestApp("app")
        try await withDapr(
            [app], resources: pubsub() + subscription("t", deadLetters: "dead"),
            configure: .with { $0.time = TimeSource(now: { now.value }, sleep: TimeSource.system.sleep) }
        ) { world in
            let body: JSON = ["id": "1", "expiration": "2026-03-02T07:59:59Z", "data": 1]
            let reply = try await world.call(
                "app", "POST", "/v1.0/publish/bus/t", body.bytes, type: "application/cloudevents+json")
            #expect(reply.status == 204)
            try await world.dapr.waitUntilIdle()
            #expect(app.requests.isEmpty)
            #expect(try await world.dapr.deadLetters().count == 1)
        }
    }

    @Test func `2.8 events of one key arrive in order, one at a time`() async throws {
        let running = Box(0)
        let most = Box(0)
        let app = TestApp("app") { _ in
            running.change { $0 += 1 }
            most.set(max(most.value, running.value))
            await Task.yield()
            running.change { $0 -= 1 }
            return .init(status: 200)
        }
        try await withDapr([app], resources: pubsub() + subscription("t")) { world in
            for number in 1...40 { try await publish(world, number, key: "u1") }
            try await app.wait(for: 40)
            #expect(app.requests.compactMap { Self.number($0) } == Array(1...40))
            #expect(most.value == 1)
            #expect(Set(app.requests.compactMap { $0.header("__partition") }).count == 1)
        }
    }

    @Test func `2.8 each app id is a group of its own, replicas share, and a fixed group makes apps compete`()
        async throws
    {
        let audit = TestApp("audit")
        let one = TestApp("sync", name: "sync-0")
        let two = TestApp("sync", name: "sync-1")
        try await withDapr([audit, one, two], resources: pubsub() + subscription("t")) { world in
            for number in 1...60 { try await publish(world, number, app: "audit", key: "u\(number)") }
            try await world.dapr.waitUntilIdle()
            #expect(Set(audit.requests.compactMap { Self.number($0) }) == Set(1...60))
            let shared = one.requests.compactMap { Self.number($0) } + two.requests.compactMap { Self.number($0) }
            #expect(shared.sorted() == Array(1...60))
            #expect(!one.requests.isEmpty && !two.requests.isEmpty)
        }
        let left = TestApp("left")
        let right = TestApp("right")
        try await withDapr([left, right], resources: pubsub(metadata: ["consumerGroup": "fixed"]) + subscription("t")) {
            world in
            for number in 1...60 { try await publish(world, number, app: "left", key: "u\(number)") }
            try await world.dapr.waitUntilIdle()
            let all = left.requests.compactMap { Self.number($0) } + right.requests.compactMap { Self.number($0) }
            #expect(all.sorted() == Array(1...60))
        }
    }

    @Test func `2.8 with podName in consumerID every replica hears everything`() async throws {
        let one = TestApp("sync", name: "sync-0")
        let two = TestApp("sync", name: "sync-1")
        try await withDapr([one, two], resources: pubsub(metadata: ["consumerID": "{podName}"]) + subscription("t")) {
            world in
            for number in 1...10 { try await publish(world, number, app: "sync") }
            try await world.dapr.waitUntilIdle()
            #expect(Set(one.requests.compactMap { Self.number($0) }) == Set(1...10))
            #expect(Set(two.requests.compactMap { Self.number($0) }) == Set(1...10))
        }
    }

    @Test func `2.8 namespace in a component gives namespaced groups and topics`() throws {
        let document = try ResourceDocument.read(pubsub(metadata: ["consumerID": "{namespace}-{uuid}"]), source: "test")
        let component = try Component(document[0])
        let first = try PubSub(component, appID: "app", podName: "p", namespace: "ns")
        let second = try PubSub(component, appID: "app", podName: "p", namespace: "ns")
        #expect(first.topicPrefix == "ns")
        #expect(first.group.hasPrefix("ns.app-"))
        #expect(first.group != second.group)
    }

    @Test func `2.8 components of one broker share its topics, others do not`() async throws {
        let app = TestApp("app")
        let resources =
            pubsub("a", metadata: ["brokers": "k:9092"]) + pubsub("b", metadata: ["brokers": "k:9092"])
            + pubsub("c", metadata: ["brokers": "other:9092"]) + subscription("t", of: "b")
        try await withDapr([app], resources: resources) { world in
            for (name, number) in [("a", 1), ("c", 2)] {
                let reply = try await world.call("app", "POST", "/v1.0/publish/\(name)/t", json: ["n": JSON(number)])
                #expect(reply.status == 204)
            }
            try await world.dapr.waitUntilIdle()
            #expect(app.requests.map { Self.number($0) } == [1])
            #expect(app.requests.first?.header("pubsubname") == "b")
        }
    }

    @Test func `duplicates that are asked for come with the same id`() async throws {
        let app = TestApp("app")
        try await withDapr([app], resources: pubsub() + subscription("t"), configure: .with { $0.allowFaults = true }) {
            world in
            try world.dapr.duplicateDeliveries(everyNth: 2)
            for number in 1...4 { try await publish(world, number, key: "k") }
            try await app.wait(for: 6)
            #expect(app.requests.compactMap { Self.number($0) } == [1, 2, 2, 3, 4, 4])
        }
    }

    @Test func `2.8 no more calls at once than the app may get, and a busy app still looks well`() async throws {
        let running = Box(0)
        let most = Box(0)
        let app = TestApp("app", healthCheck: .init(interval: .milliseconds(10), timeout: .seconds(5), threshold: 1)) {
            request in
            guard request.path == "/events" else { return .init(status: 200) }
            running.change { $0 += 1 }
            most.set(max(most.value, running.value))
            for _ in 0..<50 { await Task.yield() }
            running.change { $0 -= 1 }
            return .init(status: 200)
        }
        try await withDapr(
            [app], resources: pubsub() + subscription("t"), configure: .with { $0.apps[0].maxConcurrency = 2 }
        ) { world in
            for number in 1...40 { try await publish(world, number, key: "u\(number)") }
            try await world.dapr.waitUntilIdle()
            #expect(app.requests.count == 40)
            #expect(most.value <= 2)
        }
    }

    @Test func `faults need to be allowed`() async throws {
        try await withDapr([TestApp("app")], resources: pubsub()) { world in
            #expect(throws: ResourceError.self) { try world.dapr.reorderDeliveries(true) }
            await Task.yield()
        }
    }
}
