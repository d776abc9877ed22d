import KubernetesModel
import TodoPlatformAPI

/// Which secret values the platform needs, for what, and which pods they reach.
extension PlanContext {
    /// The values that a service itself fetches, through Dapr's secret store.
    func secretsRead(by service: ServiceName) -> [SecretKey] {
        var keys: [SecretKey] = []
        if service.usesDatabase { keys.append(secret(effective.databaseSecret.name, effective.databaseSecret.key)) }
        if service.authenticatesCallers, let key = effective.authenticationSecret {
            keys.append(secret(key.name, key.key))
        }
        if service == .notifications, let key = spec.notifications.encryptionSecretRef {
            keys.append(secret(key.name, key.key))
        }
        return keys
    }

    /// The values that reach a service's pods in any way: fetched, in its environment, or in its sidecar.
    func secretsReaching(_ service: ServiceName, _ components: [DaprComponent]) -> [SecretKey] {
        var keys = secretsRead(by: service)
        for component in components where component.services.contains(service) { keys += component.secrets }
        keys += spec.services[service].environment.compactMap { $0.secretRef.map { secret($0.name, $0.key) } }
        keys += tokens.map(\.key)
        return Array(Set(keys)).sorted()
    }

    /// The tokens between a service and its sidecar. Dapr fixes the key.
    var tokens: [(variable: String, annotation: String, field: String, key: SecretKey)] {
        var tokens: [(String, String, String, SecretKey)] = []
        if let reference = spec.dapr.apiTokenSecretRef {
            tokens.append(
                (
                    "DAPR_API_TOKEN", "dapr.io/api-token-secret", "spec.dapr.apiTokenSecretRef",
                    secret(reference.name, "token")
                ))
        }
        if let reference = spec.dapr.appTokenSecretRef {
            tokens.append(
                (
                    "APP_API_TOKEN", "dapr.io/app-token-secret", "spec.dapr.appTokenSecretRef",
                    secret(reference.name, "token")
                ))
        }
        return tokens
    }

    /// Every secret value of the platform. Ordered, each with each of its purposes once.
    var secretUses: [SecretUse] {
        var uses: Set<SecretUse> = [
            SecretUse(
                key: secret(effective.databaseSecret.name, effective.databaseSecret.key), purpose: "database URL",
                field: "spec.database.secretRef")
        ]
        if let key = effective.authenticationSecret {
            uses.insert(
                SecretUse(
                    key: secret(key.name, key.key), purpose: "key that callers' tokens are signed with",
                    field: "spec.authentication.secretRef"))
        }
        if let key = spec.notifications.encryptionSecretRef {
            uses.insert(
                SecretUse(
                    key: secret(key.name, key.key), purpose: "key that webhooks are encrypted with",
                    field: "spec.notifications.encryptionSecretRef"))
        }
        for token in tokens {
            uses.insert(
                SecretUse(key: token.key, purpose: "token between services and sidecars", field: token.field))
        }
        for component in pubsubs + otherComponents {
            for key in component.secrets { uses.insert(use(key, of: component)) }
        }
        for service in ServiceName.allCases {
            for (index, variable) in spec.services[service].environment.enumerated() {
                guard let reference = variable.secretRef else { continue }
                uses.insert(
                    SecretUse(
                        key: secret(reference.name, reference.key),
                        purpose: "environment of service \(service.rawValue)",
                        field: "spec.services.\(service.rawValue).environment[\(index)].secretRef"))
            }
        }
        return uses.sorted { ($0.key, $0.purpose, $0.field) < ($1.key, $1.purpose, $1.field) }
    }

    private func use(_ key: SecretKey, of component: DaprComponent) -> SecretUse {
        if component.component == "messaging" {
            let isStrimzi = spec.messaging.type == .strimzi
            return SecretUse(
                key: key, purpose: isStrimzi ? "access to Kafka" : "access to the broker",
                field: isStrimzi ? "" : "spec.messaging.\(spec.messaging.type.rawValue)", isProvided: isStrimzi)
        }
        if component.type == "bindings.smtp" {
            return SecretUse(key: key, purpose: "mail server login", field: "spec.dapr.smtp.secretRef")
        }
        return SecretUse(key: key, purpose: "state store", field: "spec.dapr.stateStore")
    }
}
