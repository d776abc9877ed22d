import ControllerRuntime
import KubernetesClient
import KubernetesModel
import LocalCluster
import Logging
import PlatformPlan
import Reconciler
import Telemetry
import TestSupport
import Testing
import TodoPlatformAPI

/// A cluster in memory, its stand-in controllers, and the operator between them and the test.
struct Scene: Sendable {
    let cluster: LocalCluster
    /// What the operator speaks through; faults go here.
    let transport: FaultyTransport
    /// What the test itself speaks through.
    let admin: InProcessTransport
    var configuration = Operator.Configuration()
    /// How much faster than usual time passes for the operator.
    var hurry = 20
    var actors = ClusterActors.Options()

    static let namespace = "todo"
    /// The smallest platform that still has every stage; no Kafka, so that exhaustive tests stay fast.
    static let small: JSON = [
        "messaging": ["type": "in-memory"], "exposure": ["type": "ingress", "host": "todo.example.com"],
        "networkPolicies": ["enabled": false],
    ]

    init(
        systems: [String] = ["Tests/Data/crds"], seed: UInt64 = 1, release: LocalCluster.Release = .current
    ) async throws {
        var options = LocalCluster.Options()
        options.seed = seed
        options.release = release
        cluster = LocalCluster(options)
        admin = InProcessTransport(cluster)
        transport = FaultyTransport(admin)
        configuration.electsLeader = false
        try await TestCRDs.install(try TestCRDs.load(systems), on: admin)
        try await TestCRDs.install([KubernetesObject(TodoPlatformCRD.manifest())], on: admin)
        try await apply(
            ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(Self.namespace)]], Self.namespaces)
    }

    /// A scene of its own that begins where `original` is now.
    init(copying original: Scene) {
        cluster = LocalCluster(copying: original.cluster)
        admin = InProcessTransport(cluster)
        transport = FaultyTransport(admin)
        configuration = original.configuration
        hurry = original.hurry
        actors = original.actors
    }

    static let namespaces = ResourceType(
        group: "", version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false)
    static let secrets = ResourceType(group: "", version: "v1", kind: "Secret", plural: "secrets")

    // MARK: - What a user does

    func send(_ request: KubernetesRequest) async throws {
        let answer = try await admin.send(request)
        guard answer.status < 400 else {
            throw KubernetesError(doing: request.summary, status: answer.status, body: answer.body)
        }
    }

    func apply(_ object: JSON, _ type: ResourceType) async throws {
        try await send(.apply(KubernetesObject(object), type, fieldManager: "kubectl"))
    }

    func applyPlatform(_ name: String = "shop", spec: JSON, namespace: String = Scene.namespace) async throws {
        try await apply(
            [
                "apiVersion": .string(TodoPlatform.type.apiVersion), "kind": "TodoPlatform",
                "metadata": ["name": .string(name), "namespace": .string(namespace)], "spec": spec,
            ], TodoPlatform.type)
    }

    /// The Secrets that a platform's defaults refer to.
    func makeSecrets(_ name: String = "shop", namespace: String = Scene.namespace, value: String = "dmFsdWU=")
        async throws
    {
        for (secret, key) in [("\(name)-database", "url"), ("\(name)-authentication", "secret")] {
            try await apply(
                [
                    "apiVersion": "v1", "kind": "Secret",
                    "metadata": ["name": .string(secret), "namespace": .string(namespace)],
                    "data": [key: .string(value)],
                ], Self.secrets)
        }
    }

    func deletePlatform(_ name: String = "shop") async throws {
        try await send(.delete(TodoPlatform.type, namespace: Self.namespace, name: name))
    }

    // MARK: - What is there

    func platform(_ name: String = "shop", namespace: String = Scene.namespace) -> KubernetesObject? {
        cluster.object(ObjectKey(TodoPlatform.type.groupKind, namespace: namespace, name: name))
    }

    func condition(_ type: String, _ name: String = "shop") -> Condition? { platform(name)?.condition(type) }

    /// Ready for the spec as it stands now.
    func isReady(_ name: String = "shop", namespace: String = Scene.namespace) -> Bool {
        guard let platform = platform(name, namespace: namespace) else { return false }
        return platform.condition("Ready")?.isTrue == true
            && platform.condition("Ready")?.observedGeneration == platform.generation
    }

    func object(_ kind: String, _ name: String) -> KubernetesObject? {
        cluster.allObjects().first { $0.kind == kind && $0.name == name && $0.namespace == Self.namespace }
    }

    var children: [KubernetesObject] {
        cluster.allObjects().filter { $0.labels["app.kubernetes.io/managed-by"] == "todo-operator" }
    }

    // MARK: - Running

    func makeOperator(_ transport: (any KubernetesTransport)? = nil, metrics: MetricRegistry = MetricRegistry())
        -> Operator
    {
        var logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        let clock = HurriedClock(factor: hurry)
        return Operator(
            client: KubernetesClient(transport: transport ?? self.transport, clock: clock),
            configuration: configuration,
            metrics: metrics, logger: logger,
            surroundings: Surroundings(
                clock: clock, wallTime: { clock.wallTime }, random: { Double.random(in: 0..<1) }))
    }

    /// Runs the stand-ins and one operator for as long as `body` takes.
    func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withActors {
            try await withThrowingTaskGroup(of: Void.self) { group in
                let running = makeOperator()
                group.addTask { await running.run() }
                try await body()
                group.cancelAll()
            }
        }
    }

    /// Runs the stand-ins alone for as long as `body` takes.
    func withActors(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let (actors, admin) = (actors, admin)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await ClusterActors.run(transport: admin, options: actors) }
            try await body()
            group.cancelAll()
        }
    }

    /// Waits until the cluster has seen no write for `quiet`: all that was to come has come.
    func waitUntilQuiet(_ quiet: Duration = .milliseconds(150)) async throws {
        let clock = ContinuousClock()
        var last = cluster.writeCount
        var since = clock.now
        try await expectEventually("quiet") {
            if cluster.writeCount != last { (last, since) = (cluster.writeCount, clock.now) }
            return clock.now - since > quiet
        }
    }
}
