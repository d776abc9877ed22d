extension TodoPlatformStatus: Specification {
    package static let fields: [Field<TodoPlatformStatus>] = [
        Field(
            "observedGeneration", \.observedGeneration, .integer(-1...Int(Int64.max)),
            "The generation of the spec that the operator last acted on; -1: none yet."),
        Field(
            "conditions", \.conditions, .list(of: .condition, 0...40, key: "type"),
            "Whether the platform is ready, and if not, why and what to do."),
        Field("summary", optional: \.summary, .text(.any(100)), "Services that are ready, of all."),
        Field("url", optional: \.url, .text(.any(300)), "Where clients reach the platform."),
        Field("version", \.version, .structure, "Versions that run, ran and failed."),
        Field("services", \.services, .list(of: .structure, 0...20, key: "name"), "One entry for each service."),
        Field("topics", \.topics, .list(of: .structure, 0...50, key: "name"), "One entry for each topic."),
        Field("replicas", optional: \.replicas, .integer(0...1000), "Pods of the API service, for kubectl scale."),
        Field("selector", optional: \.selector, .text(.any(1024)), "Selects the pods of the API service."),
        Field(
            "resources", optional: \.resources, .structure,
            "What all pods ask for together, beside what the profile leaves for them."),
        Field("kafka", optional: \.kafka, .structure, "The Kafka that the operator made."),
        Field("migration", optional: \.migration, .structure, "The database migration that ran last."),
        Field(
            "drift", \.drift, .list(of: .structure, 0...10, key: ""),
            "What others changed and the operator put back, newest first."),
    ]
}

extension VersionStatus: Specification {
    package static let fields: [Field<VersionStatus>] = [
        Field("current", optional: \.current, .text(.any(128)), "The version that runs."),
        Field("previous", optional: \.previous, .text(.any(128)), "The version that ran before."),
        Field(
            "failed", optional: \.failed, .text(.any(128)),
            "The version that failed and was taken back. It is not tried again until the spec changes."),
        Field("currentImage", optional: \.currentImage, .text(.any(700)), "The image of the current version."),
        Field("previousImage", optional: \.previousImage, .text(.any(700)), "The image of the previous version."),
        Field("failedImage", optional: \.failedImage, .text(.any(700)), "The image that failed."),
    ]
}

extension ServiceStatus: Specification {
    package static let fields: [Field<ServiceStatus>] = [
        Field("name", \.name, .text(.any(63)), required: true, "Name of the service."),
        Field("state", \.state, .word, "How it is."),
        Field("ready", \.ready, .integer(0...100_000), "Pods that are ready."),
        Field("desired", \.desired, .integer(0...100_000), "Pods that there should be."),
        Field("image", optional: \.image, .text(.any(700)), "The image that it runs."),
        Field("message", optional: \.message, .text(.any(1024)), "What it waits for."),
    ]
}

extension TopicStatus: Specification {
    package static let fields: [Field<TopicStatus>] = [
        Field("name", \.name, .text(.any(253)), required: true, "Name of the topic on the broker."),
        Field("ready", \.ready, .boolean, "Whether it can be used."),
        Field("partitions", optional: \.partitions, .integer(0...100_000), "Its partitions."),
        Field("message", optional: \.message, .text(.any(1024)), "What it waits for."),
    ]
}

extension ResourcesStatus: Specification {
    package static let fields: [Field<ResourcesStatus>] = [
        Field("requests", \.requests, .structure, "What all pods reserve together."),
        Field("limits", \.limits, .structure, "What all pods may use together."),
        Field("budget", \.budget, .structure, "What the profile leaves for them. Empty if it sets no bound."),
        Field("withinBudget", \.withinBudget, .boolean, "Whether the requests fit the budget."),
    ]
}

extension KafkaStatus: Specification {
    package static let fields: [Field<KafkaStatus>] = [
        Field(
            "clusterId", optional: \.clusterId, .text(.any(100)),
            "The identity on the volumes of the brokers, needed to bring a deleted Kafka back on them.")
    ]
}

extension MigrationStatus: Specification {
    package static let fields: [Field<MigrationStatus>] = [
        Field(
            "job", optional: \.job, .text(.any(253)),
            "The Job that completed last. It is not made again when somebody deletes it.")
    ]
}

extension DriftEntry: Specification {
    package static let fields: [Field<DriftEntry>] = [
        Field("time", optional: \.time, .timestamp, "When the operator put it back."),
        Field("object", \.object, .text(.any(400)), required: true, "Kind and name of the object."),
        Field("field", \.field, .text(.any(400)), "The field that was changed."),
        Field(
            "manager", optional: \.manager, .text(.any(200)), "The field manager that changed it, where it is known."),
    ]
}
