extension AuthenticationSpec: Specification {
    package static let fields: [Field<AuthenticationSpec>] = [
        Field("issuer", optional: \.issuer, .text(.url), "Issuer that tokens must name. Not checked if not set."),
        Field("audience", \.audience, .text(.oneLine), "Audience that tokens must name."),
        Field(
            "jwksURL", optional: \.jwksURL, .text(.keySetURL),
            """
            Where the identity provider publishes its public keys: https, or http within the cluster (*.svc). Network \
            policies open the port that it names; where the pods behind a Service listen on another one, name that in \
            networkPolicies.egressPorts.
            """),
        Field(
            "secretRef", optional: \.secretRef, .structure, prototype: SecretKeyReference(key: "secret"),
            """
            The Secret with the key of tokens signed by HS256, for platforms without an identity provider. If neither \
            it nor jwksURL is set: the platform's name with -authentication, key secret.
            """),
    ]

    package static let rules: [Rule<AuthenticationSpec>] = [
        Rule(
            "authentication-one-source",
            cel: "!(has(self.jwksURL) && has(self.secretRef))",
            "tokens are checked by public keys or by a Secret, not by both",
            remedy: "remove jwksURL or secretRef"
        ) { spec, _ in spec.jwksURL == nil || spec.secretRef == nil },
        Rule(
            "authentication-needs-issuer",
            cel: "!has(self.jwksURL) || has(self.issuer)",
            "the keys of an identity provider sign tokens for others too",
            remedy: "set authentication.issuer to the provider's issuer"
        ) { spec, _ in spec.jwksURL == nil || spec.issuer != nil },
    ]
}

extension RemindersSpec: Specification {
    package static let fields: [Field<RemindersSpec>] = [
        Field(
            "defaultOffset", \.defaultOffset, .wholeMinutes(TimeSpan(minutes: 0)...TimeSpan(hours: 672)),
            "How long before a task is due its reminder fires, unless the task or its user's settings say otherwise.")
    ]
}

extension AuditSpec: Specification {
    package static let fields: [Field<AuditSpec>] = [
        Field(
            "retention", \.retention, .retention(TimeSpan(hours: 24)...TimeSpan(hours: 876_000)),
            "How long entries of the audit trail are kept.")
    ]
}

extension NotificationsSpec: Specification {
    package static let fields: [Field<NotificationsSpec>] = [
        Field(
            "channels", \.channels, .list(of: .word, 0...4),
            "The channels that people may choose from: log, in-app, webhook, email. email needs dapr.smtp."),
        Field(
            "encryptionSecretRef", optional: \.encryptionSecretRef, .structure,
            prototype: SecretKeyReference(key: "key"),
            """
            The Secret whose keys (32 bytes each, in base64) encrypt what the database holds of users' webhooks. The key \
            named here encrypts, the others only decrypt: to rotate, add one and name it. Not encrypted if not set.
            """),
    ]
}

extension MonitoringSpec: Specification {
    package static let fields: [Field<MonitoringSpec>] = [
        Field("serviceMonitor", \.serviceMonitor, .structure, "Lets Prometheus collect metrics."),
        Field("alerts", \.alerts, .structure, "Alerts as a PrometheusRule."),
        Field("dashboards", \.dashboards, .structure, "Grafana dashboards as ConfigMaps."),
    ]
}

extension ServiceMonitorSpec: Specification {
    package static let fields: [Field<ServiceMonitorSpec>] = [
        Field("enabled", \.enabled, .boolean, "Whether there is a ServiceMonitor."),
        Field(
            "interval", \.interval, .timeSpan(TimeSpan(seconds: 5)...TimeSpan(minutes: 10)),
            "How often metrics are collected."),
        Field(
            "labels", \.labels, .strings(keys: .labelKey, values: .labelValue, maximum: 32),
            "Labels by which Prometheus finds the ServiceMonitor, for example release: prometheus."),
    ]
}

