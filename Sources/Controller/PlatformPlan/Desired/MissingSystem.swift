/// A system that the resource asks for and the cluster does not have.
package struct MissingSystem: Hashable, Sendable {
    package enum System: String, CaseIterable, Sendable {
        case dapr, strimzi, keda, certManager, prometheusOperator, gatewayAPI

        /// The name that people know it by.
        package var displayName: String {
            switch self {
            case .dapr: "Dapr"
            case .strimzi: "Strimzi"
            case .keda: "KEDA"
            case .certManager: "cert-manager"
            case .prometheusOperator: "Prometheus Operator"
            case .gatewayAPI: "Gateway API"
            }
        }

        /// The API group whose arrival heals the platform.
        package var group: String {
            switch self {
            case .dapr: "dapr.io"
            case .strimzi: "kafka.strimzi.io"
            case .keda: "keda.sh"
            case .certManager: "cert-manager.io"
            case .prometheusOperator: "monitoring.coreos.com"
            case .gatewayAPI: "gateway.networking.k8s.io"
            }
        }
    }

    package let system: System
    /// The kinds that were looked for and are not served, for example `KafkaTopic`.
    package let kinds: [String]
    /// What to install, or which field to change, in one sentence.
    package let remedy: String
    /// What does not work without it, in one sentence.
    package let affects: String
    /// Whether the platform cannot run at all without it. When not, everything else is still made.
    package let isBlocking: Bool

    package init(system: System, kinds: [String], remedy: String, affects: String, isBlocking: Bool) {
        self.system = system
        self.kinds = kinds
        self.remedy = remedy
        self.affects = affects
        self.isBlocking = isBlocking
    }

    /// One line for a condition.
    package var message: String { "\(system.displayName) is not installed: \(affects) \(remedy)" }
}
