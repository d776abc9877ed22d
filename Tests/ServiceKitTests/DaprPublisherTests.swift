import AsyncHTTPClient
import DaprClient
import HTTPTestSupport
import NIOPosix
import TestKit
import Testing
import WireValues

@testable import ServiceKit
@testable import TaskStorage

@Suite(.timeLimit(.minutes(1))) struct DaprPublisherTests {
    private func publish(
        _ rows: [(key: String, id: String, role: String)],
        answering answer: @escaping @Sendable (FakeServer.Asked) async -> FakeServer.Reply
    ) async throws -> (published: [Int64], asked: [FakeServer.Asked]) {
        let claimed = rows.enumerated().map { index, row in
            OutboxBatch.Claimed(
                id: Int64(index + 1),
                row: OutboxRow(
                    role: row.role, key: row.key, eventID: row.id,
                    bytes: JSON.object(.init([("id", .string(row.id))])).bytes),
                createdAt: noon)
        }
        return try await FakeServer.running(answering: .by(answer)) { sidecar in
            let http = DaprClient.httpClient(on: MultiThreadedEventLoopGroup.singleton)
            var settings = DaprClient.Configuration()
            settings.port = sidecar.port
            let publisher = DaprPublisher(
                dapr: DaprClient(settings, http: http, logger: quiet), pubsub: "p",
                topics: ["task-events": "acme.events", "task-updates": "acme.updates"], logger: quiet)
            let published = await publisher.publish(claimed, before: .now + .seconds(30))
            try await http.shutdown()
            return (published, sidecar.asked)
        }
    }

    @Test func `each topic gets one bulk, in order, with the keys`() async throws {
        let (published, asked) = try await publish([
            ("a", "a1", "task-events"), ("a", "u1", "task-updates"), ("b", "b1", "task-events"),
            ("a", "a2", "task-events"),
        ]) { _ in .init(204) }
        #expect(published == [1, 2, 3, 4])
        #expect(asked.count == 2)
        let events = try #require(asked.first { $0.path.hasSuffix("/acme.events") })
        #expect(events.json.array?.compactMap { $0["event"]?["id"]?.string } == ["a1", "b1", "a2"])
        #expect(events.json.array?.compactMap { $0["metadata"]?["partitionKey"]?.string } == ["a", "b", "a"])
    }

    @Test func `what stands behind a failed entry of its key does not count as published`() async throws {
        let (published, _) = try await publish([
            ("a", "a1", "task-events"), ("b", "b1", "task-events"), ("a", "a2", "task-events"),
            ("b", "b2", "task-events"),
        ]) { _ in
            .json(
                ["failedEntries": [["entryId": "1", "error": "x"]], "errorCode": "ERR_PUBSUB_PUBLISH_MESSAGE"],
                status: 500)
        }
        #expect(published == [2, 4])
    }

    @Test func `an event that nobody can take holds up its own key and no other`() async throws {
        let (published, _) = try await publish([
            ("a", "poison", "task-events"), ("b", "b1", "task-events"), ("a", "a2", "task-events"),
            ("b", "b2", "task-events"),
        ]) { asked in
            asked.text.contains("poison")
                ? .json(
                    ["errorCode": "ERR_PUBSUB_CLOUD_EVENTS_SER", "message": "x"],
                    status: asked.path.contains("bulk") ? 400 : 500)
                : .init(204)
        }
        #expect(published == [2, 4])
    }

    @Test func `a topic that is away holds up its own events and no others`() async throws {
        let (published, _) = try await publish([
            ("a", "a1", "task-events"), ("b", "u1", "task-updates"), ("b", "b1", "task-events"),
        ]) { asked in
            asked.path.hasSuffix("acme.events")
                ? .json(["errorCode": "ERR_PUBSUB_PUBLISH_MESSAGE", "message": "x"], status: 500) : .init(204)
        }
        #expect(published == [2])
    }

    @Test func `many events go in several bulks, none too long`() async throws {
        let rows = (0..<450).map { ("k\($0)", "e\($0)", "task-events") }
        let (published, asked) = try await publish(rows) { _ in .init(204) }
        #expect(published.count == 450)
        #expect(asked.map { $0.json.array?.count } == [200, 200, 50])
    }

    @Test func `what belongs to no topic stays`() async throws {
        let (published, asked) = try await publish([("a", "a1", "nowhere"), ("b", "b1", "task-events")]) { _ in
            .init(204)
        }
        #expect(published == [2])
        #expect(asked.count == 1)
    }
}