extension AlertsSpec: Specification {
    package static let fields: [Field<AlertsSpec>] = [
        Field("enabled", \.enabled, .boolean, "Whether there is a PrometheusRule."),
        Field(
            "labels", \.labels, .strings(keys: .labelKey, values: .labelValue, maximum: 32),
            "Labels by which Prometheus finds the PrometheusRule."),
    ]
}

extension DashboardsSpec: Specification {
    package static let fields: [Field<DashboardsSpec>] = [
        Field("enabled", \.enabled, .boolean, "Whether there are dashboards."),
        Field(
            "labels", \.labels, .strings(keys: .labelKey, values: .labelValue, maximum: 32),
            "Labels by which Grafana finds the ConfigMaps."),
    ]
}

extension NetworkPoliciesSpec: Specification {
    package static let fields: [Field<NetworkPoliciesSpec>] = [
        Field(
            "enabled", \.enabled, .boolean,
            "Whether there are network policies: all is denied but what the platform needs."),
        Field(
            "ingressNamespaces", \.ingressNamespaces, .list(of: .text(.dnsLabel), 0...20),
            "Namespaces of the ingress or gateway controllers, which may reach the API. Every namespace if empty."),
        Field(
            "monitoringNamespaces", \.monitoringNamespaces, .list(of: .text(.dnsLabel), 0...20),
            "Namespaces of Prometheus, which may collect metrics."),
        Field("daprNamespace", \.daprNamespace, .text(.dnsLabel), "Namespace of Dapr's control plane."),
        Field(
            "egressPorts", \.egressPorts, .list(of: .integer(1...65_535), 0...50),
            "TCP ports that pods may reach anywhere: the database, the identity provider, brokers, mail, webhooks."),
    ]
}

extension UpgradeSpec: Specification {
    package static let fields: [Field<UpgradeSpec>] = [
        Field(
            "progressDeadlineSeconds", \.progressDeadlineSeconds, .integer(30...7200, unit: "seconds"),
            "How long a rollout may stand still before it counts as failed."),
        Field(
            "automaticRollback", \.automaticRollback, .boolean,
            "Whether a failed rollout goes back to the last image that worked."),
    ]
}

extension MaintenanceSpec: Specification {
    package static let fields: [Field<MaintenanceSpec>] = [
        Field(
            "paused", \.paused, .boolean,
            "Whether the operator leaves everything as it is. Status goes on, and so does deletion."),
        Field(
            "until", optional: \.until, .timestamp,
            "When the operator resumes by itself. If not set, when paused is false again."),
        Field("reason", optional: \.reason, .text(.oneLine), "Why, for those who look at the status."),
    ]

    package static let rules: [Rule<MaintenanceSpec>] = [
        Rule(
            "maintenance-until-needs-paused",
            cel: "!has(self.until) || (has(self.paused) && self.paused)",
            "until has no meaning while the platform is not paused",
            remedy: "set maintenance.paused to true, or remove maintenance.until"
        ) { spec, _ in spec.until == nil || spec.paused }
    ]
}

extension DeletionSpec: Specification {
    package static let fields: [Field<DeletionSpec>] = [
        Field(
            "topics", \.topics, .word,
            "Whether topics and their events remain on the broker when the platform is deleted."),
        Field(
            "data", \.data, .word,
            "Whether the volumes of the Kafka that the operator made remain. The database is never deleted."),
        Field(
            "protection", \.protection, .boolean,
            """
            Whether a deletion has to wait until this is false. Kubernetes marks the resource as deleted, but the \
            operator keeps it and everything that belongs to it.
            """),
    ]

    package static let rules: [Rule<DeletionSpec>] = [
        Rule(
            "deletion-topics-need-data",
            cel: "!has(self.topics) || !has(self.data) || self.topics != 'retain' || self.data != 'delete'",
            "topics cannot remain when their volumes are deleted",
            remedy: "set deletion.topics to delete too, or deletion.data to retain"
        ) { spec, _ in spec.topics != .retain || spec.data != .delete }
    ]
}
