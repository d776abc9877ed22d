import KubernetesModel
import TodoPlatformAPI

extension PlanContext {
    /// The name of the Kafka of the platform when Strimzi runs it; nil for other brokers.
    var kafkaName: String? {
        guard spec.messaging.type == .strimzi else { return nil }
        return spec.messaging.strimzi.existingCluster ?? names.prefix
    }

    /// Topics in a Kafka that is deleted go with it, whatever their own policy says.
    private var topicRetention: DesiredObject.Retention {
        let keepsData = effective.kafka?.retainsVolumes ?? true
        return spec.deletion.topics == .retain && keepsData ? .retained : .owned
    }

    /// One KafkaTopic for each topic, where Strimzi runs the broker.
    func kafkaTopics(cluster: String) -> [DesiredObject] {
        effective.topics.map { topic in
            // Named by role, not by topic: renaming a topic is refused by Strimzi with a reason, where a new name
            // here would have deleted the old topic with everything in it.
            object(
                apis.strimzi(.kafkaTopic), name: topicObject(topic), component: "messaging", stage: .messaging,
                extraLabels: ["strimzi.io/cluster": cluster], retention: topicRetention,
                body: [
                    "spec": .members([
                        "topicName": .string(topic.name),
                        "partitions": JSON(topic.partitions),
                        "replicas": topic.replicas.map { JSON($0) },
                        "config": .members([
                            "cleanup.policy": "delete",
                            "retention.ms": .integer(topic.retention.milliseconds),
                            "min.insync.replicas": minimumInSync(topic).map { JSON($0) },
                        ]),
                    ])
                ])
        }
    }

    func topicObject(_ topic: EffectiveTopic) -> String {
        names.object(topic.isDeadLetter ? "\(topic.role.part)-dlq" : topic.role.part)
    }

    /// Never more than the topic has replicas, or nothing could be published.
    private func minimumInSync(_ topic: EffectiveTopic) -> Int? {
        guard let kafka = effective.kafka, let replicas = topic.replicas else { return nil }
        return max(1, min(kafka.minInSyncReplicas, replicas - 1))
    }

    func desiredTopics(cluster: String?) -> [DesiredTopic] {
        effective.topics.map { topic in
            DesiredTopic(
                name: topic.name, partitions: topic.partitions, replicas: topic.replicas,
                object: cluster.map { _ in
                    ObjectKey(ResourceType.kafkaTopic.groupKind, namespace: namespace, name: topicObject(topic))
                })
        }
    }
}
