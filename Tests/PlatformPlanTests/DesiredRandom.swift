import KubernetesModel
import TestSupport
import TodoPlatformAPI

extension SeededGenerator {
    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
    mutating func pick<Value>(_ values: [Value]) -> Value { values[Int.random(in: 0..<values.count, using: &self)] }
    mutating func one<Value: CaseIterable>(of: Value.Type) -> Value { pick(Array(Value.allCases)) }
}

/// Platforms as no schema would let through: every field that the resource has, with hostile text in it.
struct RandomPlatform {
    var random: SeededGenerator

    /// Text that has meaning to some reader behind us.
    static let hostile = [
        "\"quoted\"", "two\nlines", "${HOME}", "$(POD_NAME)", "$$", "{podName}", "{namespace}{uuid}", "a,b;c=d",
        "'; --",
        "<b>", "{{ $labels.x }}", "\\", "ü 🐟", "", " ", "../../etc", "- yaml: [", "# no",
        String(repeating: "x", count: 300),
    ]
    static let plain = ["one", "two-2", "three.example.com", "four.example.com:9999", "https://five.example.com/six"]

    mutating func text() -> String { random.chance(40) ? random.pick(Self.hostile) : random.pick(Self.plain) }
    mutating func maybe<Value>(_ percent: Int, _ make: (inout RandomPlatform) -> Value) -> Value? {
        random.chance(percent) ? make(&self) : nil
    }

    mutating func platform() -> TodoPlatform {
        let names = [
            "shop", "a", "9lives", "todo.example.com", String(repeating: "long-", count: 12) + "name", "x-",
            "production-eu-central-1-of-the-company-ltd",
        ]
        var spec = TodoPlatformSpec()
        spec.version = random.pick(["1.2.3", text()])
        spec.profile = random.one(of: Profile.self)
        spec.cluster = random.one(of: ClusterKind.self)
        image(&spec.image)
        spec.database.secretRef.name = maybe(50) { $0.text() }
        spec.database.migrations.enabled = random.chance(80)
        messaging(&spec.messaging)
        dapr(&spec.dapr)
        for name in ServiceName.allCases { service(&spec.services[name]) }
        spec.authentication.issuer = maybe(50) { $0.text() }
        spec.authentication.audience = text()
        spec.authentication.jwksURL = maybe(30) { $0.text() }
        spec.authentication.secretRef = maybe(30) { SecretKeyReference(name: $0.text(), key: $0.text()) }
        spec.notifications.encryptionSecretRef = maybe(30) { SecretKeyReference(name: $0.text(), key: $0.text()) }
        spec.audit.retention = random.chance(50) ? .forever : .limited(TimeSpan(hours: 50))
        spec.notifications.channels = random.chance(50) ? NotificationChannel.allCases : []
        exposure(&spec.exposure)
        spec.monitoring.serviceMonitor.enabled = random.chance(70)
        spec.monitoring.alerts.enabled = random.chance(70)
        spec.monitoring.dashboards.enabled = random.chance(70)
        spec.networkPolicies.enabled = random.chance(70)
        spec.networkPolicies.ingressNamespaces = random.chance(50) ? ["ingress"] : []
        spec.networkPolicies.monitoringNamespaces = random.chance(50) ? ["monitoring"] : []
        spec.networkPolicies.egressPorts = random.pick([[], [443], [0, 70_000, -1, 5432]])
        spec.deletion.topics = random.one(of: DeletionPolicy.self)
        spec.deletion.data = random.one(of: DeletionPolicy.self)
        return TodoPlatform(name: random.pick(names), namespace: "todo", uid: "uid-1", spec: spec)
    }

    private mutating func image(_ image: inout ImageSpec) {
        image.registry = random.pick(["ghcr.io", "", text()])
        image.tag = maybe(30) { $0.text() }
        image.digest = maybe(30) { _ in "sha256:" + String(repeating: "0", count: 64) }
        image.pullSecrets = random.chance(30) ? [NameReference(text())] : []
    }

    private mutating func messaging(_ messaging: inout MessagingSpec) {
        messaging.type = random.one(of: MessagingType.self)
        messaging.strimzi.existingCluster = maybe(30) { $0.text() }
        messaging.strimzi.nodes = maybe(50) { $0.random.pick([1, 2, 3, 5]) }
        messaging.strimzi.storage.size = random.pick(["10Gi", "1Ti", text()])
        messaging.strimzi.config = random.chance(30) ? [text(): text()] : [:]
        messaging.kafka = maybe(70) { random in
            var kafka = KafkaSpec()
            kafka.brokers = [random.text(), random.text()]
            kafka.tls.enabled = random.random.chance(50)
            kafka.tls.caSecretRef = random.maybe(50) { SecretKeyReference(name: $0.text(), key: $0.text()) }
            kafka.sasl = random.maybe(50) { random in
                var sasl = KafkaSASLSpec()
                sasl.mechanism = random.random.one(of: SASLMechanism.self)
                sasl.secretRef.name = random.text()
                return sasl
            }
            kafka.tls.clientCertificateSecretRef = random.maybe(30) { random in
                var certificate = CertificateReference()
                certificate.name = random.text()
                return certificate
            }
            return kafka
        }
        messaging.redis = maybe(70) { $0.redis() }
        messaging.topics.taskEvents.name = random.pick(["task-events", text()])
        messaging.topics.reminders.replicas = maybe(30) { $0.random.pick([1, 3]) }
    }

