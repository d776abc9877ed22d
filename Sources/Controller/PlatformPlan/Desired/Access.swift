import KubernetesModel
import TodoPlatformAPI

/// Who the pods are, and what that allows them: each service to fetch the Secrets that it reads, by name, and nothing
/// else.
extension PlanContext {
    static let migration = "migrate"

    var serviceAccounts: [DesiredObject] {
        let services = ServiceName.allCases.map { serviceAccount($0.rawValue) }
        return services + (spec.database.migrations.enabled ? [serviceAccount(Self.migration)] : [])
    }

    private func serviceAccount(_ component: String) -> DesiredObject {
        let pullSecrets = spec.image.pullSecrets.map { JSON.members(["name": .string($0.name)]) }
        return object(
            .serviceAccount, name: names.object(component), component: component, stage: .foundation,
            body: [
                "automountServiceAccountToken": false,
                "imagePullSecrets": pullSecrets.isEmpty ? nil : .array(pullSecrets),
            ])
    }

    /// One Role for each Secret that services read, bound to the services that do. Dapr's secret store asks the API
    /// server as the pod that it stands beside.
    var secretReaders: [DesiredObject] {
        guard readsKubernetesSecrets else { return [] }
        var objects = secretReader(
            "database", effective.databaseSecret.name, ServiceName.allCases.filter(\.usesDatabase))
        if let key = effective.authenticationSecret {
            objects += secretReader("authentication", key.name, ServiceName.allCases.filter(\.authenticatesCallers))
        }
        if let key = spec.notifications.encryptionSecretRef {
            objects += secretReader("encryption", key.name, [.notifications])
        }
        return objects
    }

    private func secretReader(_ purpose: String, _ secret: String, _ services: [ServiceName]) -> [DesiredObject] {
        let name = names.object("read-\(purpose)")
        let subjects = services.map { service -> JSON in
            ["kind": "ServiceAccount", "name": .string(appID(service)), "namespace": .string(namespace)]
        }
        return [
            object(
                .role, name: name, component: purpose, stage: .foundation,
                body: [
                    "rules": [
                        [
                            "apiGroups": [""], "resources": ["secrets"], "resourceNames": [.string(secret)],
                            "verbs": ["get"],
                        ]
                    ]
                ]),
            object(
                .roleBinding, name: name, component: purpose, stage: .foundation,
                body: [
                    "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": .string(name)],
                    "subjects": .array(subjects),
                ]),
        ]
    }
}
