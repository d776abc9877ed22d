import KubernetesModel
import TodoPlatformAPI

extension DesiredState {
    /// Everything that `input` asks for. Pure and total: equal inputs give equal states, and no input makes it fail.
    ///
    /// Objects of systems that the cluster does not have are left out and listed in `missing`. All others are there
    /// even when a blocking system is missing: whether their stage has come is for the caller to decide, and an object
    /// that is absent here would be pruned.
    package static func build(_ input: PlanInput) -> DesiredState {
        let context = PlanContext(input)
        var state = outline(context)
        state.objects = inOrder(Stage.allCases.flatMap(context.objects))
        return state
    }

    /// What `input` asks for, without the objects.
    package static func outline(_ input: PlanInput) -> DesiredState { outline(PlanContext(input)) }

    /// The objects of one stage, as `build` has them.
    package static func objects(_ input: PlanInput, of stage: Stage) -> [DesiredObject] {
        inOrder(PlanContext(input).objects(of: stage))
    }

    private static func outline(_ context: PlanContext) -> DesiredState {
        DesiredState(
            objects: [], missing: context.missingSystems, secrets: context.secretUses,
            services: context.effective.services.map(context.desiredService),
            topics: context.desiredTopics(cluster: context.kafkaName), migrationJob: context.migrationJob?.key,
            kafka: context.apis.hasStrimzi
                ? context.kafkaName.map {
                    ObjectKey(ResourceType.kafka.groupKind, namespace: context.namespace, name: $0)
                } : nil,
            ownsKafka: context.effective.kafka != nil, url: context.effective.exposure.url,
            resources: context.resourceSum, warnings: context.warnings)
    }

    /// A key that occurs twice keeps its first place: user-chosen names cannot collide with ours, so this only makes the
    /// promise hold.
    private static func inOrder(_ objects: [DesiredObject]) -> [DesiredObject] {
        var seen: Set<ObjectKey> = []
        return objects.filter { seen.insert($0.key).inserted }
    }
}

extension PlanContext {
    func objects(of stage: Stage) -> [DesiredObject] {
        switch stage {
        case .foundation:
            return serviceAccounts + secretReaders + networkPolicies
                + (apis.hasDapr ? [configuration, resiliency(pubsubs, otherComponents)] : [])
        case .messaging:
            guard apis.hasStrimzi, let cluster = kafkaName else { return [] }
            return (effective.kafka.map { ownKafka($0, cluster: cluster) } ?? [])
                + kafkaTopics(cluster: cluster) + kafkaUsers(cluster: cluster)
        case .components: return apis.hasDapr ? daprComponents(pubsubs + otherComponents) + subscriptions : []
        case .migration: return migrationJob.map { [$0] } ?? []
        case .workloads:
            let components = pubsubs + otherComponents
            return effective.services.flatMap { workload($0, components) }
        case .autoscaling: return effective.services.flatMap(autoscaling)
        case .exposure: return exposure
        case .monitoring: return monitoring
        }
    }
}

extension PlanContext {
    /// What the pods of the platform ask for, sidecars and Kafka of our own included.
    var resourceSum: ResourceSum {
        var sum = ResourceSum()
        for service in effective.services {
            let count = service.autoscaling?.minReplicas ?? service.replicas
            sum.add(service.resources, count: count)
            sum.add(effective.sidecar, count: count)
            sum.pods += count
        }
        if let kafka = effective.kafka {
            sum.add(kafka.resources, count: kafka.nodes)
            sum.add(kafka.entityOperatorResources, count: 2)
            sum.pods += kafka.nodes + 1
            if let claim = Quantity(kafka.storageSize) { sum.storage = sum.storage + claim * kafka.nodes }
        }
        return sum
    }

    var warnings: [String] {
        var warnings: [String] = []
        if spec.messaging.type == .inMemory {
            warnings.append(
                "spec.messaging.type is in-memory: events stay inside each process and are lost with it. "
                    + "Use strimzi, kafka, redis or rabbitmq for anything but trying a single service.")
        }
        if let kafka = spec.messaging.kafka, spec.messaging.type == .kafka, kafka.tls.enabled, kafka.sasl == nil,
            kafka.tls.caSecretRef == nil, kafka.tls.clientCertificateSecretRef == nil
        {
            warnings.append(
                "spec.messaging.kafka uses TLS without login and without a CA, which Dapr cannot do. "
                    + "Give spec.messaging.kafka.tls.caSecretRef or spec.messaging.kafka.sasl.")
        }
        if spec.exposure.tls?.issuerRef != nil, spec.exposure.host == nil, spec.exposure.type != .none {
            warnings.append("spec.exposure.tls.issuerRef needs spec.exposure.host: a certificate is for a host name.")
        }
        if spec.exposure.type == .loadBalancer {
            warnings.append(
                "spec.exposure.type is load-balancer: live updates (/sync) are not reachable. "
                    + "Use ingress or gateway for them."
            )
        }
        if spec.messaging.type == .strimzi, effective.kafka != nil, spec.deletion.topics == .retain,
            spec.deletion.data == .delete
        {
            warnings.append(
                "spec.deletion.topics is retain and spec.deletion.data is delete: topics go with the data. "
                    + "Set spec.deletion.data to retain to keep them.")
        }
        return warnings
    }
}

extension ResourceSum {
    fileprivate mutating func add(_ resources: EffectiveResources, count: Int) {
        if let amount = resources.cpuRequest { cpuRequests = cpuRequests + amount * count }
        if let amount = resources.memoryRequest { memoryRequests = memoryRequests + amount * count }
        if let amount = resources.memoryLimit { memoryLimits = memoryLimits + amount * count }
    }
}
