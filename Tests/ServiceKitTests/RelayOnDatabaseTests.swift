import AsyncHTTPClient
import DaprClient
import FoundationEssentials
import HTTPTestSupport
import NIOPosix
import ServiceLifecycle
import ServiceTestSupport
import Synchronization
import TaskStorage
import Telemetry
import TestKit
import Testing
import WireValues

@testable import ServiceKit

/// The relay with a real outbox, and a sidecar that takes bulks.
@Suite(.timeLimit(.minutes(2)), .serialized) struct RelayOnDatabaseTests {
    private let outbox = Outbox(name: "echo")

    /// Runs `count` relays, as replicas of one service, for `body`.
    private func withRelays(
        _ count: Int, _ database: any Database, sidecar: FakeServer, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let http = DaprClient.httpClient(on: MultiThreadedEventLoopGroup.singleton)
        var settings = DaprClient.Configuration()
        settings.port = sidecar.port
        let dapr = DaprClient(settings, http: http, logger: quiet)
        let relays = (0..<count).map { number in
            OutboxRelay(
                source: DatabaseRelaySource(outbox: outbox, database: database, relay: "relay-\(number)"),
                publisher: DaprPublisher(
                    dapr: dapr, pubsub: "p", topics: ["task-events": "task-events"], logger: quiet),
                clock: ContinuousClock(), now: { .systemNow() }, metrics: MetricRegistry(), logger: quiet)
        }
        let group = ServiceGroup(configuration: .init(services: relays, logger: quiet))
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                tasks.addTask {
                    try await body()
                    await group.triggerGracefulShutdown()
                }
                try await tasks.waitForAll()
            }
            try await http.shutdown()
        } catch {
            try await http.shutdown()
            throw error
        }
    }

    private func commit(_ key: String, _ id: String, _ database: any Database) async throws {
        let outbox = outbox
        let bytes = JSON.object(JSONObject([("id", .string(id)), ("time", .string(Timestamp.systemNow().microTime))]))
            .bytes
        try await database.transaction { transaction in
            try outbox.append(
                [OutboxRow(role: "task-events", key: key, eventID: id, bytes: bytes)], at: .systemNow(), in: transaction
            )
        }
    }

    @Test(arguments: eachDatabase)
    func `two relays share an outbox, and each key's events arrive in order`(engine: TestEngine) async throws {
        let arrived = Mutex<[String]>([])
        let chances = Mutex(SeededGenerator(seed: 3))
        try await engine.withDatabase(migrations: [outbox.migrations]) { database in
            try await FakeServer.running(
                answering: .by { asked in
                    // Now and then the broker refuses a whole bulk.
                    if chances.withLock({ $0.next() }) % 5 == 0 {
                        return .json(["errorCode": "ERR_PUBSUB_PUBLISH_MESSAGE", "message": "x"], status: 500)
                    }
                    let ids = (asked.json.array ?? []).compactMap { $0["event"]?["id"]?.string }
                    arrived.withLock { $0 += ids }
                    return .init(204)
                }
            ) { sidecar in
                try await withRelays(2, database, sidecar: sidecar) {
                    try await withThrowingTaskGroup(of: Void.self) { tasks in
                        for key in 0..<8 {
                            tasks.addTask {
                                for number in 0..<25 { try await commit("k\(key)", "k\(key)-\(number)", database) }
                            }
                        }
                        try await tasks.waitForAll()
                    }
                    try await expectEventually("all arrived") { arrived.withLock { Set($0).count } == 200 }
                }
            }
        }
        for key in 0..<8 {
            var last: [String] = []
            for id in arrived.withLock({ $0 }).reversed() where id.hasPrefix("k\(key)-") && !last.contains(id) {
                last.append(id)
            }
            #expect(last.reversed() == (0..<25).map { "k\(key)-\($0)" })
        }
    }

    /// Prints how long a committed event takes to the broker, and how many pass in a second. Run with
    /// `TODO_BENCHMARK=1`, built for release to be worth anything.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["TODO_BENCHMARK"] != nil), arguments: eachDatabase)
    func `commit to broker`(engine: TestEngine) async throws {
        let delays = Mutex<[Int64]>([])
        try await engine.withDatabase(migrations: [outbox.migrations]) { database in
            try await FakeServer.running(
                answering: .by { asked in
                    let now = Timestamp.systemNow()
                    for entry in asked.json.array ?? [] {
                        if let time = entry["event"]?["time"]?.string.flatMap({ Timestamp($0) }) {
                            delays.withLock { $0.append(now.microseconds - time.microseconds) }
                        }
                    }
                    return .init(204)
                }
            ) { sidecar in
                try await withRelays(1, database, sidecar: sidecar) {
                    for number in 0..<500 { try await commit("k\(number % 50)", "a\(number)", database) }
                    try await expectEventually("arrived") { delays.withLock { $0.count } >= 500 }
                    let alone = delays.withLock { $0 }.sorted()
                    print(
                        "\(engine): one after the other: p50 \(alone[250]) µs, p99 \(alone[494]) µs from before the commit"
                    )
                    delays.withLock { $0 = [] }
                    let outbox = self.outbox
                    let start = ContinuousClock.now
                    for batch in 0..<100 {
                        try await database.transaction { transaction in
                            let now = Timestamp.systemNow()
                            try outbox.append(
                                (0..<200).map { number in
                                    OutboxRow(
                                        role: "task-events", key: "k\(number)", eventID: "b\(batch)-\(number)",
                                        bytes: JSON.object(
                                            JSONObject([
                                                ("id", .string("b\(batch)-\(number)")),
                                                ("time", .string(now.microTime)),
                                                ("data", .string(String(repeating: "x", count: 900))),
                                            ])
                                        ).bytes)
                                }, at: now, in: transaction)
                        }
                    }
                    try await expectEventually("arrived") { delays.withLock { $0.count } >= 20_000 }
                    let seconds = (ContinuousClock.now - start) / .seconds(1)
                    print("\(engine): 20,000 events in \(seconds) s: \(Int(20_000 / seconds)) a second")
                }
            }
        }
    }
}
