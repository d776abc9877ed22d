import KubernetesModel
import PlatformPlan
import Testing
import TodoPlatformAPI

/// Clusters to build for.
enum Cluster {
    /// A current Kubernetes with every optional system in its newest version.
    static let current = ServedAPIs(serving: ResourceType.platformKinds)

    /// What Kubernetes 1.20 and Strimzi 0.46 serve: `autoscaling/v2beta2`, `policy/v1beta1`, Strimzi's `v1beta2`.
    static let old = ServedAPIs(
        serving: ResourceType.platformKinds.map { type in
            switch type.group {
            case "kafka.strimzi.io": type.at(version: "v1beta2")
            case "autoscaling": type.at(version: "v2beta2")
            case "policy": type.at(version: "v1beta1")
            default: type
            }
        })

    /// Kubernetes alone.
    static let bare = ServedAPIs(
        serving: ResourceType.platformKinds.filter { type in
            type.group.isEmpty || !type.group.contains(".")
                || type.group.hasSuffix(".k8s.io")
                    && type.group != "gateway.networking.k8s.io"
        })

    /// A current cluster that lacks one system.
    static func without(_ group: String) -> ServedAPIs {
        ServedAPIs(serving: ResourceType.platformKinds.filter { $0.group != group })
    }
}

extension ServedAPIs {
    /// The same, with everything of `group`.
    func adding(_ group: String) -> ServedAPIs {
        var copy = self
        for type in ResourceType.platformKinds where type.group == group { copy.insert(type) }
        return copy
    }
}

/// A platform to build, and on what.
struct Scenario: CustomTestStringConvertible, Sendable {
    let name: String
    let platform: TodoPlatform
    var apis = Cluster.current

    var testDescription: String { name }

    var input: PlanInput {
        PlanInput(
            platform: platform, apis: apis, image: platform.effective.image, version: platform.spec.version)
    }
    var state: DesiredState { DesiredState.build(input) }

    static func platform(_ change: (inout TodoPlatformSpec) -> Void = { _ in }) -> TodoPlatform {
        var spec = TodoPlatformSpec()
        change(&spec)
        return TodoPlatform(
            name: "shop", namespace: "todo", uid: "0d9a7c52-94d3-4b5e-9f6a-3f1f8f6f2c11", spec: spec)
    }

    init(_ name: String, _ apis: ServedAPIs = Cluster.current, _ change: (inout TodoPlatformSpec) -> Void = { _ in }) {
        self.name = name
        self.apis = apis
        platform = Self.platform(change)
    }

