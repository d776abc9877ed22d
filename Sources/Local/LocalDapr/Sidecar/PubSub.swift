import WireValues

/// A pub/sub component as one app uses it.
struct PubSub: Sendable {
    let component: Component
    let scopes: TopicScopes
    let broker: String
    /// The app's consumer group (section 2.8 of the Dapr contract).
    let group: String
    /// What stands before every topic's name when the component uses `{namespace}`.
    let topicPrefix: String
    let startsAtOldest: Bool

    init(_ component: Component, appID: String, podName: String, namespace: String) throws {
        self.component = component
        scopes = TopicScopes(component)
        broker = component.broker
        let named = component["consumerGroup"] ?? component["consumerID"]
        group =
            named.map { text in
                var text = text.replacing("{podName}", with: podName).replacing("{appID}", with: appID)
                    .replacing("{namespace}", with: "\(namespace).\(appID)")
                while let range = text.firstRange(of: "{uuid}") { text.replaceSubrange(range, with: UUIDText.random()) }
                return text
            } ?? appID
        let usesNamespace = component.metadata.contains { entry in
            if case .text(let text) = entry.value { text.contains("{namespace}") } else { false }
        }
        topicPrefix = usesNamespace ? namespace : ""
        switch component["initialOffset"]?.lowercased() {
        case "oldest": startsAtOldest = true
        case "newest": startsAtOldest = false
        // A new group of Redis reads a stream from its beginning; Kafka's begins with what comes next.
        default: startsAtOldest = component.type == "pubsub.redis"
        }
    }
}
