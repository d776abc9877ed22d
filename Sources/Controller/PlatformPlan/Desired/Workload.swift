import KubernetesModel
import TodoPlatformAPI

/// Deployments, their Services and disruption budgets.
extension PlanContext {
    /// The container that autoscalers look at.
    static let containerName = "service"

    func workload(_ service: EffectiveService, _ components: [DaprComponent]) -> [DesiredObject] {
        var objects = [deployment(service, components), clusterService(service.name)]
        if service.hasDisruptionBudget { objects.append(disruptionBudget(service)) }
        return objects
    }

    private func deployment(_ service: EffectiveService, _ components: [DaprComponent]) -> DesiredObject {
        let name = service.name.rawValue
        return object(
            .deployment, name: appID(service.name), component: name, stage: .workloads, isVersioned: true,
            body: [
                "spec": .members([
                    // An autoscaler's to say, where there is one.
                    "replicas": autoscaler(service) == nil ? JSON(service.replicas) : nil,
                    "selector": .matchLabels(selector(name)),
                    "strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 1, "maxUnavailable": 0]],
                    "minReadySeconds": 5,
                    "revisionHistoryLimit": 3,
                    "progressDeadlineSeconds": JSON(spec.upgrade.progressDeadlineSeconds),
                    "template": [
                        "metadata": .members([
                            "labels": .strings(
                                service.spec.pod.labels.merging(labels(name, isVersioned: true)) { _, ours in ours }),
                            "annotations": .strings(podAnnotations(service, components)),
                        ]),
                        "spec": podSpec(service),
                    ],
                ])
            ])
    }

    private func podSpec(_ service: EffectiveService) -> JSON {
        let scheduling = service.spec.scheduling
        let affinity = scheduling.affinity?.withoutNulls
        return .members([
            "serviceAccountName": .string(appID(service.name)),
            "automountServiceAccountToken": JSON(mountsToken(service.name)),
            "terminationGracePeriodSeconds": JSON(service.terminationGracePeriodSeconds),
            "securityContext": Self.podSecurity,
            "nodeSelector": scheduling.nodeSelector.isEmpty ? nil : .strings(scheduling.nodeSelector),
            "tolerations": Self.tolerations(scheduling.tolerations),
            "affinity": affinity?.object?.isEmpty == false ? affinity : nil,
            "priorityClassName": scheduling.priorityClassName.map { .string($0) },
            "topologySpreadConstraints": topologySpread(service),
            "containers": [container(service)],
            "volumes": [Self.temporaryVolume],
        ])
    }

    private func container(_ service: EffectiveService) -> JSON {
        .members([
            "name": .string(Self.containerName),
            "image": .string(input.image),
            "imagePullPolicy": .string(spec.image.pullPolicy.rawValue),
            "args": [.string(service.name.rawValue)],
            "env": environment(service.name),
            "ports": [
                ["name": "http", "containerPort": JSON(Self.httpPort), "protocol": "TCP"],
                ["name": "metrics", "containerPort": JSON(Self.metricsPort), "protocol": "TCP"],
            ],
            "startupProbe": Self.probe("/healthz", period: 2, failures: 30),
            "livenessProbe": Self.probe("/healthz", period: 10, failures: 3),
            "readinessProbe": Self.probe("/readyz", period: 5, failures: 2),
            "resources": service.resources.nonEmpty,
            "securityContext": Self.serviceContainerSecurity,
            "volumeMounts": [Self.temporaryMount],
        ])
    }

    private static func probe(_ path: String, period: Int, failures: Int) -> JSON {
        [
            "httpGet": ["path": .string(path), "port": "http", "scheme": "HTTP"],
            "periodSeconds": JSON(period), "timeoutSeconds": 2, "failureThreshold": JSON(failures),
        ]
    }

    private func clusterService(_ service: ServiceName) -> DesiredObject {
        object(
            .service, name: appID(service), component: service.rawValue, stage: .workloads,
            body: [
                "spec": [
                    "type": "ClusterIP",
                    "selector": .strings(selector(service.rawValue)),
                    "ports": [
                        Self.port("http", 80, target: "http"),
                        Self.port("metrics", Self.metricsPort, target: "metrics"),
                        // By number: the container that has this port is injected.
                        Self.port("dapr-metrics", Self.daprMetricsPort, target: JSON(Self.daprMetricsPort)),
                    ],
                ]
            ])
    }

    static let daprMetricsPort = 9090

    static func port(_ name: String, _ port: Int, target: JSON) -> JSON {
        ["name": .string(name), "port": JSON(port), "protocol": "TCP", "targetPort": target]
    }

    private func disruptionBudget(_ service: EffectiveService) -> DesiredObject {
        let type = apis.podDisruptionBudget
        return object(
            type, name: appID(service.name), component: service.name.rawValue, stage: .workloads,
            body: [
                "spec": .members([
                    "maxUnavailable": 1,
                    "selector": .matchLabels(selector(service.name.rawValue)),
                    // A pod that is broken anyway must not keep a node from being drained.
                    "unhealthyPodEvictionPolicy": type.version == "v1" ? "AlwaysAllow" : nil,
                ])
            ])
    }

    func desiredService(_ service: EffectiveService) -> DesiredService {
        let id = appID(service.name)
        return DesiredService(
            name: service.name.rawValue, appID: id,
            deployment: ObjectKey(ResourceType.deployment.groupKind, namespace: namespace, name: id),
            replicas: service.autoscaling?.minReplicas ?? service.replicas, autoscaler: autoscaler(service)?.key,
            maximumReplicas: service.autoscaling?.maxReplicas ?? service.replicas)
    }
}
