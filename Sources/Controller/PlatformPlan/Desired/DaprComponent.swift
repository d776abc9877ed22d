import KubernetesModel
import TodoPlatformAPI

/// A Dapr Component before it becomes an object: what daprd is to load, for which services.
struct DaprComponent {
    let name: String
    /// The component label of the object.
    let component: String
    let type: String
    let version: String
    var metadata: [Entry]
    /// The services whose sidecars load it. Never empty: without scopes every app of the namespace would.
    let services: [ServiceName]
    /// Brokers and databases may take longer to answer than the 5 s after which daprd gives up and exits.
    var initTimeout: String? = "30s"

    struct Entry {
        let name: String
        let value: Value

        enum Value {
            case text(String)
            case secret(SecretKey)
        }

        init(_ name: String, _ value: String) { (self.name, self.value) = (name, .text(value)) }
        init(_ name: String, secret: SecretKey) { (self.name, value) = (name, .secret(secret)) }

        /// A value that somebody else wrote. Dapr replaces `{podName}` and the like in every value, and one
        /// `{namespace}` even renames all topics; braces are legal in none of the values that come from a resource.
        init(_ name: String, given value: String) {
            self.init(name, String(value.filter { $0 != "{" && $0 != "}" }))
        }

        var json: JSON {
            switch value {
            case .text(let text): ["name": .string(name), "value": .string(text)]
            case .secret(let key):
                ["name": .string(name), "secretKeyRef": ["name": .string(key.secret.name), "key": .string(key.key)]]
            }
        }
    }

    /// The secret values that the component refers to.
    var secrets: [SecretKey] {
        metadata.compactMap { entry in
            if case .secret(let key) = entry.value { key } else { nil }
        }
    }

    var spec: JSON {
        .members([
            "type": .string(type),
            "version": .string(version),
            "initTimeout": initTimeout.map { .string($0) },
            "metadata": .array(metadata.map(\.json)),
        ])
    }
}

extension PlanContext {
    func daprComponents(_ components: [DaprComponent]) -> [DesiredObject] {
        components.map { component in
            object(
                .daprComponent, name: component.name, component: component.component, stage: .components,
                body: [
                    "spec": component.spec,
                    // Our references are to Secrets of Kubernetes whatever store the services read from.
                    "auth": ["secretStore": "kubernetes"],
                    "scopes": JSON(component.services.map(appID)),
                ])
        }
    }

    /// The components beside the broker: state, secrets, mail.
    var otherComponents: [DaprComponent] {
        [stateStore, secretStore, smtp].compactMap(\.self)
    }

    var stateStoreName: String? { spec.dapr.stateStore.type == .none ? nil : names.object("state") }

    private var stateStore: DaprComponent? {
        guard let name = stateStoreName else { return nil }
        let store = spec.dapr.stateStore
        var component = DaprComponent(
            name: name, component: "dapr", type: "state.in-memory", version: "v1", metadata: [],
            services: ServiceName.allCases)
        switch store.type {
        case .none: return nil
        case .inMemory: component.initTimeout = nil
        case .postgresql:
            let url = store.secretRef ?? effective.databaseSecret
            return DaprComponent(
                name: name, component: "dapr", type: "state.postgresql", version: "v2",
                metadata: [
                    DaprComponent.Entry("connectionString", secret: secret(url.name, url.key)),
                    DaprComponent.Entry("tablePrefix", "dapr_"),
                    // Platforms of other namespaces may use the same database.
                    DaprComponent.Entry("keyPrefix", "namespace"),
                ], services: ServiceName.allCases)
        case .redis:
            return DaprComponent(
                name: name, component: "dapr", type: "state.redis", version: "v1",
                metadata: redisEntries(store.redis ?? RedisSpec()) + [DaprComponent.Entry("keyPrefix", "namespace")],
                services: ServiceName.allCases)
        }
        return component
    }

    func redisEntries(_ redis: RedisSpec) -> [DaprComponent.Entry] {
        var entries = [
            DaprComponent.Entry("redisHost", given: redis.host),
            DaprComponent.Entry("enableTLS", redis.tls ? "true" : "false"),
        ]
        if let credentials = redis.secretRef {
            if let key = credentials.usernameKey {
                entries.append(DaprComponent.Entry("redisUsername", secret: secret(credentials.name, key)))
            }
            entries.append(
                DaprComponent.Entry("redisPassword", secret: secret(credentials.name, credentials.passwordKey)))
        }
        return entries
    }

    /// The name of the store that services read their secrets from.
    var secretStoreName: String {
        let store = spec.dapr.secretStore
        guard store.type == .existing, let name = store.componentName else { return names.object("secrets") }
        return name
    }

    /// Whether Kubernetes Secrets are what the services read, through their own ServiceAccounts.
    var readsKubernetesSecrets: Bool { spec.dapr.secretStore.type == .kubernetes }

    private var secretStore: DaprComponent? {
        let readers = ServiceName.allCases.filter { !secretsRead(by: $0).isEmpty }
        guard readsKubernetesSecrets, !readers.isEmpty else { return nil }
        return DaprComponent(
            name: secretStoreName, component: "dapr", type: "secretstores.kubernetes", version: "v1", metadata: [],
            services: readers, initTimeout: nil)
    }

    var smtpName: String? { spec.dapr.smtp == nil ? nil : names.object("smtp") }

    private var smtp: DaprComponent? {
        guard let smtp = spec.dapr.smtp, let name = smtpName else { return nil }
        var entries = [
            DaprComponent.Entry("host", given: smtp.host),
            DaprComponent.Entry("port", String(smtp.port)),
            DaprComponent.Entry("emailFrom", given: smtp.from),
            DaprComponent.Entry("skipTLSVerify", smtp.skipTLSVerify ? "true" : "false"),
        ]
        if let credentials = smtp.secretRef {
            entries.append(DaprComponent.Entry("user", secret: secret(credentials.name, credentials.usernameKey)))
            entries.append(DaprComponent.Entry("password", secret: secret(credentials.name, credentials.passwordKey)))
        }
        return DaprComponent(
            name: name, component: "dapr", type: "bindings.smtp", version: "v1", metadata: entries,
            services: ServiceName.allCases.filter(\.sendsMail))
    }
}
