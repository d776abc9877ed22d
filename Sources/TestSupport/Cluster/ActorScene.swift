import KubernetesClient
import KubernetesModel
import Synchronization

/// What all stand-in controllers share: the way to the API server, chance, time.
final class ActorScene: Sendable {
    let options: ClusterActors.Options
    let deadlines = Signal()
    private let transport: any KubernetesTransport
    private let random: Mutex<UInt64>

    static let fieldManager = "cluster-actors"

    init(transport: any KubernetesTransport, options: ClusterActors.Options) {
        self.transport = transport
        self.options = options
        random = Mutex(options.seed &+ 0x9E37_79B9_7F4A_7C15)
    }

    /// A number from 0 up to, not including, 1 (xorshift64*).
    func chance() -> Double {
        random.withLock { state in
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return Double((state &* 0x2545_F491_4F6C_DD1D) >> 11) / 9_007_199_254_740_992
        }
    }

    /// The members of a Secret.
    static func secretBody(type: String = "Opaque", _ data: JSON) -> JSONObject {
        JSONObject([("type", .string(type)), ("data", data)])
    }

    // MARK: Requests

    /// - Throws: `KubernetesError` for every status of 400 and above.
    func send(_ request: KubernetesRequest) async throws -> JSON {
        let response = try await transport.send(request)
        guard response.status < 400 else {
            throw KubernetesError(doing: request.summary, status: response.status, body: response.body)
        }
        return try JSON(parsing: response.body)
    }

    func open(_ request: KubernetesRequest) async throws -> KubernetesStream {
        let stream = try await transport.open(request)
        guard stream.status < 400 else {
            var body: [UInt8] = []
            for try await chunk in stream.body where body.count < 65_536 { body += chunk }
            throw KubernetesError(doing: request.summary, status: stream.status, body: body)
        }
        return stream
    }

    /// The object, or nil when neither it nor its kind is there.
    func get(_ type: ResourceType, namespace: String, name: String) async throws -> KubernetesObject? {
        do {
            return KubernetesObject(try await send(.get(type, namespace: namespace, name: name)))
        } catch let error as KubernetesError where error.code == .notFound {
            return nil
        }
    }

    func list(_ type: ResourceType, namespace: String? = nil, labelSelector: String? = nil) async throws
        -> [KubernetesObject]
    {
        let answer = try await send(.list(type, namespace: namespace, labelSelector: labelSelector))
        return (answer["items"]?.array ?? []).map { ActorScene.complete($0, type) }
    }

    /// Items of built-in lists lack kind and version.
    static func complete(_ item: JSON, _ type: ResourceType) -> KubernetesObject {
        var item = item
        item["apiVersion"] = .string(type.apiVersion)
        item["kind"] = .string(type.kind)
        return KubernetesObject(item)
    }

    /// Creates `object` unless it is there.
    func createIfMissing(_ object: KubernetesObject, _ type: ResourceType) async throws {
        guard try await get(type, namespace: object.namespace ?? "", name: object.name) == nil else { return }
        do {
            _ = try await send(.create(object, type))
        } catch let error as KubernetesError where error.code == .alreadyExists {
            // Somebody was faster.
        }
    }

    /// Writes the given members of the status, unless they are there already. Conditions keep their transition times
    /// while their status stays the same.
    func writeStatus(_ status: JSON, of object: KubernetesObject, _ type: ResourceType) async throws {
        var wanted = status
        let time = JSON.string(options.now().rfc3339)
        if let conditions = status["conditions"]?.array {
            wanted["conditions"] = .array(
                conditions.map { condition in
                    var condition = condition
                    let old = object.status?["conditions"]?.array?.first { $0["type"] == condition["type"] }
                    let isSame = old?["status"] == condition["status"]
                    condition["lastTransitionTime"] = isSame ? old?["lastTransitionTime"] ?? time : time
                    return condition
                })
        }
        let isThere = (wanted.object ?? JSONObject()).allSatisfy { key, value in
            // The server leaves out zeros and empty lists of built-in kinds.
            (object.status?[key] ?? .null) == value || object.status?[key] == nil && (value == 0 || value == .array([]))
        }
        guard !isThere else { return }
        try await pause()
        do {
            _ = try await send(
                .mergePatch(
                    ["metadata": ["uid": .string(object.uid ?? "")], "status": wanted], type,
                    namespace: object.namespace, name: object.name, fieldManager: Self.fieldManager,
                    subresource: "status"))
        } catch let error as KubernetesError where error.code == .notFound || error.code == .conflict {
            // Gone, or another one by that name: its own event comes.
        }
    }

