import KubernetesModel
import PlatformPlan
import TestSupport
import Testing
import TodoPlatformAPI

/// What a step makes of things that are not its own: autoscalers, a Kafka of somebody else, Secrets that it may not read,
/// addresses that others give, Jobs that somebody tidied away.
@Suite struct StepSurroundingsTests {
    private let autoscaled: JSON = [
        "profile": "standard",
        "services": ["api": ["autoscaling": ["enabled": true, "minReplicas": 3, "maxReplicas": 9]]],
    ]

    // MARK: Autoscalers

    @Test func `a Deployment that an autoscaler governs starts with the lower bound, and nobody fights about it`()
        throws
    {
        var world = PlanWorld(spec: autoscaled)
        var first: [Int?] = []
        for _ in 0..<40 {
            let (plan, _) = world.step()
            for case .apply(let apply) in plan.actions
            where apply.key.kind.kind == "Deployment" && apply.key.name == "shop-api" {
                first.append(apply.object.spec?["replicas"]?.int)
            }
            for case .handOverReplicas in plan.actions { Issue.record("a hand-over without need") }
            world.now = world.now.advanced(by: .seconds(6))
        }
        #expect(first == [3])
        // An operator that has just started finds nothing to do, whatever the autoscaler decided meanwhile.
        let key = try #require(world.child("Deployment", "shop-api")).key
        world.change(key) { $0[path: ["spec", "replicas"]] = 7 }
        world.memory = PlanMemory()
        let quiet = world.step().plan
        #expect(quiet.actions.isEmpty)
    }

    @Test func `the count of the first day is handed over before it leaves what we apply`() throws {
        var world = PlanWorld(spec: autoscaled)
        world.settle()
        let key = try #require(world.child("Deployment", "shop-api")).key
        world.change(key) { $0[path: ["spec", "replicas"]] = 7 }
        for (version, handsOver) in [("2.0.0", true), ("3.0.0", false)] {
            world.edit { $0["version"] = .string(version) }
            var counts: [Int] = []
            for _ in 0..<30 {
                let (plan, _) = world.step()
                for case .handOverReplicas(key, _, let replicas) in plan.actions { counts.append(replicas) }
                for case .apply(let apply) in plan.actions where apply.key == key {
                    #expect(apply.object.spec?["replicas"] == nil)
                }
                world.now = world.now.advanced(by: .seconds(6))
            }
            #expect(counts == (handsOver ? [7] : []), "\(version)")
            #expect(world.children[key]?.spec?["replicas"]?.int == 7)
        }
    }

    @Test func `an autoscaler goes before its target carries a count, also on the first day`() throws {
        var world = PlanWorld(spec: autoscaled)
        world.settle()
        world.edit { $0["services"] = ["api": ["replicas": 4, "autoscaling": ["enabled": false]]] }
        let back = world.step().plan
        #expect(back.actions.count == 1)
        guard case .delete(let deleted, _, _, .handBack)? = back.actions.first else {
            Issue.record("the autoscaler does not go first")
            return
        }
        #expect(deleted.kind.kind == "HorizontalPodAutoscaler")
        world.settle()
        #expect(world.child("Deployment", "shop-api")?.spec?["replicas"]?.int == 4)
    }

    @Test func `an autoscaler without numbers says so and keeps nobody from working`() {
        var world = PlanWorld(spec: autoscaled)
        world.grow = { object in
            guard object.kind == "HorizontalPodAutoscaler" else { return PlanWorld.ready(object) }
            return [
                "conditions": [
                    ["type": "AbleToScale", "status": "True", "reason": "SucceededGetScale"],
                    [
                        "type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric",
                        "message": "the server could not find the requested resource (get pods.metrics.k8s.io)",
                    ],
                ]
            ]
        }
        world.settle()
        #expect(world.condition("Ready")?.isTrue == true)
        #expect(world.condition("AutoscalingReady")?.status == .isFalse)
        #expect(world.condition("AutoscalingReady")?.reason == "MetricsUnavailable")
        for word in ["shop-api", "FailedGetResourceMetric", "pods.metrics.k8s.io", "metrics-server"] {
            #expect(world.condition("AutoscalingReady")?.message.contains(word) == true, "\(word)")
        }
    }

