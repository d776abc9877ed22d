package import KubernetesModel
package import PlatformPlan
import TodoPlatformAPI

/// A cluster reduced to what a pure step can see: for tests and benchmarks of the plan without any API server.
///
/// Writes always succeed at once; `grow` plays the controllers that answer them.
package struct PlanWorld: Sendable {
    package var platform: KubernetesObject
    package var children: [ObjectKey: KubernetesObject] = [:]
    package var apis: ServedAPIs
    package var memory = PlanMemory()
    package var now = Timestamp(seconds: 1_772_730_000)
    /// Kinds that the operator may not list.
    package var unseen: Set<GroupKind> = []
    /// What is known of a Kafka that the platform only uses.
    package var existingKafka: ExistingKafka?
    /// Secrets that the operator may not read.
    package var forbiddenSecrets: Set<NamespacedName> = []
    /// Whether every Secret that is asked for is there.
    package var hasSecrets = true
    /// Turned to change the digest of every Secret.
    package var secretGeneration = 1
    /// Gives a written object the status that its controller would; nil leaves it without.
    package var grow: @Sendable (KubernetesObject) -> JSON? = PlanWorld.ready
    package private(set) var writes = 0
    private var version = 100

    package init(
        spec: JSON = [:], name: String = "shop", namespace: String = "todo", apis: ServedAPIs = PlanWorld.everything
    ) {
        self.apis = apis
        platform = KubernetesObject([
            "apiVersion": .string(TodoPlatform.type.apiVersion), "kind": .string(TodoPlatform.type.kind),
            "metadata": [
                "name": .string(name), "namespace": .string(namespace), "uid": "5b9d2a0c-0000-4000-8000-000000000001",
                "resourceVersion": "1", "generation": 1,
            ], "spec": spec,
        ])
    }

    /// A cluster with every optional system.
    package static let everything = ServedAPIs(serving: ResourceType.platformKinds)

    package var observation: Observation {
        var observed: [ObjectKey: ObservedObject] = [:]
        for (key, child) in children { observed[key] = ObservedObject(child) }
        var digests: [SecretKey: String] = [:]
        if hasSecrets {
            for key in memory.secrets where !forbiddenSecrets.contains(key.secret) {
                digests[key] = "digest-\(secretGeneration)-\(key)"
            }
        }
        return Observation(
            children: observed, apis: apis, secretDigests: digests, forbiddenSecrets: forbiddenSecrets,
            existingKafka: existingKafka, unseen: unseen, now: now)
    }

    /// Plans, performs and concludes once. - Returns: what was planned and concluded.
    @discardableResult
    package mutating func step() -> (plan: Plan, conclusion: Conclusion) {
        let resource = PlatformResource(platform)
        // Only a plan tells which Secrets matter; the one that counts is made with what they hold.
        if !memory.hasDesiredState { _ = PlatformStep(platform: resource, observation: observation).plan(&memory) }
        let step = PlatformStep(platform: resource, observation: observation)
        let plan = step.plan(&memory)
        let results = plan.actions.map { ($0, ActionResult.done(perform($0))) }
        let conclusion = step.conclude(plan, results: results, &memory)
        if let status = conclusion.status {
            platform.json["status"] = status
            platform.json[path: ["metadata", "resourceVersion"]] = nextVersion()
            writes += 1
        }
        return (plan, conclusion)
    }

    /// Steps until nothing is left to do; at most `limit` steps. - Returns: whether it came to rest.
    @discardableResult
    package mutating func converge(limit: Int = 60) -> Bool {
        for _ in 0..<limit {
            let (plan, conclusion) = step()
            if plan.actions.isEmpty, conclusion.status == nil, conclusion.wakeAfter == nil { return true }
            now = now.advanced(by: plan.actions.isEmpty ? .seconds(6) : .milliseconds(10))
        }
        return false
    }

    /// Changes the spec as a user would.
    package mutating func edit(_ change: (inout JSON) -> Void) {
        var spec = platform.spec ?? .object(JSONObject())
        change(&spec)
        guard spec != platform.spec else { return }
        platform.json["spec"] = spec
        platform.json[path: ["metadata", "generation"]] = JSON((platform.generation ?? 0) + 1)
        platform.json[path: ["metadata", "resourceVersion"]] = nextVersion()
    }

    /// Changes a child as somebody else would.
    package mutating func change(_ key: ObjectKey, _ change: (inout JSON) -> Void) {
        guard var child = children[key] else { return }
        let spec = child.spec
        change(&child.json)
        if child.spec != spec, !Self.withoutGenerations.contains(child.kind) {
            child.json[path: ["metadata", "generation"]] = JSON((child.generation ?? 0) + 1)
        }
        child.json[path: ["metadata", "resourceVersion"]] = nextVersion()
        children[key] = child
    }

    /// Kinds whose changes the API server does not count.
    private static let withoutGenerations: Set<String> = [
        "ConfigMap", "HorizontalPodAutoscaler", "Role", "RoleBinding", "Service", "ServiceAccount",
    ]

    package func child(_ kind: String, _ name: String) -> KubernetesObject? {
        children.values.first { $0.kind == kind && $0.name == name }
    }

    package func condition(_ type: String) -> Condition? { platform.condition(type) }

    /// The next resource version, as text.
    private mutating func nextVersion() -> JSON {
        version += 1
        return .string(String(version))
    }

    private mutating func perform(_ action: Action) -> KubernetesObject? {
        writes += 1
        switch action {
        case .apply(let apply):
            let old = children[apply.key]
            var object = apply.object
            object.json[path: ["metadata", "uid"]] = .string(old?.uid ?? "uid-\(version)")
            let isSame = old?.spec == object.spec
            if !Self.withoutGenerations.contains(object.kind) {
                object.json[path: ["metadata", "generation"]] = JSON(
                    (old?.generation ?? 0) + (isSame && old != nil ? 0 : 1))
            }
            if object.kind == "Deployment", object.spec?["replicas"] == nil {
                object.json[path: ["spec", "replicas"]] = old?.spec?["replicas"] ?? 1
            }
            if let status = grow(object) { object.json["status"] = status }
            object.json[path: ["metadata", "resourceVersion"]] = nextVersion()
            children[apply.key] = object
            return object
        case .handOverReplicas: return nil
        case .release(let key, _, _):
            children[key] = nil
            return nil
        case .delete(let key, _, _, _):
            children[key] = nil
            return nil
        case .setFinalizer(let present):
            platform.json[path: ["metadata", "finalizers"]] = present ? [.string(PlatformStep.finalizer)] : nil
            platform.json[path: ["metadata", "resourceVersion"]] = nextVersion()
            return nil
        }
    }

    /// The status of an object whose controller is content.
    package static let ready: @Sendable (KubernetesObject) -> JSON? = { object in
        let generation = JSON(object.generation ?? 1)
        let isReady: JSON = [["type": "Ready", "status": "True"]]
        switch object.kind {
        case "Deployment":
            let replicas = object.spec?["replicas"] ?? 1
            return [
                "observedGeneration": generation, "replicas": replicas, "updatedReplicas": replicas,
                "readyReplicas": replicas, "availableReplicas": replicas,
            ]
        case "Job": return ["conditions": [["type": "Complete", "status": "True"]]]
        case "KafkaNodePool":
            return [
                "observedGeneration": generation,
                "nodeIds": .array((0..<(object.spec?["replicas"]?.int ?? 1)).map { JSON($0) }),
            ]
        case "Kafka", "KafkaTopic", "KafkaUser", "Certificate", "ScaledObject":
            return ["observedGeneration": generation, "conditions": isReady]
        case "Ingress": return ["loadBalancer": ["ingress": [["ip": "203.0.113.10"]]]]
        case "Service" where object.spec?["type"] == "LoadBalancer":
            return ["loadBalancer": ["ingress": [["ip": "203.0.113.10"]]]]
        case "HorizontalPodAutoscaler":
            return [
                "conditions": [
                    ["type": "AbleToScale", "status": "True"], ["type": "ScalingActive", "status": "True"],
                ]
            ]
        case "HTTPRoute": return ["parents": [["conditions": [["type": "Accepted", "status": "True"]]]]]
        default: return nil
        }
    }
}
