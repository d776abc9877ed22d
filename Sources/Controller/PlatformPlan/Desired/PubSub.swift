import KubernetesModel
import TodoPlatformAPI

/// The Dapr components behind which the broker stands.
///
/// Where Strimzi runs it, each service has a component of its own, because each has a Kafka user of its own and a
/// component has one password: one shared component would mean one principal for all services, and then every service
/// could write every topic. For other brokers, which know one login, there is one component for all services and one
/// for sync. Sync never shares: each of its replicas is a consumer group of its own.
extension PlanContext {
    /// The name of the component that `service` publishes to and subscribes from.
    func pubsubName(_ service: ServiceName) -> String {
        spec.messaging.type == .strimzi || service.hearsEverything
            ? names.object("pubsub-\(service.rawValue)") : names.object("pubsub")
    }

    /// Every component of the broker, each once.
    var pubsubs: [DaprComponent] {
        if spec.messaging.type == .strimzi { return ServiceName.allCases.map { pubsub(for: [$0]) } }
        return [
            pubsub(for: ServiceName.allCases.filter { !$0.hearsEverything }),
            pubsub(for: ServiceName.allCases.filter(\.hearsEverything)),
        ]
    }

    /// One component for `services`, which are either all of the ordinary ones, or one.
    private func pubsub(for services: [ServiceName]) -> DaprComponent {
        let hearsEverything = services.contains { $0.hearsEverything }
        let (type, broker) = brokerEntries(services, hearsEverything: hearsEverything)
        var component = DaprComponent(
            name: pubsubName(services.first ?? .api), component: "messaging", type: type, version: "v1",
            metadata: broker + scopes(services), services: services)
        if spec.messaging.type == .inMemory {
            component.metadata = []
            component.initTimeout = nil
        }
        return component
    }

    private func brokerEntries(_ services: [ServiceName], hearsEverything: Bool) -> (String, [DaprComponent.Entry]) {
        let messaging = spec.messaging
        // No group is named otherwise: Dapr takes the app id, so each service hears every event once. One name for all
        // would make them share the events out among each other.
        let group = hearsEverything ? [DaprComponent.Entry("consumerID", "{podName}")] : []
        switch messaging.type {
        case .strimzi, .kafka:
            let connection =
                messaging.type == .strimzi
                ? strimziConnection(services.first ?? .api) : kafkaConnection(messaging.kafka ?? KafkaSpec())
            return (
                "pubsub.kafka",
                connection + group + [
                    // The default is newest, with which a new service would miss what was published before it.
                    DaprComponent.Entry("initialOffset", hearsEverything ? "newest" : "oldest"),
                    DaprComponent.Entry("version", "2.8.0"),
                ] + (hearsEverything ? [givingUp] : [])
            )
        case .redis: return ("pubsub.redis", redisEntries(messaging.redis ?? RedisSpec()) + group)
        case .rabbitmq:
            let reference = (messaging.rabbitmq ?? RabbitMQSpec()).secretRef
            return (
                "pubsub.rabbitmq",
                [
                    DaprComponent.Entry("connectionString", secret: secret(reference.name, reference.key)),
                    DaprComponent.Entry("durable", "true"),
                    // A queue has to outlive its service, but for sync's, of which each pod has its own.
                    DaprComponent.Entry("deletedWhenUnused", hearsEverything ? "true" : "false"),
                    DaprComponent.Entry("deliveryMode", "2"),
                    DaprComponent.Entry("publisherConfirm", "true"),
                    DaprComponent.Entry("requeueInFailure", "true"),
                ] + group
            )
        case .inMemory: return ("pubsub.in-memory", [])
        }
    }

    /// A record that cannot be delivered, and has no dead letters to go to, is passed over. Retried for ever, as is the
    /// default, it would hold up everything behind it in its partition; clients of sync see the gap by `user_seq` and ask.
    private var givingUp: DaprComponent.Entry { DaprComponent.Entry("consumeRetryEnabled", "false") }

    private func strimziConnection(_ service: ServiceName) -> [DaprComponent.Entry] {
        let cluster = kafkaName ?? names.prefix
        let user = kafkaUser(service)
        return [
            DaprComponent.Entry("brokers", given: kafkaBootstrap(cluster: cluster)),
            DaprComponent.Entry("authType", "password"),
            // Exactly this spelling; anything else is silently taken for PLAIN.
            DaprComponent.Entry("saslMechanism", "SHA-512"),
            DaprComponent.Entry("saslUsername", user),
            DaprComponent.Entry("saslPassword", secret: secret(user, "password")),
            DaprComponent.Entry("caCert", secret: secret("\(cluster)-cluster-ca-cert", "ca.crt")),
        ]
    }

    private func kafkaConnection(_ kafka: KafkaSpec) -> [DaprComponent.Entry] {
        var entries = [DaprComponent.Entry("brokers", given: kafka.brokers.joined(separator: ","))]
        let certificate = kafka.tls.enabled ? kafka.tls.clientCertificateSecretRef : nil
        let authority = kafka.tls.enabled ? kafka.tls.caSecretRef : nil
        if let sasl = kafka.sasl {
            entries += [
                DaprComponent.Entry("authType", "password"),
                DaprComponent.Entry("saslMechanism", sasl.mechanism.daprWord),
                DaprComponent.Entry("saslUsername", secret: secret(sasl.secretRef.name, sasl.secretRef.usernameKey)),
                DaprComponent.Entry("saslPassword", secret: secret(sasl.secretRef.name, sasl.secretRef.passwordKey)),
            ]
            if !kafka.tls.enabled { entries.append(DaprComponent.Entry("disableTls", "true")) }
        } else if certificate != nil {
            entries.append(DaprComponent.Entry("authType", "mtls"))
        } else {
            // `none` would switch TLS off.
            entries.append(DaprComponent.Entry("authType", kafka.tls.enabled ? "certificate" : "none"))
        }
        if let authority {
            entries.append(DaprComponent.Entry("caCert", secret: secret(authority.name, authority.key)))
        }
        if let certificate {
            entries += [
                DaprComponent.Entry("clientCert", secret: secret(certificate.name, certificate.certificateKey)),
                DaprComponent.Entry("clientKey", secret: secret(certificate.name, certificate.privateKeyKey)),
            ]
        }
        return entries
    }

    /// What each service may publish and read; daprd refuses the rest. `app=a,b;other=c`.
    private func scopes(_ services: [ServiceName]) -> [DaprComponent.Entry] {
        let publishing = services.map { "\(appID($0))=\(published(by: $0).map(Self.scoped).joined(separator: ","))" }
        let subscribing = services.map { "\(appID($0))=\(Self.scoped(topic($0.consumes)))" }
        return [
            DaprComponent.Entry("publishingScopes", given: publishing.joined(separator: ";")),
            DaprComponent.Entry("subscriptionScopes", given: subscribing.joined(separator: ";")),
        ]
    }

    /// A topic name without what separates names in a list of scopes.
    private static func scoped(_ topic: String) -> String {
        String(topic.filter { $0 != "," && $0 != ";" && $0 != "=" })
    }
}

extension SASLMechanism {
    var daprWord: String {
        switch self {
        case .plain: "PLAIN"
        case .scramSHA256: "SHA-256"
        case .scramSHA512: "SHA-512"
        }
    }

    var kedaWord: String {
        switch self {
        case .plain: "plaintext"
        case .scramSHA256: "scram_sha256"
        case .scramSHA512: "scram_sha512"
        }
    }
}
