/// The broker between the services, and the topics on it.
package struct MessagingSpec: Hashable, Sendable {
    package var type = MessagingType.strimzi
    package var strimzi = StrimziSpec()
    package var kafka: KafkaSpec?
    package var redis: RedisSpec?
    package var rabbitmq: RabbitMQSpec?
    package var topics = TopicsSpec()

    package init() {}
}

package enum MessagingType: String, CaseIterable, Sendable {
    /// Kafka run by Strimzi: a cluster of our own, or an existing one (`strimzi.existingCluster`).
    case strimzi
    /// Kafka or Redpanda that somebody else runs.
    case kafka
    case redis
    case rabbitmq
    /// Inside each process; nothing is shared or kept. For trials of a single service only.
    case inMemory = "in-memory"
}

/// Kafka and Redpanda outside of our hands.
package struct KafkaSpec: Hashable, Sendable {
    package var brokers: [String] = []
    package var sasl: KafkaSASLSpec?
    package var tls = KafkaTLSSpec()

    package init() {}
}

package struct KafkaSASLSpec: Hashable, Sendable {
    package var mechanism = SASLMechanism.scramSHA512
    package var secretRef = CredentialsReference()

    package init() {}
}

/// The words of the SASL registry (RFC 5802, RFC 7677). Dapr spells them otherwise; that is the builders' matter.
package enum SASLMechanism: String, CaseIterable, Sendable {
    case plain = "PLAIN"
    case scramSHA256 = "SCRAM-SHA-256"
    case scramSHA512 = "SCRAM-SHA-512"
}

package struct KafkaTLSSpec: Hashable, Sendable {
    package var enabled = true
    package var caSecretRef: SecretKeyReference?
    package var clientCertificateSecretRef: CertificateReference?

    package init() {}
}

package struct RedisSpec: Hashable, Sendable {
    package var host = ""
    package var tls = false
    package var secretRef: RedisSecretReference?

    package init() {}
}

package struct RedisSecretReference: Hashable, Sendable {
    package var name = ""
    package var passwordKey = "password"
    package var usernameKey: String?

    package init() {}
}

package struct RabbitMQSpec: Hashable, Sendable {
    package var secretRef = SecretKeyReference(key: "connectionString")

    package init() {}
}

extension MessagingSpec: Specification {
    package static let fields: [Field<MessagingSpec>] = [
        Field(
            "type", \.type, .word,
            """
            The kind of broker. strimzi: Kafka by the Strimzi operator, our own or an existing cluster. kafka: Kafka \
            or Redpanda elsewhere. in-memory: within each process, for trials of one service.
            """),
        Field("strimzi", \.strimzi, .structure, "Kafka by the Strimzi operator, for type strimzi."),
        Field("kafka", optional: \.kafka, .structure, "Kafka or Redpanda elsewhere, for type kafka."),
        Field("redis", optional: \.redis, .structure, "Redis streams, for type redis."),
        Field("rabbitmq", optional: \.rabbitmq, .structure, "RabbitMQ, for type rabbitmq."),
        Field(
            "topics", \.topics, .structure,
            "The topics. They are created by Strimzi; on any other Kafka somebody else has to."),
    ]

    package static let rules: [Rule<MessagingSpec>] = [
        needs("kafka", .kafka) { $0.kafka != nil },
        needs("redis", .redis) { $0.redis != nil },
        needs("rabbitmq", .rabbitmq) { $0.rabbitmq != nil },
    ]

    private static func needs(
        _ field: String, _ type: MessagingType, _ isGiven: @escaping @Sendable (MessagingSpec) -> Bool
    ) -> Rule<MessagingSpec> {
        Rule(
            "messaging-needs-\(field)",
            cel: "!has(self.type) || self.type != '\(type.rawValue)' || has(self.\(field))",
            "type \(type.rawValue) does not say where its broker is",
            remedy: "set messaging.\(field), or choose another messaging.type"
        ) { spec, _ in spec.type != type || isGiven(spec) }
    }
}

