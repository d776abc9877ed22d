package import KubernetesModel

/// What is known of a Kafka that the platform uses and does not own (`spec.messaging.strimzi.existingCluster`).
package enum ExistingKafka: Hashable, Sendable {
    case missing
    /// The operator may not read it.
    case forbidden
    /// - Parameter listeners: where each listener is reached (`host:port,…`), by its name. Empty while Strimzi has not
    ///   said so.
    case present(listeners: [String: String])

    /// The part of a Kafka's status that clients need: `bootstrapServers` of each listener. Up to Strimzi's v1beta2 a
    /// listener may be named by `type` alone.
    package static func listeners(of kafka: KubernetesObject) -> [String: String] {
        var listeners: [String: String] = [:]
        for listener in kafka.status?["listeners"]?.array ?? [] {
            guard let name = (listener["name"] ?? listener["type"])?.string,
                let servers = listener["bootstrapServers"]?.string, !servers.isEmpty
            else { continue }
            listeners[name] = servers
        }
        return listeners
    }
}
