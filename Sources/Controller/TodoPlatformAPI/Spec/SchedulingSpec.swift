package import KubernetesModel

/// Where a service's pods may run.
package struct SchedulingSpec: Hashable, Sendable {
    package var nodeSelector: [String: String] = [:]
    package var tolerations: [Toleration] = []
    package var affinity: JSON?
    package var priorityClassName: String?
    package var zoneSpread: Spread?
    package var nodeSpread: Spread?

    package init() {}
}

package struct Toleration: Hashable, Sendable {
    package var key: String?
    package var `operator`: TolerationOperator?
    package var value: String?
    package var effect: TaintEffect?
    package var tolerationSeconds: Int?

    package init() {}
}

package enum TolerationOperator: String, CaseIterable, Sendable {
    case exists = "Exists"
    case equal = "Equal"
}

package enum TaintEffect: String, CaseIterable, Sendable {
    case noSchedule = "NoSchedule"
    case preferNoSchedule = "PreferNoSchedule"
    case noExecute = "NoExecute"
}

/// How strictly pods are spread (topology spread constraints).
package enum Spread: String, CaseIterable, Sendable {
    /// `ScheduleAnyway`.
    case preferred
    /// `DoNotSchedule`.
    case required
    /// No constraint.
    case none
}
