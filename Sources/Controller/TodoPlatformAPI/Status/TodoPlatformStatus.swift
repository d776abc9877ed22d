package import KubernetesModel

/// What the operator saw and did: the `status` of a TodoPlatform.
package struct TodoPlatformStatus: Hashable, Sendable {
    /// -1 until the operator has acted once, so that a new resource never counts as current.
    package var observedGeneration = -1
    package var conditions: [Condition] = []
    /// Services ready of all, for people: `6/6`.
    package var summary: String?
    package var url: String?
    package var version = VersionStatus()
    package var services: [ServiceStatus] = []
    package var topics: [TopicStatus] = []
    /// Replicas and pod selector of the API service, for `kubectl scale` and autoscalers.
    package var replicas: Int?
    package var selector: String?
    package var resources: ResourcesStatus?
    package var kafka: KafkaStatus?
    package var migration: MigrationStatus?
    /// What others changed and we put back; the latest ten, newest first.
    package var drift: [DriftEntry] = []

    package init() {}

    package func condition(_ type: String) -> Condition? { conditions.first { $0.type == type } }
}

package struct VersionStatus: Hashable, Sendable {
    /// What runs.
    package var current: String?
    /// What ran before.
    package var previous: String?
    /// What was tried last, failed, and was taken back; not tried again until the spec changes.
    package var failed: String?
    /// The image of each version, so that a rollback needs no registry.
    package var currentImage: String?
    package var previousImage: String?
    package var failedImage: String?

    package init() {}
}

package struct ServiceStatus: Hashable, Sendable {
    package var name = ""
    package var state = ServiceState.pending
    package var ready = 0
    package var desired = 0
    package var image: String?
    package var message: String?

    package init() {}
}

package enum ServiceState: String, CaseIterable, Sendable {
    case pending = "Pending"
    case progressing = "Progressing"
    case ready = "Ready"
    case failed = "Failed"
    case rolledBack = "RolledBack"
    case disabled = "Disabled"
}

package struct TopicStatus: Hashable, Sendable {
    package var name = ""
    package var ready = false
    package var partitions: Int?
    package var message: String?

    package init() {}
}

/// What all pods of the platform ask for together, beside what the profile leaves for them.
package struct ResourcesStatus: Hashable, Sendable {
    package var requests = ResourceAmounts()
    package var limits = ResourceAmounts()
    /// Empty where the profile has none.
    package var budget = ResourceAmounts()
    package var withinBudget = true

    package init() {}
}

package struct KafkaStatus: Hashable, Sendable {
    /// The identity on the brokers' volumes, needed to bring a deleted Kafka back on them.
    package var clusterId: String?

    package init() {}
}

package struct MigrationStatus: Hashable, Sendable {
    /// The Job that completed last. It is not made again when somebody deletes it.
    package var job: String?

    package init() {}
}

package struct DriftEntry: Hashable, Sendable {
    package var time: Timestamp?
    /// For example `Deployment/shop-api`.
    package var object = ""
    package var field = ""
    /// The field manager that changed it, where it is known.
    package var manager: String?

    package init() {}
}
