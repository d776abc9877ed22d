import TestKit
import Testing
import WireValues

@testable import LocalDapr

/// Section 2.7: many events in one delivery.
@Suite(.timeLimit(.minutes(1))) struct BulkDeliveryTests {
    private static func entries(_ request: APIRequest) -> [JSON] {
        (request.body.flatMap { try? JSON(parsing: $0) }?["entries"]?.array) ?? []
    }

    /// Answers each entry by its number.
    private static func answering(_ status: @escaping @Sendable (Int) -> String?)
        -> @Sendable (APIRequest) async -> APIResponse
    {
        { request in
            let statuses = entries(request).compactMap { entry -> JSON? in
                guard let number = entry["event"]?["data"]?["n"]?.int, let status = status(number) else { return nil }
                return ["entryId": entry["entryId"] ?? "", "status": .string(status)]
            }
            return .json(200, ["statuses": .array(statuses)])
        }
    }

    private func publish(_ world: World, _ numbers: ClosedRange<Int>) async throws {
        let entries = numbers.map { number -> JSON in
            [
                "entryId": .string("\(number)"), "event": ["n": JSON(number)], "contentType": "application/json",
                "metadata": ["partitionKey": "k"],
            ]
        }
        let reply = try await world.call("app", "POST", "/v1.0/publish/bulk/bus/t", json: .array(entries))
        #expect(reply.status == 204)
    }

    @Test func `2.7 the form of a bulk delivery`() async throws {
        let app = TestApp("app", appToken: "secret", Self.answering { _ in "SUCCESS" })
        try await withDapr([app], resources: pubsub() + subscription("t", bulk: true)) { world in
            try await publish(world, 1...3)
            try await world.dapr.waitUntilIdle()
            let request = try #require(app.requests.first)
            #expect(request.header("content-type") == "application/json")
            #expect(request.header("dapr-api-token") == "secret")
            let body = try JSON(parsing: try #require(request.body))
            #expect(body["type"]?.string == "com.dapr.event.sent.bulk")
            #expect(body["topic"]?.string == "t")
            #expect(body["pubsubname"]?.string == "bus")
            #expect(body["metadata"]?["pubsubName"]?.string == "bus")
            #expect(body["id"]?.string?.count == 36)
            let all = app.requests.flatMap { Self.entries($0) }
            #expect(all.compactMap { $0["event"]?["data"]?["n"]?.int } == [1, 2, 3])
            #expect(all.allSatisfy { $0["contentType"]?.string == "application/cloudevents+json" })
            #expect(all.compactMap { $0["metadata"]?["__offset"]?.string } == ["0", "1", "2"])
            #expect(all.first?["entryId"]?.string == "0")
        }
    }

    @Test func `2.7 what the answer does not name, or names with another word, is posted again alone`() async throws {
        let attempts = Box<[Int: Int]>([:])
        let app = TestApp("app") { request in
            await Self.answering { number in
                attempts.change { $0[number, default: 0] += 1 }
                if attempts.value[number] ?? 0 > 1 { return "SUCCESS" }
                return [1: "SUCCESS", 2: "RETRY", 3: nil, 4: "", 5: "done", 6: "DROP"][number] ?? nil
            }(request)
        }
        let resources = pubsub() + subscription("t", deadLetters: "dead", bulk: true) + inboundRetries(2)
        try await withDapr([app], resources: resources) { world in
            try await publish(world, 1...6)
            try await world.dapr.waitUntilIdle()
            #expect(attempts.value == [1: 1, 2: 2, 3: 2, 4: 2, 5: 2, 6: 1])
            let letters = try await world.dapr.deadLetters()
            #expect(letters.map(\.reason) == ["the app answered DROP"])
        }
    }

    @Test(arguments: ["", "nonsense", #"{"status":"SUCCESS"}"#])
    func `2.7 an answer that names no entries means another try for all`(body: String) async throws {
        let isWell = Box(false)
        let app = TestApp("app") { request in
            if isWell.value || request.method == "GET" { return await Self.answering { _ in "SUCCESS" }(request) }
            isWell.set(true)
            return .init(status: 200, body: Array(body.utf8))
        }
        try await withDapr(
            [app], resources: pubsub(metadata: ["backOffDuration": "1ms"]) + subscription("t", bulk: true)
        ) { world in
            try await publish(world, 1...2)
            try await world.dapr.waitUntilIdle()
            let numbers = app.requests.map { request in
                Self.entries(request).compactMap { $0["event"]?["data"]?["n"]?.int }
            }
            #expect(numbers.first == numbers.dropFirst().first || numbers.count > 2)
            #expect(numbers.count >= 2)
        }
    }

    @Test func `2.7 404 acknowledges the whole batch`() async throws {
        let app = TestApp("app") { _ in .init(status: 404) }
        try await withDapr([app], resources: pubsub() + subscription("t", deadLetters: "dead", bulk: true)) { world in
            try await publish(world, 1...3)
            try await world.dapr.waitUntilIdle()
            #expect(try await world.dapr.deadLetters().isEmpty)
        }
    }

    @Test func `2.7 after a partial failure what follows the first failure is delivered again`() async throws {
        let attempts = Box<[Int: Int]>([:])
        let app = TestApp("app") { request in
            await Self.answering { number in
                attempts.change { $0[number, default: 0] += 1 }
                return number == 2 && attempts.value[2] == 1 ? "RETRY" : "SUCCESS"
            }(request)
        }
        try await withDapr(
            [app], resources: pubsub(metadata: ["backOffDuration": "1ms"]) + subscription("t", bulk: true)
        ) { world in
            try await publish(world, 1...3)
            try await world.dapr.waitUntilIdle()
            #expect(attempts.value[1] == 1)
            #expect(attempts.value[2] == 2)
            #expect((attempts.value[3] ?? 0) >= 1)
        }
    }

    @Test func `2.7 a raw payload comes as base64`() async throws {
        let app = TestApp("app") { request in
            let statuses = Self.entries(request).map { entry -> JSON in
                ["entryId": entry["entryId"] ?? "", "status": "SUCCESS"]
            }
            return .json(200, ["statuses": .array(statuses)])
        }
        try await withDapr(
            [app], resources: pubsub() + subscription("t", bulk: true, more: "  metadata: {rawPayload: \"true\"}")
        ) { world in
            let reply = try await world.call(
                "app", "POST", "/v1.0/publish/bus/t?metadata.rawPayload=true", [1, 2, 3],
                type: "application/octet-stream")
            #expect(reply.status == 204)
            try await app.wait(for: 1)
            #expect(app.requests.first.map { Self.entries($0) }?.first?["event"]?.string == "AQID")
        }
    }

    @Test func `2.7 a busy partition's events are gathered as long as the subscription allows, or until it is full`()
        async throws
    {
        let app = TestApp("app", Self.answering { _ in "SUCCESS" })
        let (asked, isOver) = (Signal(), Signal())
        let time = TimeSource(
            now: { Timestamp(seconds: 1_790_000_000) },
            sleep: { duration in
                guard duration == .milliseconds(40) else { return try await TimeSource.system.sleep(duration) }
                asked.raise()
                await isOver.wait(beyond: 0)
                try Task.checkCancellation()
            })
        let resources =
            pubsub()
            + subscription(
                "t", more: "  bulkSubscribe: {enabled: true, maxMessagesCount: 3, maxAwaitDurationMs: 40}")
        try await withDapr([app], resources: resources, configure: .with { $0.time = time }) { world in
            // What comes alone goes at once.
            try await publish(world, 1...1)
            try await app.wait(for: 1)
            try await publish(world, 2...3)
            await asked.wait(beyond: 0)
            // That makes three.
            try await publish(world, 4...4)
            try await app.wait(for: 2)
            try await publish(world, 5...5)
            await asked.wait(beyond: 1)
            isOver.raise()
            try await world.dapr.waitUntilIdle()
            let bulks = app.requests.map { Self.entries($0).compactMap { $0["event"]?["data"]?["n"]?.int } }
            #expect(bulks == [[1], [2, 3, 4], [5]])
        }
    }

    @Test func `the broker's log shows what was published, in order, and when`() async throws {
        let now = Timestamp(seconds: 1_790_000_000)
        let app = TestApp("app", Self.answering { _ in "SUCCESS" })
        try await withDapr(
            [app], resources: pubsub() + subscription("t", bulk: true),
            configure: .with { $0.time = TimeSource(now: { now }, sleep: TimeSource.system.sleep) }
        ) { world in
            try await publish(world, 1...5)
            let ends = try #require(world.dapr.topicEnds.first { $0.topic == "t" }).ends
            let partition = try #require(ends.firstIndex(of: 5))
            let log = try JSON(parsing: try await world.dapr.log(of: "t", partition: partition, from: 1))
            #expect(log.array?.compactMap { $0["event"]?["data"]?["n"]?.int } == [2, 3, 4, 5])
            #expect(log[0]?["offset"]?.int == 1)
            #expect(log[0]?["key"]?.string == "k")
            #expect(log[0]?["timestamp"]?.int == 1_790_000_000_000)
            let rest = try await world.dapr.log(of: "t", partition: partition, from: 5)
            #expect(rest == Array("[]".utf8))
            await #expect(throws: ResourceError.self) {
                _ = try await world.dapr.log(of: "t", partition: 99, from: 0)
            }
        }
    }
}
