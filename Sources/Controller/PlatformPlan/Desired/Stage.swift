/// When in the life of a platform an object is made. Objects of one stage are applied together; a stage starts when
/// the ones before it are ready. Deletion goes the other way.
package enum Stage: Int, Comparable, CaseIterable, Sendable {
    /// What stands on nothing else: service accounts, roles, network policies, Dapr's Configuration and Resiliency.
    case foundation
    /// The broker: Kafka, node pools, topics, users.
    case messaging
    /// What daprd loads when a pod starts: Components and Subscriptions. A daprd whose broker is not there exits, so
    /// the broker comes first.
    case components
    /// The Job that brings the database to the version that is about to run.
    case migration
    /// Deployments, their Services and disruption budgets.
    case workloads
    /// Autoscalers, once there is something to scale.
    case autoscaling
    /// What lets the world in: HTTPRoute or Ingress, Certificate, Gateway.
    case exposure
    /// ServiceMonitors, alerts, dashboards.
    case monitoring

    package static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
}
