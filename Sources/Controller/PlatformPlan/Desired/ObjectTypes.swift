package import KubernetesModel

extension ResourceType {
    static let configMap = ResourceType(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps")
    static let service = ResourceType(group: "", version: "v1", kind: "Service", plural: "services")
    static let serviceAccount = ResourceType(
        group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts")
    static let deployment = ResourceType(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
    static let job = ResourceType(group: "batch", version: "v1", kind: "Job", plural: "jobs")
    static let networkPolicy = ResourceType(
        group: "networking.k8s.io", version: "v1", kind: "NetworkPolicy", plural: "networkpolicies")
    static let ingress = ResourceType(group: "networking.k8s.io", version: "v1", kind: "Ingress", plural: "ingresses")
    static let role = ResourceType(group: "rbac.authorization.k8s.io", version: "v1", kind: "Role", plural: "roles")
    static let roleBinding = ResourceType(
        group: "rbac.authorization.k8s.io", version: "v1", kind: "RoleBinding", plural: "rolebindings")
    static let podDisruptionBudget = ResourceType(
        group: "policy", version: "v1", kind: "PodDisruptionBudget", plural: "poddisruptionbudgets")
    static let horizontalPodAutoscaler = ResourceType(
        group: "autoscaling", version: "v2", kind: "HorizontalPodAutoscaler", plural: "horizontalpodautoscalers")

    static let kafka = ResourceType(group: "kafka.strimzi.io", version: "v1", kind: "Kafka", plural: "kafkas")
    static let kafkaNodePool = ResourceType(
        group: "kafka.strimzi.io", version: "v1", kind: "KafkaNodePool", plural: "kafkanodepools")
    static let kafkaTopic = ResourceType(
        group: "kafka.strimzi.io", version: "v1", kind: "KafkaTopic", plural: "kafkatopics")
    static let kafkaUser = ResourceType(
        group: "kafka.strimzi.io", version: "v1", kind: "KafkaUser", plural: "kafkausers")

    static let daprComponent = ResourceType(
        group: "dapr.io", version: "v1alpha1", kind: "Component", plural: "components")
    static let daprConfiguration = ResourceType(
        group: "dapr.io", version: "v1alpha1", kind: "Configuration", plural: "configurations")
    static let daprResiliency = ResourceType(
        group: "dapr.io", version: "v1alpha1", kind: "Resiliency", plural: "resiliencies")
    static let daprSubscription = ResourceType(
        group: "dapr.io", version: "v2alpha1", kind: "Subscription", plural: "subscriptions")

    static let scaledObject = ResourceType(
        group: "keda.sh", version: "v1alpha1", kind: "ScaledObject", plural: "scaledobjects")
    static let triggerAuthentication = ResourceType(
        group: "keda.sh", version: "v1alpha1", kind: "TriggerAuthentication", plural: "triggerauthentications")

    static let httpRoute = ResourceType(
        group: "gateway.networking.k8s.io", version: "v1", kind: "HTTPRoute", plural: "httproutes")
    static let certificate = ResourceType(
        group: "cert-manager.io", version: "v1", kind: "Certificate", plural: "certificates")

    static let serviceMonitor = ResourceType(
        group: "monitoring.coreos.com", version: "v1", kind: "ServiceMonitor", plural: "servicemonitors")
    static let podMonitor = ResourceType(
        group: "monitoring.coreos.com", version: "v1", kind: "PodMonitor", plural: "podmonitors")
    static let prometheusRule = ResourceType(
        group: "monitoring.coreos.com", version: "v1", kind: "PrometheusRule", plural: "prometheusrules")
}

extension ResourceType {
    /// Every kind that a platform can be made of, each in the version preferred; what discovery and the watches on
    /// children cover. A cluster may serve an older one (autoscaling, policy, Strimzi).
    package static let platformKinds: [ResourceType] = [
        .configMap, .service, .serviceAccount, .deployment, .job, .networkPolicy, .ingress, .role, .roleBinding,
        .podDisruptionBudget, .horizontalPodAutoscaler,
        .kafka, .kafkaNodePool, .kafkaTopic, .kafkaUser,
        .daprComponent, .daprConfiguration, .daprResiliency, .daprSubscription,
        .scaledObject, .triggerAuthentication, .httpRoute, .certificate,
        .serviceMonitor, .podMonitor, .prometheusRule,
    ]
}
