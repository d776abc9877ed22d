import KubernetesModel
import PlatformPlan
import TestSupport
import Testing
import TodoPlatformAPI

@Suite struct StepTests {
    private let spec: JSON = ["profile": "standard", "exposure": ["type": "ingress", "host": "todo.example.com"]]

    private func applied(_ plan: Plan) -> [Action.Apply] {
        plan.actions.compactMap { if case .apply(let apply) = $0 { apply } else { nil } }
    }

    @Test func `an empty cluster is filled stage by stage and comes to rest`() {
        var world = PlanWorld(spec: spec)
        var stages: [Stage] = []
        for _ in 0..<40 {
            let (plan, _) = world.step()
            stages += applied(plan).map(\.stage)
            world.now = world.now.advanced(by: .seconds(6))
        }
        #expect(stages == stages.sorted())
        #expect(Set(stages).isSuperset(of: [.foundation, .messaging, .components, .migration, .workloads, .exposure]))
        #expect(world.condition("Ready")?.isTrue == true)
        #expect(world.condition("Reconciling") == nil)
        #expect(world.platform.status?["observedGeneration"]?.int == 1)
        let (plan, conclusion) = world.step()
        #expect(plan.actions.isEmpty)
        #expect(conclusion.status == nil)
        #expect(conclusion.wakeAfter == nil)
    }

    @Test func `converging takes one write for each child and two for the status`() {
        var world = PlanWorld(spec: spec)
        world.settle()
        #expect(world.writes <= world.children.count + 2, "\(world.writes) writes for \(world.children.count) children")
    }

    @Test func `an empty memory plans nothing for a settled cluster`() {
        var world = PlanWorld(spec: spec)
        world.settle()
        let writes = world.writes
        world.memory = PlanMemory()
        world.settle()
        #expect(world.writes == writes)
    }

    @Test func `workloads wait for their broker`() {
        var world = PlanWorld(spec: spec)
        world.grow = { $0.kind == "Kafka" ? nil : PlanWorld.ready($0) }
        world.converge()
        #expect(world.child("Deployment", "shop-api") == nil)
        #expect(world.condition("Ready")?.reason == "WaitingForMessaging")
        #expect(world.condition("Reconciling")?.isTrue == true)
        #expect(world.condition("MessagingReady")?.message.contains("Kafka") == true)
    }

