import FoundationEssentials
import KubernetesModel
import PlatformPlan
import TestSupport
import Testing
import TodoPlatformAPI

/// What holds for every platform, however strange. A failure names the seed, with which
/// `RandomPlatform(random: SeededGenerator(seed:))` makes it again.
struct DesiredPropertyTests {
    /// `SEEDS=5000` tries more of them.
    private static let seeds: ClosedRange<UInt64> =
        1...max(1, UInt64(ProcessInfo.processInfo.environment["SEEDS"] ?? "") ?? 60)
    private static let canary = "CANARY-5up3r-s3cret"

    private static func input(_ seed: UInt64) -> PlanInput {
        var random = RandomPlatform(random: SeededGenerator(seed: seed))
        let platform = random.platform()
        let apis = random.random.pick([Cluster.current, Cluster.old, Cluster.bare, Cluster.without("keda.sh")])
        var input = PlanInput(
            platform: platform, apis: apis, image: platform.effective.image, version: platform.spec.version)
        input.kafkaBootstrapServers = random.maybe(30) { $0.text() }
        return input
    }

    /// Runs `check` for every seed, over a state whose secrets are all known.
    private func forAll(_ check: (DesiredState, PlanInput, UInt64) throws -> Void) throws {
        for seed in Self.seeds {
            var input = Self.input(seed)
            for use in DesiredState.build(input).secrets { input.secretDigests[use.key] = Self.canary }
            try check(DesiredState.build(input), input, seed)
        }
    }

