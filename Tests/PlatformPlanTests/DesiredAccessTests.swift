import KubernetesModel
import PlatformPlan
import Testing
import TodoPlatformAPI

/// Who may do what, and talk to whom.
struct DesiredAccessTests {
    @Test func `a service can read the Secrets that it needs and no others`() throws {
        let state = Scenario("default").state
        var readable: [String: Set<String>] = [:]
        for binding in state.objects("RoleBinding") {
            let role = try state.object("Role", binding.json[path: ["roleRef", "name"]]?.string ?? "")
            let rules = role.json["rules"]?.array ?? []
            #expect(rules.count == 1 && rules[0]["resources"] == ["secrets"] && rules[0]["verbs"] == ["get"])
            let names = rules[0]["resourceNames"]?.array?.compactMap(\.string) ?? []
            #expect(!names.isEmpty)
            for subject in binding.json["subjects"]?.array ?? [] {
                #expect(subject["kind"] == "ServiceAccount" && subject["namespace"] == "todo")
                readable[subject["name"]?.string ?? "", default: []].formUnion(names)
            }
        }
        #expect(
            readable == [
                "shop-api": ["shop-database", "shop-authentication"],
                // they verify the user's token again when the API forwards a request
                "shop-reminders": ["shop-database", "shop-authentication"],
                "shop-notifications": ["shop-database", "shop-authentication"],
                "shop-audit": ["shop-database", "shop-authentication"],
                "shop-recurrence": ["shop-database"], "shop-sync": ["shop-authentication"],
            ])
    }

    @Test func `a pod that reads no Secret gets no token`() throws {
        let state = Scenario("x") { $0.authentication.jwksURL = "https://id.example.com/jwks.json" }.state
        for service in ServiceName.allCases {
            let template = try state.object("Deployment", "shop-\(service.rawValue)").json[path: ["spec", "template"]]
            let mounts = template?[path: ["spec", "automountServiceAccountToken"]]?.bool
            let disabled = template?[path: ["metadata", "annotations", "dapr.io/disable-builtin-k8s-secret-store"]]
            #expect(mounts == (service != .sync))
            #expect((disabled == "true") == (service == .sync))
        }
        let store = try state.object("Component", "shop-secrets")
        #expect(store.json["scopes"]?.array?.contains("shop-sync") == false)
    }

    @Test func `with another secret store nothing of Kubernetes' Secrets is open`() {
        let state = Scenario("x") { spec in
            spec.dapr.secretStore.type = .existing
            spec.dapr.secretStore.componentName = "vault"
        }.state
        #expect(state.objects("Role").isEmpty && state.objects("RoleBinding").isEmpty)
        #expect(!state.objects("Component").contains { $0.json[path: ["spec", "type"]] == "secretstores.kubernetes" })
        #expect(state.text.contains("\"name\":\"TODO_SECRET_STORE\",\"value\":\"vault\""))
    }

    @Test func `sidecars hand out the named Secrets only`() throws {
        let scopes = try Scenario("default").state.object("Configuration", "shop-dapr")
            .json[path: ["spec", "secrets", "scopes"]]
        #expect(
            scopes == [
                ["storeName": "kubernetes", "defaultAccess": "deny"],
                [
                    "storeName": "shop-secrets", "defaultAccess": "deny",
                    "allowedSecrets": ["shop-authentication", "shop-database"],
                ],
            ])
    }

    @Test func `every Secret that an object names is one that is waited for`() {
        for scenario in Scenario.all {
            let state = scenario.state
            let known = Set(state.secrets.map(\.key))
            for object in state.objects {
                for key in Self.references(object.object.json) {
                    let secret = SecretKey(secret: NamespacedName(namespace: "todo", name: key.0), key: key.1)
                    #expect(known.contains(secret), "\(scenario.name): \(object.key) \(secret)")
                }
            }
            #expect(state.secrets.allSatisfy { !$0.purpose.isEmpty && ($0.isProvided || !$0.field.isEmpty) })
        }
    }

    private static func references(_ json: JSON) -> [(String, String)] {
        var found: [(String, String)] = []
        if let reference = json["secretKeyRef"], let name = reference["name"]?.string,
            let key = reference["key"]?.string
        {
            found.append((name, key))
        }
        for (_, value) in json.object ?? JSONObject() { found += references(value) }
        for value in json.array ?? [] { found += references(value) }
        return found
    }

    // Kubernetes contract, flows of a platform with Dapr: the namespace or pods, and the ports of pods.
    @Test(arguments: [
        ("dapr-system", 6500), ("dapr-system", 50001), ("dapr-system", 50005), ("dapr-system", 50006),
        ("kube-system", 53),
    ])
    func `pods reach what they need in other namespaces`(_ namespace: String, _ port: Int) throws {
        let rules = try Scenario("default").state.object("NetworkPolicy", "shop-services").spec?["egress"]?.array ?? []
        #expect(
            rules.contains { rule in
                rule["to"]?.array?.contains {
                    $0[path: ["namespaceSelector", "matchLabels", "kubernetes.io/metadata.name"]]?.string == namespace
                } == true && rule["ports"]?.array?.contains { $0["port"]?.int == port } == true
            })
    }

    @Test(arguments: Scenario.all) func `every pod of ours is under default deny, and the way to the broker is open`(
        _ scenario: Scenario
    ) throws {
        let name = scenario.platform.name
        let policy = try scenario.state.object("NetworkPolicy", "\(name)-services")
        #expect(policy.spec?["policyTypes"] == ["Ingress", "Egress"])
        let selector = policy.json[path: ["spec", "podSelector", "matchLabels"]]?.stringDictionary ?? [:]
        for object in scenario.state.objects where ["Deployment", "Job"].contains(object.object.kind) {
            let labels = object.object.json[path: ["spec", "template", "metadata", "labels"]]?.stringDictionary ?? [:]
            #expect(!selector.isEmpty && selector.allSatisfy { labels[$0.key] == $0.value })
        }
        let broker = [
            "strimzi": 9093, "kafka": 9093, "redis": 6379, "rabbitmq": 5672,
        ][scenario.platform.spec.messaging.type.rawValue]
        let ports = (policy.spec?["egress"]?.array ?? []).flatMap { $0["ports"]?.array ?? [] }.compactMap {
            $0["port"]?.int
        }
        #expect(broker == nil || ports.contains(broker ?? 0))
    }

    @Test(arguments: [
        ("https://id.example.com/jwks.json", 443), ("https://id.example.com:8443?kind=jwks", 8443),
        ("http://id.auth.svc/jwks", 80), ("http://id.auth.svc.cluster.local:8080/jwks", 8080),
    ])
    func `the way to the identity provider's keys is open`(url: String, port: Int) throws {
        func ports(_ change: @Sendable (inout TodoPlatformSpec) -> Void) throws -> [Int] {
            let state = Scenario("x") { spec in
                spec.networkPolicies.egressPorts = []
                // Its own way to the API server would hide this one.
                spec.dapr.secretStore.type = .existing
                spec.dapr.secretStore.componentName = "vault"
                change(&spec)
            }.state
            return (try state.object("NetworkPolicy", "shop-services").spec?["egress"]?.array ?? [])
                .flatMap { $0["ports"]?.array ?? [] }.compactMap { $0["port"]?.int }
        }
        #expect(try !ports { _ in }.contains(port))
        #expect(try ports { $0.authentication.jwksURL = url }.contains(port))
    }

    @Test func `every port in every policy, Service and container says its protocol`() {
        for scenario in Scenario.all {
            for object in scenario.state.objects {
                Self.ports(object.object.json) { port in
                    #expect(port["protocol"]?.string != nil, "\(scenario.name): \(object.key)")
                }
            }
        }
    }

    private static func ports(_ json: JSON, _ visit: (JSON) -> Void) {
        for (key, value) in json.object ?? JSONObject() {
            if key == "ports" { value.array?.forEach(visit) }
            ports(value, visit)
        }
        for value in json.array ?? [] { ports(value, visit) }
    }

    @Test func `only the API and sync can be reached from outside`() throws {
        let policy = try Scenario("default").state.object("NetworkPolicy", "shop-exposed")
        let expressions = policy.json[path: ["spec", "podSelector", "matchExpressions"]]
        #expect(expressions?[0]?["values"] == ["api", "sync"])
        #expect(policy.spec?["ingress"]?[0]?["ports"] == [["port": 8080, "protocol": "TCP"]])
    }
}
