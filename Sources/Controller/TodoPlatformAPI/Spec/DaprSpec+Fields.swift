extension DaprSpec: Specification {
    package static let fields: [Field<DaprSpec>] = [
        Field("sidecar", \.sidecar, .structure, "The daprd container beside each service."),
        Field("tracing", \.tracing, .structure, "Distributed traces."),
        Field(
            "apiTokenSecretRef", optional: \.apiTokenSecretRef, .structure,
            "Secret with the key token, which services have to show to their sidecar. No token if not set."),
        Field(
            "appTokenSecretRef", optional: \.appTokenSecretRef, .structure,
            "Secret with the key token, which sidecars have to show to their service. No token if not set."),
        Field("resiliency", \.resiliency, .structure, "What sidecars do when a call fails."),
        Field("stateStore", \.stateStore, .structure, "Where services keep small state beside the database."),
        Field("secretStore", \.secretStore, .structure, "Where services read their secrets from."),
        Field("smtp", optional: \.smtp, .structure, "The mail server, for the notification channel email."),
    ]
}

extension SidecarSpec: Specification {
    package static let fields: [Field<SidecarSpec>] = [
        Field("logLevel", \.logLevel, .word, "How much the sidecars log."),
        Field(
            "resources", \.resources, .structure,
            """
            CPU and memory of each sidecar. Preset by the profile: free-tier and standard 20m and 64Mi with at most \
            160Mi, high-availability 100m and 128Mi with at most 256Mi.
            """),
        Field(
            "native", \.native, .boolean,
            "Whether the sidecar starts before and stops after its service. Needs Dapr 1.18 and Kubernetes 1.29."),
    ]
}

extension TracingSpec: Specification {
    package static let fields: [Field<TracingSpec>] = [
        Field(
            "samplingRate", \.samplingRate, .text(.rate),
            "Share of the requests that are traced, from 0 (none) to 1 (all), as text."),
        Field(
            "endpoint", optional: \.endpoint, .text(.any(1024)),
            "Address of the collector. If not set, traces are only in the logs."),
        Field("protocol", \.protocol, .word, "What the collector speaks."),
        Field("secure", \.secure, .boolean, "Whether the connection to the collector is encrypted (otlp only)."),
    ]
}

extension ResiliencySpec: Specification {
    package static let fields: [Field<ResiliencySpec>] = [
        Field(
            "outbound", \.outbound, .structure, "Retries of publishing, of state and of other calls to building blocks."
        ),
        Field(
            "inbound", \.inbound, .structure,
            """
            Retries of the delivery of events to a service. After the last one, or after 15 minutes with policy \
            exponential, an event goes to the dead letters.
            """),
        Field(
            "timeout", \.timeout, .timeSpan(TimeSpan(seconds: 1)...TimeSpan(minutes: 10)),
            "How long one attempt may take."),
        Field("circuitBreaker", \.circuitBreaker, .structure, "Stops calls to what keeps failing."),
    ]
}

extension RetrySpec: Specification {
    package static let fields: [Field<RetrySpec>] = [
        Field("policy", \.policy, .word, "Whether the wait between attempts stays the same or grows."),
        Field(
            "interval", \.interval, .timeSpan(TimeSpan(milliseconds: 100)...TimeSpan(minutes: 60)),
            "Wait between attempts, for policy constant."),
        Field(
            "maxInterval", \.maxInterval, .timeSpan(TimeSpan(seconds: 1)...TimeSpan(minutes: 60)),
            "The longest wait between attempts, for policy exponential."),
        Field(
            "maxRetries", \.maxRetries, .integer(-1...1000),
            "How often it is tried again; -1: without end, with policy exponential for 15 minutes in all."),
    ]
}

extension CircuitBreakerSpec: Specification {
    package static let fields: [Field<CircuitBreakerSpec>] = [
        Field("enabled", \.enabled, .boolean, "Whether there is a circuit breaker."),
        Field("consecutiveFailures", \.consecutiveFailures, .integer(1...1000), "Failures in a row that open it."),
        Field("timeout", \.timeout, .timeSpan(TimeSpan(seconds: 1)...TimeSpan(minutes: 60)), "How long it stays open."),
        Field(
            "maxRequests", \.maxRequests, .integer(1...1000),
            "Calls that it lets through to find out whether they succeed again."),
    ]
}

extension StateStoreSpec: Specification {
    package static let fields: [Field<StateStoreSpec>] = [
        Field(
            "type", \.type, .word, "The kind of store. in-memory: within each sidecar, gone with it. none: no store."),
        Field(
            "secretRef", optional: \.secretRef, .structure, prototype: SecretKeyReference(key: "url"),
            "The Secret with the URL, for type postgresql. The platform's database if not set."),
        Field("redis", optional: \.redis, .structure, "Where Redis is, for type redis."),
    ]

    package static let rules: [Rule<StateStoreSpec>] = [
        Rule(
            "state-store-needs-redis",
            cel: "!has(self.type) || self.type != 'redis' || has(self.redis)",
            "type redis does not say where Redis is",
            remedy: "set redis, or choose another type"
        ) { spec, _ in spec.type != .redis || spec.redis != nil }
    ]
}

extension SecretStoreSpec: Specification {
    package static let fields: [Field<SecretStoreSpec>] = [
        Field(
            "type", \.type, .word,
            "kubernetes: Secrets of the platform's namespace. existing: a Dapr component that somebody else made."),
        Field(
            "componentName", optional: \.componentName, .text(.objectName),
            "Name of the Dapr component, for type existing."),
    ]

    package static let rules: [Rule<SecretStoreSpec>] = [
        Rule(
            "secret-store-needs-component",
            cel: "!has(self.type) || self.type != 'existing' || has(self.componentName)",
            "type existing does not name a component",
            remedy: "set componentName, or choose type kubernetes"
        ) { spec, _ in spec.type != .existing || spec.componentName != nil }
    ]
}

extension SMTPSpec: Specification {
    package static let fields: [Field<SMTPSpec>] = [
        Field("host", \.host, .text(.hostName), required: true, "Host name of the mail server."),
        Field("port", \.port, .integer(1...65_535), "Port of the mail server."),
        Field("from", \.from, .text(.mailAddress), required: true, "Sender of the mails."),
        Field(
            "secretRef", optional: \.secretRef, .structure,
            "The Secret with user name and password. No login if not set."),
        Field(
            "skipTLSVerify", \.skipTLSVerify, .boolean,
            "Whether any certificate of the mail server is accepted. For trials only."),
    ]
}
