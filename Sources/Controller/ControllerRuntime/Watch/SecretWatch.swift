package import KubernetesClient
package import KubernetesModel
package import Logging
import Synchronization

/// What is known of a Secret: never its values.
package enum SecretState: Hashable, Sendable {
    /// Not referenced, or not read yet.
    case unknown
    case missing
    /// We may not read it.
    case forbidden
    /// - Parameter digests: for each key of `data`, the digest of its value as it stands there, in base64.
    case present(resourceVersion: String, digests: [String: String])

    /// Whether pods that use the Secret would find the same in it: versions without new content do not count.
    package func hasSameContent(as other: SecretState) -> Bool {
        if case .present(_, let digests) = self, case .present(_, let others) = other { return digests == others }
        return self == other
    }
}

/// Follows exactly the Secrets that platforms refer to, each once however many refer to it, and no others: memory does
/// not depend on what else is in the cluster, and the role needs no right to list Secrets.
package final class SecretWatch: Sendable {
    private struct Follower {
        let watch: NamedWatch
        let stop: Signal
    }

    private struct State {
        var references: [NamespacedName: Set<NamespacedName>] = [:]
        var followers: [NamespacedName: Follower] = [:]
        var secrets: [NamespacedName: SecretState] = [:]

        func platforms(of secret: NamespacedName) -> Set<NamespacedName> {
            Set(references.filter { $0.value.contains(secret) }.keys)
        }
    }

    package static let secretType = ResourceType(group: "", version: "v1", kind: "Secret", plural: "secrets")

    private let client: KubernetesClient
    private let digest: @Sendable ([UInt8]) -> String
    private let surroundings: Surroundings
    private let logger: Logger
    private let onChange: @Sendable (NamespacedName, Set<NamespacedName>) -> Void
    private let state = Mutex(State())
    private let starts: AsyncStream<Follower>
    private let start: AsyncStream<Follower>.Continuation

    /// - Parameters:
    ///   - digest: one-way and salted, of a value in base64; all that is kept of it.
    ///   - onChange: called when the content of a Secret changed, it came or went, with the platforms that refer to it.
    package init(
        client: KubernetesClient, digest: @escaping @Sendable ([UInt8]) -> String,
        surroundings: Surroundings = .system, logger: Logger,
        onChange: @escaping @Sendable (NamespacedName, Set<NamespacedName>) -> Void
    ) {
        self.client = client
        self.digest = digest
        self.surroundings = surroundings
        self.logger = logger
        self.onChange = onChange
        // Bounded by the references: one entry for each Secret that is new.
        (starts, start) = AsyncStream.makeStream()
    }

    /// Makes `secrets` what `platform` refers to; an empty set when it is gone. What nobody refers to any more is
    /// forgotten.
    package func setReferences(_ secrets: Set<NamespacedName>, of platform: NamespacedName) {
        let (stopped, started) = state.withLock { state in
            state.references[platform] = secrets.isEmpty ? nil : secrets
            let wanted = state.references.values.reduce(into: Set()) { $0.formUnion($1) }
            var stopped: [Signal] = []
            for (secret, follower) in state.followers where !wanted.contains(secret) {
                state.followers[secret] = nil
                state.secrets[secret] = nil
                stopped.append(follower.stop)
            }
            var started: [Follower] = []
            for secret in wanted where state.followers[secret] == nil {
                let follower = follower(secret)
                state.followers[secret] = follower
                started.append(follower)
            }
            return (stopped, started)
        }
        for signal in stopped { signal.raise() }
        for follower in started { start.yield(follower) }
    }

    package func state(of secret: NamespacedName) -> SecretState { state.withLock { $0.secrets[secret] ?? .unknown } }

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

    private func follower(_ secret: NamespacedName) -> Follower {
        let stop = Signal()
        let watch = NamedWatch(
            Self.secretType, namespace: secret.namespace, name: secret.name, client: client, surroundings: surroundings
        ) { [weak self] report in self?.received(report, secret, stop) }
        return Follower(watch: watch, stop: stop)
    }

    /// - Parameter follower: whose report it is; one that was stopped meanwhile has no say.
    private func received(_ report: NamedWatch.Report, _ secret: NamespacedName, _ follower: Signal) {
        let now: SecretState
        switch report {
        case .missing: now = .missing
        case .forbidden(let error):
            now = .forbidden
            logger.info("secret not readable", metadata: ["secret": "\(secret)", "error.message": "\(error.message)"])
        case .present(let object):
            var digests: [String: String] = [:]
            for (key, value) in object.json["data"]?.object ?? JSONObject() {
                if let text = value.string { digests[key] = digest(Array(text.utf8)) }
            }
            now = .present(resourceVersion: object.resourceVersion ?? "", digests: digests)
        }
        let platforms: Set<NamespacedName>? = state.withLock { state in
            guard state.followers[secret]?.stop === follower else { return nil }
            let before = state.secrets.updateValue(now, forKey: secret) ?? .unknown
            return before.hasSameContent(as: now) ? nil : state.platforms(of: secret)
        }
        if let platforms { onChange(secret, platforms) }
    }
}
