/// The HorizontalPodAutoscaler of a service, or KEDA's ScaledObject when `lag` is given and KEDA is installed.
package struct AutoscalingSpec: Hashable, Sendable {
    package var enabled: Bool?
    package var minReplicas: Int?
    package var maxReplicas: Int?
    package var targetCPUUtilizationPercent: Int?
    package var targetMemoryUtilizationPercent: Int?
    package var behavior = ScalingBehavior()
    package var lag: LagSpec?

    package init() {}
}

/// Kubernetes' own structure (HorizontalPodAutoscaler v2 `behavior`). Nil: Kubernetes' defaults.
package struct ScalingBehavior: Hashable, Sendable {
    package var scaleUp: ScalingRules?
    package var scaleDown: ScalingRules?

    package init() {}
}

package struct ScalingRules: Hashable, Sendable {
    package var stabilizationWindowSeconds: Int?
    package var selectPolicy: ScalingSelectPolicy?
    package var policies: [ScalingPolicy] = []

    package init() {}
}

package enum ScalingSelectPolicy: String, CaseIterable, Sendable {
    case max = "Max"
    case min = "Min"
    case disabled = "Disabled"
}

package struct ScalingPolicy: Hashable, Sendable {
    package var type = ScalingPolicyType.pods
    package var value = 1
    package var periodSeconds = 60

    package init() {}
}

package enum ScalingPolicyType: String, CaseIterable, Sendable {
    case pods = "Pods"
    case percent = "Percent"
}

/// Scaling on the number of events that wait for the service.
package struct LagSpec: Hashable, Sendable {
    package var threshold = 10

    package init() {}
}
