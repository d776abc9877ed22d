package import KubernetesModel
package import PlatformPlan
import TodoPlatformAPI

/// The cluster that a command without a cluster imagines: every optional system in its newest version, unless told
/// otherwise.
package struct AssumedAPIs: Sendable {
    /// For example `1.28`; nil: the newest.
    package var kubernetesVersion: String?
    /// `group/version` each, for example `kafka.strimzi.io/v1beta2`: the only version served of that group.
    package var apis: [String] = []
    package var without: [MissingSystem.System] = []

    package init() {}

    /// - Throws: for a version that is no version, and for a group that no platform needs.
    package func served() throws(CommandError) -> ServedAPIs {
        var versions: [GroupKind: String] = [:]
        func set(_ kinds: [ResourceType], to version: String) {
            for kind in kinds { versions[kind.groupKind] = version }
        }
        if let kubernetesVersion {
            let minor = try Self.minor(kubernetesVersion)
            // HorizontalPodAutoscaler v2 came with Kubernetes 1.23, PodDisruptionBudget v1 with 1.21.
            if minor < 23 { set(Self.kinds(of: "autoscaling"), to: "v2beta2") }
            if minor < 21 { set(Self.kinds(of: "policy"), to: "v1beta1") }
        }
        for api in apis {
            let parts = api.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            let kinds = parts.count == 2 && !parts[1].isEmpty ? Self.kinds(of: parts[0]) : []
            guard !kinds.isEmpty else {
                let groups = Set(ResourceType.platformKinds.map(\.group)).subtracting([""]).sorted()
                throw CommandError(
                    "--api \(api): no such API",
                    remedy: "write GROUP/VERSION with one of \(groups.joined(separator: ", "))")
            }
            set(kinds, to: parts[1])
        }
        let left = Set(without.map(\.group))
        return ServedAPIs(
            serving: ResourceType.platformKinds.filter { !left.contains($0.group) }.map { type in
                versions[type.groupKind].map { type.at(version: $0) } ?? type
            })
    }

    private static func kinds(of group: String) -> [ResourceType] {
        ResourceType.platformKinds.filter { $0.group == group }
    }

    private static func minor(_ version: String) throws(CommandError) -> Int {
        let parts = (version.hasPrefix("v") ? version.dropFirst() : version[...]).split(separator: ".")
        guard parts.count >= 2, parts[0] == "1", let minor = Int(parts[1]) else {
            throw CommandError(
                "--kubernetes-version \(version): no version of Kubernetes", remedy: "write it like 1.28")
        }
        return minor
    }
}

extension MissingSystem.System {
    /// The word for the command line.
    package var word: String {
        switch self {
        case .dapr: "dapr"
        case .strimzi: "strimzi"
        case .keda: "keda"
        case .certManager: "cert-manager"
        case .prometheusOperator: "prometheus"
        case .gatewayAPI: "gateway-api"
        }
    }
}
