import KubernetesModel
import PlatformPlan
import Testing
import TodoPlatformAPI

struct DesiredMessagingTests {
    private func metadata(_ component: KubernetesObject) -> [String: JSON] {
        Dictionary(
            (component.json[path: ["spec", "metadata"]]?.array ?? []).map { ($0["name"]?.string ?? "", $0) },
            uniquingKeysWith: { first, _ in first })
    }

    @Test(arguments: Scenario.all)
    func `each service is a consumer group of its own, and each replica of sync`(_ scenario: Scenario) throws {
        for component in scenario.state.objects("Component") where component.name.contains("-pubsub") {
            let entries = metadata(component)
            #expect(entries["consumerGroup"] == nil)
            let isInMemory = component.json[path: ["spec", "type"]] == "pubsub.in-memory"
            let isSync = component.name.hasSuffix("-pubsub-sync")
            #expect(entries["consumerID"]?["value"] == (isSync && !isInMemory ? "{podName}" : nil))
        }
        let subscriptions = scenario.state.objects("Subscription")
        #expect(subscriptions.count == 6)
        #expect(Set(subscriptions.compactMap { $0.json["scopes"] }).count == 6)
    }

    @Test func `a new service hears what was published before it, but sync only what is new`() throws {
        let state = Scenario("default").state
        for service in ServiceName.allCases {
            let component = try state.object("Component", "shop-pubsub-\(service.rawValue)")
            #expect(metadata(component)["initialOffset"]?["value"] == (service == .sync ? "newest" : "oldest"))
        }
    }

    @Test(arguments: [(SASLMechanism.plain, "PLAIN"), (.scramSHA256, "SHA-256"), (.scramSHA512, "SHA-512")])
    func `login mechanisms are spelled as Dapr reads them`(_ mechanism: SASLMechanism, _ word: String) throws {
        let state = Scenario("kafka") { spec in
            spec.messaging.type = .kafka
            var kafka = KafkaSpec()
            kafka.sasl = KafkaSASLSpec()
            kafka.sasl?.mechanism = mechanism
            spec.messaging.kafka = kafka
        }.state
        let entries = metadata(try state.object("Component", "shop-pubsub"))
        #expect(entries["saslMechanism"]?["value"]?.string == word)
        #expect(entries["authType"]?["value"] == "password")
    }

    // TLS, CA, client certificate, login: what Dapr is told.
    @Test(arguments: [
        (false, false, false, false, "none", false), (true, true, false, false, "certificate", false),
        (true, true, true, false, "mtls", false), (true, false, false, true, "password", false),
        (false, false, false, true, "password", true),
    ])
    func `foreign Kafka is reached as it wants`(
        _ tls: Bool, _ authority: Bool, _ certificate: Bool, _ login: Bool, _ type: String, _ disablesTLS: Bool
    ) throws {
        let state = Scenario("kafka") { spec in
            spec.messaging.type = .kafka
            var kafka = KafkaSpec()
            kafka.tls.enabled = tls
            kafka.tls.caSecretRef = authority ? SecretKeyReference(name: "ca", key: "ca.crt") : nil
            kafka.tls.clientCertificateSecretRef = certificate ? CertificateReference() : nil
            kafka.sasl = login ? KafkaSASLSpec() : nil
            spec.messaging.kafka = kafka
        }.state
        let entries = metadata(try state.object("Component", "shop-pubsub"))
        #expect(entries["authType"]?["value"]?.string == type)
        #expect((entries["disableTls"] != nil) == disablesTLS)
        #expect((entries["caCert"] != nil) == authority)
        #expect((entries["clientKey"] != nil) == certificate)
    }

    // Events contract: who publishes and who reads what.
    private static let traffic: [(ServiceName, writes: [String], reads: String)] = [
        (.api, ["task-commands-dlq", "task-events", "task-updates"], "task-commands"),
        (.reminders, ["reminders", "task-events-dlq"], "task-events"),
        (.recurrence, ["task-commands", "task-events-dlq"], "task-events"),
        (.notifications, ["reminders-dlq", "task-updates"], "reminders"),
        (.audit, ["task-events-dlq"], "task-events"),
        (.sync, [], "task-updates"),
    ]

