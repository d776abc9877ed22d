package import KubernetesClient
package import KubernetesModel
package import Logging
import Synchronization

/// What is known of an object that platforms refer to by name.
package enum ReferenceState: Hashable, Sendable {
    /// Not referenced, or not read yet.
    case unknown
    case missing
    /// We may not read it.
    case forbidden
    /// - Parameter content: the part of the object that matters; all that is kept of it.
    case present(resourceVersion: String, content: [String: String])

    /// Whether those who refer to the object would find the same in it: versions without new content do not count.
    package func hasSameContent(as other: ReferenceState) -> Bool {
        if case .present(_, let content) = self, case .present(_, let others) = other { return content == others }
        return self == other
    }
}

/// Follows exactly the objects of one kind that platforms refer to by name, each once however many refer to it, and no
/// others: memory does not depend on what else is in the cluster, and the role needs no right to list the kind.
package final class ReferenceWatch: Sendable {
    private struct Follower {
        let watch: NamedWatch
        let stop: Signal
    }

    private struct State {
        var references: [NamespacedName: Set<NamespacedName>] = [:]
        var followers: [NamespacedName: Follower] = [:]
        var objects: [NamespacedName: ReferenceState] = [:]
        /// The server does not know the streaming form.
        var streamingListsAreRefused = false

        func platforms(of object: NamespacedName) -> Set<NamespacedName> {
            Set(references.filter { $0.value.contains(object) }.keys)
        }
    }

    private let client: KubernetesClient
    private let type: @Sendable () -> ResourceType
    private let content: @Sendable (KubernetesObject) -> [String: String]
    private let streamsLists: @Sendable () -> Bool
    private let surroundings: Surroundings
    private let logger: Logger
    private let onChange: @Sendable (NamespacedName, Set<NamespacedName>) -> Void
    private let state = Mutex(State())
    private let starts: AsyncStream<Follower>
    private let start: AsyncStream<Follower>.Continuation

    /// - Parameters:
    ///   - type: the kind, in the version that the cluster serves when the first platform refers to an object.
    ///   - content: what is kept of an object. Never a secret value.
    ///   - streamsLists: whether the server can say where the beginning of a watch ends, see `NamedWatch`.
    ///   - onChange: called when the content of an object changed, it came or went, with the platforms that refer to it.
    package init(
        client: KubernetesClient, type: @escaping @Sendable () -> ResourceType,
        content: @escaping @Sendable (KubernetesObject) -> [String: String],
        streamsLists: @escaping @Sendable () -> Bool = { false }, surroundings: Surroundings = .system,
        logger: Logger,
        onChange: @escaping @Sendable (NamespacedName, Set<NamespacedName>) -> Void
    ) {
        self.client = client
        self.type = type
        self.content = content
        self.streamsLists = streamsLists
        self.surroundings = surroundings
        self.logger = logger
        self.onChange = onChange
        // Bounded by the references: one entry for each object that is new.
        (starts, start) = AsyncStream.makeStream()
    }

    /// Makes `objects` what `platform` refers to; an empty set when it is gone. What nobody refers to any more is
    /// forgotten.
    package func setReferences(_ objects: Set<NamespacedName>, of platform: NamespacedName) {
        let (stopped, started) = state.withLock { state in
            // The usual case by far; asked for with every reconcile.
            if state.references[platform, default: []] == objects { return ([Signal](), [Follower]()) }
            state.references[platform] = objects.isEmpty ? nil : objects
            let wanted = state.references.values.reduce(into: Set()) { $0.formUnion($1) }
            var stopped: [Signal] = []
            for (object, follower) in state.followers where !wanted.contains(object) {
                state.followers[object] = nil
                state.objects[object] = nil
                stopped.append(follower.stop)
            }
            var started: [Follower] = []
            for object in wanted where state.followers[object] == nil {
                let follower = follower(object)
                state.followers[object] = follower
                started.append(follower)
            }
            return (stopped, started)
        }
        for signal in stopped { signal.raise() }
        for follower in started { start.yield(follower) }
    }

    package func state(of object: NamespacedName) -> ReferenceState {
        state.withLock { $0.objects[object] ?? .unknown }
    }

    /// As `Informers.oldestHeartbeat`.
    package var oldestHeartbeat: Duration {
        state.withLock { $0.followers.values.map(\.watch.heartbeat.age).max() ?? .zero }
    }

    /// Runs the watches until the task is cancelled. To be called once.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await follower in starts {
                group.addTask {
                    await withTaskGroup(of: Void.self) { race in
                        race.addTask { await follower.watch.run() }
                        race.addTask { await follower.stop.wait() }
                        await race.next()
                        race.cancelAll()
                    }
                }
            }
        }
    }

    private func follower(_ object: NamespacedName) -> Follower {
        let stop = Signal()
        let watch = NamedWatch(
            type(), namespace: object.namespace, name: object.name, client: client,
            streamsLists: { [weak self] in self?.usesStreamingLists ?? false }, surroundings: surroundings,
            report: { [weak self] report in self?.received(report, object, stop) })
        return Follower(watch: watch, stop: stop)
    }

    private var usesStreamingLists: Bool { streamsLists() && !state.withLock { $0.streamingListsAreRefused } }

    /// - Parameter follower: whose report it is; one that was stopped meanwhile has no say.
    private func received(_ report: NamedWatch.Report, _ name: NamespacedName, _ follower: Signal) {
        let now: ReferenceState
        switch report {
        case .streamingListRefused:
            state.withLock { $0.streamingListsAreRefused = true }
            return
        case .missing: now = .missing
        case .forbidden(let error):
            now = .forbidden
            logger.warning(
                "an object may not be read",
                metadata: ["kind": "\(type().kind)", "object": "\(name)", "error.message": "\(error.message)"])
        case .present(let object):
            now = .present(resourceVersion: object.resourceVersion ?? "", content: content(object))
        }
        let platforms: Set<NamespacedName>? = state.withLock { state in
            guard state.followers[name]?.stop === follower else { return nil }
            let before = state.objects.updateValue(now, forKey: name) ?? .unknown
            return before.hasSameContent(as: now) ? nil : state.platforms(of: name)
        }
        if let platforms { onChange(name, platforms) }
    }
}

/// Secrets: of each value, a digest is kept.
extension ReferenceWatch {
    package static let secretType = ResourceType(group: "", version: "v1", kind: "Secret", plural: "secrets")

    /// - Parameter digest: one-way, of a value as it stands in `data`, in base64; all that is kept of it.
    package static func secrets(
        client: KubernetesClient, digest: @escaping @Sendable ([UInt8]) -> String,
        streamsLists: @escaping @Sendable () -> Bool = { false }, surroundings: Surroundings = .system,
        logger: Logger,
        onChange: @escaping @Sendable (NamespacedName, Set<NamespacedName>) -> Void
    ) -> ReferenceWatch {
        ReferenceWatch(
            client: client, type: { secretType },
            content: { secret in
                var digests: [String: String] = [:]
                for (key, value) in secret.json["data"]?.object ?? JSONObject() {
                    if let text = value.string { digests[key] = digest(Array(text.utf8)) }
                }
                return digests
            }, streamsLists: streamsLists, surroundings: surroundings, logger: logger, onChange: onChange)
    }
}
