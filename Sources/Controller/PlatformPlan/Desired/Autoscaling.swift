import KubernetesModel
import TodoPlatformAPI

/// What decides how many replicas run: a HorizontalPodAutoscaler, or KEDA's ScaledObject, which makes one itself. Never
/// both for one service.
extension PlanContext {
    /// Whether the lag of a consumer can be seen at all: on Kafka, and not for sync, whose groups come and go with its
    /// pods.
    private func canScaleOnLag(_ service: ServiceName) -> Bool {
        (spec.messaging.type == .strimzi || spec.messaging.type == .kafka) && !service.hearsEverything
    }

    func wantsLag(_ service: EffectiveService) -> Bool {
        service.autoscaling?.lagThreshold != nil && canScaleOnLag(service.name)
    }

    /// Whether some service scales on lag, so that KEDA has to reach the broker.
    var scalesOnLag: Bool { apis.hasKEDA && effective.services.contains(where: wantsLag) }

    /// The object that decides about the replicas of `service`, if one does.
    func autoscaler(_ service: EffectiveService) -> DesiredObject? {
        guard let scaling = service.autoscaling else { return nil }
        if let threshold = scaling.lagThreshold, wantsLag(service), apis.hasKEDA {
            return scaledObject(service, scaling, threshold: threshold)
        }
        return podAutoscaler(service, scaling)
    }

    private func podAutoscaler(_ service: EffectiveService, _ scaling: EffectiveAutoscaling) -> DesiredObject {
        let type = apis.horizontalPodAutoscaler
        var metrics: [JSON] = []
        let memory = scaling.targetMemoryUtilizationPercent
        // A service that was to scale on lag alone, and cannot, scales on CPU.
        let cpu =
            scaling.targetCPUUtilizationPercent
            ?? (memory == nil ? spec.profile.presets.targetCPUUtilizationPercent : nil)
        if let cpu { metrics.append(metric("cpu", cpu, type)) }
        if let memory { metrics.append(metric("memory", memory, type)) }
        return object(
            type, name: appID(service.name), component: service.name.rawValue, stage: .autoscaling,
            body: [
                "spec": .members([
                    "scaleTargetRef": target(service),
                    "minReplicas": JSON(scaling.minReplicas),
                    "maxReplicas": JSON(scaling.maxReplicas),
                    "metrics": .array(metrics),
                    "behavior": behavior(scaling.behavior),
                ])
            ])
    }

    private func target(_ service: EffectiveService) -> JSON {
        ["apiVersion": "apps/v1", "kind": "Deployment", "name": .string(appID(service.name))]
    }

    /// Of the service's container alone, where the server can tell containers apart: the sidecar's idle share would
    /// hide a busy service. Older servers take the sum over all containers.
    private func metric(_ resource: String, _ percent: Int, _ type: ResourceType) -> JSON {
        let target: JSON = ["type": "Utilization", "averageUtilization": JSON(percent)]
        if type.version == "v2" {
            return [
                "type": "ContainerResource",
                "containerResource": [
                    "name": .string(resource), "container": .string(Self.containerName), "target": target,
                ],
            ]
        }
        return ["type": "Resource", "resource": ["name": .string(resource), "target": target]]
    }

    /// Rules are completed as the API server would, in lists that it compares as a whole.
    private func behavior(_ behavior: ScalingBehavior) -> JSON? {
        if behavior.scaleUp == nil, behavior.scaleDown == nil { return nil }
        return .members([
            "scaleUp": behavior.scaleUp.map {
                rules($0, window: 0, policies: [["type": "Pods", "value": 4, "periodSeconds": 15], Self.doubling])
            },
            "scaleDown": behavior.scaleDown.map { rules($0, window: nil, policies: [Self.doubling]) },
        ])
    }

    private static let doubling: JSON = ["type": "Percent", "value": 100, "periodSeconds": 15]

    private func rules(_ rules: ScalingRules, window: Int?, policies: [JSON]) -> JSON {
        let own = rules.policies.map { policy -> JSON in
            [
                "type": .string(policy.type.rawValue), "value": JSON(policy.value),
                "periodSeconds": JSON(policy.periodSeconds),
            ]
        }
        return .members([
            "stabilizationWindowSeconds": (rules.stabilizationWindowSeconds ?? window).map { JSON($0) },
            "selectPolicy": .string((rules.selectPolicy ?? .max).rawValue),
            "policies": .array(own.isEmpty ? policies : own),
        ])
    }

    // MARK: KEDA