    @Test func `a failed migration keeps the workloads from starting and says which Job`() throws {
        var world = PlanWorld(spec: spec)
        world.grow = { object in
            object.kind == "Job"
                ? [
                    "conditions": [
                        ["type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "no"]
                    ]
                ]
                : PlanWorld.ready(object)
        }
        world.converge()
        #expect(world.children.values.allSatisfy { $0.kind != "Deployment" })
        #expect(world.condition("Ready")?.reason == "MigrationFailed")
        #expect(world.condition("Stalled")?.isTrue == true)
        let job = try #require(world.children.values.first { $0.kind == "Job" })
        #expect(world.condition("DatabaseReady")?.message.contains(job.name) == true)
    }

    @Test func `a missing Secret is named with its key and its field, and nothing starts`() {
        var world = PlanWorld(spec: spec)
        world.hasSecrets = false
        world.converge()
        #expect(world.children.values.allSatisfy { $0.kind != "Deployment" })
        #expect(world.condition("Ready")?.reason == "SecretMissing")
        #expect(world.condition("Ready")?.message.contains("shop-database") == true)
        world.hasSecrets = true
        world.settle()
        #expect(world.condition("Ready")?.isTrue == true)
        #expect(world.condition("Stalled") == nil)
    }

    @Test(arguments: ["kafka.strimzi.io", "dapr.io"])
    func `a missing system is named, and its arrival heals`(group: String) {
        var world = PlanWorld(spec: spec)
        for type in ResourceType.platformKinds where type.group == group { world.apis.remove(type.groupKind) }
        world.converge()
        #expect(world.condition("Ready")?.reason == "DependencyMissing")
        #expect(world.condition("Stalled")?.isTrue == true)
        world.apis = PlanWorld.everything
        world.settle()
        #expect(world.condition("Ready")?.isTrue == true)
    }

    @Test func `missing monitoring does not keep the platform from being ready`() {
        var world = PlanWorld(spec: spec)
        for type in ResourceType.platformKinds where type.group == "monitoring.coreos.com" {
            world.apis.remove(type.groupKind)
        }
        world.settle()
        #expect(world.condition("Ready")?.isTrue == true)
        #expect(world.condition("MonitoringReady")?.reason == "DependencyMissing")
    }

    @Test func `what somebody changes is set back, once`() throws {
        var world = PlanWorld(spec: spec)
        world.settle()
        let api = try #require(world.child("Deployment", "shop-api"))
        world.change(api.key) {
            $0[path: ["spec", "template", "spec", "containers"]] = [["name": "evil", "image": "evil"]]
        }
        let (plan, conclusion) = world.step()
        #expect(plan.actions.compactMap(\.key) == [api.key])
        #expect(conclusion.events.map(\.reason).contains(.driftCorrected))
        #expect(world.child("Deployment", "shop-api")?.spec?["template"] == api.spec?["template"])
        world.settle()
        #expect(world.platform.status?["drift"]?[0]?["object"]?.string == "Deployment/shop-api")
        #expect(world.condition("Ready")?.isTrue == true)
    }

    @Test func `fields that are not ours are left alone`() throws {
        var world = PlanWorld(spec: spec)
        world.settle()
        let api = try #require(world.child("Deployment", "shop-api"))
        world.change(api.key) { json in
            json[path: ["metadata", "annotations", "somebody/note"]] = "x"
            json[path: ["spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"]] = "now"
        }
        let (plan, _) = world.step()
        #expect(plan.actions.isEmpty)
    }

    @Test func `a fight over a field is given up for a while and reported`() throws {
        var world = PlanWorld(spec: spec)
        world.settle()
        let key = try #require(world.child("Deployment", "shop-api")).key
        var corrections = 0
        for round in 0..<30 {
            world.change(key) {
                $0[path: ["spec", "template", "spec", "containers"]] = [["name": "evil", "image": .string("\(round)")]]
            }
            corrections += world.step().plan.actions.count
            world.now = world.now.advanced(by: .milliseconds(500))
        }
        #expect(corrections == 10)
        #expect(world.condition("WorkloadsReady")?.reason == "Contested")
        world.now = world.now.advanced(by: .seconds(61))
        world.settle()
        #expect(world.condition("Ready")?.isTrue == true)
    }

    @Test func `what is no longer asked for is deleted, what belongs to others is not`() throws {
        var world = PlanWorld(spec: spec)
        world.settle()
        let ingress = try #require(world.children.values.first { $0.kind == "Ingress" })
        var foreign = ingress
        foreign.json[path: ["metadata", "name"]] = "foreign"
        foreign.ownerReferences = []
        world.children[foreign.key] = foreign
        world.edit { $0["exposure"] = ["type": "none"] }
        world.settle()
        #expect(world.children[ingress.key] == nil)
        #expect(world.children[foreign.key] != nil)
    }

    @Test func `retained topics survive a change of broker, deleted ones do not`() {
        for (policy, survives) in [("retain", true), ("delete", false)] {
            var world = PlanWorld(spec: ["deletion": ["topics": .string(policy), "data": .string(policy)]])
            world.settle()
            #expect(world.children.values.contains { $0.kind == "KafkaTopic" })
            world.edit { $0["messaging"] = ["type": "redis", "redis": ["host": "redis.todo.svc:6379"]] }
            world.settle()
            #expect(world.children.values.contains { $0.kind == "KafkaTopic" } == survives, "\(policy)")
            #expect(world.condition("Ready")?.isTrue == true)
        }
    }

    @Test func `a rotated Secret rolls the workloads that use it exactly once`() {
        var world = PlanWorld(spec: spec)
        world.settle()
        world.secretGeneration += 1
        let (plan, _) = world.step()
        let rolled = plan.actions.compactMap(\.key).filter { $0.kind.kind == "Deployment" }
        #expect(!rolled.isEmpty)
        world.settle()
        let rest = world.step().plan
        #expect(rest.actions.isEmpty)
    }

    @Test
    func `replicas are handed over before the count is given up, and the autoscaler goes before it is taken back`()
        throws
    {
        var world = PlanWorld(spec: [
            "profile": "standard", "services": ["api": ["replicas": 3, "autoscaling": ["enabled": false]]],
        ])
        world.settle()
        let key = try #require(world.child("Deployment", "shop-api")).key
        #expect(world.children[key]?.spec?["replicas"]?.int == 3)

        world.edit { $0["services"] = ["api": ["autoscaling": ["enabled": true, "minReplicas": 2, "maxReplicas": 9]]] }
        let (plan, _) = world.step()
        let order = plan.actions.filter { $0.key == key }
        #expect(order.count == 2)
        if case .handOverReplicas(_, _, let replicas)? = order.first {
            #expect(replicas == 3)
        } else {
            Issue.record("no hand-over")
        }
        world.settle()
        #expect(world.children[key]?.spec?["replicas"]?.int == 3)
        #expect(world.children.values.contains { $0.kind == "HorizontalPodAutoscaler" && $0.name.contains("api") })

        world.change(key) { $0[path: ["spec", "replicas"]] = 7 }
        let quiet = world.step().plan
        #expect(quiet.actions.isEmpty, "the autoscaler's count is none of our business")

        world.edit { $0["services"] = ["api": ["replicas": 4, "autoscaling": ["enabled": false]]] }
        let back = world.step().plan
        #expect(back.actions.count == 1)
        if case .delete(let deleted, _, _, .handBack)? = back.actions.first {
            #expect(deleted.kind.kind == "HorizontalPodAutoscaler")
        } else {
            Issue.record("the autoscaler does not go first")
        }
        world.settle()
        #expect(world.children[key]?.spec?["replicas"]?.int == 4)
    }

    @Test func `a rollout that fails goes back to the last good image and stays there until another is asked for`()
        throws
    {
        var world = PlanWorld(spec: ["version": "1.0.0"])
        world.settle()
        let good = try #require(world.platform.status?["version"]?["currentImage"]?.string)
        world.grow = { object in
            guard object.kind == "Deployment", object.json.text.contains(":2.0.0") else {
                return PlanWorld.ready(object)
            }
            return [
                "observedGeneration": JSON(object.generation ?? 1),
                "conditions": [
                    ["type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "slow"]
                ],
            ]
        }
        world.edit { $0["version"] = "2.0.0" }
        world.converge()
        #expect(world.condition("Ready")?.reason == "RolledBack")
        #expect(world.condition("Stalled")?.isTrue == true)
        #expect(world.child("Deployment", "shop-api")?.json.text.contains(good) == true)
        #expect(world.platform.status?["version"]?["failed"]?.string == "2.0.0")
        // A restart changes nothing about it.
        world.memory = PlanMemory()
        let writes = world.writes
        world.converge()
        #expect(world.writes == writes)
        world.grow = PlanWorld.ready
        world.edit { $0["version"] = "2.0.1" }
        world.settle()
        #expect(world.condition("Ready")?.isTrue == true)
        #expect(world.platform.status?["version"]?["current"]?.string == "2.0.1")
        #expect(world.platform.status?["version"]?["previous"]?.string == "1.0.0")
    }

    @Test func `a rollback is recorded before it is gone, so that a crash in between does not try again`() {
        var world = PlanWorld(spec: ["version": "1.0.0"])
        world.settle()
        world.grow = { object in
            guard object.kind == "Deployment", object.json.text.contains(":2.0.0") else {
                return PlanWorld.ready(object)
            }
            return [
                "observedGeneration": JSON(object.generation ?? 1),
                "conditions": [
                    ["type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "slow"]
                ],
            ]
        }
        world.edit { $0["version"] = "2.0.0" }
        for _ in 0..<40 {
            let (plan, _) = world.step()
            let goesBack = plan.actions.contains { action in
                if case .apply(let apply) = action {
                    apply.key.kind.kind == "Deployment" && apply.object.json.text.contains(":1.0.0")
                } else {
                    false
                }
            }
            if goesBack {
                #expect(world.platform.status?["version"]?["failed"]?.string == "2.0.0")
                return
            }
            world.now = world.now.advanced(by: .seconds(6))
        }
        Issue.record("it never went back")
    }

    @Test func `an invalid edit does not forget what runs`() {
        var world = PlanWorld(spec: ["version": "1.0.0"])
        world.settle()
        let version = world.platform.status?["version"]
        world.edit { $0["exposure"] = ["type": "ingress"] }
        world.converge()
        #expect(world.condition("Ready")?.reason == "InvalidSpec")
        #expect(world.platform.status?["version"] == version)
    }

    @Test func `what was dropped from the spec during maintenance is pruned when it ends`() {
        var world = PlanWorld(spec: spec)
        world.settle()
        let until = world.now.advanced(by: .seconds(600))
        world.edit { spec in
            spec["maintenance"] = ["paused": true, "until": .string(until.rfc3339)]
            spec["monitoring"] = ["alerts": ["enabled": false]]
        }
        world.converge(limit: 3)
        #expect(world.children.values.contains { $0.kind == "PrometheusRule" })
        world.now = until
        world.settle()
        #expect(!world.children.values.contains { $0.kind == "PrometheusRule" })
    }

    @Test func `a kind that cannot be listed is left alone and keeps the platform from going`() throws {
        var world = PlanWorld(spec: ["deletion": ["topics": "delete", "data": "delete"]])
        world.settle()
        world.unseen = [GroupKind(group: "kafka.strimzi.io", kind: "KafkaTopic")]
        let topics = world.children.filter { $0.key.kind.kind == "KafkaTopic" }
        for key in topics.keys { world.children[key] = nil }
        let (plan, _) = world.step()
        #expect(plan.actions.isEmpty)
        world.platform.json[path: ["metadata", "deletionTimestamp"]] = .string(world.now.rfc3339)
        for _ in 0..<5 { world.step() }
        #expect(world.platform.finalizers == [PlatformStep.finalizer])
        world.unseen = []
        world.children.merge(topics) { $1 }
        for _ in 0..<10 where !world.platform.finalizers.isEmpty { world.step() }
        #expect(world.children.isEmpty)
    }

    @Test func `a label that somebody adds to a selector is taken off`() throws {
        let desired: JSON = ["spec": ["podSelector": ["matchLabels": ["app": "a"]]]]
        let live: JSON = [
            "spec": ["podSelector": ["matchLabels": ["app": "a", "never": "there"]], "policyTypes": ["Ingress"]]
        ]
        #expect(
            Comparison.differences(desired: desired, live: live).map(\.path) == ["spec.podSelector.matchLabels.never"])
    }

    @Test func `maintenance stops writing, keeps reporting, and ends by itself`() throws {
        var world = PlanWorld(spec: spec)
        world.settle()
        let until = world.now.advanced(by: .seconds(3_600))
        world.edit {
            $0["maintenance"] = ["paused": true, "until": .string(until.rfc3339), "reason": "moving the database"]
        }
        world.converge(limit: 3)
        #expect(world.condition("Paused")?.message.contains("moving the database") == true)
        let key = try #require(world.child("Deployment", "shop-api")).key
        world.change(key) { $0[path: ["spec", "template", "spec", "containers"]] = [] }
        let (plan, conclusion) = world.step()
        #expect(plan.actions.isEmpty)
        #expect(conclusion.wakeAfter.map { $0 <= .seconds(3_600) } == true)
        world.now = until
        world.settle()
        #expect(world.condition("Paused") == nil)
        #expect(world.children[key]?.spec?["template"]?["spec"]?["containers"]?.array?.isEmpty == false)
    }

    @Test func `an invalid spec is refused with path and remedy and touches nothing`() {
        var world = PlanWorld(spec: spec)
        world.settle()
        let children = world.children
        world.edit { $0["exposure"] = ["type": "ingress"] }
        world.converge()
        #expect(world.condition("Ready")?.reason == "InvalidSpec")
        #expect(world.condition("Stalled")?.isTrue == true)
        #expect(world.condition("Ready")?.message.contains("exposure") == true)
        #expect(world.children == children)
        let last = world.step().conclusion
        #expect(last.wakeAfter == nil)
    }

    @Test func `deletion goes against the order of making and names what blocks`() {
        var world = PlanWorld(spec: ["deletion": ["topics": "delete", "data": "delete"]])
        world.settle()
        #expect(world.platform.finalizers == [PlatformStep.finalizer])
        world.platform.json[path: ["metadata", "deletionTimestamp"]] = .string(world.now.rfc3339)
        var order: [String] = []
        for _ in 0..<12 {
            let (plan, _) = world.step()
            for case .delete(let key, _, _, _) in plan.actions { order.append(key.kind.kind) }
            if world.platform.finalizers.isEmpty { break }
            world.now = world.now.advanced(by: .seconds(1))
        }
        #expect(world.platform.finalizers.isEmpty)
        #expect(world.children.isEmpty)
        let firstTopic = order.firstIndex(of: "KafkaTopic") ?? -1
        let lastTopic = order.lastIndex(of: "KafkaTopic") ?? .max
        #expect((order.lastIndex(of: "Deployment") ?? .max) < firstTopic)
        #expect(lastTopic < (order.firstIndex(of: "KafkaUser") ?? -1))
        #expect((order.lastIndex(of: "KafkaUser") ?? .max) < (order.firstIndex(of: "Kafka") ?? -1))
    }

    @Test func `a topic that hangs is named and given up after the deadline`() throws {
        var world = PlanWorld(spec: ["deletion": ["topics": "delete", "data": "delete"]])
        world.settle()
        let begin = world.now
        world.platform.json[path: ["metadata", "deletionTimestamp"]] = .string(begin.rfc3339)
        let topic = try #require(
            world.children.values.filter { $0.kind == "KafkaTopic" }.map(\.key).min { $0.name < $1.name })
        var hanging = try #require(world.children[topic])
        hanging.json[path: ["metadata", "deletionTimestamp"]] = .string(begin.rfc3339)
        for _ in 0..<6 {
            world.step()
            world.children[topic] = hanging
            world.now = world.now.advanced(by: .seconds(6))
        }
        #expect(world.condition("DeletionBlocked")?.message.contains(topic.name) == true)
        #expect(world.children.values.contains { $0.kind == "Kafka" })
        world.now = begin.advanced(by: .seconds(601))
        for _ in 0..<6 where !world.platform.finalizers.isEmpty { world.step() }
        #expect(world.platform.finalizers.isEmpty)
        #expect(!world.children.values.contains { $0.kind == "Kafka" })
    }

    @Test func `a protected platform stays until protection is lifted, even with an invalid spec`() {
        var world = PlanWorld(spec: ["deletion": ["protection": true]])
        world.settle()
        #expect(world.platform.finalizers == [PlatformStep.finalizer])
        world.platform.json[path: ["metadata", "deletionTimestamp"]] = .string(world.now.rfc3339)
        world.edit { $0["exposure"] = ["type": "ingress"] }
        let children = world.children.count
        world.converge(limit: 4)
        #expect(world.children.count == children)
        #expect(world.condition("DeletionBlocked")?.reason == "DeletionProtected")
        world.edit { $0["deletion"] = ["protection": false] }
        for _ in 0..<10 where !world.platform.finalizers.isEmpty {
            world.step()
            world.now = world.now.advanced(by: .seconds(1))
        }
        #expect(world.platform.finalizers.isEmpty)
    }

    @Test func `transition times change only with their condition`() throws {
        var world = PlanWorld(spec: spec)
        world.settle()
        let time = try #require(world.condition("Ready")?.lastTransitionTime)
        world.now = world.now.advanced(by: .seconds(86_400))
        world.edit { $0["audit"] = ["retention": "240h"] }
        world.settle()
        #expect(world.condition("MessagingReady")?.observedGeneration == 2)
        #expect(world.condition("MessagingReady")?.lastTransitionTime.map { $0 <= time } == true)
    }
}

extension PlanWorld {
    /// Steps until nothing is left to do, and fails the test when that does not come.
    mutating func settle(sourceLocation: SourceLocation = #_sourceLocation) {
        let isAtRest = converge()
        #expect(isAtRest, "not at rest: \(platform.status?.prettyText ?? "no status")", sourceLocation: sourceLocation)
    }
}