    @Test func `news in an autoscaler's status are no reason to build anything`() throws {
        var world = PlanWorld(spec: autoscaled)
        world.settle()
        let key = try #require(world.children.keys.first { $0.kind.kind == "HorizontalPodAutoscaler" })
        world.change(key) { $0[path: ["status", "currentReplicas"]] = 5 }
        let (plan, conclusion) = world.step()
        #expect(plan.actions.isEmpty && conclusion.status == nil)
        // A change of what we asked for is seen all the same, though autoscalers count no generations.
        world.change(key) { $0[path: ["spec", "maxReplicas"]] = 2 }
        let correction = world.step().plan
        #expect(correction.actions.compactMap(\.key) == [key])
    }

    // MARK: Addresses

    @Test(arguments: [("ingress", "Ingress"), ("load-balancer", "Service")])
    func `a platform without an address is not exposed`(type: String, kind: String) {
        var world = PlanWorld(spec: ["exposure": ["type": .string(type), "host": "todo.example.com"]])
        world.grow = { object in
            object.kind == kind && PlanWorld.ready(object)?["loadBalancer"] != nil
                ? ["loadBalancer": [:]] : PlanWorld.ready(object)
        }
        world.converge()
        #expect(world.condition("Ready")?.reason == "WaitingForExposure")
        #expect(world.condition("Stalled") == nil)
        #expect(world.condition("ExposureReady")?.message.contains("waits for an address") == true)
        for (key, child) in world.children {
            guard let status = PlanWorld.ready(child), status["loadBalancer"] != nil else { continue }
            world.change(key) { $0["status"] = status }
        }
        world.settle()
        #expect(world.condition("Ready")?.isTrue == true)
    }

    // MARK: Migrations

    @Test func `a migration that completed does not run again when its Job is deleted`() throws {
        var world = PlanWorld(spec: ["version": "1.0.0"])
        world.settle()
        let job = try #require(world.children.values.first { $0.kind == "Job" })
        #expect(world.platform.status?["migration"]?["job"]?.string == job.name)
        world.children[job.key] = nil
        let writes = world.writes
        world.settle()
        // Nor does an operator with an empty memory run it.
        world.memory = PlanMemory()
        world.settle()
        #expect(world.children[job.key] == nil)
        #expect(world.writes == writes)
        #expect(world.condition("Ready")?.isTrue == true)
        #expect(world.condition("DatabaseReady")?.isTrue == true)

        world.edit { $0["version"] = "2.0.0" }
        world.settle()
        let next = try #require(world.children.values.first { $0.kind == "Job" })
        #expect(next.name != job.name)
        #expect(world.platform.status?["migration"]?["job"]?.string == next.name)
        #expect(world.condition("Ready")?.isTrue == true)
    }

    @Test func `a migration that failed is made anew when its Job is deleted`() throws {
        var world = PlanWorld(spec: ["version": "1.0.0"])
        world.grow = { object in
            object.kind == "Job"
                ? ["conditions": [["type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"]]]
                : PlanWorld.ready(object)
        }
        world.converge()
        #expect(world.condition("Ready")?.reason == "MigrationFailed")
        #expect(world.platform.status?["migration"] == nil)
        let job = try #require(world.children.values.first { $0.kind == "Job" })
        world.children[job.key] = nil
        world.grow = PlanWorld.ready
        world.settle()
        #expect(world.children[job.key] != nil)
        #expect(world.condition("Ready")?.isTrue == true)
    }

    // MARK: A Kafka of somebody else

    private let existing: JSON = [
        "messaging": ["type": "strimzi", "strimzi": ["existingCluster": "company", "listener": "scram"]]
    ]

    private func brokers(_ world: PlanWorld) -> String? {
        let entries = world.child("Component", "shop-pubsub-api")?.spec?["metadata"]?.array ?? []
        return entries.first { $0["name"] == "brokers" }?["value"]?.string
    }

