import AsyncHTTPClient
import DaprClient
package import HTTPTestSupport
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
package import ServiceKit
import ServiceLifecycle
package import TaskDomain
package import TaskStorage
package import WireValues

/// A service that runs as it would in a pod, with its ports on this machine and a sidecar that does what the test says.
package struct RunningService<S: TodoService>: Sendable {
    package struct Answer: Sendable {
        package let status: Int
        package let headers: [(name: String, value: String)]
        package let body: [UInt8]

        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
        /// Null when it is no JSON.
        package var json: JSON { (try? JSON(parsing: body)) ?? .null }
        package var text: String { String(decoding: body, as: UTF8.self) }
        /// The stable word of a problem.
        package var problem: String? {
            json["type"]?.string.map { String($0.dropFirst("urn:todo:problem:".count)) }
        }
    }

    package let port: Int
    package let adminPort: Int
    package let sidecar: FakeServer
    package let host: ServiceHost<S>
    private let http: HTTPClient
    private let now: @Sendable () -> Timestamp

    fileprivate init(
        port: Int, adminPort: Int, sidecar: FakeServer, host: ServiceHost<S>, http: HTTPClient,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.port = port
        self.adminPort = adminPort
        self.sidecar = sidecar
        self.host = host
        self.http = http
        self.now = now
    }

    /// Sends a request.
    /// - Parameters:
    ///   - user: sends a good token of this user; nil sends none.
    ///   - body: sent as JSON unless `headers` name another content type.
    package func send(
        _ method: String, _ target: String, user: String? = nil, headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil, onAdminPort: Bool = false
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(onAdminPort ? adminPort : port)\(target)")
        request.method = HTTPMethod(rawValue: method)
        if let user {
            request.headers.add(name: "Authorization", value: "Bearer \(TestTokens.token(user, now: now()))")
        }
        if let body {
            request.body = .bytes(ByteBuffer(bytes: body))
            if !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
                request.headers.add(name: "Content-Type", value: "application/json")
            }
        }
        for header in headers { request.headers.add(name: header.name, value: header.value) }
        let answer = try await http.execute(request, timeout: .seconds(30))
        let bytes = try await answer.body.collect(upTo: 64 * 1024 * 1024)
        return Answer(
            status: Int(answer.status.code), headers: answer.headers.map { ($0.name, $0.value) },
            body: Array(bytes.readableBytesView))
    }

    package func get(
        _ target: String, user: String? = nil, headers: [(name: String, value: String)] = []
    ) async throws -> Answer {
        try await send("GET", target, user: user, headers: headers)
    }

    package func send(
        _ method: String, _ target: String, user: String? = nil, headers: [(name: String, value: String)] = [],
        json: JSON
    ) async throws -> Answer {
        try await send(method, target, user: user, headers: headers, body: json.bytes)
    }

    /// Delivers an event as the sidecar does.
    /// - Returns: `SUCCESS`, `RETRY` or `DROP`; another status than 200 as its number.
    package func deliver(_ event: CloudEvent, to role: TopicRole) async throws -> String {
        try await deliver(bytes: event.bytes, to: role)
    }

    package func deliver(bytes: [UInt8], to role: TopicRole) async throws -> String {
        let answer = try await send(
            "POST", "/events/\(role.rawValue)", headers: [("Content-Type", "application/cloudevents+json")], body: bytes
        )
        return answer.status == 200 ? answer.json["status"]?.string ?? "none" : String(answer.status)
    }

    /// Delivers events as one bulk.
    /// - Returns: what became of each.
    package func deliver(_ events: [CloudEvent], to role: TopicRole) async throws -> [String] {
        let entries = events.enumerated().map { index, event -> JSON in
            [
                "entryId": .string(String(index)), "event": event.json,
                "contentType": .string(CloudEvent.contentType), "metadata": [:],
            ]
        }
        let bulk: JSON = [
            "id": "b", "type": "com.dapr.event.sent.bulk", "topic": .string(role.rawValue), "pubsubname": "p",
            "metadata": [:], "entries": .array(entries),
        ]
        let answer = try await send("POST", "/events/\(role.rawValue)", json: bulk)
        return (answer.json["statuses"]?.array ?? []).map { $0["status"]?.string ?? "none" }
    }

    /// Fires a job as the sidecar does.
    /// - Returns: the HTTP status.
    package func fire(job name: String, data: JSON) async throws -> Int {
        try await send("POST", "/job/\(name)", json: data).status
    }

    /// What the service published through bulks, in order.
    package func published(_ topic: TopicRole) -> [CloudEvent] {
        sidecar.asked.filter { $0.path.hasPrefix("/v1.0/publish/bulk/") && $0.path.hasSuffix("/" + topic.rawValue) }
            .flatMap { $0.json.array ?? [] }
            // What is no event of ours is not counted.
            .compactMap { entry in try? entry["event"].map { try CloudEvent(json: $0) } }
    }
}