    private mutating func redis() -> RedisSpec {
        var redis = RedisSpec()
        redis.host = text()
        var secret = RedisSecretReference()
        secret.name = text()
        secret.usernameKey = maybe(50) { $0.text() }
        redis.secretRef = random.chance(50) ? secret : nil
        return redis
    }

    private mutating func dapr(_ dapr: inout DaprSpec) {
        dapr.sidecar.native = random.chance(50)
        dapr.sidecar.resources = resources()
        dapr.tracing.endpoint = maybe(50) { $0.text() }
        dapr.tracing.protocol = random.one(of: TracingProtocol.self)
        dapr.apiTokenSecretRef = maybe(30) { NameReference($0.text()) }
        dapr.appTokenSecretRef = maybe(30) { NameReference($0.text()) }
        dapr.resiliency.circuitBreaker.enabled = random.chance(50)
        dapr.stateStore.type = random.one(of: StateStoreType.self)
        dapr.stateStore.redis = maybe(50) { $0.redis() }
        dapr.secretStore.type = random.one(of: SecretStoreType.self)
        dapr.secretStore.componentName = maybe(50) { $0.text() }
        dapr.smtp = maybe(50) { random in
            var smtp = SMTPSpec()
            smtp.host = random.text()
            smtp.from = random.text()
            smtp.port = random.random.pick([25, 587, 0, 99_999])
            return smtp
        }
    }

    private mutating func resources() -> ResourcesSpec {
        var resources = ResourcesSpec()
        let amounts = ["1", "250m", "0.5", "1000m", "1Gi", "1024Mi", "1e3", "128974848", "0"].compactMap {
            Quantity($0)
        }
        resources.requests.cpu = maybe(40) { $0.random.pick(amounts) }
        resources.requests.memory = maybe(40) { $0.random.pick(amounts) }
        resources.limits.cpu = maybe(40) { $0.random.pick(amounts) }
        resources.limits.memory = maybe(40) { $0.random.pick(amounts) }
        return resources
    }

    private mutating func service(_ service: inout ServiceSpec) {
        service.replicas = maybe(50) { $0.random.pick([0, 1, 2, 7]) }
        service.autoscaling.enabled = maybe(60) { $0.random.chance(60) }
        service.autoscaling.minReplicas = maybe(40) { $0.random.pick([1, 2, 3]) }
        service.autoscaling.maxReplicas = maybe(40) { $0.random.pick([1, 3, 9]) }
        service.autoscaling.targetMemoryUtilizationPercent = maybe(30) { _ in 80 }
        service.autoscaling.lag = maybe(40) { _ in LagSpec() }
        service.autoscaling.behavior.scaleUp = maybe(30) { _ in ScalingRules() }
        service.resources = resources()
        service.environment = (0..<random.pick([0, 1, 3])).map { _ in
            var variable = EnvironmentVariable()
            variable.name = random.pick(["LOG_LEVEL", "TODO_PUBSUB", "DAPR_HTTP_PORT", text()])
            variable.value = maybe(50) { $0.text() }
            variable.secretRef = maybe(30) { SecretKeyReference(name: $0.text(), key: $0.text()) }
            return variable
        }
        service.scheduling.nodeSelector = random.chance(30) ? ["disk": text()] : [:]
        service.scheduling.affinity = maybe(30) { _ in ["nodeAffinity": .null, "podAffinity": [:]] }
        service.scheduling.zoneSpread = maybe(50) { $0.random.one(of: Spread.self) }
        service.pod.labels = random.chance(30) ? ["team": text(), "app.kubernetes.io/component": "other"] : [:]
        service.pod.annotations = random.chance(30) ? ["dapr.io/app-id": "other", "note": text()] : [:]
    }

    private mutating func exposure(_ exposure: inout ExposureSpec) {
        exposure.type = random.one(of: ExposureType.self)
        exposure.host = maybe(70) { $0.text() }
        exposure.gateway = maybe(70) { random in
            var gateway = GatewayReference()
            gateway.name = random.text()
            gateway.namespace = random.maybe(50) { $0.text() }
            return gateway
        }
        exposure.tls = maybe(50) { random in
            var tls = TLSSpec()
            tls.secretName = random.maybe(50) { $0.text() }
            tls.issuerRef = random.maybe(50) { _ in IssuerReference() }
            return tls
        }
        exposure.annotations = random.chance(30) ? ["note": text()] : [:]
        exposure.loadBalancer.sourceRanges = random.chance(30) ? ["10.0.0.0/8"] : []
    }
}