    /// A sample of `config/samples`, as an admin would apply it.
    init(sample: String, _ apis: ServedAPIs = Cluster.current) throws {
        let text = try #require(Repository.text("config/samples/\(sample).yaml"), "no sample \(sample)")
        var object = KubernetesObject(try #require(YAMLText.documents(text).first))
        object.json[path: ["metadata", "namespace"]] = "todo"
        object.json[path: ["metadata", "uid"]] = "0d9a7c52-94d3-4b5e-9f6a-3f1f8f6f2c11"
        name = sample
        platform = try TodoPlatform(object)
        self.apis = apis
    }

    /// Every sample, and what the samples do not show. The names are those of the golden files.
    static let all: [Scenario] =
        samples + [
            Scenario("strimzi-existing") { spec in
                spec.messaging.strimzi.existingCluster = "company-kafka"
                scaleOnLag(&spec)
            },
            Scenario("old-cluster", Cluster.old) { spec in
                spec.profile = .highAvailability
                exposeByIngress(&spec)
            },
            Scenario("rabbitmq") { spec in
                spec.messaging.type = .rabbitmq
                var rabbit = RabbitMQSpec()
                rabbit.secretRef.name = "rabbitmq"
                spec.messaging.rabbitmq = rabbit
                spec.cluster = .oke
                spec.exposure.type = .loadBalancer
            },
            Scenario("in-memory", Cluster.bare.adding("dapr.io")) { spec in
                spec.messaging.type = .inMemory
                spec.dapr.stateStore.type = .inMemory
            },
            Scenario("everything") { spec in
                spec.profile = .highAvailability
                exposeByGateway(&spec)
                scaleOnLag(&spec)
                spec.deletion.topics = .delete
                spec.deletion.data = .delete
                sendMail(&spec)
                secureSidecars(&spec)
                schedule(&spec.services.sync)
                spec.image.pullSecrets = [NameReference("registry-login")]
                spec.notifications.encryptionSecretRef = SecretKeyReference(name: "webhook-keys", key: "current")
            },
        ]

    /// Every file of `config/samples` that holds a platform; a broken one fails the tests that name it.
    private static let samples = [
        "minimal", "free-tier-oke", "standard", "high-availability", "external-kafka", "redis",
    ].compactMap { try? Scenario(sample: $0) }  // `all samples are there` says which one cannot be read

    private static func exposeByIngress(_ spec: inout TodoPlatformSpec) {
        spec.exposure.type = .ingress
        spec.exposure.host = "todo.example.com"
        spec.exposure.ingressClassName = "nginx"
        var tls = TLSSpec()
        var issuer = IssuerReference()
        issuer.name = "letsencrypt"
        tls.issuerRef = issuer
        spec.exposure.tls = tls
    }

    private static func schedule(_ service: inout ServiceSpec) {
        service.scheduling.nodeSelector = ["kubernetes.io/arch": "arm64"]
        var toleration = Toleration()
        toleration.key = "dedicated"
        toleration.operator = .equal
        toleration.value = "todo"
        toleration.effect = .noSchedule
        service.scheduling.tolerations = [toleration]
        service.scheduling.priorityClassName = "important"
        service.scheduling.nodeSpread = Spread.none
        service.pod.labels = ["team": "tasks"]
        service.pod.annotations = ["example.com/note": "live updates"]
        var variable = EnvironmentVariable()
        variable.name = "TODO_SYNC_PING_SECONDS"
        variable.value = "20"
        var secret = EnvironmentVariable()
        secret.name = "PUSH_KEY"
        secret.secretRef = SecretKeyReference(name: "push", key: "private-key")
        service.environment = [variable, secret]
    }

    private static func exposeByGateway(_ spec: inout TodoPlatformSpec) {
        spec.exposure.type = .gateway
        spec.exposure.host = "todo.example.com"
        var gateway = GatewayReference()
        gateway.name = "public"
        gateway.namespace = "gateways"
        gateway.sectionName = "https"
        spec.exposure.gateway = gateway
        var tls = TLSSpec()
        tls.secretName = "todo-example-com"
        spec.exposure.tls = tls
    }

    private static func scaleOnLag(_ spec: inout TodoPlatformSpec) {
        spec.services.audit.autoscaling.enabled = true
        spec.services.audit.autoscaling.maxReplicas = 6
        spec.services.audit.autoscaling.lag = LagSpec()
        var down = ScalingRules()
        down.stabilizationWindowSeconds = 120
        spec.services.audit.autoscaling.behavior.scaleDown = down
    }

    private static func sendMail(_ spec: inout TodoPlatformSpec) {
        var smtp = SMTPSpec()
        smtp.host = "mail.example.com"
        smtp.from = "todo@example.com"
        var login = CredentialsReference()
        login.name = "mail-login"
        smtp.secretRef = login
        spec.dapr.smtp = smtp
        spec.notifications.channels = [.inApp, .email]
    }

    private static func secureSidecars(_ spec: inout TodoPlatformSpec) {
        spec.dapr.apiTokenSecretRef = NameReference("dapr-api-token")
        spec.dapr.appTokenSecretRef = NameReference("dapr-app-token")
        spec.dapr.sidecar.native = true
        spec.dapr.tracing.endpoint = "otel-collector.observability:4317"
    }
}

extension DesiredState {
    /// The only object of `kind` whose name ends in `name`.
    func object(_ kind: String, _ name: String) throws -> KubernetesObject {
        let found = objects.filter { $0.object.kind == kind && $0.object.name == name }
        guard let first = found.first, found.count == 1 else { throw NotFound(what: "\(kind) \(name): \(found.count)") }
        return first.object
    }

    func objects(_ kind: String) -> [KubernetesObject] { objects.map(\.object).filter { $0.kind == kind } }

    /// Everything that is sent, as text.
    var text: String { objects.map(\.object.json.text).joined(separator: "\n") }
}

struct NotFound: Error { let what: String }
