import KubernetesModel
import TodoPlatformAPI

/// The Kafka that the platform owns: one cluster without ZooKeeper, one pool of nodes that are controllers and brokers
/// at once.
extension PlanContext {
    static let kafkaPort = 9093
    private static let listener = "tls"

    func ownKafka(_ kafka: EffectiveKafka, cluster: String) -> [DesiredObject] {
        [kafkaCluster(kafka, name: cluster), kafkaPool(kafka, cluster: cluster)]
    }

    /// A Kafka that keeps its volumes also keeps running: made again it would have another identity, and its brokers
    /// would refuse the old volumes.
    private func retention(_ kafka: EffectiveKafka) -> DesiredObject.Retention {
        kafka.retainsVolumes ? .retained : .owned
    }

    private func kafkaCluster(_ kafka: EffectiveKafka, name: String) -> DesiredObject {
        let type = apis.strimzi(.kafka)
        // Needed by Strimzi up to 0.47, which knows no v1; ignored by later ones.
        let annotations =
            type.version == "v1beta2" ? ["strimzi.io/kraft": "enabled", "strimzi.io/node-pools": "enabled"] : [:]
        return object(
            type, name: name, component: "messaging", stage: .messaging, annotations: annotations,
            retention: retention(kafka),
            body: [
                "spec": .members([
                    "kafka": .members([
                        "version": kafka.version.map { .string($0) },
                        "listeners": [kafkaListener],
                        "authorization": ["type": "simple"],
                        "config": kafkaConfiguration(kafka),
                        "metricsConfig": kafkaMetrics(type),
                    ]),
                    "entityOperator": entityOperator(kafka),
                ])
            ])
    }

    private var kafkaListener: JSON {
        var peers: [JSON] = [["podSelector": .matchLabels(selector())]]
        if scalesOnLag {
            peers.append(["namespaceSelector": .matchLabels(["kubernetes.io/metadata.name": "keda"])])
        }
        return .members([
            "name": .string(Self.listener),
            "port": JSON(Self.kafkaPort),
            "type": "internal",
            "tls": true,
            "authentication": ["type": "scram-sha-512"],
            "networkPolicyPeers": spec.networkPolicies.enabled ? .array(peers) : nil,
        ])
    }

    private func kafkaConfiguration(_ kafka: EffectiveKafka) -> JSON {
        // With one broker, the defaults of 3 would keep Kafka from making its own topics.
        var config: JSON = [
            "offsets.topic.replication.factor": JSON(kafka.replicationFactor),
            "transaction.state.log.replication.factor": JSON(kafka.replicationFactor),
            "transaction.state.log.min.isr": JSON(kafka.minInSyncReplicas),
            "default.replication.factor": JSON(kafka.replicationFactor),
            "min.insync.replicas": JSON(kafka.minInSyncReplicas),
            "auto.create.topics.enable": false,
        ]
        for (key, value) in kafka.config.sorted(by: { $0.key < $1.key }) { config[key] = .string(value) }
        return config
    }

    /// Asked for by the spec alone and not by what is installed: changing it restarts the brokers. The reporter
    /// exists in every Strimzi that serves v1.
    private func kafkaMetrics(_ type: ResourceType) -> JSON? {
        guard hasKafkaMetrics, type.version == "v1" else { return nil }
        return [
            "type": "strimziMetricsReporter",
            "values": [
                "allowList": [
                    "kafka_server_replicamanager.*", "kafka_server_brokertopicmetrics.*", "kafka_controller.*",
                    "kafka_log_log_size.*",
                ]
            ],
        ]
    }

    var hasKafkaMetrics: Bool {
        effective.kafka != nil && spec.monitoring.serviceMonitor.enabled && apis.strimziVersion == "v1"
    }

    private func entityOperator(_ kafka: EffectiveKafka) -> JSON {
        let container: JSON = .members(["resources": kafka.entityOperatorResources.nonEmpty])
        return [
            "topicOperator": container,
            "userOperator": container,
            "template": [
                "topicOperatorContainer": ["securityContext": Self.restrictedContainer],
                "userOperatorContainer": ["securityContext": Self.restrictedContainer],
            ],
        ]
    }

