import WireValues

/// How a topic is kept.
package struct TopicSettings: Hashable, Sendable {
    package var partitions: Int
    /// Records older than this are dropped.
    package var retention: Duration

    package init(partitions: Int = 6, retention: Duration = .seconds(7 * 86_400)) {
        self.partitions = partitions
        self.retention = retention
    }

    /// The topic's name and settings out of a Strimzi `KafkaTopic`.
    static func strimzi(_ document: ResourceDocument, defaults: TopicSettings) -> (
        name: String, settings: TopicSettings
    ) {
        var settings = defaults
        if let partitions = document.spec["partitions"]?.int, partitions > 0 { settings.partitions = partitions }
        if let retention = document.spec[path: ["config", "retention.ms"]]?.scalarText.flatMap(Int64.init),
            retention > 0
        {
            settings.retention = .milliseconds(retention)
        }
        return (document.spec["topicName"]?.string ?? document.name, settings)
    }
}