    @Test(arguments: traffic)
    func `a service can write and read its own topics and no others`(
        _ service: ServiceName, _ writes: [String], _ reads: String
    ) throws {
        let state = Scenario("default").state
        let user = try state.object("KafkaUser", "shop-\(service.rawValue)-kafka")
        let rules = user.json[path: ["spec", "authorization", "acls"]]?.array ?? []
        func topics(_ operation: JSON) -> [String] {
            rules.filter {
                $0["operations"]?.array?.contains(operation) == true && $0[path: ["resource", "type"]] == "topic"
            }
            .compactMap { $0[path: ["resource", "name"]]?.string }.sorted()
        }
        #expect(topics("Write") == writes)
        #expect(topics("Read") == [reads])
        let groups = rules.filter { $0[path: ["resource", "type"]] == "group" }.map { $0["resource"] ?? .null }
        let pattern: JSON = service == .sync ? "prefix" : "literal"
        let name = service == .sync ? "shop-sync-" : "shop-\(service.rawValue)"
        #expect(groups == [["type": "group", "name": .string(name), "patternType": pattern]])

        let component = try state.object("Component", "shop-pubsub-\(service.rawValue)")
        let scopes = metadata(component)["publishingScopes"]?["value"]?.string ?? ""
        #expect(
            scopes.dropFirst("shop-\(service.rawValue)=".count).split(separator: ",").sorted().map(String.init)
                == writes)
        #expect(metadata(component)["saslUsername"]?["value"]?.string == user.name)
        #expect(
            metadata(component)["saslPassword"]?["secretKeyRef"] == ["name": .string(user.name), "key": "password"])
    }

    @Test func `every subscription with dead letters has retries before them`() throws {
        for scenario in Scenario.all where scenario.apis.serves(GroupKind(group: "dapr.io", kind: "Component")) {
            let state = scenario.state
            let resiliency = try #require(state.objects("Resiliency").first)
            for subscription in state.objects("Subscription") {
                let pubsub = try #require(subscription.json[path: ["spec", "pubsubname"]]?.string)
                #expect(
                    resiliency.json[path: ["spec", "targets", "components", pubsub, "inbound", "retry"]] == "delivery")
                let isUpdates = subscription.json[path: ["spec", "topic"]] == "task-updates"
                #expect((subscription.json[path: ["spec", "deadLetterTopic"]] == nil) == isUpdates)
                #expect(state.objects("Component").contains { $0.name == pubsub })
            }
        }
    }

    @Test func `only the replay user reads dead letters, and it writes where they came from`() throws {
        let state = Scenario("default").state
        let rules = try state.object("KafkaUser", "shop-replay-kafka").json[path: ["spec", "authorization", "acls"]]?
            .array
        func names(_ type: JSON, _ operation: JSON) -> [String] {
            (rules ?? []).filter {
                $0[path: ["resource", "type"]] == type && $0["operations"]?.array?.contains(operation) == true
            }.compactMap { $0[path: ["resource", "name"]]?.string }
        }
        #expect(names("topic", "Read") == ["reminders-dlq", "task-commands-dlq", "task-events-dlq"])
        #expect(names("topic", "Write") == ["reminders", "task-commands", "task-events"])
        #expect(names("group", "Read") == ["shop-replay"])
        for user in state.objects("KafkaUser") where user.name != "shop-replay-kafka" {
            for rule in user.json[path: ["spec", "authorization", "acls"]]?.array ?? []
            where rule[path: ["resource", "name"]]?.string?.hasSuffix("-dlq") == true {
                #expect(rule["operations"] == ["Describe", "Write"])
            }
        }
    }

    @Test func `deliveries are tried for a quarter of an hour before they count as dead`() throws {
        let retries = try Scenario("default").state.object("Resiliency", "shop-resiliency")
            .json[path: ["spec", "policies", "retries", "delivery"]]
        #expect(retries == ["policy": "exponential", "maxInterval": "30s", "maxRetries": -1])
    }

    @Test func `those with little to do for each of many events take them in bulk, soon where people wait`() throws {
        let patience = ["shop-audit": 50, "shop-reminders": 50, "shop-recurrence": 50, "shop-sync": 20]
        for subscription in Scenario("default").state.objects("Subscription") {
            let bulk = subscription.json[path: ["spec", "bulkSubscribe"]]
            let scope = subscription.json["scopes"]?[0]?.string ?? ""
            let expected = patience[scope].map { milliseconds -> JSON in
                ["enabled": true, "maxMessagesCount": 100, "maxAwaitDurationMs": JSON(milliseconds)]
            }
            #expect(bulk == expected, "\(scope)")
        }
    }

    @Test func `topics have the partitions and times of the resource`() throws {
        let state = Scenario("ha") { spec in
            spec.profile = .highAvailability
            spec.messaging.topics.taskEvents.partitions = 12
        }.state
        let events = try state.object("KafkaTopic", "shop-task-events").spec
        #expect(events?["topicName"] == "task-events" && events?["partitions"] == 12 && events?["replicas"] == 3)
        #expect(events?["config"]?["retention.ms"] == 604_800_000 && events?["config"]?["min.insync.replicas"] == 2)
        let dead = try state.object("KafkaTopic", "shop-task-events-dlq").spec
        #expect(dead?["topicName"] == "task-events-dlq" && dead?["partitions"] == 1)
        #expect(dead?["config"]?["retention.ms"] == 2_592_000_000)
        #expect(state.objects("KafkaTopic").count == 7)
        #expect(!state.objects("KafkaTopic").contains { $0.name == "shop-task-updates-dlq" })
    }

    @Test func `an existing Kafka gets topics and users and nothing else`() throws {
        let scenario = try #require(Scenario.all.first { $0.name == "strimzi-existing" })
        var input = scenario.input
        input.kafkaBootstrapServers = "company-kafka-kafka-bootstrap.todo.svc:9095"
        let state = DesiredState.build(input)
        #expect(state.objects("Kafka").isEmpty && state.objects("KafkaNodePool").isEmpty)
        for object in state.objects("KafkaTopic") + state.objects("KafkaUser") {
            #expect(object.labels["strimzi.io/cluster"] == "company-kafka")
        }
        let entries = metadata(try state.object("Component", "shop-pubsub-api"))
        #expect(entries["brokers"]?["value"] == "company-kafka-kafka-bootstrap.todo.svc:9095")
        #expect(entries["caCert"]?["secretKeyRef"]?["name"] == "company-kafka-cluster-ca-cert")
        #expect(state.kafka?.name == "company-kafka")
    }

    // topics, data: the kinds of which nothing goes with the platform.
    @Test(arguments: [
        (DeletionPolicy.retain, DeletionPolicy.retain, ["Kafka", "KafkaNodePool", "KafkaTopic"], false),
        (.delete, .retain, ["Kafka", "KafkaNodePool"], false), (.delete, .delete, [], true),
        // Topics cannot outlive the volumes that they lie on.
        (.retain, .delete, [], true),
    ])
    func `deletion leaves what it is told to leave`(
        _ topics: DeletionPolicy, _ data: DeletionPolicy, _ retained: [String], _ deletesClaims: Bool
    ) throws {
        let state = Scenario("default") { spec in
            spec.deletion.topics = topics
            spec.deletion.data = data
        }.state
        let kinds = Set(state.objects.filter { $0.retention == .retained }.map(\.object.kind))
        #expect(kinds == Set(retained))
        let volumes = try state.object("KafkaNodePool", "shop-nodes").json[path: ["spec", "storage", "volumes"]]
        #expect(volumes?[0]?["deleteClaim"]?.bool == deletesClaims)
    }

    @Test func `another broker changes nothing that is not the broker's`() throws {
        func others(_ type: MessagingType) -> [ObjectKey: JSON] {
            let state = Scenario("x") { $0.messaging.type = type }.state
            let own = state.objects.filter {
                !["messaging", "dapr"].contains($0.component) && $0.object.kind != "Subscription"
            }
            return Dictionary(own.map { ($0.key, $0.object.json) }, uniquingKeysWith: { first, _ in first })
        }
        let kafka = others(.kafka)
        for type in [MessagingType.redis, .rabbitmq, .inMemory] {
            let other = others(type)
            #expect(Set(other.keys) == Set(kafka.keys))
            let changed = other.filter { kafka[$0.key] != $0.value }.map(\.key.kind.kind)
            // Pods roll, since their sidecars loaded another component, and the way to the broker is another one.
            #expect(Set(changed).isSubset(of: ["Deployment", "NetworkPolicy"]), "\(type): \(changed)")
        }
    }

    @Test func `retained topics of a Kafka with three nodes can lose one`() throws {
        for replicas in [1, 2, 3] {
            let state = Scenario("ha") { spec in
                spec.profile = .highAvailability
                spec.messaging.topics.taskEvents.replicas = replicas
            }.state
            let config = try state.object("KafkaTopic", "shop-task-events").json[path: ["spec", "config"]]
            #expect(config?["min.insync.replicas"]?.int == max(1, replicas - 1))
        }
    }
}
