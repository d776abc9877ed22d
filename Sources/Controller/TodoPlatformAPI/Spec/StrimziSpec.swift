/// Kafka by the Strimzi operator.
package struct StrimziSpec: Hashable, Sendable {
    package var existingCluster: String?
    package var listener = "tls"
    package var kafkaVersion: String?
    package var nodes: Int?
    package var storage = KafkaStorageSpec()
    package var resources = ResourcesSpec()
    package var heap: String?
    package var entityOperator = EntityOperatorSpec()
    package var config: [String: String] = [:]

    package init() {}
}

package struct KafkaStorageSpec: Hashable, Sendable {
    package var size = "50Gi"
    package var storageClassName: String?

    package init() {}
}

/// Strimzi's topic operator and user operator; the same resources for each of the two containers.
package struct EntityOperatorSpec: Hashable, Sendable {
    package var resources = ResourcesSpec()

    package init() {}
}

extension StrimziSpec: Specification {
    package static let fields: [Field<StrimziSpec>] = [
        Field(
            "existingCluster", optional: \.existingCluster, .text(.objectName),
            """
            Name of a Kafka in the platform's namespace that is used but not owned: topics and users are made on it, \
            the Kafka itself is left alone. If not set, the operator makes a Kafka with the name of the platform.
            """),
        Field(
            "listener", \.listener, .text(.listenerName),
            "Listener of the existing cluster to connect to; it needs TLS and authentication by SCRAM-SHA-512."),
        Field(
            "kafkaVersion", optional: \.kafkaVersion, .text(.kafkaVersion),
            "Version of Kafka. If not set, the one that Strimzi prefers, and upgraded with Strimzi."),
        Field(
            "nodes", optional: \.nodes, .integer(1...7),
            """
            Number of Kafka nodes, each controller and broker; odd. It cannot change later. Preset by the profile: \
            free-tier 1, standard 1, high-availability 3.
            """),
        Field("storage", \.storage, .structure, "The volume of each node."),
        Field(
            "resources", \.resources, .structure,
            """
            CPU and memory of each node. Preset by the profile: free-tier 200m and 1280Mi, standard 300m and 1536Mi, \
            high-availability 1 and 4Gi; the memory limit is the same.
            """),
        Field(
            "heap", optional: \.heap, .text(.heap),
            """
            Heap of the Java virtual machine, about half of the memory. Preset by the profile: free-tier 640m, \
            standard 768m, high-availability 2048m.
            """),
        Field("entityOperator", \.entityOperator, .structure, "Strimzi's operators for topics and users."),
        Field(
            "config", \.config, .strings(keys: .kafkaSetting, values: .any(1024), maximum: 50),
            "Further settings of the brokers, laid over those that the operator makes."),
    ]

    package static let rules: [Rule<StrimziSpec>] = [
        Rule(
            "kafka-nodes-odd",
            cel: "!has(self.nodes) || self.nodes % 2 == 1",
            "an even number of Kafka nodes tolerates no more failures than one node less",
            remedy: "set nodes to 1, 3, 5 or 7"
        ) { spec, _ in spec.nodes.map { $0 % 2 == 1 } ?? true }
    ]
}

extension KafkaStorageSpec: Specification {
    package static let fields: [Field<KafkaStorageSpec>] = [
        Field(
            "size", \.size, .text(.volumeSize),
            "Size in whole Gi or Ti. It can grow where the storage class allows that, but never shrink."),
        Field(
            "storageClassName", optional: \.storageClassName, .text(.objectName),
            """
            Storage class of the volumes; cannot change later. Preset by cluster: oke oci-bv, minikube and kind \
            standard, doks do-block-storage, aks managed-csi, gke standard-rwo; else the default class.
            """),
    ]

    package static let rules: [Rule<KafkaStorageSpec>] = [
        Rule(
            "kafka-storage-grows",
            cel: "!has(self.size) || !has(oldSelf.size) || \(gibibytes("self.size")) >= \(gibibytes("oldSelf.size"))",
            "volumes cannot shrink",
            remedy: "set size to what it was, or to more"
        ) { new, old in
            guard let old, let before = gibibytes(old.size), let after = gibibytes(new.size) else { return true }
            return after >= before
        },
        Rule(
            "kafka-storage-class-fixed",
            cel: "!has(self.storageClassName) || !has(oldSelf.storageClassName) || "
                + "self.storageClassName == oldSelf.storageClassName",
            "the storage class of existing volumes cannot change",
            remedy: "set storageClassName to what it was"
        ) { new, old in
            guard let before = old?.storageClassName, let after = new.storageClassName else { return true }
            return before == after
        },
    ]

    /// A size in Gi; nil for what is no size.
    private static func gibibytes(_ size: String) -> Int? {
        Int(size.dropLast(2)).map { size.hasSuffix("Ti") ? $0 * 1024 : $0 }
    }

    private static func gibibytes(_ size: String) -> String {
        "int(\(size).replace('Gi', '').replace('Ti', '')) * (\(size).endsWith('Ti') ? 1024 : 1)"
    }
}

extension EntityOperatorSpec: Specification {
    package static let fields: [Field<EntityOperatorSpec>] = [
        Field(
            "resources", \.resources, .structure,
            """
            CPU and memory of each of the two containers. Preset by the profile: free-tier and standard 20m and 256Mi, \
            high-availability 50m and 384Mi; the memory limit is the same.
            """)
    ]
}
