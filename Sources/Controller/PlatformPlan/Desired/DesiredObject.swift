package import KubernetesModel

/// One object that a platform is made of, complete as it is to be applied.
package struct DesiredObject: Hashable, Sendable {
    /// What happens to the object when the platform is deleted.
    package enum Retention: Hashable, Sendable {
        /// The platform owns it (owner reference): garbage collection deletes it.
        case owned
        /// No owner reference: it stays when the platform goes. It is still ours, by its labels, while the platform
        /// lives: corrected when it drifts.
        case retained
    }

    package let object: KubernetesObject
    package let key: ObjectKey
    package let type: ResourceType
    package let stage: Stage
    package let retention: Retention
    /// Made when it is absent and never changed afterwards: a Job cannot be changed, and its name says what it did.
    package let isCreateOnly: Bool

    package init(
        object: KubernetesObject, type: ResourceType, stage: Stage, retention: Retention = .owned,
        isCreateOnly: Bool = false
    ) {
        self.object = object
        key = object.key
        self.type = type
        self.stage = stage
        self.retention = retention
        self.isCreateOnly = isCreateOnly
    }

    /// Which part of the platform it belongs to: a service's name, or `messaging`, `dapr`, `database`, `exposure`,
    /// `monitoring`, `network`.
    package var component: String { object.labels[PlatformLabels.component] ?? "" }
}
