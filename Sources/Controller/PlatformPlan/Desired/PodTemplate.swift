import KubernetesModel
import TodoPlatformAPI

/// What every pod of ours has in common.
extension PlanContext {
    /// The security context of a container under the Pod Security Standard "restricted".
    static let restrictedContainer: JSON = [
        "allowPrivilegeEscalation": false,
        "capabilities": ["drop": ["ALL"]],
        "runAsNonRoot": true,
        "seccompProfile": ["type": "RuntimeDefault"],
    ]

    /// The same for our own image, which writes nowhere but to /tmp.
    static let serviceContainerSecurity: JSON = [
        "allowPrivilegeEscalation": false,
        "capabilities": ["drop": ["ALL"]],
        "readOnlyRootFilesystem": true,
        "runAsNonRoot": true,
        "seccompProfile": ["type": "RuntimeDefault"],
    ]

    /// Of the pod; also what the injected sidecar falls under. The numeric user is that of the image.
    static let podSecurity: JSON = [
        "fsGroup": 65532, "runAsGroup": 65532, "runAsNonRoot": true, "runAsUser": 65532,
        "seccompProfile": ["type": "RuntimeDefault"],
    ]

    static let temporaryMount: JSON = ["name": "tmp", "mountPath": "/tmp"]
    static let temporaryVolume: JSON = ["name": "tmp", "emptyDir": ["sizeLimit": "64Mi"]]

    /// An environment variable with exactly this text. Kubernetes replaces `$(NAME)` in values; `$$` stands for `$`.
    static func variable(_ name: String, _ value: String) -> JSON {
        var escaped = ""
        for character in value { escaped += character == "$" ? "$$" : String(character) }
        return ["name": .string(name), "value": .string(escaped)]
    }

    static func variable(_ name: String, secret: SecretKey) -> JSON {
        [
            "name": .string(name),
            "valueFrom": ["secretKeyRef": ["name": .string(secret.secret.name), "key": .string(secret.key)]],
        ]
    }

    /// Replicas over zones and nodes. Old replicas do not count while new ones are placed, where the server knows how
    /// to tell them apart.
    func topologySpread(_ service: EffectiveService) -> JSON? {
        let wanted = [
            ("topology.kubernetes.io/zone", service.zoneSpread), ("kubernetes.io/hostname", service.nodeSpread),
        ]
        let constraints = wanted.filter { $0.1 != .none }.map { key, spread -> JSON in
            .members([
                "maxSkew": 1,
                "topologyKey": .string(key),
                "whenUnsatisfiable": spread == .required ? "DoNotSchedule" : "ScheduleAnyway",
                "labelSelector": .matchLabels(selector(service.name.rawValue)),
                "matchLabelKeys": apis.isCurrent ? ["pod-template-hash"] : nil,
            ])
        }
        return constraints.isEmpty ? nil : .array(constraints)
    }

    /// Tolerations as Kubernetes stores them.
    static func tolerations(_ tolerations: [Toleration]) -> JSON? {
        if tolerations.isEmpty { return nil }
        return .array(
            tolerations.map { toleration in
                .members([
                    "key": toleration.key.map { .string($0) },
                    "operator": toleration.operator.map { .string($0.rawValue) },
                    "value": toleration.value.map { .string($0) },
                    "effect": toleration.effect.map { .string($0.rawValue) },
                    "tolerationSeconds": toleration.tolerationSeconds.map { JSON($0) },
                ])
            })
    }
}
