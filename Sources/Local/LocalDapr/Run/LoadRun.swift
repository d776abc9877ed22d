import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import WireValues

/// Load on a LocalDapr of its own: publishers, consumer groups and jobs over HTTP, all in one process.
package struct LoadRun: Sendable {
    package struct Wish: Sendable {
        package var events = 60_000
        package var groups = 3
        package var publishers = 4
        package var batch = 50
        package var isBulk = true
        package var jobs = 0
        package var stateFile: String?

        package init() {}
    }

    /// What it took, times in milliseconds.
    package struct Report: Sendable {
        package var seconds = 0.0
        package var eventsPerSecond = 0.0
        package var delivered = 0
        package var median = 0.0
        package var p99 = 0.0
        package var worst = 0.0
    }

    private final class Tally: Sendable {
        private let delays = Mutex<[Int64]>([])
        func add(_ microseconds: [Int64]) { delays.withLock { $0 += microseconds } }
        var count: Int { delays.withLock { $0.count } }

        func report(seconds: Double, events: Int) -> Report {
            let sorted = delays.withLock { $0.sorted() }
            func at(_ share: Double) -> Double {
                sorted.isEmpty ? 0 : Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1_000
            }
            return Report(
                seconds: seconds, eventsPerSecond: Double(events) / seconds, delivered: sorted.count, median: at(0.5),
                p99: at(0.99),
                worst: at(1))
        }
    }

    private static func now() -> Int64 { TimeSource.system.now().microseconds }

    /// Publishes as fast as it goes, or at `rate` events a second, until every group has everything.
    package static func events(_ wish: Wish, rate: Int?) async throws -> Report {
        let tally = Tally()
        var resources = """
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata: {name: bus}
            spec: {type: pubsub.kafka, version: v1, metadata: [{name: initialOffset, value: oldest}]}

            """
        for group in 0..<wish.groups {
            resources += """
                ---
                apiVersion: dapr.io/v2alpha1
                kind: Subscription
                metadata: {name: s\(group)}
                spec: {pubsubname: bus, topic: t, routes: {default: /events}, bulkSubscribe: {enabled: \(wish.isBulk), maxMessagesCount: 100}}
                scopes: [group-\(group)]

                """
        }
        let answer: @Sendable (APIRequest) async -> APIResponse = { request in
            guard request.method == "POST", let body = request.body else { return .init(status: 404) }
            let now = Self.now()
            // A consumer in earnest reads its events, too.
            // What cannot be read is refused, as a consumer in earnest would.
            guard let json = try? JSON(parsing: body) else { return .init(status: 400) }
            let entries = json["entries"]?.array
            let events = entries?.compactMap { $0["event"] } ?? [json]
            tally.add(events.compactMap { event in (event["data"]?["at"]?.int).map { now - Int64($0) } })
            guard let entries else { return .init(status: 200) }
            let statuses = entries.map { entry -> JSON in ["entryId": entry["entryId"] ?? "", "status": "SUCCESS"] }
            return .json(200, ["statuses": .array(statuses)])
        }
        return try await serving(wish, resources: resources, answer) { dapr in
            let port = dapr.port(of: "publisher")
            let start = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for publisher in 0..<wish.publishers {
                    group.addTask {
                        var sent = 0
                        let mine = wish.events / wish.publishers
                        while sent < mine {
                            if let rate {
                                let due = start + .seconds(Double(sent * wish.publishers) / Double(rate))
                                if due > .now { try await ContinuousClock().sleep(until: due) }
                            }
                            let count = min(wish.batch, mine - sent)
                            try await publish(count, from: publisher, first: sent, port: port)
                            sent += count
                        }
                    }
                }
                try await group.waitForAll()
            }
            let wanted = wish.events / wish.publishers * wish.publishers * wish.groups
            while tally.count < wanted { try await ContinuousClock().sleep(for: .milliseconds(1)) }
            return tally.report(seconds: (ContinuousClock.now - start).seconds, events: wish.events)
        }
    }

    private static func publish(_ count: Int, from publisher: Int, first: Int, port: Int) async throws {
        var body: [UInt8] = [UInt8(ascii: "[")]
        let fill = String(repeating: "x", count: 600)
        for index in 0..<count {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            let user = "user-\((first + index) % 97)-\(publisher)"
            let event: JSON = [
                "entryId": .string("\(index)"), "contentType": "application/cloudevents+json",
                "metadata": ["partitionKey": .string(user)],
                "event": [
                    "specversion": "1.0", "id": .string("\(publisher)-\(first + index)"), "source": "/todo/task-api",
                    "type": "task.updated",
                    "datacontenttype": "application/json", "partitionkey": .string(user),
                    "data": ["at": .integer(now()), "user_id": .string(user), "title": .string(fill)],
                ],
            ]
            body += event.bytes
        }
        body.append(UInt8(ascii: "]"))
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/v1.0/publish/bulk/bus/t")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: body))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        _ = try await response.body.collect(upTo: 1 << 20)
        guard response.status == .noContent else { throw ResourceError("publish", "answered \(response.status.code)") }
    }

    /// Jobs spread over `seconds`; how late each comes.
    package static func jobs(_ wish: Wish, over seconds: Int) async throws -> Report {
        let tally = Tally()
        let answer: @Sendable (APIRequest) async -> APIResponse = { request in
            guard request.path.hasPrefix("/job/"), let body = request.body,
                // A body that is no JSON is none of ours.
                let due = (try? JSON(parsing: body))?["due"]?.int
            else {
                return .init(status: 404)
            }
            tally.add([now() - Int64(due)])
            return .init(status: 200)
        }
        return try await serving(wish, resources: "", answer) { dapr in
            let port = dapr.port(of: "group-0")
            let first = now() + 5_000_000
            try await withThrowingTaskGroup(of: Void.self) { group in
                for part in 0..<32 {
                    group.addTask {
                        for number in stride(from: part, to: wish.jobs, by: 32) {
                            let due = Timestamp(
                                microseconds: first + Int64(number) * Int64(seconds) * 1_000_000
                                    / Int64(max(1, wish.jobs)))
                            let job: JSON = [
                                "dueTime": .string(due.microTime), "data": ["due": .integer(due.microseconds)],
                            ]
                            var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/v1.0/jobs/j-\(number)")
                            request.method = .POST
                            request.body = .bytes(ByteBuffer(bytes: job.bytes))
                            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
                            guard response.status == .noContent else {
                                throw ResourceError("job", "answered \(response.status.code)")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let start = ContinuousClock.now
            while tally.count < wish.jobs { try await ContinuousClock().sleep(for: .milliseconds(5)) }
            return tally.report(seconds: (ContinuousClock.now - start).seconds, events: wish.jobs)
        }
    }

    private static func serving(
        _ wish: Wish, resources: String, _ answer: @escaping @Sendable (APIRequest) async -> APIResponse,
        _ body: @escaping @Sendable (LocalDapr) async throws -> Report
    ) async throws -> Report {
        let logger = Logger(label: "load") { _ in SwiftLogNoOpLogHandler() }
        return try await withThrowingTaskGroup(of: Report?.self) { group in
            var options = LocalDapr.Options(
                apps: [LocalDapr.App(id: "publisher")], resources: [.text(resources)], stateFile: wish.stateFile)
            for index in 0..<wish.groups {
                let port = try LocalDapr.freePort()
                let door = HTTPDoor(
                    host: "127.0.0.1", port: port, logger: logger, onListening: { _ in }, answer: answer)
                group.addTask {
                    try await door.run()
                    return nil
                }
                options.apps.append(LocalDapr.App(id: "group-\(index)", appPort: port))
            }
            let settings = options
            group.addTask {
                try await LocalDapr.running(settings, logger: logger) { dapr in
                    try await dapr.waitUntilReady()
                    return try await body(dapr)
                }
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let report = first else { return Report() }
            return report
        }
    }
}