    private func scaledObject(
        _ service: EffectiveService, _ scaling: EffectiveAutoscaling, threshold: Int
    ) -> DesiredObject {
        var triggers = [kafkaTrigger(service.name, threshold: threshold)]
        let targets = [
            ("cpu", scaling.targetCPUUtilizationPercent), ("memory", scaling.targetMemoryUtilizationPercent),
        ]
        for case (let resource, let percent?) in targets {
            triggers.append([
                "type": .string(resource), "metricType": "Utilization",
                "metadata": ["value": .string(String(percent)), "containerName": .string(Self.containerName)],
            ])
        }
        let behavior = behavior(scaling.behavior)
        return object(
            .scaledObject, name: appID(service.name), component: service.name.rawValue, stage: .autoscaling,
            body: [
                "spec": .members([
                    "scaleTargetRef": target(service),
                    "minReplicaCount": JSON(scaling.minReplicas),
                    "maxReplicaCount": JSON(scaling.maxReplicas),
                    "advanced": behavior.map { ["horizontalPodAutoscalerConfig": ["behavior": $0]] },
                    "triggers": .array(triggers),
                ])
            ])
    }

    private func kafkaTrigger(_ service: ServiceName, threshold: Int) -> JSON {
        var metadata: JSON = [
            "bootstrapServers": .string(brokerAddresses.joined(separator: ",")),
            "consumerGroup": .string(appID(service)),
            "topic": .string(topic(service.consumes)),
            "lagThreshold": .string(String(threshold)),
            "offsetResetPolicy": "earliest",
        ]
        if spec.messaging.type == .strimzi {
            metadata["sasl"] = "scram_sha512"
            metadata["tls"] = "enable"
        } else if let kafka = spec.messaging.kafka {
            if let sasl = kafka.sasl { metadata["sasl"] = .string(sasl.mechanism.kedaWord) }
            if kafka.tls.enabled { metadata["tls"] = "enable" }
        }
        return .members([
            "type": "kafka", "metadata": metadata,
            "authenticationRef": triggerAuthentication(service) == nil ? nil : ["name": .string(appID(service))],
        ])
    }

    /// How KEDA proves to the broker who it is: as the service whose lag it reads. Nil where the broker asks nothing.
    func triggerAuthentication(_ service: ServiceName) -> DesiredObject? {
        var secrets: [(parameter: String, name: String, key: String)] = []
        var variables: JSON?
        if let cluster = kafkaName {
            secrets = [
                ("password", kafkaUser(service), "password"), ("ca", "\(cluster)-cluster-ca-cert", "ca.crt"),
            ]
            variables = [
                [
                    "parameter": "username", "name": .string(Self.brokerUserVariable),
                    "containerName": .string(Self.containerName),
                ]
            ]
        } else if let kafka = spec.messaging.kafka {
            if let sasl = kafka.sasl?.secretRef {
                secrets += [("username", sasl.name, sasl.usernameKey), ("password", sasl.name, sasl.passwordKey)]
            }
            if kafka.tls.enabled {
                if let ca = kafka.tls.caSecretRef { secrets.append(("ca", ca.name, ca.key)) }
                if let client = kafka.tls.clientCertificateSecretRef {
                    secrets += [
                        ("cert", client.name, client.certificateKey), ("key", client.name, client.privateKeyKey),
                    ]
                }
            }
        }
        if secrets.isEmpty { return nil }
        let references = secrets.map { secret -> JSON in
            ["parameter": .string(secret.parameter), "name": .string(secret.name), "key": .string(secret.key)]
        }
        return object(
            .triggerAuthentication, name: appID(service), component: service.rawValue, stage: .autoscaling,
            body: ["spec": .members(["secretTargetRef": .array(references), "env": variables])])
    }

    /// The autoscaler of `service` with what it needs, or nothing.
    func autoscaling(_ service: EffectiveService) -> [DesiredObject] {
        guard let autoscaler = autoscaler(service) else { return [] }
        let isKEDA = autoscaler.type.groupKind == ResourceType.scaledObject.groupKind
        return (isKEDA ? [triggerAuthentication(service.name)].compactMap(\.self) : []) + [autoscaler]
    }

    /// `host:port` of each broker that is known by name; empty for brokers whose address is a secret.
    var brokerAddresses: [String] {
        switch spec.messaging.type {
        case .strimzi:
            kafkaBootstrap(cluster: kafkaName ?? names.prefix).split(separator: ",").map(String.init)
        case .kafka: spec.messaging.kafka?.brokers ?? []
        case .redis: spec.messaging.redis.map { [$0.host] } ?? []
        case .rabbitmq, .inMemory: []
        }
    }
}
