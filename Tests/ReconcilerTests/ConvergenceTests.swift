import KubernetesModel
import LocalCluster
import PlatformPlan
import TestSupport
import Testing
import TodoPlatformAPI

@Suite(.serialized) struct ConvergenceTests {
    private let standard: JSON = ["profile": "standard", "exposure": ["type": "ingress", "host": "todo.example.com"]]

    @Test(.timeLimit(.minutes(2)), arguments: [LocalCluster.Release.current, .kubernetes120])
    func `a platform becomes ready with one write a child, two for the status, no read, and then silence`(
        release: LocalCluster.Release
    ) async throws {
        var unhurried = try await Scene(release: release)
        // The pace at which a status may follow another is part of what is counted.
        unhurried.hurry = 1
        let scene = unhurried
        try await scene.makeSecrets()
        try await scene.run {
            // Let the operator settle before anything is there, so that only the platform's own requests count.
            try await expectEventually("watching") {
                scene.transport.log.count(RequestMatch(verb: .watch, kind: "Deployment")) > 0
            }
            try await scene.waitUntilQuiet()
            scene.transport.log.reset()
            let begin = ContinuousClock.now
            try await scene.applyPlatform(spec: standard)
            try await expectEventually("ready") { scene.isReady() }
            try await scene.waitUntilQuiet()
            // What lasts longer, on a busy machine, is told of every five seconds.
            let longer = Int((ContinuousClock.now - begin).components.seconds / 5)

            let writes = scene.transport.log.writes.filter { $0.kind != "Event" }
            let ofStatus = writes.count { $0.kind == "TodoPlatform" }
            #expect(writes.count - ofStatus == scene.children.count, "\(writes.map { "\($0)" })")
            #expect(ofStatus <= 2 + longer)
            let reads = scene.transport.log.entries(.reads)
            #expect(reads.isEmpty, "\(reads.map { "\($0)" })")

            scene.transport.log.reset()
            scene.cluster.sendBookmarks()
            try await scene.waitUntilQuiet(.seconds(1))
            #expect(scene.transport.log.entries.isEmpty, "\(scene.transport.log.entries.map { "\($0)" })")
        }
    }

    @Test(.timeLimit(.minutes(2))) func `a restarted operator writes nothing for a settled platform`() async throws {
        let scene = try await Scene()
        try await scene.makeSecrets()
        try await scene.applyPlatform(spec: standard)
        try await scene.run { try await expectEventually("ready") { scene.isReady() } }
        let state = scene.cluster.stateText()
        scene.transport.log.reset()
        try await scene.run {
            try await expectEventually("watching") {
                scene.transport.log.count(RequestMatch(verb: .watch, kind: "Deployment")) > 0
            }
            try await scene.waitUntilQuiet(.milliseconds(500))
        }
        #expect(scene.transport.log.writes.isEmpty, "\(scene.transport.log.writes.map { "\($0)" })")
        #expect(scene.cluster.stateText() == state)
    }

