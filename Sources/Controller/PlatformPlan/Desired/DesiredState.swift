package import KubernetesModel

/// Everything that one `TodoPlatform` asks for, as values: the objects, and what stands in the way of making them.
package struct DesiredState: Sendable {
    /// Ordered by stage, and within a stage in a fixed order. Keys are unique.
    package var objects: [DesiredObject]
    /// Systems that are asked for and not installed. Their objects are not in `objects`.
    package var missing: [MissingSystem]
    /// Every secret value that some object refers to, ordered.
    package var secrets: [SecretUse]
    /// One entry per enabled service, in the order of start.
    package var services: [DesiredService]
    /// One entry per topic, dead letters included, whatever the broker.
    package var topics: [DesiredTopic]
    /// The migration Job of this version; nil when migrations are off.
    package var migrationJob: ObjectKey?
    /// The Kafka that the topics live in, ours or an existing one; nil when the broker is not Strimzi's, and while Strimzi is
    /// not installed.
    package var kafka: ObjectKey?
    /// Whether that Kafka is the platform's own.
    package var ownsKafka: Bool
    /// Where users reach the platform; nil when it is not exposed.
    package var url: String?
    /// What the pods ask for together, at the lower bound of every autoscaler; to hold against the profile's budget.
    package var resources: ResourceSum
    /// What only the builder can see to be wrong, each a sentence with its remedy. Never stops the rest.
    package var warnings: [String]
}

/// One service of the platform as it is to run.
package struct DesiredService: Hashable, Sendable {
    /// `api`, `reminders`, …
    package let name: String
    /// The Dapr app id, also the name of its Deployment and Service.
    package let appID: String
    package let deployment: ObjectKey
    /// How many replicas; the lower bound when an autoscaler decides.
    package let replicas: Int
    /// Who decides how many replicas run. Nil: the Deployment itself carries `replicas`.
    package let autoscaler: ObjectKey?
    /// The upper bound of the autoscaler; equal to `replicas` without one.
    package let maximumReplicas: Int
}

/// One topic of the platform.
package struct DesiredTopic: Hashable, Sendable {
    /// The name that services publish to.
    package let name: String
    package let partitions: Int
    /// Nil: the broker's own default.
    package let replicas: Int?
    /// The KafkaTopic; nil when the broker is not Strimzi's.
    package let object: ObjectKey?
}

/// What pods ask of a cluster in sum.
package struct ResourceSum: Hashable, Sendable {
    package var pods = 0
    package var cpuRequests = Quantity(milli: 0)
    package var memoryRequests = Quantity(milli: 0, isBinary: true)
    package var memoryLimits = Quantity(milli: 0, isBinary: true)
    /// Claims of persistent volumes.
    package var storage = Quantity(milli: 0, isBinary: true)

    package init() {}
}
