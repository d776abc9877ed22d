import TestKit
import Testing
import WireValues

@testable import LocalDapr

/// What was answered with 204 is there after a restart.
@Suite(.timeLimit(.minutes(1))) struct DurabilityTests {
    private static func number(_ request: APIRequest) -> Int? {
        request.body.flatMap { try? JSON(parsing: $0) }?["data"]?["n"]?.int
    }

    @Test func `events that nobody has read yet, and positions of groups, outlive a restart`() async throws {
        let file = try TemporaryFile()
        let resources = pubsub() + subscription("t", app: "audit")
        let first = TestApp("audit")
        try await withDapr([first], resources: resources, configure: .with { $0.stateFile = file.path }) { world in
            for number in 1...20 {
                let reply = try await world.call(
                    "audit", "POST", "/v1.0/publish/bus/t?metadata.partitionKey=u\(number % 3)",
                    json: ["n": JSON(number)])
                #expect(reply.status == 204)
            }
            try await world.dapr.waitUntilIdle()
        }
        #expect(first.requests.count == 20)
        // Nobody reads now.
        try await withDapr([TestApp("api")], resources: resources, configure: .with { $0.stateFile = file.path }) {
            world in
            for number in 21...30 {
                let reply = try await world.call(
                    "api", "POST", "/v1.0/publish/bus/t?metadata.partitionKey=u\(number % 3)", json: ["n": JSON(number)]
                )
                #expect(reply.status == 204)
            }
        }
        let second = TestApp("audit")
        try await withDapr([second], resources: resources, configure: .with { $0.stateFile = file.path }) { world in
            try await world.dapr.waitUntilIdle()
            // In order for each key, nothing again, nothing missing.
            for key in 0..<3 {
                #expect(
                    second.requests.compactMap { Self.number($0) }.filter { $0 % 3 == key }
                        == (21...30).filter { $0 % 3 == key })
            }
            #expect(second.requests.count == 10)
        }
    }

    @Test func `old records are read from disk when memory holds newer ones only`() async throws {
        let file = try TemporaryFile()
        let late = TestApp("late")
        try await withDapr(
            [late], resources: pubsub() + subscription("t", app: "late"),
            configure: .with { options in
                options.stateFile = file.path
                options.topics["t"] = TopicSettings(partitions: 1)
                options.apps = [LocalDapr.App(id: "early"), LocalDapr.App(id: "late")]
            }
        ) { world in
            // 60 × 100 KB are more than one partition keeps in memory.
            for number in 1...60 {
                let body: JSON = ["n": JSON(number), "fill": .string(String(repeating: "x", count: 100_000))]
                let reply = try await world.call("early", "POST", "/v1.0/publish/bus/t", json: body)
                #expect(reply.status == 204)
            }
            world.dapr.attach(instance: "late", appPort: late.appPort)
            try await world.dapr.waitUntilReady()
            try await world.dapr.waitUntilIdle()
            #expect(late.requests.compactMap { Self.number($0) } == Array(1...60))
        }
    }

    @Test func `a topic keeps its number of partitions`() async throws {
        let file = try TemporaryFile()
        for partitions in [2, 5] {
            let app = TestApp("app")
            try await withDapr(
                [app], resources: pubsub() + subscription("t"),
                configure: .with { options in
                    options.stateFile = file.path
                    options.topics["t"] = TopicSettings(partitions: partitions)
                }
            ) { world in
                for number in 1...30 {
                    let reply = try await world.call(
                        "app", "POST", "/v1.0/publish/bus/t?metadata.partitionKey=u\(number)", json: 1)
                    #expect(reply.status == 204)
                }
                try await world.dapr.waitUntilIdle()
                #expect(Set(app.requests.compactMap { $0.header("__partition") }) == ["0", "1"])
            }
        }
    }

    @Test func `records older than the retention go, and offsets go on`() async throws {
        let file = try TemporaryFile()
        let now = Box(Timestamp("2026-03-02T08:00:00Z") ?? Timestamp(seconds: 0))
        let configure: @Sendable (inout LocalDapr.Options) -> Void = { options in
            options.stateFile = file.path
            options.topics["t"] = TopicSettings(partitions: 1, retention: .seconds(3_600))
            options.time = TimeSource(now: { now.value }, sleep: TimeSource.system.sleep)
        }
        let publish: @Sendable (World, Int) async throws -> Void = { world, number in
            let reply = try await world.call("api", "POST", "/v1.0/publish/bus/t", json: ["n": JSON(number)])
            #expect(reply.status == 204)
        }
        try await withDapr([TestApp("api")], resources: pubsub(), configure: OptionChange(apply: configure)) { world in
            try await publish(world, 1)
            try await publish(world, 2)
        }
        now.set(now.value.advanced(by: .seconds(7_200)))
        let reader = TestApp("reader")
        try await withDapr(
            [TestApp("api"), reader], resources: pubsub() + subscription("t", app: "reader"),
            configure: .with { options in
                configure(&options)
                options.apps[1].appPort = nil
            }, ready: false
        ) { world in
            try await publish(world, 3)
            try await world.dapr.machine.broker.purge()
            world.dapr.attach(instance: "reader", appPort: reader.appPort)
            try await world.dapr.waitUntilReady()
            try await world.dapr.waitUntilIdle()
            #expect(reader.requests.compactMap { Self.number($0) }.last == 3)
            #expect(reader.requests.last?.header("__offset") == "2")
            #expect(!reader.requests.compactMap { Self.number($0) }.contains(1))
        }
    }

    @Test func `a batch of records reads back as it was written`() throws {
        var generator = SeededGenerator(seed: 7)
        var records: [Record] = []
        for index in 0..<50 {
            let size = Int.random(in: 0...300, using: &generator)
            var pending = PendingRecord(value: (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) })
            if index % 3 != 0 { pending.key = "key-\(index)" }
            for number in 0..<(index % 4) {
                pending.headers.append(RecordHeader(name: "h\(number)", value: "ü\(index)"))
            }
            if index % 7 == 0 { pending.origin = DeadLetterOrigin(topic: "t", group: "g", reason: "why") }
            let time = Int64.random(in: 0...2_000_000_000_000, using: &generator)
            records.append(Record(offset: 100 + Int64(index), timestamp: time, pending))
        }
        let read = try RecordBatch.decode(RecordBatch.encode(records), first: 100)
        #expect(read.map(\.offset) == records.map(\.offset))
        #expect(read.map(\.timestamp) == records.map(\.timestamp))
        #expect(read.map(\.key) == records.map(\.key))
        #expect(read.map(\.headers) == records.map(\.headers))
        #expect(read.map(\.value) == records.map(\.value))
        #expect(read.map(\.origin) == records.map(\.origin))
        #expect(throws: RecordBatch.Damaged.self) {
            try RecordBatch.decode(Array(RecordBatch.encode(records).dropLast()), first: 100)
        }
    }
}