/// Runs a service for `body`, which begins when it is ready, and stops it gracefully.
///
/// - Parameters:
///   - database: its database; nil for a service that has none.
///   - environment: laid over what every service is told.
///   - configure: the clock, the wall clock, … .
///   - answer: what the sidecar answers; nil leaves it to the usual: healthy, secrets known, all else 204.
package func withService<S: TodoService, Result: Sendable>(
    _ type: S.Type, database: (any Database)? = nil, environment: [String: String] = [:],
    configure: (inout ServiceHost<S>.Parts) -> Void = { _ in },
    sidecar answer: @escaping @Sendable (FakeServer.Asked) async -> FakeServer.Reply? = { _ in nil },
    _ body: @escaping @Sendable (RunningService<S>) async throws -> Result
) async throws -> Result {
    var parts = ServiceHost<S>.Parts()
    parts.database = database
    configure(&parts)
    let configured = parts
    return try await FakeServer.running(answering: .by { asked in await answer(asked) ?? usual(asked) }) { sidecar in
        let everywhere = [
            "TODO_PUBSUB": "todo-pubsub", "TODO_SECRET_STORE": "secrets", "TODO_AUTH_AUDIENCE": TestTokens.audience,
            "TODO_AUTH_SECRET_NAME": "todo-auth", "TODO_AUTH_SECRET_KEY": "key", "TODO_LISTEN_ADDRESS": "127.0.0.1",
            "TODO_HTTP_PORT": "0", "TODO_METRICS_PORT": "0", "DAPR_HTTP_PORT": String(sidecar.port),
            "TODO_DRAIN_SECONDS": "0", "TODO_POD_NAME": "pod-0",
        ]
        let host = try ServiceHost(
            type, environment: everywhere.merging(environment) { $1 }, parts: configured,
            logger: Logger(label: "test") { _ in SilentLogHandler() })
        let http = DaprClient.httpClient(on: MultiThreadedEventLoopGroup.singleton)
        do {
            let result = try await run(host) {
                try await body(
                    RunningService(
                        port: try await host.waitUntilReady(), adminPort: try await host.waitUntilObservable(),
                        sidecar: sidecar, host: host, http: http, now: configured.now))
            }
            try await http.shutdown()
            return result
        } catch {
            try await http.shutdown()
            throw error
        }
    }
}

/// Runs a host until `body` has ended.
package func run<S: TodoService, Result: Sendable>(
    _ host: ServiceHost<S>, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let group = ServiceGroup(configuration: .init(services: [host], logger: quiet))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        let outcome: Swift.Result<Result, any Error>
        do {
            outcome = .success(try await body())
        } catch {
            outcome = .failure(error)
        }
        await group.triggerGracefulShutdown()
        do {
            try await tasks.waitForAll()
        } catch {
            // A host that failed is the reason for whatever came of it in the body.
            throw error
        }
        return try outcome.get()
    }
}

/// Writes nothing, and tells what its lines would carry.
private struct SilentLogHandler: LogHandler {
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {}
}

private func usual(_ asked: FakeServer.Asked) -> FakeServer.Reply {
    if asked.path == "/v1.0/secrets/secrets/todo-auth" { return .json(["key": .string(TestTokens.secret)]) }
    return FakeServer.Reply(204)
}
