import KubernetesClient
import KubernetesModel
import LocalCluster
import Logging
import PlatformPlan
import Reconciler
import Telemetry
import TestSupport
import TodoPlatformAPI

@testable import TodoctlCommands

/// A cluster in memory, the operator on it when asked for, and todoctl beside them.
struct PlanScene: Sendable {
    let cluster = LocalCluster()
    /// What todoctl speaks through.
    let transport: FaultyTransport
    /// What the operator speaks through.
    let operatorTransport: FaultyTransport

    static let name = NamespacedName(namespace: "todo", name: "shop")
    static let now = Timestamp(seconds: 1_772_730_000)
    private static let namespaces = ResourceType(
        group: "", version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false)
    private static let secrets = ResourceType(group: "", version: "v1", kind: "Secret", plural: "secrets")

    init() async throws {
        let direct = InProcessTransport(cluster)
        transport = FaultyTransport(direct)
        operatorTransport = FaultyTransport(direct)
        try await TestCRDs.install(try TestCRDs.load(), on: direct)
        try await TestCRDs.install([KubernetesObject(TodoPlatformCRD.manifest())], on: direct)
        try await apply(
            ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(Self.name.namespace)]],
            Self.namespaces)
    }

    var reader: ClusterReader { ClusterReader(client: KubernetesClient(transport: transport, retry: .never)) }

    func apply(_ object: JSON, _ type: ResourceType) async throws {
        let client = KubernetesClient(transport: InProcessTransport(cluster))
        _ = try await client.apply(KubernetesObject(object), type, fieldManager: "kubectl")
    }

    static func platform(_ spec: JSON) -> KubernetesObject {
        KubernetesObject([
            "apiVersion": .string(TodoPlatform.type.apiVersion), "kind": .string(TodoPlatform.type.kind),
            "metadata": ["name": .string(name.name), "namespace": .string(name.namespace)], "spec": spec,
        ])
    }

    func applyPlatform(_ spec: JSON) async throws { try await apply(Self.platform(spec).json, TodoPlatform.type) }

    func makeSecrets(_ value: String = "dmFsdWU=") async throws {
        for (secret, key) in [("shop-database", "url"), ("shop-authentication", "secret")] {
            try await apply(
                [
                    "apiVersion": "v1", "kind": "Secret",
                    "metadata": ["name": .string(secret), "namespace": .string(Self.name.namespace)],
                    "data": [key: .string(value)],
                ], Self.secrets)
        }
    }

    func plan(_ spec: JSON? = nil, server: Bool = false) async throws -> PlanOutcome {
        try await PlanOutcome.make(
            Self.name, file: spec.map(Self.platform), server: server, from: reader, now: Self.now)
    }

    var platform: KubernetesObject? {
        cluster.object(ObjectKey(TodoPlatform.type.groupKind, namespace: Self.name.namespace, name: Self.name.name))
    }

    /// Runs the operator until the platform is ready and nothing is written any more.
    /// - Returns: the objects that it wrote, without the platform itself.
    @discardableResult
    func reconcile() async throws -> Set<ObjectKey> {
        operatorTransport.log.reset()
        var configuration = Operator.Configuration()
        configuration.electsLeader = false
        let running = Operator(
            client: KubernetesClient(transport: operatorTransport), configuration: configuration,
            metrics: MetricRegistry(), logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let cluster = cluster
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await ClusterActors.run(transport: InProcessTransport(cluster), options: .init()) }
            group.addTask { await running.run() }
            let clock = ContinuousClock()
            var last = -1
            var since = clock.now
            try await expectEventually("ready and quiet", within: .seconds(60)) {
                if cluster.writeCount != last { (last, since) = (cluster.writeCount, clock.now) }
                let ready = platform?.condition("Ready")
                return ready?.isTrue == true && ready?.observedGeneration == platform?.generation
                    && clock.now - since > .milliseconds(400)
            }
            group.cancelAll()
        }
        return Set(
            operatorTransport.log.writes.compactMap { entry in
                guard let target = entry.request.target, target.type.groupKind != TodoPlatform.type.groupKind,
                    !["Event", "Lease"].contains(target.type.kind)
                else { return nil }
                return ObjectKey(target.type.groupKind, namespace: target.namespace, name: target.name)
            })
    }
}

extension PlanOutcome {
    var keys: Set<ObjectKey> { Set(preview.changes.map(\.key).filter { $0.kind != TodoPlatform.type.groupKind }) }

    func change(_ kind: String, _ name: String) -> ObjectChange? {
        preview.changes.first { $0.key.kind.kind == kind && $0.key.name == name }
    }
}
