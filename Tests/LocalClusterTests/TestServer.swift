import KubernetesClient
import KubernetesModel
import LocalCluster
import Synchronization
import TestSupport
import Testing

/// The API servers that the conformance suite runs against.
enum TestServer: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case local
    case local120
    case real

    /// The real one only where there is one; `AgreementTests` are skipped, and say so, when there is none.
    static let available = RealCluster.isAvailable ? allCases : [.local, .local120]

    var testDescription: String { rawValue }

    /// Whether it is one of those that we support fully; the others are like Kubernetes 1.20.
    var isCurrent: Bool { isLocal ? self == .local : RealCluster.isCurrent }
    /// The local one that behaves as the real one does.
    static let likeReal = RealCluster.isCurrent ? TestServer.local : .local120
    var isLocal: Bool { self != .real }
}

/// The real cluster of this process, started when the first test wants it. The script stops it when the process ends.
private actor SharedRealCluster {
    static let shared = SharedRealCluster()
    /// Set before the first wait, so that all who come meanwhile wait for the same start.
    private var waiting: [CheckedContinuation<Result<HTTPTransport, any Error>, Never>]?
    private var result: Result<HTTPTransport, any Error>?

    func transport() async throws -> any KubernetesTransport {
        if let result { return try result.get() }
        if waiting != nil {
            return try await withCheckedContinuation { waiting?.append($0) }.get()
        }
        waiting = []
        let started: Result<HTTPTransport, any Error>
        do {
            started = .success(try await RealCluster.start().transport)
        } catch {
            started = .failure(error)
        }
        result = started
        for continuation in waiting ?? [] { continuation.resume(returning: started) }
        waiting = nil
        return try started.get()
    }
}

/// A namespace of its own on one server, and short words for requests.
struct Session: Sendable {
    struct Answer: Sendable {
        let status: Int
        let json: JSON
        var object: KubernetesObject { KubernetesObject(json) }
        var message: String { json["message"]?.string ?? "" }
        var reason: String { json["reason"]?.string ?? "" }
        var causes: [JSON] { json["details"]?["causes"]?.array ?? [] }
    }

    let server: TestServer
    let transport: any KubernetesTransport
    /// Of the local servers.
    let cluster: LocalCluster?
    let namespace: String

    private static let counter = Mutex(0)

    /// - Parameter existing: a local cluster to join; nil for a new one.
    init(_ server: TestServer, cluster existing: LocalCluster? = nil) async throws {
        self.server = server
        let number = Self.counter.withLock { counter in
            counter += 1
            return counter
        }
        namespace = "test-\(number)"
        switch server {
        case .local, .local120:
            var options = LocalCluster.Options()
            options.release = server == .local ? .current : .kubernetes120
            let cluster = existing ?? LocalCluster(options)
            self.cluster = cluster
            transport = InProcessTransport(cluster)
        case .real:
            cluster = nil
            transport = try await SharedRealCluster.shared.transport()
        }
        let created = try await send(.create(KubernetesObject(Kinds.namespaces, name: namespace), Kinds.namespaces))
        try #require(created.status == 201, "\(created.json.text)")
    }

    func send(_ request: KubernetesRequest) async throws -> Answer {
        let response = try await transport.send(request)
        let json = response.body.first == UInt8(ascii: "{") ? try JSON(parsing: response.body) : .null
        return Answer(status: response.status, json: json)
    }

    func object(_ type: ResourceType, _ name: String, _ body: JSON = [:], labels: [String: String] = [:])
        -> KubernetesObject
    {
        KubernetesObject(type, namespace: namespace, name: name, labels: labels, body: body.object ?? JSONObject())
    }

    func get(_ type: ResourceType, _ name: String) async throws -> Answer {
        try await send(.get(type, namespace: namespace, name: name))
    }

    func apply(
        _ object: KubernetesObject, _ type: ResourceType, by manager: String = "test", force: Bool = true,
        dryRun: Bool = false, subresource: String? = nil
    ) async throws -> Answer {
        try await send(
            .apply(
                object, type, fieldManager: manager, force: force, dryRun: dryRun, subresource: subresource))
    }

    func create(_ object: KubernetesObject, _ type: ResourceType) async throws -> Answer {
        try await send(.create(object, type))
    }

    func delete(
        _ type: ResourceType, _ name: String, propagation: KubernetesRequest.Propagation = .background,
        uid: String? = nil
    ) async throws -> Answer {
        try await send(.delete(type, namespace: namespace, name: name, propagation: propagation, uid: uid))
    }

    /// Asks until `isDone` says so; garbage collection on a real server takes its time. Bounded.
    func eventually(_ isDone: () async throws -> Bool) async throws -> Bool {
        for _ in 0..<600 {
            if try await isDone() { return true }
            if server.isLocal { return false }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    /// Installs the CRD of `Kinds.widgets` and waits until it serves.
    func installWidgets() async throws {
        let answer = try await send(.apply(Kinds.widgetDefinition, TestCRDs.type, fieldManager: "test"))
        try #require(answer.status < 300, "\(answer.json.text)")
        let isServed = try await eventually {
            try await send(.list(Kinds.widgets, namespace: namespace)).status == 200
        }
        try #require(isServed)
    }
}

/// Reads the events of a watch, one at a time.
struct EventReader {
    struct Event: Sendable {
        let type: String
        let object: KubernetesObject
    }

    private var iterator: any AsyncIteratorProtocol<[UInt8], any Error>
    private var rest: [UInt8] = []

    init(_ session: Session, _ request: KubernetesRequest) async throws {
        let stream = try await session.transport.open(request)
        try #require(stream.status == 200)
        iterator = stream.body.makeAsyncIterator()
    }

    /// The next event; nil when the watch has ended.
    mutating func next() async throws -> Event? {
        while true {
            if let end = rest.firstIndex(of: 0x0A) {
                let json = try JSON(parsing: rest[..<end])
                rest.removeSubrange(...end)
                return Event(type: json["type"]?.string ?? "", object: KubernetesObject(json["object"] ?? .null))
            }
            guard let chunk = try await iterator.next(isolation: nil) else { return nil }
            rest += chunk
        }
    }

    /// The next event that is no bookmark, as `TYPE name`.
    mutating func nextChange() async throws -> String? {
        while let event = try await next() {
            if event.type != "BOOKMARK" { return "\(event.type) \(event.object.name)" }
        }
        return nil
    }
}
