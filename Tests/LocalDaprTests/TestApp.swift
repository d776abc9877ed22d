import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import TestKit
import WireValues

@testable import LocalDapr

/// An app beside a sidecar: answers by a closure and remembers what it was asked.
final class TestApp: Sendable {
    let id: String
    let name: String?
    let healthCheck: LocalDapr.HealthCheck?
    let appToken: String?
    let apiToken: String?
    private let handler: Mutex<@Sendable (APIRequest) async -> APIResponse>
    private let received = Mutex<[APIRequest]>([])
    private let port = Mutex(0)
    let arrivals = Signal()
    private let listening = Signal()

    init(
        _ id: String, name: String? = nil, healthCheck: LocalDapr.HealthCheck? = nil, appToken: String? = nil,
        apiToken: String? = nil,
        _ handler: @escaping @Sendable (APIRequest) async -> APIResponse = { _ in .init(status: 200) }
    ) {
        self.id = id
        self.name = name
        self.healthCheck = healthCheck
        self.appToken = appToken
        self.apiToken = apiToken
        self.handler = Mutex(handler)
    }

    /// What came on paths other than those that a sidecar asks at its start.
    var requests: [APIRequest] {
        received.withLock { all in all.filter { !$0.path.hasPrefix("/dapr/") && $0.path != "/healthz" } }
    }
    var everyRequest: [APIRequest] { received.withLock { $0 } }
    func requests(_ path: String) -> [APIRequest] { requests.filter { $0.path == path } }
    func answer(_ handler: @escaping @Sendable (APIRequest) async -> APIResponse) {
        self.handler.withLock { $0 = handler }
    }
    var appPort: Int { port.withLock { $0 } }

    func run() async throws {
        let door = HTTPDoor(
            host: "127.0.0.1", port: 0, logger: Logger(label: "app", factory: { _ in SwiftLogNoOpLogHandler() }),
            onListening: { [self] port in
                self.port.withLock { $0 = port }
                listening.raise()
            },
            answer: { [self] request in
                received.withLock { $0.append(request) }
                arrivals.raise()
                // No programmatic subscriptions unless the handler gives some.
                let handler = handler.withLock { $0 }
                let answer = await handler(request)
                if request.path.hasPrefix("/dapr/"), answer.status == 200, answer.body.isEmpty {
                    return .init(status: 404)
                }
                return answer
            })
        try await door.run()
    }

    func waitUntilListening() async { await listening.wait(beyond: 0) }

    /// Returns when `count` requests came on `path`, or on any.
    func wait(for count: Int, on path: String? = nil) async throws {
        try await expectEventually("\(count) requests at \(id)\(path ?? "")", within: .seconds(20)) {
            (path.map { self.requests($0) } ?? self.requests).count >= count
        }
    }
}

/// What came back from a sidecar.
struct Reply: Sendable {
    let status: Int
    let headers: [(name: String, value: String)]
    let bytes: [UInt8]
    var json: JSON { (try? JSON(parsing: bytes)) ?? .null }
    var text: String { String(decoding: bytes, as: UTF8.self) }
    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
    var code: String? { json["errorCode"]?.string }
    var reason: String? { json["details"]?[0]?["reason"]?.string }
}

/// A running LocalDapr with its apps.
struct World: Sendable {
    let dapr: LocalDapr

    func call(
        _ app: String, _ method: String, _ path: String, _ body: [UInt8]? = nil, type: String? = "application/json",
        headers: [(String, String)] = []
    ) async throws -> Reply {
        try await Self.call(port: dapr.port(of: app), method, path, body, type: type, headers: headers)
    }

    func call(_ app: String, _ method: String, _ path: String, json: JSON, headers: [(String, String)] = [])
        async throws -> Reply
    {
        try await call(app, method, path, json.bytes, headers: headers)
    }

    static func call(
        port: Int, _ method: String, _ path: String, _ body: [UInt8]? = nil, type: String? = "application/json",
        headers: [(String, String)] = []
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = HTTPMethod(rawValue: method)
        if let body {
            request.body = .bytes(ByteBuffer(bytes: body))
            if let type { request.headers.add(name: "content-type", value: type) }
        }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let bytes = Array(try await response.body.collect(upTo: 16 << 20).readableBytesView)
        return Reply(
            status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) }, bytes: bytes)
    }
}

/// Runs apps and their sidecars while `body` runs.
func withDapr(
    _ apps: [TestApp], resources: String = "",
    configure: OptionChange = .with { _ in },
    ready: Bool = true, _ body: @escaping @Sendable (World) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for app in apps { group.addTask { try await app.run() } }
        for app in apps { await app.waitUntilListening() }
        group.addTask {
            var options = LocalDapr.Options(
                apps: apps.map {
                    LocalDapr.App(
                        id: $0.id, name: $0.name, appPort: $0.appPort, apiToken: $0.apiToken, appToken: $0.appToken,
                        healthCheck: $0.healthCheck)
                }, resources: [.text(resources)])
            configure.apply(&options)
            let logger = Logger(label: "dapr", factory: { _ in SwiftLogNoOpLogHandler() })
            try await LocalDapr.running(options, logger: logger) { dapr in
                if ready { try await dapr.waitUntilReady() }
                try await body(World(dapr: dapr))
            }
        }
        defer { group.cancelAll() }
        // The first to end is the body, or what went wrong.
        try await group.next()
    }
}

/// A pub/sub component, and subscriptions of one app to it.
func pubsub(_ name: String = "bus", type: String = "pubsub.kafka", metadata: [String: String] = [:]) -> String {
    var text = """
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: \(name)}
        spec:
          type: \(type)
          version: v1
          metadata:
          - {name: initialOffset, value: oldest}

        """
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { text += "  - {name: \(key), value: \"\(value)\"}\n" }
    return text
}

func subscription(
    _ topic: String, to path: String = "/events", of pubsub: String = "bus", app: String? = nil,
    deadLetters: String? = nil,
    bulk: Bool = false, more: String = ""
) -> String {
    """
    ---
    apiVersion: dapr.io/v2alpha1
    kind: Subscription
    metadata: {name: \(app ?? "all")-\(topic)}
    spec:
      pubsubname: \(pubsub)
      topic: \(topic)
      routes: {default: \(path)}
    \(deadLetters.map { "  deadLetterTopic: \($0)\n" } ?? "")\(bulk ? "  bulkSubscribe: {enabled: true, maxMessagesCount: 100}\n" : "")\(more)
    \(app.map { "scopes: [\($0)]\n" } ?? "")
    """
}

/// Retries of deliveries: `retries` more, 10 ms apart.
func inboundRetries(_ retries: Int, of component: String = "bus", more: String = "") -> String {
    resiliency(
        policies: "retries: {some: {policy: constant, duration: 10ms, maxRetries: \(retries)\(more)}}",
        targets: "components: {\(component): {inbound: {retry: some}}}")
}

/// Policies, and what they hold for; each in one line.
func resiliency(policies: String, targets: String) -> String {
    """
    ---
    apiVersion: dapr.io/v1alpha1
    kind: Resiliency
    metadata: {name: r}
    spec:
      policies: {\(policies)}
      targets: {\(targets)}

    """
}

/// What a test wants otherwise than `withDapr` has it.
struct OptionChange: Sendable {
    let apply: @Sendable (inout LocalDapr.Options) -> Void

    static func with(_ apply: @escaping @Sendable (inout LocalDapr.Options) -> Void) -> OptionChange {
        OptionChange(apply: apply)
    }
}