    /// Takes the time that the real controller would.
    private func pause() async throws {
        guard options.latency > .zero else { return }
        try await options.clock.sleep(for: options.latency * chance())
    }
}

/// One kind that an actor follows: list, then watch, each object handed to `handle`.
struct ActorLoop: Sendable {
    let scene: ActorScene
    /// The same kind in the versions that it may be served in; the preferred one first.
    let types: [ResourceType]
    /// Called with every object that is new or changed, and with those that were deleted. Throws to be called again.
    let handle: @Sendable (_ object: KubernetesObject, _ type: ResourceType, _ isGone: Bool) async throws -> Void
    /// When this rises, all objects are handled once more.
    var trigger: Signal?

    func run() async {
        var place = 0
        while !Task.isCancelled {
            let type = types[place % types.count]
            do {
                try await follow(type)
            } catch is CancellationError {
                return
            } catch let error as KubernetesError where error.code == .notFound {
                // Not served in this version, or not yet.
                place += 1
                if place % types.count == 0 { await pause() }
            } catch {
                if !Task.isCancelled { scene.options.log("\(type.kind): \(error)") }
                await pause()
            }
        }
    }

    private func pause() async {
        // Cancelled: the loop ends by itself.
        try? await scene.options.clock.sleep(for: scene.options.retryInterval)
    }

    private func follow(_ type: ResourceType) async throws {
        let answer = try await scene.send(.list(type, namespace: nil))
        for item in answer["items"]?.array ?? [] { await handled(ActorScene.complete(item, type), type) }
        let version = answer["metadata"]?["resourceVersion"]?.string ?? ""
        guard let trigger else { return try await watch(type, from: version) }
        try await withThrowingTaskGroup { group in
            group.addTask { try await watch(type, from: version) }
            group.addTask {
                var seen = 0
                while !Task.isCancelled {
                    await trigger.wait(beyond: seen)
                    seen = trigger.count
                    for object in try await scene.list(type) { await handled(object, type) }
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func watch(_ type: ResourceType, from start: String) async throws {
        var version = start
        while !Task.isCancelled {
            let stream = try await scene.open(
                .watch(type, namespace: nil, resourceVersion: version, timeoutSeconds: 300))
            var rest: [UInt8] = []
            for try await chunk in stream.body {
                rest += chunk
                while let end = rest.firstIndex(of: 0x0A) {
                    let line = rest[..<end]
                    let event = try JSON(parsing: line)
                    rest.removeSubrange(...end)
                    guard let object = event["object"] else { continue }
                    let kind = event["type"]?.string
                    // Too old: list again.
                    if kind == "ERROR" { return }
                    version = object["metadata"]?["resourceVersion"]?.string ?? version
                    guard kind != "BOOKMARK" else { continue }
                    await handled(ActorScene.complete(object, type), type, isGone: kind == "DELETED")
                }
            }
        }
    }

    /// Handles an object, again and again while that fails, each time in its newest state.
    private func handled(_ object: KubernetesObject, _ type: ResourceType, isGone: Bool = false) async {
        guard !scene.options.ignores(object) else { return }
        var current = object
        var failures = 0
        while !Task.isCancelled {
            do {
                if failures > 0, !isGone {
                    guard let newest = try await scene.get(type, namespace: object.namespace ?? "", name: object.name)
                    else { return }
                    current = newest
                }
                if failures < 3, scene.options.failureRate > 0, scene.chance() < scene.options.failureRate {
                    throw KubernetesError(.unavailable, "\(object.key): a failure by chance")
                }
                return try await handle(current, type, isGone)
            } catch {
                if Task.isCancelled { return }
                scene.options.log("\(object.key): \(error)")
                failures += 1
                // What the server refuses for good is not tried for ever; the next change of the object is.
                if failures > 5 { return }
                await pause()
            }
        }
    }
}
