package import KubernetesModel

/// The spec with every preset of profile and cluster put in: what the builders read. Made by `TodoPlatform.effective`.
package struct EffectiveSpec: Hashable, Sendable {
    /// The spec as given; for everything that no preset touches.
    package let spec: TodoPlatformSpec
    /// `registry/repository:tag` or `registry/repository@digest`.
    package let image: String
    package let databaseSecret: SecretKeyReference
    /// Where the HS256 key is; nil when callers are checked by `authentication.jwksURL`.
    package let authenticationSecret: SecretKeyReference?
    /// Nil unless `messaging.type` is `strimzi` with a cluster of our own.
    package let kafka: EffectiveKafka?
    package let topics: [EffectiveTopic]
    package let sidecar: EffectiveResources
    /// In the order of `ServiceName`.
    package let services: [EffectiveService]
    package let exposure: EffectiveExposure
    /// What the profile leaves for the pods of the platform; nil where it sets no bound.
    package let budget: Budget?

    package subscript(service service: ServiceName) -> EffectiveService {
        services.first { $0.name == service } ?? EffectiveService(service, spec.services[service], spec.profile.presets)
    }
}

/// CPU and memory with every preset put in. Nil: left out of the pod.
package struct EffectiveResources: Hashable, Sendable {
    package var cpuRequest: Quantity?
    package var memoryRequest: Quantity?
    package var cpuLimit: Quantity?
    package var memoryLimit: Quantity?

    /// The `resources` of a container.
    package var json: JSON {
        func amounts(_ cpu: Quantity?, _ memory: Quantity?) -> JSON {
            var json = JSON.object(JSONObject())
            if let cpu { json["cpu"] = .string(cpu.description) }
            if let memory { json["memory"] = .string(memory.description) }
            return json
        }
        var json = JSON.object(JSONObject())
        if cpuRequest != nil || memoryRequest != nil { json["requests"] = amounts(cpuRequest, memoryRequest) }
        if cpuLimit != nil || memoryLimit != nil { json["limits"] = amounts(cpuLimit, memoryLimit) }
        return json
    }
}

/// The Kafka that we own: one pool of nodes that are controllers and brokers at once.
package struct EffectiveKafka: Hashable, Sendable {
    package let nodes: Int
    /// 3 from three nodes on, else 1: for internal topics, and for ours unless they say otherwise.
    package let replicationFactor: Int
    /// 2 from three nodes on, else 1.
    package let minInSyncReplicas: Int
    package let storageSize: String
    /// Nil: the cluster's default class.
    package let storageClassName: String?
    /// Kept when the platform is deleted.
    package let retainsVolumes: Bool
    package let resources: EffectiveResources
    /// For `-Xms` and `-Xmx`.
    package let heap: String
    package let entityOperatorResources: EffectiveResources
    package let version: String?
    package let config: [String: String]
}

/// What a topic is for.
package enum TopicRole: String, CaseIterable, Sendable {
    case taskEvents, reminders, taskUpdates, taskCommands
}

package struct EffectiveTopic: Hashable, Sendable {
    package let role: TopicRole
    package let isDeadLetter: Bool
    package let name: String
    package let partitions: Int
    package let retention: TimeSpan
    /// Nil: the broker's default (a Kafka that we do not own).
    package let replicas: Int?
}

package struct EffectiveService: Hashable, Sendable {
    package let name: ServiceName
    /// Wanted while nothing scales automatically.
    package let replicas: Int
    /// Nil: off.
    package let autoscaling: EffectiveAutoscaling?
    package let resources: EffectiveResources
    package let terminationGracePeriodSeconds: Int
    package let zoneSpread: Spread
    package let nodeSpread: Spread
    /// At least two pods at all times: only then does a PodDisruptionBudget not block node drains.
    package var hasDisruptionBudget: Bool { (autoscaling?.minReplicas ?? replicas) >= 2 }
    /// The spec as given; environment, scheduling, pod metadata.
    package let spec: ServiceSpec
}

package struct EffectiveAutoscaling: Hashable, Sendable {
    package let minReplicas: Int
    package let maxReplicas: Int
    package let targetCPUUtilizationPercent: Int?
    package let targetMemoryUtilizationPercent: Int?
    package let behavior: ScalingBehavior
    /// Events that may wait per replica; nil: scaling is on CPU and memory alone.
    package let lagThreshold: Int?
}

package struct EffectiveExposure: Hashable, Sendable {
    /// Nil: the cluster's default class, or `ingressClassAnnotation`.
    package let ingressClassName: String?
    /// Value of the annotation `kubernetes.io/ingress.class`, which GKE's own controller needs instead of a class name.
    package let ingressClassAnnotation: String?
    /// On the Service of type LoadBalancer.
    package let loadBalancerAnnotations: [String: String]
    /// `https://host` or `http://host`; nil without a host.
    package let url: String?
}

/// What the pods of a platform may ask for and use together.
package struct Budget: Hashable, Sendable {
    package let cpuRequests: Quantity
    package let memoryRequests: Quantity
    package let memoryLimits: Quantity
}
