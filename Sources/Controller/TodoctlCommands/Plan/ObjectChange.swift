package import KubernetesModel
package import PlatformPlan

/// What happens to one object.
package struct ObjectChange: Sendable {
    package enum Kind: Hashable, Sendable {
        case create
        /// The spec asks for something else than before.
        case change
        /// Somebody changed fields that the operator sets; they are set back.
        case correct
        /// Deleted and made anew: a Job that failed.
        case replace
        case delete(Action.DeletionCause)
    }

    package let key: ObjectKey
    package let type: ResourceType
    package let kind: Kind
    /// For `change` and `correct`. Empty: the operator only notes what it wants.
    package var fields: [FieldChange] = []
    /// What is applied.
    package var object: KubernetesObject?
    package var live: KubernetesObject?
    /// The count that an autoscaler takes over.
    package var handedOverReplicas: Int?

    package init(
        key: ObjectKey, type: ResourceType, kind: Kind, fields: [FieldChange] = [], object: KubernetesObject? = nil,
        live: KubernetesObject? = nil, handedOverReplicas: Int? = nil
    ) {
        self.key = key
        self.type = type
        self.kind = kind
        self.fields = fields
        self.object = object
        self.live = live
        self.handedOverReplicas = handedOverReplicas
    }

    /// How many pods are replaced because of this change; nil when none are.
    package var restartedPods: Int? {
        guard key.kind == GroupKind(group: "apps", kind: "Deployment"), kind == .change || kind == .correct,
            fields.contains(where: \.restartsPods)
        else { return nil }
        let pods = live?.spec?["replicas"]?.int ?? 1
        return pods > 0 ? pods : nil
    }
}