    @Test func `a stage by itself is the same as in the whole, and the outline is the whole without its objects`()
        throws
    {
        try forAll { state, input, seed in
            for stage in Stage.allCases {
                #expect(
                    DesiredState.objects(input, of: stage) == state.objects.filter { $0.stage == stage }, "seed \(seed)"
                )
            }
            var outline = DesiredState.outline(input)
            #expect(outline.objects.isEmpty)
            outline.objects = state.objects
            #expect(outline.text == state.text && outline.secrets == state.secrets, "seed \(seed)")
            #expect(outline.migrationJob == state.migrationJob && outline.services == state.services, "seed \(seed)")
        }
    }

    @Test func `equal inputs give equal bytes`() throws {
        for seed in Self.seeds {
            let first = DesiredState.build(Self.input(seed))
            let second = DesiredState.build(Self.input(seed))
            #expect(first.text == second.text, "seed \(seed)")
            #expect(first.secrets == second.secrets && first.missing == second.missing, "seed \(seed)")
        }
    }

    @Test func `keys are unique, names are DNS labels and app ids leave room for Dapr's Service`() throws {
        try forAll { state, _, seed in
            #expect(Set(state.objects.map(\.key)).count == state.objects.count, "seed \(seed)")
            for object in state.objects {
                #expect(Self.isLabel(object.object.name), "seed \(seed): \(object.key)")
            }
            for service in state.services {
                #expect(
                    service.appID.utf8.count <= 58 && service.appID.first?.isLetter == true,
                    "seed \(seed): \(service.appID)")
            }
            let services = Set(state.objects("Service").map(\.name))
            #expect(state.services.allSatisfy { !services.contains($0.appID + "-dapr") }, "seed \(seed)")
        }
    }

    @Test func `every object has our labels, and an owner unless it stays`() throws {
        try forAll { state, input, seed in
            for object in state.objects {
                let labels = object.object.labels
                for key in ["name", "instance", "component", "part-of", "managed-by"] {
                    let value = try #require(labels["app.kubernetes.io/\(key)"], "seed \(seed): \(object.key)")
                    #expect(!value.isEmpty && value.utf8.count <= 63, "seed \(seed): \(object.key) \(key)")
                }
                #expect(labels["app.kubernetes.io/managed-by"] == "todo-operator")
                #expect(labels["todoplatform.dev/platform"] != nil)
                let owners = object.object.ownerReferences
                #expect(owners.isEmpty == (object.retention == .retained), "seed \(seed): \(object.key)")
                #expect(owners.allSatisfy { $0.uid == input.platform.uid && $0.isController })
            }
        }
    }

    @Test func `selectors select the pods that they are meant for`() throws {
        try forAll { state, _, seed in
            var pods: [String: [String: String]] = [:]
            for deployment in state.objects("Deployment") {
                let labels = deployment.json[path: ["spec", "template", "metadata", "labels"]]?.stringDictionary ?? [:]
                let selector = deployment.json[path: ["spec", "selector", "matchLabels"]]?.stringDictionary ?? [:]
                #expect(
                    Set(selector.keys) == [
                        "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component",
                    ])
                #expect(selector.allSatisfy { labels[$0.key] == $0.value }, "seed \(seed): \(deployment.name)")
                #expect(
                    deployment.json[path: ["spec", "template", "metadata", "annotations", "dapr.io/app-id"]]?.string
                        == deployment.name)
                pods[deployment.name] = labels
            }
            #expect(pods.count == 6)
            for service in state.objects("Service") {
                let selector = service.json[path: ["spec", "selector"]]?.stringDictionary ?? [:]
                let selected = pods.filter { pod in selector.allSatisfy { pod.value[$0.key] == $0.value } }
                #expect(selected.count == 1, "seed \(seed): \(service.name)")
            }
            for budget in state.objects("PodDisruptionBudget") {
                let selector = budget.json[path: ["spec", "selector", "matchLabels"]]?.stringDictionary ?? [:]
                #expect(pods[budget.name].map { labels in selector.allSatisfy { labels[$0.key] == $0.value } } == true)
            }
        }
    }

    @Test func `an autoscaler and a replica count never meet, nor do two autoscalers`() throws {
        try forAll { state, _, seed in
            let scaled = (state.objects("HorizontalPodAutoscaler") + state.objects("ScaledObject")).map {
                $0.json[path: ["spec", "scaleTargetRef", "name"]]?.string ?? ""
            }
            #expect(Set(scaled).count == scaled.count, "seed \(seed)")
            for deployment in state.objects("Deployment") {
                #expect(
                    (deployment.spec?["replicas"] == nil) == scaled.contains(deployment.name),
                    "seed \(seed): \(deployment.name)")
            }
            for service in state.services {
                #expect((service.autoscaler != nil) == scaled.contains(service.deployment.name), "seed \(seed)")
            }
        }
    }

    @Test func `nothing is null, no object is empty, and every quantity is canonical`() throws {
        try forAll { state, _, seed in
            for object in state.objects {
                Self.walk(object.object.json, path: []) { path, value in
                    #expect(!value.isNull, "seed \(seed): \(object.key) \(path)")
                    if value.object?.isEmpty == true, !path.contains("affinity") {
                        Issue.record("seed \(seed): \(object.key) \(path) is empty")
                    }
                    if path.count > 1, ["requests", "limits"].contains(path[path.count - 2]), let text = value.string {
                        #expect(Quantity(text)?.description == text, "seed \(seed): \(object.key) \(path)")
                    }
                }
            }
        }
    }

    @Test func `no secret value is in anything that is sent`() throws {
        try forAll { state, _, seed in
            #expect(!state.text.contains(Self.canary), "seed \(seed)")
            #expect(
                !state.missing.map(\.message).joined().contains(Self.canary)
                    && !state.warnings.joined().contains(Self.canary))
        }
    }

    @Test func `text of the resource means nothing to Dapr, Kubernetes or Prometheus`() throws {
        try forAll { state, _, seed in
            for component in state.objects("Component") {
                for entry in component.json[path: ["spec", "metadata"]]?.array ?? [] {
                    let value = entry["value"]?.string ?? ""
                    let isOwn = entry["name"] == "consumerID" && value == "{podName}"
                    #expect(isOwn || !value.contains("{"), "seed \(seed): \(component.name) \(entry.text)")
                    if ["publishingScopes", "subscriptionScopes"].contains(entry["name"]?.string) {
                        let apps = value.split(separator: ";").map { $0.split(separator: "=", maxSplits: 1)[0] }
                        let scopes = component.json["scopes"]?.array?.compactMap(\.string) ?? []
                        #expect(apps.map(String.init) == scopes, "seed \(seed): \(value)")
                    }
                }
            }
            for deployment in state.objects("Deployment") {
                let container = deployment.json[path: ["spec", "template", "spec", "containers"]]?[0]
                for variable in container?["env"]?.array ?? []
                where variable["name"]?.string?.hasPrefix("TODO_") == true {
                    let value = (variable["value"]?.string ?? "").split(
                        separator: "$$", omittingEmptySubsequences: false
                    ).joined()
                    // A variable that the resource sets itself is its own affair.
                    guard variable["name"] != "TODO_PUBSUB" else { continue }
                    #expect(!value.contains("$"), "seed \(seed): \(deployment.name) \(variable.text)")
                }
            }
            for rule in state.objects("PrometheusRule") {
                #expect(!rule.json.text.contains("../../etc") && !rule.json.text.contains("xxxxxxxx"), "seed \(seed)")
            }
        }
    }

    @Test func `every object reads back as it was written`() throws {
        try forAll { state, _, seed in
            for object in state.objects {
                let read = try JSON(parsing: object.object.json.bytes)
                #expect(read == object.object.json, "seed \(seed): \(object.key)")
            }
        }
    }

    private static func walk(_ value: JSON, path: [String], _ visit: ([String], JSON) -> Void) {
        visit(path, value)
        for (key, inner) in value.object ?? JSONObject() { walk(inner, path: path + [key], visit) }
        for (index, inner) in (value.array ?? []).enumerated() { walk(inner, path: path + [String(index)], visit) }
    }

    private static func isLabel(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        func isAlphanumeric(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        return (0x61...0x7A).contains(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == 0x2D }
    }
}