extension KafkaSpec: Specification {
    package static let fields: [Field<KafkaSpec>] = [
        Field(
            "brokers", \.brokers, .list(of: .text(.hostAndPort), 1...20), required: true,
            "Addresses to start from, each host:port."),
        Field("sasl", optional: \.sasl, .structure, "Login with user name and password. None if not set."),
        Field("tls", \.tls, .structure, "Encryption of the connections."),
    ]

    package static let rules: [Rule<KafkaSpec>] = [
        Rule(
            "kafka-one-login",
            cel: "!(has(self.sasl) && has(self.tls) && has(self.tls.clientCertificateSecretRef))",
            "a client certificate and a user name are given, but one login is possible",
            remedy: "remove sasl or tls.clientCertificateSecretRef"
        ) { spec, _ in spec.sasl == nil || spec.tls.clientCertificateSecretRef == nil }
    ]
}

extension KafkaSASLSpec: Specification {
    package static let fields: [Field<KafkaSASLSpec>] = [
        Field("mechanism", \.mechanism, .word, "The SASL mechanism."),
        Field("secretRef", \.secretRef, .structure, required: true, "The Secret with user name and password."),
    ]
}

extension KafkaTLSSpec: Specification {
    package static let fields: [Field<KafkaTLSSpec>] = [
        Field("enabled", \.enabled, .boolean, "Whether connections are encrypted."),
        Field(
            "caSecretRef", optional: \.caSecretRef, .structure, prototype: SecretKeyReference(key: "ca.crt"),
            "The Secret with the certificate authority (PEM) of the brokers. The system's authorities if not set."),
        Field(
            "clientCertificateSecretRef", optional: \.clientCertificateSecretRef, .structure,
            "The Secret with a client certificate, for mutual TLS."),
    ]

    package static let rules: [Rule<KafkaTLSSpec>] = [
        Rule(
            "kafka-tls-enabled",
            cel:
                "!has(self.enabled) || self.enabled || "
                + "(!has(self.caSecretRef) && !has(self.clientCertificateSecretRef))",
            "certificates are given, but TLS is off",
            remedy: "set enabled to true, or remove caSecretRef and clientCertificateSecretRef"
        ) { spec, _ in spec.enabled || (spec.caSecretRef == nil && spec.clientCertificateSecretRef == nil) },
        Rule(
            "kafka-client-certificate-needs-ca",
            cel: "!has(self.clientCertificateSecretRef) || has(self.caSecretRef)",
            "mutual TLS needs the certificate authority of the brokers",
            remedy: "set caSecretRef"
        ) { spec, _ in spec.clientCertificateSecretRef == nil || spec.caSecretRef != nil },
    ]
}

extension RedisSpec: Specification {
    package static let fields: [Field<RedisSpec>] = [
        Field("host", \.host, .text(.hostAndPort), required: true, "Address of Redis, host:port."),
        Field("tls", \.tls, .boolean, "Whether connections are encrypted."),
        Field("secretRef", optional: \.secretRef, .structure, "The Secret with the password. No password if not set."),
    ]
}

extension RedisSecretReference: Specification {
    package static let fields: [Field<RedisSecretReference>] = [
        Field("name", \.name, .text(.objectName), required: true, "Name of the Secret, in the platform's namespace."),
        Field("passwordKey", \.passwordKey, .text(.secretKey), "Key of the password."),
        Field(
            "usernameKey", optional: \.usernameKey, .text(.secretKey),
            "Key of the user name. The default user of Redis if not set."),
    ]
}

extension RabbitMQSpec: Specification {
    package static let fields: [Field<RabbitMQSpec>] = [
        Field(
            "secretRef", \.secretRef, .structure, required: true,
            "The Secret with the connection string: amqps://user:password@host:5671/vhost.")
    ]
}
