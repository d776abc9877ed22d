import KubernetesModel

extension TodoPlatform {
    /// The spec with the presets of its profile and cluster put in. Pure; equal platforms give equal values.
    package var effective: EffectiveSpec {
        let presets = spec.profile.presets
        let cluster = spec.cluster.presets
        let kafka = EffectiveKafka(spec, presets, cluster)
        return EffectiveSpec(
            spec: spec,
            image: spec.image.reference(version: spec.version),
            databaseSecret: SecretKeyReference(
                name: spec.database.secretRef.name ?? "\(name)-database", key: spec.database.secretRef.key),
            authenticationSecret: spec.authentication.jwksURL == nil
                ? spec.authentication.secretRef ?? SecretKeyReference(name: "\(name)-authentication", key: "secret")
                : nil,
            kafka: kafka,
            topics: spec.messaging.topics.effective(replicas: kafka?.replicationFactor),
            sidecar: presets.sidecar.overridden(by: spec.dapr.sidecar.resources),
            services: ServiceName.allCases.map { EffectiveService($0, spec.services[$0], presets) },
            exposure: EffectiveExposure(spec.exposure, cluster),
            budget: presets.budget)
    }
}

extension ImageSpec {
    /// What a container's `image` says. A digest wins over a tag.
    package func reference(version: String) -> String {
        let name = registry.isEmpty ? repository : "\(registry)/\(repository)"
        if let digest { return "\(name)@\(digest)" }
        return "\(name):\(tag ?? version)"
    }
}

extension EffectiveKafka {
    init?(_ spec: TodoPlatformSpec, _ presets: ProfilePresets, _ cluster: ClusterPresets) {
        let strimzi = spec.messaging.strimzi
        guard spec.messaging.type == .strimzi, strimzi.existingCluster == nil else { return nil }
        nodes = strimzi.nodes ?? presets.kafkaNodes
        replicationFactor = nodes >= 3 ? 3 : 1
        minInSyncReplicas = nodes >= 3 ? 2 : 1
        storageSize = strimzi.storage.size
        storageClassName = strimzi.storage.storageClassName ?? cluster.storageClassName
        retainsVolumes = spec.deletion.data == .retain
        resources = presets.kafka.overridden(by: strimzi.resources)
        heap = strimzi.heap ?? presets.kafkaHeap
        entityOperatorResources = presets.entityOperator.overridden(by: strimzi.entityOperator.resources)
        version = strimzi.kafkaVersion
        config = strimzi.config
    }
}

extension TopicsSpec {
    package subscript(role: TopicRole) -> TopicSpec {
        switch role {
        case .taskEvents: taskEvents
        case .reminders: reminders
        case .taskUpdates: taskUpdates
        case .taskCommands: taskCommands
        }
    }

    /// Every topic, each followed by its dead letters. `task-updates` has none: a client that missed one asks for it.
    func effective(replicas: Int?) -> [EffectiveTopic] {
        TopicRole.allCases.flatMap { role -> [EffectiveTopic] in
            let topic = self[role]
            let main = EffectiveTopic(
                role: role, isDeadLetter: false, name: topic.name, partitions: topic.partitions,
                retention: topic.retention, replicas: topic.replicas ?? replicas)
            guard role != .taskUpdates else { return [main] }
            let dead = EffectiveTopic(
                role: role, isDeadLetter: true, name: topic.deadLetterName, partitions: deadLetters.partitions,
                retention: deadLetters.retention, replicas: deadLetters.replicas ?? replicas)
            return [main, dead]
        }
    }
}

extension TopicSpec {
    /// Where events go that could not be delivered.
    package var deadLetterName: String { "\(name)-dlq" }
}

extension EffectiveService {
    init(_ name: ServiceName, _ spec: ServiceSpec, _ presets: ProfilePresets) {
        let wanted = spec.replicas ?? presets.replicas
        self.name = name
        self.spec = spec
        replicas = wanted
        resources = presets.service.overridden(by: spec.resources)
        terminationGracePeriodSeconds = spec.pod.terminationGracePeriodSeconds ?? 45
        zoneSpread = spec.scheduling.zoneSpread ?? .preferred
        nodeSpread = spec.scheduling.nodeSpread ?? .preferred
        let scaling = spec.autoscaling
        // A service that was set to 0 by hand is switched off, and no autoscaler may switch it on.
        guard scaling.enabled ?? presets.autoscales, wanted > 0 else {
            autoscaling = nil
            return
        }
        let maximum = scaling.maxReplicas ?? max(presets.maxReplicas, scaling.minReplicas ?? wanted)
        let hasOtherTarget = scaling.targetMemoryUtilizationPercent != nil || scaling.lag != nil
        autoscaling = EffectiveAutoscaling(
            minReplicas: min(scaling.minReplicas ?? wanted, maximum),
            maxReplicas: maximum,
            targetCPUUtilizationPercent: scaling.targetCPUUtilizationPercent
                ?? (hasOtherTarget ? nil : presets.targetCPUUtilizationPercent),
            targetMemoryUtilizationPercent: scaling.targetMemoryUtilizationPercent,
            behavior: scaling.behavior,
            lagThreshold: scaling.lag?.threshold)
    }
}

extension EffectiveExposure {
    init(_ spec: ExposureSpec, _ cluster: ClusterPresets) {
        ingressClassName = spec.ingressClassName ?? cluster.ingressClassName
        ingressClassAnnotation = spec.ingressClassName == nil ? cluster.ingressClassAnnotation : nil
        loadBalancerAnnotations = cluster.loadBalancerAnnotations.merging(spec.loadBalancer.annotations) { $1 }
        url = spec.type == .none ? nil : spec.host.map { "\(spec.tls == nil ? "http" : "https")://\($0)" }
    }
}
