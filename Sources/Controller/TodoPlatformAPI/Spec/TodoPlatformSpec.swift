/// What the admin wants: the `spec` of a TodoPlatform. A new value holds every default; `spec: {}` is valid.
package struct TodoPlatformSpec: Hashable, Sendable {
    package var version = TodoPlatform.release
    package var profile = Profile.freeTier
    package var cluster = ClusterKind.generic
    package var image = ImageSpec()
    package var database = DatabaseSpec()
    package var messaging = MessagingSpec()
    package var dapr = DaprSpec()
    package var services = ServicesSpec()
    package var authentication = AuthenticationSpec()
    package var reminders = RemindersSpec()
    package var audit = AuditSpec()
    package var notifications = NotificationsSpec()
    package var exposure = ExposureSpec()
    package var monitoring = MonitoringSpec()
    package var networkPolicies = NetworkPoliciesSpec()
    package var upgrade = UpgradeSpec()
    package var maintenance = MaintenanceSpec()
    package var deletion = DeletionSpec()

    package init() {}
}

/// One word that presets the sizes of everything (table: `Profile+Presets.swift`).
package enum Profile: String, CaseIterable, Sendable {
    case freeTier = "free-tier"
    case standard
    case highAvailability = "high-availability"
}

/// Where the platform runs: presets storage class, load-balancer annotations and ingress class
/// (table: `ClusterKind+Presets.swift`).
package enum ClusterKind: String, CaseIterable, Sendable {
    case generic, oke, minikube, kind, doks, aks, gke
}

extension TodoPlatformSpec: Specification {
    package static let fields: [Field<TodoPlatformSpec>] = [
        Field(
            "version", \.version, .text(.imageTag),
            """
            Version of the services. A change migrates the database, then rolls out. It is written into the resource \
            when that is created, so that an upgrade of the operator alone restarts nothing.
            """),
        Field(
            "profile", \.profile, .word,
            """
            Presets the sizes of everything; each can be overridden. free-tier: one replica of each service, one Kafka \
            node of 1280Mi. standard: two replicas, one Kafka node of 1536Mi. high-availability: three replicas that \
            scale to six, three Kafka nodes of 4Gi.
            """),
        Field(
            "cluster", \.cluster, .word,
            """
            Where the platform runs. Presets the storage class, the ingress class and the annotations of load \
            balancers; generic presets nothing. oke takes the load balancer of Oracle's Always Free offer (10 Mbps).
            """),
        Field("image", \.image, .structure, "The image of the services; one image holds them all."),
        Field("database", \.database, .structure, "The PostgreSQL database that tasks are kept in."),
        Field(
            "messaging", \.messaging, .structure,
            "The broker between the services, and its topics. Another broker is a change of this field alone."),
        Field("dapr", \.dapr, .structure, "The Dapr sidecars, and the building blocks behind them."),
        Field("services", \.services, .structure, "Size, scaling, scheduling and environment of each service."),
        Field("authentication", \.authentication, .structure, "How callers of the API prove who they are."),
        Field("reminders", \.reminders, .structure, "When reminders fire."),
        Field("audit", \.audit, .structure, "How long the audit trail is kept."),
        Field("notifications", \.notifications, .structure, "The ways on which reminders reach people."),
        Field("exposure", \.exposure, .structure, "How the API is reached from outside of the cluster."),
        Field(
            "monitoring", \.monitoring, .structure,
            "Metrics, alerts and dashboards. What needs the Prometheus operator waits until that is installed."),
        Field(
            "networkPolicies", \.networkPolicies, .structure,
            "Which connections the pods of the platform may make and take."),
        Field("upgrade", \.upgrade, .structure, "What happens when a rollout does not succeed."),
        Field(
            "maintenance", \.maintenance, .structure,
            "Lets the operator rest while somebody works on the platform by hand."),
        Field("deletion", \.deletion, .structure, "What remains when the resource is deleted."),
    ]

    package static let rules: [Rule<TodoPlatformSpec>] = [
        Rule(
            "kafka-nodes-fixed",
            cel: """
                !(\(ownsKafka("self")) && \(ownsKafka("oldSelf"))) || \(kafkaNodes("self")) == \(kafkaNodes("oldSelf"))
                """,
            "the number of Kafka nodes cannot change, as its controllers are fixed when it is created",
            remedy: "set messaging.strimzi.nodes to the present number, or move to another cluster with "
                + "messaging.strimzi.existingCluster"
        ) { new, old in
            guard let old, new.ownsKafka, old.ownsKafka else { return true }
            return new.kafkaNodes == old.kafkaNodes
        },
        Rule(
            "topic-replicas-within-nodes",
            cel: "!\(ownsKafka("self")) || !has(self.messaging) || !has(self.messaging.topics) || ("
                + ["taskEvents", "reminders", "taskUpdates", "taskCommands", "deadLetters"].map {
                    "(!has(self.messaging.topics.\($0)) || !has(self.messaging.topics.\($0).replicas) || "
                        + "self.messaging.topics.\($0).replicas <= \(kafkaNodes("self")))"
                }.joined(separator: " && ") + ")",
            "a topic has more replicas than Kafka has nodes",
            remedy: "lower its replicas or remove the field"
        ) { spec, _ in
            let topics = spec.messaging.topics
            let replicas = TopicRole.allCases.map { topics[$0].replicas } + [topics.deadLetters.replicas]
            return !spec.ownsKafka || replicas.allSatisfy { ($0 ?? 1) <= spec.kafkaNodes }
        },
        Rule(
            "email-needs-smtp",
            cel: "!has(self.notifications) || !has(self.notifications.channels) || "
                + "!self.notifications.channels.exists(c, c == 'email') || (has(self.dapr) && has(self.dapr.smtp))",
            "the channel email has no mail server",
            remedy: "set dapr.smtp, or remove email from notifications.channels"
        ) { spec, _ in
            !spec.notifications.channels.contains(.email) || spec.dapr.smtp != nil
        },
    ]

    /// Whether we make and own a Kafka.
    var ownsKafka: Bool { messaging.type == .strimzi && messaging.strimzi.existingCluster == nil }
    var kafkaNodes: Int { messaging.strimzi.nodes ?? profile.presets.kafkaNodes }

    private static func ownsKafka(_ spec: String) -> String {
        "(!has(\(spec).messaging) || ((!has(\(spec).messaging.type) || \(spec).messaging.type == 'strimzi') && "
            + "(!has(\(spec).messaging.strimzi) || !has(\(spec).messaging.strimzi.existingCluster))))"
    }

    private static func kafkaNodes(_ spec: String) -> String {
        "(has(\(spec).messaging) && has(\(spec).messaging.strimzi) && has(\(spec).messaging.strimzi.nodes) ? "
            + "\(spec).messaging.strimzi.nodes : "
            + "(has(\(spec).profile) && \(spec).profile == 'high-availability' ? "
            + "\(Profile.highAvailability.presets.kafkaNodes) : \(Profile.standard.presets.kafkaNodes)))"
    }
}
