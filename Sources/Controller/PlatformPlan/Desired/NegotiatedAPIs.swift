import KubernetesModel

/// Which version of each kind the plan writes, chosen once from what the cluster serves.
struct NegotiatedAPIs {
    let served: ServedAPIs

    /// Strimzi's version, if all four kinds are served in it: Helm does not upgrade CRDs, so half upgraded clusters
    /// exist, and one object in each version of the API would be one operator's bug away from chaos.
    var strimziVersion: String? {
        ["v1", "v1beta2"].first { version in
            [ResourceType.kafka, .kafkaNodePool, .kafkaTopic, .kafkaUser].allSatisfy {
                served.type($0.groupKind, preferring: [version]) != nil
            }
        }
    }

    func strimzi(_ type: ResourceType) -> ResourceType { type.at(version: strimziVersion ?? type.version) }

    var horizontalPodAutoscaler: ResourceType {
        served.type(ResourceType.horizontalPodAutoscaler.groupKind, preferring: ["v2", "v2beta2"])
            ?? .horizontalPodAutoscaler
    }

    var podDisruptionBudget: ResourceType {
        served.type(ResourceType.podDisruptionBudget.groupKind, preferring: ["v1", "v1beta1"]) ?? .podDisruptionBudget
    }

    /// Whether the server is one of those we support fully (Kubernetes 1.28 and newer). An older one serves no
    /// `policy/v1`, and refuses an apply that has a field it does not know.
    var isCurrent: Bool { podDisruptionBudget.version == "v1" && horizontalPodAutoscaler.version == "v2" }

    var hasStrimzi: Bool { strimziVersion != nil }
    var hasDapr: Bool { serves(.daprComponent, .daprConfiguration, .daprResiliency, .daprSubscription) }
    var hasKEDA: Bool { serves(.scaledObject, .triggerAuthentication) }
    var hasCertManager: Bool { serves(.certificate) }
    var httpRoute: ResourceType? { served.type(ResourceType.httpRoute.groupKind, preferring: ["v1", "v1beta1"]) }
    var hasPrometheusOperator: Bool { serves(.serviceMonitor, .prometheusRule) }

    func serves(_ types: ResourceType...) -> Bool { unserved(types).isEmpty }

    /// The kinds of `types` that the cluster does not serve in the version that we write.
    func unserved(_ types: [ResourceType]) -> [String] {
        types.filter { served.type($0.groupKind, preferring: [$0.version]) == nil }.map(\.kind)
    }
}
