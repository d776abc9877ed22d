import KubernetesModel

/// What a profile presets. Every value can be overridden in the resource.
///
/// | | free-tier | standard | high-availability |
/// | --- | --- | --- | --- |
/// | replicas of each service | 1 | 2 | 3 |
/// | autoscaling | off | off (2 to 4 when on) | 3 to 6 at 75 % CPU |
/// | service: CPU, memory, memory limit | 25m, 40Mi, 96Mi | 25m, 40Mi, 96Mi | 100m, 128Mi, 256Mi |
/// | sidecar | 20m, 64Mi, 160Mi | 20m, 64Mi, 160Mi | 100m, 128Mi, 256Mi |
/// | Kafka nodes | 1 | 1 | 3 |
/// | Kafka: CPU, memory = limit, heap | 200m, 1280Mi, 640m | 300m, 1536Mi, 768m | 1, 4Gi, 2048m |
/// | topic and user operator, each | 20m, 256Mi = limit | 20m, 256Mi = limit | 50m, 384Mi = limit |
/// | budget: CPU, memory, limits | 1090m, 7800Mi, 5880Mi | 2340m, 17230Mi, 14230Mi | none |
///
/// The budgets are what Dapr, Strimzi, monitoring, ingress and system pods leave of two Arm cores with 12 GB
/// (free-tier) and of four with 24 GB (standard).
package struct ProfilePresets: Hashable, Sendable {
    package let replicas: Int
    package let autoscales: Bool
    package let maxReplicas: Int
    package let targetCPUUtilizationPercent: Int
    package let service: EffectiveResources
    package let sidecar: EffectiveResources
    package let kafkaNodes: Int
    package let kafka: EffectiveResources
    package let kafkaHeap: String
    package let entityOperator: EffectiveResources
    package let budget: Budget?
}

extension Profile {
    package var presets: ProfilePresets {
        switch self {
        case .freeTier: Self.freeTierPresets
        case .standard: Self.standardPresets
        case .highAvailability: Self.highAvailabilityPresets
        }
    }

    private static let freeTierPresets = ProfilePresets(
        replicas: 1, autoscales: false, maxReplicas: 2, targetCPUUtilizationPercent: 75,
        service: .amounts(cpu: 25, memory: 40, limit: 96),
        sidecar: .amounts(cpu: 20, memory: 64, limit: 160),
        kafkaNodes: 1, kafka: .amounts(cpu: 200, memory: 1280, limit: 1280), kafkaHeap: "640m",
        entityOperator: .amounts(cpu: 20, memory: 256, limit: 256),
        budget: Budget(
            cpuRequests: .millicores(1090), memoryRequests: .mebibytes(7800), memoryLimits: .mebibytes(5880)))

    private static let standardPresets = ProfilePresets(
        replicas: 2, autoscales: false, maxReplicas: 4, targetCPUUtilizationPercent: 75,
        service: .amounts(cpu: 25, memory: 40, limit: 96),
        sidecar: .amounts(cpu: 20, memory: 64, limit: 160),
        kafkaNodes: 1, kafka: .amounts(cpu: 300, memory: 1536, limit: 1536), kafkaHeap: "768m",
        entityOperator: .amounts(cpu: 20, memory: 256, limit: 256),
        budget: Budget(
            cpuRequests: .millicores(2340), memoryRequests: .mebibytes(17230), memoryLimits: .mebibytes(14230)))

    private static let highAvailabilityPresets = ProfilePresets(
        replicas: 3, autoscales: true, maxReplicas: 6, targetCPUUtilizationPercent: 75,
        service: .amounts(cpu: 100, memory: 128, limit: 256),
        sidecar: .amounts(cpu: 100, memory: 128, limit: 256),
        kafkaNodes: 3, kafka: .amounts(cpu: 1000, memory: 4096, limit: 4096), kafkaHeap: "2048m",
        entityOperator: .amounts(cpu: 50, memory: 384, limit: 384),
        budget: nil)
}

extension EffectiveResources {
    /// CPU in thousandths of a core, memory in MiB. No CPU limit: throttling hurts more than it helps.
    static func amounts(cpu: Int64, memory: Int64, limit: Int64) -> EffectiveResources {
        EffectiveResources(
            cpuRequest: .millicores(cpu), memoryRequest: .mebibytes(memory), memoryLimit: .mebibytes(limit))
    }

    /// These presets with what `spec` says laid over. A request is lowered to a limit that was set below it, and a
    /// preset limit is raised to a request that was set above it: Kubernetes refuses a request above its limit.
    func overridden(by spec: ResourcesSpec) -> EffectiveResources {
        var result = self
        result.cpuRequest = spec.requests.cpu ?? cpuRequest
        result.memoryRequest = spec.requests.memory ?? memoryRequest
        result.cpuLimit = spec.limits.cpu ?? cpuLimit
        result.memoryLimit = spec.limits.memory ?? memoryLimit
        if let request = result.cpuRequest, let limit = result.cpuLimit, request > limit {
            if spec.requests.cpu == nil {
                result.cpuRequest = limit
            } else if spec.limits.cpu == nil {
                result.cpuLimit = request
            }
        }
        if let request = result.memoryRequest, let limit = result.memoryLimit, request > limit {
            if spec.requests.memory == nil {
                result.memoryRequest = limit
            } else if spec.limits.memory == nil {
                result.memoryLimit = request
            }
        }
        return result
    }
}

extension Quantity {
    static func millicores(_ count: Int64) -> Quantity { Quantity(milli: count) }
    static func mebibytes(_ count: Int64) -> Quantity { Quantity(milli: count * 1_048_576_000, isBinary: true) }
}
