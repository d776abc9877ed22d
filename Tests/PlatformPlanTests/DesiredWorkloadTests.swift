import KubernetesModel
import PlatformPlan
import Testing
import TodoPlatformAPI

struct DesiredWorkloadTests {
    /// The keys of the objects that differ between two states.
    private func changes(_ old: DesiredState, _ new: DesiredState) -> Set<String> {
        let before = Dictionary(old.objects.map { ($0.key, $0.object) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.objects.map { ($0.key, $0.object) }, uniquingKeysWith: { first, _ in first })
        let keys = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
        return Set(keys.map { "\($0.kind.kind)/\($0.name)" })
    }

    private let full = Scenario.all.first { $0.name == "everything" } ?? Scenario("default")

    // A value that changes, and the pods that use it: fetched, in the environment, or through their sidecar.
    @Test(arguments: [
        ("shop-database", "url", ["api", "reminders", "recurrence", "notifications", "audit", "sync"]),  // state store
        ("shop-authentication", "secret", ["api", "reminders", "notifications", "audit", "sync"]),
        ("mail-login", "password", ["notifications"]),
        ("push", "private-key", ["sync"]),
        ("shop-audit-kafka", "password", ["audit"]),
        ("shop-cluster-ca-cert", "ca.crt", ["api", "reminders", "recurrence", "notifications", "audit", "sync"]),
        ("dapr-api-token", "token", ["api", "reminders", "recurrence", "notifications", "audit", "sync"]),
    ])
    func `a rotated secret restarts the pods that use it and touches nothing else`(
        _ name: String, _ key: String, _ services: [String]
    ) {
        var input = full.input
        let secret = SecretKey(secret: NamespacedName(namespace: "todo", name: name), key: key)
        input.secretDigests[secret] = "before"
        let before = DesiredState.build(input)
        #expect(before.secrets.contains { $0.key == secret })
        input.secretDigests[secret] = "after"
        #expect(changes(before, DesiredState.build(input)) == Set(services.map { "Deployment/shop-\($0)" }))
    }

    @Test func `services know those whom they ask, and all that answer users know who they are`() throws {
        let state = Scenario("default").state
        for service in ServiceName.allCases {
            let deployment = try state.object("Deployment", "shop-\(service.rawValue)")
            let container = deployment.json[path: ["spec", "template", "spec", "containers"]]?[0]
            var values: [String: String] = [:]
            for variable in container?["env"]?.array ?? [] {
                if let name = variable["name"]?.string { values[name] = variable["value"]?.string }
            }
            let asked: Set =
                switch service {
                case .api: ["API", "REMINDERS", "NOTIFICATIONS", "AUDIT"]
                case .reminders: ["API", "NOTIFICATIONS"]
                case .notifications: ["API", "REMINDERS"]
                case .recurrence, .audit, .sync: ["API"]
                }
            let known = values.filter { $0.key.hasSuffix("_APP_ID") }
            #expect(Set(known.keys) == Set(asked.map { "TODO_\($0)_APP_ID" }), "\(service)")
            for (name, id) in known { #expect(name.lowercased() == "todo_\(id.dropFirst(5))_app_id") }
            #expect((values["TODO_AUTH_AUDIENCE"] != nil) == (service != .recurrence))
            #expect((values["TODO_AUTH_SECRET_NAME"] != nil) == (service != .recurrence))
        }
        // They reach each other through their sidecars, whose port the platform's policy opens between its pods.
        let policy = try state.object("NetworkPolicy", "shop-services").spec
        let peers: JSON = [["podSelector": policy?["podSelector"] ?? .null]]
        let port: JSON = [["port": 50002, "protocol": "TCP"]]
        #expect(policy?["ingress"]?.array?.contains(["from": peers, "ports": port]) == true)
        #expect(policy?["egress"]?.array?.contains(["to": peers, "ports": port]) == true)
    }

    @Test func `a new version writes the Deployments and one new Job, and nothing that a running sidecar reads`() {
        let before = full.state
        var input = full.input
        input.image = "ghcr.io/todo-platform/todo-services:2.0.0"
        input.version = "2.0.0"
        let changed = changes(before, DesiredState.build(input))
        #expect(changed.count == 8)
        #expect(changed.allSatisfy { $0.hasPrefix("Deployment/") || $0.hasPrefix("Job/shop-migrate-") })
    }

    @Test func `the migration runs once for each version and database`() {
        func job(_ change: (inout PlanInput) -> Void = { _ in }) -> String? {
            var input = Scenario("default").input
            change(&input)
            return DesiredState.build(input).migrationJob?.name
        }
        let first = job()
        #expect(first?.hasPrefix("shop-migrate-") == true)
        #expect(job { $0.version = "9.9.9" } != first)
        #expect(job { $0.image = "other:1" } != first)
        #expect(job { $0.platform.spec.database.secretRef.name = "other" } != first)
        #expect(job { $0.platform.spec.services.api.resources.requests.cpu = Quantity("1") } == first)
        #expect(job { $0.secretDigests = [:] } == first)
        #expect(job { $0.platform.spec.database.migrations.enabled = false } == nil)
        #expect(job { $0.runsMigration = false } == nil)
    }

    @Test func `a migration is never changed and has no sidecar`() throws {
        let state = Scenario("default").state
        let job = try #require(state.objects.first { $0.object.kind == "Job" })
        #expect(job.isCreateOnly && job.stage == .migration)
        #expect(job.object.json[path: ["spec", "template", "metadata", "annotations"]] == nil)
        #expect(state.objects.filter(\.isCreateOnly).count == 1)
    }

    @Test func `objects come in the order in which a platform starts`() {
        for scenario in Scenario.all {
            let stages = scenario.state.objects.map(\.stage)
            #expect(stages == stages.sorted(), "\(scenario.name)")
        }
        let stages = Dictionary(grouping: full.state.objects, by: \.object.kind).mapValues { Set($0.map(\.stage)) }
        #expect(stages["KafkaTopic"] == [.messaging] && stages["Component"] == [.components])
        #expect(stages["Job"] == [.migration] && stages["Deployment"] == [.workloads])
        #expect(stages["ScaledObject"] == [.autoscaling] && stages["HTTPRoute"] == [.exposure])
    }

    @Test func `text of the resource reaches the service as it is`() throws {
        let odd = "https://id.example.com/$(TODO_PLATFORM)?a=$$b&c=\"d\"\n"
        let state = Scenario("x") { $0.authentication.issuer = odd }.state
        let container = try state.object("Deployment", "shop-api")
            .json[path: ["spec", "template", "spec", "containers"]]?[0]
        let value = container?["env"]?.array?.first { $0["name"] == "TODO_AUTH_ISSUER" }?["value"]?.string
        #expect(value == "https://id.example.com/$$(TODO_PLATFORM)?a=$$$$b&c=\"d\"\n")
    }

    @Test func `a resource can add to pods but not take them over`() throws {
        let state = Scenario("x") { spec in
            spec.services.api.pod.labels = ["team": "tasks", "app.kubernetes.io/instance": "other"]
            spec.services.api.pod.annotations = [
                "dapr.io/app-id": "other", "dapr.io/log-level": "debug", "example.com/note": "hi",
            ]
            var variable = EnvironmentVariable()
            variable.name = "TODO_PUBSUB"
            variable.value = "mine"
            spec.services.api.environment = [variable]
        }.state
        let template = try state.object("Deployment", "shop-api").json[path: ["spec", "template"]]
        let labels = template?[path: ["metadata", "labels"]]?.stringDictionary
        #expect(labels?["team"] == "tasks" && labels?["app.kubernetes.io/instance"] == "shop")
        let annotations = template?[path: ["metadata", "annotations"]]?.stringDictionary
        #expect(annotations?["dapr.io/app-id"] == "shop-api" && annotations?["dapr.io/log-level"] == "debug")
        #expect(annotations?["example.com/note"] == "hi")
        let env = template?[path: ["spec", "containers"]]?[0]?["env"]?.array ?? []
        #expect(env.filter { $0["name"] == "TODO_PUBSUB" } == [["name": "TODO_PUBSUB", "value": "mine"]])
    }

    // replicas, autoscaling minimum: whether a drain may be limited.
    @Test(
        arguments: [(1, nil, false), (2, nil, true), (0, nil, false), (3, 1, false), (1, 2, true)]
            as [(Int, Int?, Bool)])
    func `a disruption budget is only where a drain can go on`(_ replicas: Int, _ minimum: Int?, _ expected: Bool) {
        let state = Scenario("x") { spec in
            spec.services.api.replicas = replicas
            spec.services.api.autoscaling.enabled = minimum != nil
            spec.services.api.autoscaling.minReplicas = minimum
        }.state
        #expect(state.objects("PodDisruptionBudget").contains { $0.name == "shop-api" } == expected)
    }

    @Test func `the sidecar's memory limit leaves its collector room`() throws {
        let annotations = try Scenario("default").state.object("Deployment", "shop-api")
            .json[path: ["spec", "template", "metadata", "annotations"]]?.stringDictionary
        #expect(annotations?["dapr.io/sidecar-memory-limit"] == "160Mi")
        #expect(annotations?["dapr.io/env"] == "GOMEMLIMIT=140MiB")
        #expect(annotations?["dapr.io/sidecar-cpu-request"] == "20m")
    }

    @Test func `what the pods ask for adds up`() {
        // Six services with sidecars, one Kafka node, two containers of the entity operator.
        let sum = Scenario("default").state.resources
        #expect(sum.pods == 8)
        #expect(sum.cpuRequests == Quantity("510m"))
        #expect(sum.memoryRequests == Quantity("2416Mi"))
        #expect(sum.memoryLimits == Quantity("3328Mi"))
        #expect(sum.storage == Quantity("50Gi"))
    }

    @Test func `each profile fits its budget`() throws {
        for profile in Profile.allCases {
            let scenario = Scenario("x") { $0.profile = profile }
            guard let budget = scenario.platform.effective.budget else { continue }
            let sum = scenario.state.resources
            #expect(sum.cpuRequests <= budget.cpuRequests, "\(profile)")
            #expect(sum.memoryRequests <= budget.memoryRequests, "\(profile)")
            #expect(sum.memoryLimits <= budget.memoryLimits, "\(profile)")
        }
    }
}