    private func kafkaPool(_ kafka: EffectiveKafka, cluster: String) -> DesiredObject {
        let labels = ["strimzi.io/cluster": cluster]
        let spread = ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map { key -> JSON in
            [
                "maxSkew": 1, "topologyKey": .string(key), "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": .matchLabels(labels.merging(["strimzi.io/kind": "Kafka"]) { own, _ in own }),
            ]
        }
        return object(
            apis.strimzi(.kafkaNodePool), name: names.kafkaPool, component: "messaging", stage: .messaging,
            extraLabels: labels, retention: retention(kafka),
            body: [
                "spec": .members([
                    "replicas": JSON(kafka.nodes),
                    "roles": ["controller", "broker"],
                    "storage": [
                        // A list of disks even for one: more can be added later.
                        "type": "jbod",
                        "volumes": [
                            .members([
                                "id": 0, "type": "persistent-claim", "size": .string(kafka.storageSize),
                                "class": kafka.storageClassName.map { .string($0) },
                                "deleteClaim": JSON(!kafka.retainsVolumes), "kraftMetadata": "shared",
                            ])
                        ],
                    ],
                    "resources": kafka.resources.nonEmpty,
                    "jvmOptions": ["-Xms": .string(kafka.heap), "-Xmx": .string(kafka.heap)],
                    "template": [
                        "pod": ["topologySpreadConstraints": .array(spread)],
                        "kafkaContainer": ["securityContext": Self.restrictedContainer],
                    ],
                ])
            ])
    }

    /// One principal for each service, with exactly what it publishes and reads. Other clients of the same Kafka see
    /// nothing of the platform, and no service can write what another one should.
    func kafkaUsers(cluster: String) -> [DesiredObject] {
        ServiceName.allCases.map { service -> DesiredObject in
            let consumed = topic(service.consumes)
            var acls = published(by: service).sorted().map { name -> JSON in
                acl("topic", name, ["Describe", "Write"])
            }
            acls.append(acl("topic", consumed, ["Describe", "Read"]))
            // The group is the app id, but for sync each pod's name.
            acls.append(
                service.hearsEverything
                    ? acl("group", appID(service) + "-", ["Describe", "Read"], pattern: "prefix")
                    : acl("group", appID(service), ["Describe", "Read"]))
            return kafkaUser(kafkaUser(service), cluster: cluster, acls: acls)
        } + [replayUser(cluster: cluster)]
    }

    /// For people and their tools: reads the dead letters and puts back what still matters. No service may do either.
    private func replayUser(cluster: String) -> DesiredObject {
        let roles = TopicRole.allCases.filter { deadLetters($0) != nil }
        let acls =
            roles.compactMap(deadLetters).sorted().map { acl("topic", $0, ["Describe", "Read"]) }
            + roles.map(topic).sorted().map { acl("topic", $0, ["Describe", "Write"]) }
            + [acl("group", names.object("replay"), ["Describe", "Read"])]
        return kafkaUser(names.object("replay-kafka"), cluster: cluster, acls: acls)
    }

    private func kafkaUser(_ name: String, cluster: String, acls: [JSON]) -> DesiredObject {
        object(
            apis.strimzi(.kafkaUser), name: name, component: "messaging", stage: .messaging,
            extraLabels: ["strimzi.io/cluster": cluster],
            body: [
                "spec": [
                    "authentication": ["type": "scram-sha-512"],
                    "authorization": ["type": "simple", "acls": .array(acls)],
                ]
            ])
    }

    /// Also the name of the Secret that Strimzi makes for it.
    func kafkaUser(_ service: ServiceName) -> String { names.object("\(service.rawValue)-kafka") }

    private func acl(_ type: String, _ name: String, _ operations: [String], pattern: String = "literal") -> JSON {
        [
            "type": "allow",
            "resource": ["type": .string(type), "name": .string(name), "patternType": .string(pattern)],
            "operations": JSON(operations),
            "host": "*",
        ]
    }

    /// Where clients reach Kafka. For a Kafka of somebody else its own status tells better.
    func kafkaBootstrap(cluster: String) -> String {
        if effective.kafka == nil, let servers = input.kafkaBootstrapServers { return servers }
        return "\(cluster)-kafka-bootstrap.\(namespace).svc:\(Self.kafkaPort)"
    }
}

extension Naming {
    /// Strimzi names pods `<cluster>-<pool>-<id>`, and that has to be a DNS label as well.
    var kafkaPool: String { prefix.utf8.count <= 24 ? object("nodes") : "nodes-" + Digest.short(prefix) }
}

extension EffectiveResources {
    /// Nil when nothing is asked for and nothing limited: an empty object would not come back as it went.
    var nonEmpty: JSON? {
        let json = json
        return json.object?.isEmpty == true ? nil : json
    }
}