    @Test(.timeLimit(.minutes(2))) func `a deleted child comes back and a changed one is set back`() async throws {
        let scene = try await Scene()
        try await scene.makeSecrets()
        try await scene.applyPlatform(spec: Scene.small)
        try await scene.run {
            try await expectEventually("ready") { scene.isReady() }
            // The stand-ins may have more to say: let them finish.
            try await scene.waitUntilQuiet(.milliseconds(300))
            let before = scene.cluster.stateText()
            for child in scene.children.filter({ $0.kind != "Job" }) {
                let type = try #require(ResourceType.platformKinds.first { $0.groupKind == child.groupKind })
                try await scene.send(.delete(type, namespace: child.namespace, name: child.name))
                try await expectEventually("\(child.key) is back", within: .seconds(5)) {
                    scene.cluster.object(child.key).map { $0.uid != child.uid } ?? false
                }
            }
            try await expectEventually("ready") { scene.isReady() }
            try await scene.waitUntilQuiet(.milliseconds(300))
            // The stand-ins give the new objects their status in their own time.
            var others: Set<Substring> = []
            do {
                try await expectEventually("the same state", within: .seconds(5)) {
                    others = Set(Self.withoutTimes(scene.cluster.stateText()).split(separator: "\n"))
                        .symmetricDifference(Self.withoutTimes(before).split(separator: "\n"))
                    return others.isEmpty
                }
            } catch {
                Issue.record("\(others.map { $0.suffix(1_500) })")
            }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a system that is missing is named, and its installation heals without a restart`() async throws {
        let scene = try await Scene(systems: ["Tests/Data/crds/strimzi"])
        try await scene.makeSecrets()
        try await scene.applyPlatform(spec: Scene.small)
        try await scene.run {
            try await expectEventually("stalled") { scene.condition("Stalled")?.reason == "DependencyMissing" }
            #expect(scene.condition("DaprReady")?.message.contains("Dapr is not installed") == true)
            try await TestCRDs.install(try TestCRDs.load(["Tests/Data/crds/dapr"]), on: scene.admin)
            try await expectEventually("ready", within: .seconds(5)) { scene.isReady() }
        }
    }

    @Test(.timeLimit(.minutes(2))) func `a kind that vanishes and returns is watched again`() async throws {
        let scene = try await Scene()
        try await scene.makeSecrets()
        try await scene.applyPlatform(spec: standard)
        try await scene.run {
            try await expectEventually("ready") { scene.isReady() }
            let rules = ObjectKey(
                group: "monitoring.coreos.com", kind: "PrometheusRule", namespace: Scene.namespace, name: "")
            try await scene.send(.delete(TestCRDs.type, namespace: nil, name: "prometheusrules.monitoring.coreos.com"))
            try await expectEventually("noticed") { scene.condition("MonitoringReady")?.reason == "DependencyMissing" }
            #expect(scene.condition("Ready")?.isTrue == true)
            try await TestCRDs.install(try TestCRDs.load(["Tests/Data/crds/prometheus-operator"]), on: scene.admin)
            try await expectEventually("back") {
                scene.condition("MonitoringReady")?.isTrue == true
                    && scene.children.contains { $0.groupKind == rules.kind }
            }
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: [LocalCluster.Release.current, .kubernetes120])
    func `an object of the same name that belongs to somebody else is not taken over`(release: LocalCluster.Release)
        async throws
    {
        let scene = try await Scene(release: release)
        try await scene.makeSecrets()
        let services = ResourceType(group: "", version: "v1", kind: "Service", plural: "services")
        try await scene.apply(
            [
                "apiVersion": "v1", "kind": "Service",
                "metadata": ["name": "shop-api", "namespace": .string(Scene.namespace)],
                "spec": [
                    "selector": ["app": "other"],
                    "ports": [["name": "http", "port": 80, "protocol": "TCP", "targetPort": 1234]],
                ],
            ], services)
        let before = try #require(scene.object("Service", "shop-api"))
        try await scene.applyPlatform(spec: Scene.small)
        try await scene.run {
            try await expectEventually("stalled") { scene.condition("Stalled")?.reason == "NameTaken" }
            #expect(scene.condition("Ready")?.message.contains("shop-api") == true)
            #expect(scene.object("Service", "shop-api")?.spec == before.spec)
            #expect(scene.object("Service", "shop-api")?.labels == before.labels)
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: [false, true])
    func `an object of the same name without a conflicting field is not taken over either`(isAlike: Bool) async throws {
        let scene = try await Scene()
        try await scene.makeSecrets()
        let accounts = ResourceType(group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts")
        // With nothing of ours in it, or with the very labels that we would give it.
        let labels: JSON = isAlike ? ["app.kubernetes.io/part-of": "todo-platform"] : [:]
        try await scene.apply(
            [
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": [
                    "name": "shop-api", "namespace": .string(Scene.namespace), "labels": labels,
                ],
            ], accounts)
        let before = try #require(scene.object("ServiceAccount", "shop-api"))
        try await scene.applyPlatform(spec: Scene.small)
        try await scene.run {
            try await expectEventually("stalled") { scene.condition("Stalled")?.reason == "NameTaken" }
            for word in ["ServiceAccount", "shop-api", "rename the platform", "delete that object"] {
                #expect(scene.condition("Ready")?.message.contains(word) == true, "\(word)")
            }
            #expect(scene.object("ServiceAccount", "shop-api")?.json == before.json)
            // The name becomes free: the platform goes on by itself.
            try await scene.send(.delete(accounts, namespace: Scene.namespace, name: "shop-api"))
            try await expectEventually("ready") { scene.isReady() }
            #expect(scene.object("ServiceAccount", "shop-api")?.controller?.kind == "TodoPlatform")
        }
    }

    @Test(.timeLimit(.minutes(2))) func `a child that lost its labels is found again and set right`() async throws {
        let scene = try await Scene()
        try await scene.makeSecrets()
        try await scene.applyPlatform(spec: Scene.small)
        try await scene.run {
            try await expectEventually("ready") { scene.isReady() }
            try await scene.waitUntilQuiet()
            let before = try #require(scene.object("ServiceAccount", "shop-api"))
            try await scene.send(
                .mergePatch(
                    ["metadata": ["labels": ["app.kubernetes.io/managed-by": "somebody"]]],
                    ResourceType(group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts"),
                    namespace: Scene.namespace, name: "shop-api", fieldManager: "somebody"))
            try await expectEventually("ours again") {
                scene.object("ServiceAccount", "shop-api")?.labels == before.labels
            }
            #expect(scene.object("ServiceAccount", "shop-api")?.uid == before.uid)
        }
    }

    @Test(.timeLimit(.minutes(2))) func `an existing Kafka is used where it says, named while it is not there`()
        async throws
    {
        let scene = try await Scene()
        try await scene.makeSecrets()
        let kafkas = ResourceType(group: "kafka.strimzi.io", version: "v1", kind: "Kafka", plural: "kafkas")
        try await scene.applyPlatform(spec: [
            "messaging": ["type": "strimzi", "strimzi": ["existingCluster": "company"]],
            "networkPolicies": ["enabled": false],
        ])
        try await scene.run {
            try await expectEventually("missing") {
                scene.condition("MessagingReady")?.message.contains("Kafka company") == true
                    && scene.condition("Stalled")?.reason == "DependencyMissing"
            }
            try await scene.apply(
                [
                    "apiVersion": "kafka.strimzi.io/v1", "kind": "Kafka",
                    "metadata": ["name": "company", "namespace": .string(Scene.namespace)],
                    "spec": [
                        "kafka": ["listeners": [["name": "tls", "port": 9093, "type": "internal", "tls": true]]]
                    ],
                ], kafkas)
            try await expectEventually("used") {
                let entries = scene.object("Component", "shop-pubsub-api")?.spec?["metadata"]?.array ?? []
                let brokers = entries.first { $0["name"] == "brokers" }?["value"]?.string
                let listener = scene.object("Kafka", "company")?.status?["listeners"]?[0]
                return brokers != nil && brokers == listener?["bootstrapServers"]?.string
            }
            // It stays somebody else's.
            #expect(scene.object("Kafka", "company")?.labels["app.kubernetes.io/managed-by"] == nil)
            #expect(scene.object("Kafka", "company")?.ownerReferences.isEmpty == true)
        }
    }

    @Test(.timeLimit(.minutes(2))) func `deletion leaves what the policy retains and nothing else`() async throws {
        for (policy, isLeft) in [("retain", true), ("delete", false)] {
            let scene = try await Scene()
            try await scene.makeSecrets()
            try await scene.applyPlatform(spec: ["deletion": ["topics": .string(policy), "data": .string(policy)]])
            try await scene.run {
                try await expectEventually("ready") { scene.isReady() }
                try await scene.deletePlatform()
                try await expectEventually("gone") {
                    scene.platform() == nil && scene.children.allSatisfy { $0.kind.hasPrefix("Kafka") }
                }
                try await expectEventually("only topics") {
                    scene.children.contains { $0.kind == "KafkaTopic" } == isLeft
                }
                #expect(scene.children.contains { $0.kind == "Deployment" } == false)
            }
        }
    }

    @Test(.timeLimit(.minutes(2))) func `a rotated Secret rolls each Deployment that uses it once`() async throws {
        let scene = try await Scene()
        try await scene.makeSecrets()
        try await scene.applyPlatform(spec: Scene.small)
        try await scene.run {
            try await expectEventually("ready") { scene.isReady() }
            try await scene.waitUntilQuiet()
            let before = Dictionary(
                uniqueKeysWithValues: scene.children.filter { $0.kind == "Deployment" }.map {
                    ($0.name, $0.generation ?? 0)
                })
            try await scene.apply(
                [
                    "apiVersion": "v1", "kind": "Secret",
                    "metadata": ["name": "shop-database", "namespace": .string(Scene.namespace)],
                    "data": ["url": "cm90YXRlZA=="],
                ], Scene.secrets)
            try await expectEventually("rolled") {
                scene.children.contains { $0.kind == "Deployment" && $0.generation != before[$0.name] }
            }
            try await scene.waitUntilQuiet(.milliseconds(400))
            try await expectEventually("ready") { scene.isReady() }
            for deployment in scene.children where deployment.kind == "Deployment" {
                #expect((deployment.generation ?? 0) - (before[deployment.name] ?? 0) <= 1, "\(deployment.name)")
            }
        }
    }

    /// The state without what a second making of the same object must change.
    static func withoutTimes(_ text: String) -> String {
        text.replacing(/"(lastTransitionTime|creationTimestamp|deletionTimestamp)":"[^"]*"/, with: "")
    }
}