    @Test func `an existing Kafka is reached where its own status says`() {
        var world = PlanWorld(spec: existing)
        world.existingKafka = .present(listeners: ["plain": "company:9092", "scram": "company.kafka.svc:9095"])
        world.settle()
        #expect(brokers(world) == "company.kafka.svc:9095")
        #expect(world.condition("Ready")?.isTrue == true)
        // It moves: the components follow, and the pods that loaded them.
        world.existingKafka = .present(listeners: ["scram": "company.kafka.svc:9097"])
        let rolled = world.step().plan.actions.compactMap(\.key).filter { $0.kind.kind == "Component" }
        #expect(!rolled.isEmpty)
        world.settle()
        #expect(brokers(world) == "company.kafka.svc:9097")
    }

    @Test(arguments: [true, false])
    func `an existing Kafka is looked for before the first plan, where there is Strimzi`(hasStrimzi: Bool) {
        var world = PlanWorld(spec: existing)
        if !hasStrimzi { world.apis.remove(GroupKind(group: "kafka.strimzi.io", kind: "Kafka")) }
        var memory = PlanMemory()
        PlatformStep(platform: PlatformResource(world.platform), observation: world.observation).lookAhead(&memory)
        #expect(memory.existingKafka?.name == (hasStrimzi ? "company" : nil))
    }

    @Test(arguments: [
        (ExistingKafka.missing, "DependencyMissing", "Kafka company"),
        (.forbidden, "Forbidden", "kafkas.kafka.strimzi.io"),
        (.present(listeners: ["plain": "company:9092"]), "ComponentFailed", "only plain"),
        (.present(listeners: [:]), "WaitingForMessaging", "scram"),
    ])
    func `a Kafka that cannot be used is named, nothing starts, and its arrival heals`(
        state: ExistingKafka, reason: String, word: String
    ) {
        var world = PlanWorld(spec: existing)
        world.existingKafka = state
        world.converge()
        #expect(world.condition("Ready")?.reason == reason)
        #expect(world.condition("MessagingReady")?.message.contains(word) == true)
        #expect(!world.children.values.contains { $0.kind == "Deployment" || $0.kind == "Component" })
        world.existingKafka = .present(listeners: ["scram": "company.kafka.svc:9095"])
        world.settle()
        #expect(world.condition("Ready")?.isTrue == true)
    }

    @Test(arguments: [ExistingKafka.missing, .forbidden, .present(listeners: [:])])
    func `nothing that runs is rewritten while its Kafka is not to be seen`(state: ExistingKafka) {
        var world = PlanWorld(spec: existing)
        world.existingKafka = .present(listeners: ["scram": "company.kafka.svc:9095"])
        world.settle()
        world.existingKafka = state
        #expect(world.step().plan.actions.compactMap(\.key).isEmpty)
        world.converge()
        #expect(brokers(world) == "company.kafka.svc:9095")
        #expect(world.condition("MessagingReady")?.isTrue == false)
        world.existingKafka = .present(listeners: ["scram": "company.kafka.svc:9095"])
        world.settle()
        #expect(world.condition("Ready")?.isTrue == true)
    }

    @Test func `a status of Kafka names its listeners, in the old way as well`() {
        let kafka = KafkaStatusText.object([
            ["name": "scram", "bootstrapServers": "a:9095"], ["type": "plain", "bootstrapServers": "a:9092"],
            ["name": "later"],
        ])
        #expect(ExistingKafka.listeners(of: kafka) == ["scram": "a:9095", "plain": "a:9092"])
    }

    private enum KafkaStatusText {
        static func object(_ listeners: JSON) -> KubernetesObject {
            KubernetesObject(["kind": "Kafka", "status": ["listeners": listeners]])
        }
    }

    // MARK: Secrets

    @Test func `a Secret that may not be read is not called missing, and the rule is named`() {
        var world = PlanWorld()
        world.forbiddenSecrets = [NamespacedName(namespace: "todo", name: "shop-database")]
        world.converge()
        #expect(!world.children.values.contains { $0.kind == "Deployment" })
        #expect(world.condition("Ready")?.reason == "Forbidden")
        let message = world.condition("Ready")?.message ?? ""
        for word in ["may not read Secret shop-database", "spec.database.secretRef", "get and watch", "namespace todo"]
        {
            #expect(message.contains(word), "\(word) in \(message)")
        }
        #expect(!message.contains("missing"))
        world.forbiddenSecrets = []
        world.settle()
        #expect(world.condition("Ready")?.isTrue == true)
    }
}
