package import ControllerRuntime
import Crypto
package import KubernetesClient
package import KubernetesModel
package import Logging
import PlatformPlan
import Synchronization
package import Telemetry
import TodoPlatformAPI

/// The whole operator, wired: watches fill the cache, changes put platforms on the queue, the reconciler works the
/// queue off while this process leads. `run` returns after `shutDown`, or when cancelled.
package final class Operator: Sendable {
    package struct Configuration: Sendable {
        /// Nil: all namespaces.
        package var namespaces: Set<String>?
        /// Where the operator runs and keeps its lease.
        package var operatorNamespace = "todo-system"
        /// Names this process in the lease and in events.
        package var identity = "todo-controller"
        /// Platforms reconciled at the same time.
        package var workers = 4
        /// False runs without a lease: one replica only.
        package var electsLeader = true
        /// Gives freed memory back to the system. Called when the first lists are in, and some seconds after many
        /// reconciles: both leave more behind than they keep.
        package var releaseMemory: @Sendable () -> Void = {}
        package var reconcilesPerRelease = 10

        package init() {}
    }

    private static let customResourceDefinition = ResourceType(
        group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions", isNamespaced: false)

    let configuration: Configuration
    package let store: ObjectStore
    let informers: Informers
    let definitions: Informers
    let secrets: ReferenceWatch
    /// Kafkas that platforms use and do not own.
    let kafkas: ReferenceWatch
    let events: EventRecorder
    let apis: ClusterAPIs
    let reconciler: PlatformReconciler
    package let controller: Controller<NamespacedName>
    let election: LeaderElection?
    let logger: Logger
    private let surroundings: Surroundings
    private let relay: Relay
    private let forbidden = Mutex<Set<String>>([])

    package init(
        client: KubernetesClient, configuration: Configuration, metrics: MetricRegistry, logger: Logger,
        surroundings: Surroundings = .system
    ) {
        self.configuration = configuration
        self.logger = logger
        self.surroundings = surroundings
        let store = ObjectStore(ownerLabel: PlatformLabels.platform)
        let apis = ClusterAPIs(client: client)
        let relay = Relay()
        self.relay = relay
        let streamsLists: @Sendable () -> Bool = { apis.version?.streamsLists ?? false }
        let secrets = ReferenceWatch.secrets(
            client: client, digest: { IntentDigest(ofBytes: $0).description }, streamsLists: streamsLists,
            surroundings: surroundings, logger: logger,
            onChange: { _, platforms in for platform in platforms { relay.enqueue(platform) } })
        let kafkas = ReferenceWatch(
            client: client, type: { apis.kafkaType }, content: { ExistingKafka.listeners(of: $0) },
            streamsLists: streamsLists, surroundings: surroundings, logger: logger,
            onChange: { _, platforms in for platform in platforms { relay.enqueue(platform) } })
        let events = EventRecorder(
            client: client, reportingController: "todoplatform.dev/todo-controller",
            reportingInstance: configuration.identity, surroundings: surroundings, metrics: metrics, logger: logger)
        let election =
            configuration.electsLeader
            ? LeaderElection(
                client: client,
                configuration: LeaderElection.Configuration(
                    namespace: configuration.operatorNamespace, name: "todo-controller",
                    identity: configuration.identity), surroundings: surroundings, metrics: metrics, logger: logger)
            : nil
        let reconciler = PlatformReconciler(
            client: client, store: store, secrets: secrets, kafkas: kafkas, events: events, apis: apis,
            metrics: ReconcileMetrics(metrics), surroundings: surroundings, logger: logger,
            mayWrite: { election?.isLeader ?? true }, seesAll: { relay.isReady }, unseen: { relay.unseen })
        self.store = store
        self.apis = apis
        self.secrets = secrets
        self.kafkas = kafkas
        self.events = events
        self.election = election
        standing = Mutex(Standing(leads: election == nil))
        self.reconciler = reconciler
        controller = Controller(
            name: "todoplatform", maximumRunning: configuration.workers, startsPaused: true,
            surroundings: surroundings, metrics: metrics, logger: logger
        ) { key in
            let outcome = await reconciler.reconcile(key)
            relay.countReconcile(configuration.reconcilesPerRelease)
            return outcome
        }
        informers = Informers(
            client: client, store: store, surroundings: surroundings, logger: logger,
            onEvent: { relay.informer($0) })
        // CustomResourceDefinitions only tell that something changed: they are kept in a store of their own and read
        // by discovery, not from here.
        let definitionStore = ObjectStore(ownerLabel: PlatformLabels.platform)
        definitionStore.onChange { change in
            // Only a definition of a system that we drive can matter.
            let groups = Set(ResourceType.platformKinds.map(\.group)).union([TodoPlatform.type.group])
            guard groups.contains(where: { change.key.name.hasSuffix(".\($0)") }) else { return }
            apis.note(definition: change.key.name, isTerminating: change.new?.isDeleting ?? false)
            relay.definitionsChanged()
        }
        definitions = Informers(client: client, store: definitionStore, surroundings: surroundings, logger: logger)
        relay.connect(self)
        store.onChange { [relay] change in
            if change.key.kind == TodoPlatform.type.groupKind {
                relay.enqueue(NamespacedName(namespace: change.key.namespace, name: change.key.name))
            }
            // News of children come in bursts: one look for each burst, and still at once for people.
            for owner in change.owners { relay.enqueue(owner, after: .milliseconds(20)) }
        }
    }

    /// Runs until cancelled or shut down. Leadership is won and lost inside; the caches stay warm throughout.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            definitions.watch([WatchedKind(Self.customResourceDefinition, metadataOnly: true)])
            group.addTask { await self.definitions.run() }
            group.addTask { await self.informers.run() }
            group.addTask { await self.secrets.run() }
            group.addTask { await self.kafkas.run() }
            group.addTask { await self.events.run() }
            group.addTask { await self.releaseMemory() }
            if let election {
                group.addTask { await election.run { isLeader in self.turn { $0.leads = isLeader } } }
            }
            group.addTask {
                // The definitions that are there at the start are no news: discovery, asked after them, knows them.
                await self.definitions.waitUntilSynced()
                self.standing.withLock { $0.followsDefinitions = true }
                // What is there to watch comes first: until it is known, an empty cache looks like a complete one.
                guard await self.discover() else { return }
                await self.informers.waitUntilSynced()
                guard !Task.isCancelled else { return }
                self.configuration.releaseMemory()
                self.turn { $0.isReady = true }
                await self.followDefinitions()
            }
            await controller.run()
            // The lease goes before the loop that keeps it, or a standby would wait until it runs out.
            if !Task.isCancelled { await election?.release() }
            group.cancelAll()
        }
    }

    /// Follows each burst of work with one release, when its last answers and watch events are most likely through; in a
    /// long one, every twenty seconds, for what is given back is soon wanted again. Nothing happens while nothing does.
    private func releaseMemory() async {
        for await _ in relay.releases {
            do { try await surroundings.sleep(surroundings.now() + .seconds(5)) } catch { return }
            configuration.releaseMemory()
            do { try await surroundings.sleep(surroundings.now() + .seconds(15)) } catch { return }
        }
    }

    private struct Standing: Sendable {
        /// Changes of definitions count from now on.
        var followsDefinitions = false
        /// What is watched now.
        var served = ServedAPIs()
        /// The first list of every kind is in.
        var isReady = false
        var leads: Bool
    }

    private let standing: Mutex<Standing>

    /// Work goes on only with complete caches and as the leader. Changed and acted upon under one lock, so that of two
    /// changes at once the later one counts.
    private func turn(_ change: (inout Standing) -> Void) {
        let works = standing.withLock { standing in
            change(&standing)
            let works = standing.isReady && standing.leads
            if works { controller.resume() } else { controller.pause() }
            return works
        }
        // What was left unfinished when the lease was lost is not on the queue any more.
        if works { for platform in platforms() { controller.enqueue(platform) } }
    }

    /// Ends within about five seconds: takes no more work, lets writes in flight end; `run` then gives the lease up and returns.
    package func shutDown() async {
        _ = await controller.drain(within: .seconds(3))
    }

    /// What keeps the operator from working, for `/readyz`; empty when it is ready.
    package var waitsFor: [String] {
        var reasons: [String] = []
        if !standing.withLock({ $0.isReady }) { reasons.append("the first list of every watched kind") }
        reasons += forbidden.withLock { $0.sorted() }
        return reasons
    }

    /// How long the least lively watch has been silent, for `/healthz`.
    package var oldestHeartbeat: Duration {
        max(informers.oldestHeartbeat, secrets.oldestHeartbeat, kafkas.oldestHeartbeat)
    }

    // MARK: - Discovery

    /// Asks the cluster what it serves until it answers, and watches exactly that. - Returns: false when cancelled.
    private func discover() async -> Bool {
        var failures = 0
        while !Task.isCancelled {
            do throws(KubernetesError) {
                try await apis.refresh()
                let served = apis.served
                if apis.version?.streamsLists == true { informers.useStreamingLists() }
                let changed = standing.withLock { standing in
                    defer { standing.served = served }
                    return standing.served != served
                }
                watchServedKinds()
                if changed { for platform in platforms() { controller.enqueue(platform) } }
                return true
            } catch {
                failures += 1
                logger.warning("discovery failed", metadata: ["error": "\(error.message)"])
                let pause = Duration.milliseconds(min(500 * (1 << min(failures, 6)), 30_000))
                do { try await surroundings.sleep(surroundings.now() + pause) } catch { return false }
            }
        }
        return false
    }

    /// Looks again whenever a definition comes or goes. More than once: the API server serves a kind some moments after
    /// it said that it would.
    private func followDefinitions() async {
        for await _ in apis.wishes {
            for pause in [Duration.milliseconds(100), .milliseconds(900), .seconds(2)] {
                do { try await surroundings.sleep(surroundings.now() + pause) } catch { return }
                guard await discover() else { return }
            }
        }
    }

    private func watchServedKinds() {
        let served = apis.served
        var kinds: Set<WatchedKind> = [WatchedKind(TodoPlatform.type, namespaces: configuration.namespaces)]
        for type in ResourceType.platformKinds {
            guard let entry = served.entries[type.groupKind] else { continue }
            let version =
                entry.versions.contains(type.version)
                ? type.version : (entry.versions.sorted(by: >).first ?? type.version)
            kinds.insert(
                WatchedKind(
                    type.at(version: version), namespaces: configuration.namespaces,
                    labelSelector: "\(PlatformLabels.managedBy)=\(PlatformLabels.managedByValue)"))
        }
        informers.watch(kinds)
    }

    private func platforms() -> [NamespacedName] {
        store.objects(kind: TodoPlatform.type.groupKind).map {
            NamespacedName(namespace: $0.key.namespace, name: $0.key.name)
        }
    }

    /// Served kinds that could not be listed yet: what is missing from the cache may be in the cluster.
    fileprivate var unseen: Set<GroupKind> {
        let synced = informers.syncedKinds
        let waiting = ResourceType.platformKinds.lazy.map(\.groupKind).filter { !synced.contains($0) }
        guard !waiting.isEmpty else { return [] }
        let served = apis.served
        return Set(waiting.filter(served.serves))
    }

    fileprivate var isReady: Bool { standing.withLock { $0.isReady } }

    fileprivate func definitionsChanged() {
        if standing.withLock({ $0.followsDefinitions }) { apis.requestRefresh() }
    }

    fileprivate func handle(_ event: InformerEvent) {
        switch event {
        case .missing(let kind):
            logger.info("a kind is gone", metadata: ["kind": "\(kind)"])
            apis.requestRefresh()
        case .forbidden(let kind, let namespace, let verb, _):
            let isNew = forbidden.withLock { $0.insert(Self.right(verb, kind, namespace)).inserted }
            if isNew { for platform in platforms() { controller.enqueue(platform) } }
        case .recovered(let kind, let namespace):
            forbidden.withLock { set in
                set = set.filter { !$0.hasSuffix(Self.right(kind, namespace)) }
            }
            for platform in platforms() { controller.enqueue(platform) }
        case .synced:
            // Platforms were left alone while a kind was not complete.
            if isReady { for platform in platforms() { controller.enqueue(platform) } }
        case .undecodable(let kind, let reason):
            logger.error("an object could not be read", metadata: ["kind": "\(kind)", "reason": "\(reason)"])
        }
    }

    private static func right(_ verb: KubernetesRequest.Verb, _ kind: GroupKind, _ namespace: String?) -> String {
        "the right to \(verb.rawValue) " + right(kind, namespace)
    }

    private static func right(_ kind: GroupKind, _ namespace: String?) -> String {
        "\(kind)" + (namespace.map { " in namespace \($0)" } ?? "")
    }

    /// Carries calls from parts that are made before the operator is complete.
    private final class Relay: Sendable {
        private struct Target: Sendable { weak var value: Operator? }
        private let target = Mutex(Target())
        private let finished = Atomic(0)
        /// Wishes for memory to be released; bounded to one.
        let releases: AsyncStream<Void>
        private let release: AsyncStream<Void>.Continuation

        init() { (releases, release) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

        func connect(_ value: Operator) { target.withLock { $0.value = value } }
        /// A reconcile has ended; each `step`-th asks for memory to be released.
        func countReconcile(_ step: Int) {
            if finished.add(1, ordering: .relaxed).newValue.isMultiple(of: step) { release.yield() }
        }
        func enqueue(_ key: NamespacedName) { target.withLock { $0.value }?.controller.enqueue(key) }
        func enqueue(_ key: NamespacedName, after delay: Duration) {
            target.withLock { $0.value }?.controller.enqueue(key, after: delay)
        }
        func informer(_ event: InformerEvent) { target.withLock { $0.value }?.handle(event) }
        var isReady: Bool { target.withLock { $0.value }?.isReady ?? false }
        var unseen: Set<GroupKind> { target.withLock { $0.value }?.unseen ?? [] }
        func definitionsChanged() { target.withLock { $0.value }?.definitionsChanged() }
    }
}
