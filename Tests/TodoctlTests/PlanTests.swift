import KubernetesClient
import KubernetesModel
import LocalCluster
import PlatformPlan
import TestSupport
import Testing
import TodoPlatformAPI

@testable import TodoctlCommands

@Suite struct PlanTests {
    private static let small: JSON = [
        "version": "0.1.0", "messaging": ["type": "in-memory"],
        "exposure": ["type": "ingress", "host": "todo.example.com"],
    ]

    private static func edited(_ change: (inout JSON) -> Void) -> JSON {
        var spec = small
        change(&spec)
        return spec
    }

    @Test(.timeLimit(.minutes(3)))
    func `what is planned is what the operator writes, for a new platform and for each change of it`() async throws {
        let scene = try await PlanScene()
        try await scene.makeSecrets()
        let edits: [(String, JSON)] = [
            ("a new platform", Self.small),
            ("another log level", Self.edited { $0["dapr"] = ["sidecar": ["logLevel": "debug"]] }),
            (
                "autoscaling",
                Self.edited { $0["services"] = ["api": ["autoscaling": ["enabled": true, "maxReplicas": 4]]] }
            ),
            ("a fixed count again", Self.edited { $0["services"] = ["api": ["replicas": 2]] }),
            ("no exposure", Self.edited { $0["exposure"] = ["type": "none"] }),
            ("another version", Self.edited { $0["version"] = "0.2.0" }),
            ("Strimzi", ["version": "0.2.0"]),
        ]
        for (what, spec) in edits {
            let plan = try await scene.plan(spec)
            #expect(plan.exitCode == 2, "\(what)")
            #expect(plan.preview.notes.isEmpty, "\(what): \(plan.preview.notes)")
            try await scene.applyPlatform(spec)
            let written = try await scene.reconcile()
            #expect(
                plan.keys == written,
                """
                \(what): planned only \(plan.keys.subtracting(written).map(\.description).sorted()), \
                written only \(written.subtracting(plan.keys).map(\.description).sorted())
                """)
            let after = try await scene.plan()
            #expect(after.exitCode == 0, "\(what): \(PlanText(after.preview, of: PlanScene.name).text)")
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a plan writes nothing and asks for Secrets by name`() async throws {
        let scene = try await PlanScene()
        try await scene.makeSecrets()
        let before = scene.cluster.writeCount
        _ = try await scene.plan(Self.small)
        #expect(scene.cluster.writeCount == before)
        #expect(scene.transport.log.writes.isEmpty)
        let secrets = scene.transport.log.entries.filter { $0.kind == "Secret" }
        #expect(!secrets.isEmpty)
        #expect(secrets.allSatisfy { $0.verb == .get })
    }

    @Test(.timeLimit(.minutes(1))) func `a plan shows each field, what goes, and which pods restart`() async throws {
        let scene = try await PlanScene()
        try await scene.makeSecrets()
        try await scene.applyPlatform(
            Self.edited {
                $0["services"] = ["api": ["environment": [["name": "GREETING", "value": "hello"]], "replicas": 3]]
            })
        try await scene.reconcile()

        let outcome = try await scene.plan(Self.edited { $0["services"] = ["api": ["replicas": 3]] })
        let api = try #require(outcome.change("Deployment", "shop-api"))
        #expect(api.kind == .change)
        #expect(api.restartedPods == 3)
        #expect(
            api.fields.contains {
                $0.path == "spec.template.spec.containers[name=service].env[name=GREETING]"
                    && $0.old?["value"] == "hello" && $0.new == nil
            }, "\(api.fields)")
        let text = PlanText(outcome.preview, of: PlanScene.name).text
        #expect(text.contains("Restarts: shop-api (3 pods)\n"), "\(text)")
        #expect(text.contains("; 1 Deployment to restart.\n"), "\(text)")

        // The API server's own word for it.
        let checked = try await scene.plan(Self.edited { $0["services"] = ["api": ["replicas": 3]] }, server: true)
        #expect(checked.refusals.isEmpty)
        let checkedAPI = try #require(checked.change("Deployment", "shop-api"))
        #expect(Set(checkedAPI.fields.map(\.path)) == Set(api.fields.map(\.path)))
        #expect(
            scene.transport.log.writes.allSatisfy {
                $0.request.query.contains { $0.name == "dryRun" && $0.value == "All" }
            })
    }

    @Test(.timeLimit(.minutes(1))) func `drift is shown as a correction`() async throws {
        let scene = try await PlanScene()
        try await scene.makeSecrets()
        try await scene.applyPlatform(Self.small)
        try await scene.reconcile()
        let type = ResourceType(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
        let client = KubernetesClient(transport: InProcessTransport(scene.cluster))
        _ = try await client.send(
            .mergePatch(
                ["spec": ["replicas": 7]], type, namespace: "todo", name: "shop-audit", fieldManager: "kubectl-edit"))
        let outcome = try await scene.plan()
        #expect(outcome.exitCode == 2)
        #expect(outcome.preview.changes.map(\.kind) == [.correct])
        #expect(outcome.preview.changes.first?.fields == [FieldChange(path: "spec.replicas", old: 7, new: 1)])
    }

    @Test(.timeLimit(.minutes(1)))
    func `the version that the cluster wrote into the resource stays when the file has none`() async throws {
        let scene = try await PlanScene()
        try await scene.makeSecrets()
        var old = Self.small
        old["version"] = "0.0.7"
        try await scene.applyPlatform(old)
        try await scene.reconcile()
        // As if the API server had filled it in: nobody's last apply names it.
        var live = try #require(scene.platform)
        live.json[path: ["metadata", "managedFields"]] = nil
        let merged = FileMerge.merged(PlanScene.platform(Self.edited { $0["version"] = nil }), over: live)
        #expect(merged.spec?["version"] == "0.0.7")
        #expect(merged.generation == live.generation)
        // The file that was applied last had it; now it is gone, and the default comes back.
        let removed = FileMerge.merged(
            PlanScene.platform(Self.edited { $0["version"] = nil }), over: try #require(scene.platformWithOwners()))
        #expect(removed.spec?["version"] == nil)
        live.annotations["kubectl.kubernetes.io/last-applied-configuration"] = #"{"spec":{"version":"0.0.7"}}"#
        #expect(FileMerge.merged(PlanScene.platform([:]), over: live).spec?["version"] == nil)
    }

    @Test(.timeLimit(.minutes(1))) func `what is missing is named, and the plan looks past it`() async throws {
        let scene = try await PlanScene()
        let outcome = try await scene.plan(Self.small)
        #expect(outcome.exitCode == 2)
        #expect(outcome.change("Deployment", "shop-api")?.kind == .create)
        #expect(
            outcome.preview.notes.contains { $0.hasPrefix("Secret todo/shop-database with key url is missing: ") },
            "\(outcome.preview.notes)")
    }

    @Test(.timeLimit(.minutes(1))) func `a Secret that may not be read makes no false restart`() async throws {
        let scene = try await PlanScene()
        try await scene.makeSecrets()
        try await scene.applyPlatform(Self.small)
        try await scene.reconcile()
        scene.transport.add(FaultRule(RequestMatch(verb: .get, kind: "Secret"), .always, .forbidden))
        let outcome = try await scene.plan()
        #expect(outcome.exitCode == 0, "\(PlanText(outcome.preview, of: PlanScene.name).text)")
        #expect(outcome.preview.notes.contains { $0.hasPrefix("Secret todo/shop-database may not be read") })
        #expect(!outcome.preview.notes.contains { $0.contains("is missing") })
    }

    @Test(.timeLimit(.minutes(1))) func `without the right to list a kind there is no plan`() async throws {
        let scene = try await PlanScene()
        scene.transport.add(FaultRule(RequestMatch(verb: .list, kind: "Deployment"), .always, .forbidden))
        let error = try await #require(throws: CommandError.self) { try await scene.plan(Self.small) }
        #expect(error.what.contains("the right to list Deployment.apps"))
    }

    @Test(.timeLimit(.minutes(1))) func `an invalid file is refused with path and remedy, also for a forbidden change`()
        async throws
    {
        let scene = try await PlanScene()
        let error = try await #require(throws: CommandError.self) { try await scene.plan(["profile": "huge"]) }
        #expect(error.what.contains("spec.profile: "), "\(error)")
        try await scene.makeSecrets()
        try await scene.applyPlatform(["profile": "standard"])
        let change = try await #require(throws: CommandError.self) {
            try await scene.plan(["profile": "high-availability"])
        }
        #expect(change.what.contains("the number of Kafka nodes cannot change"), "\(change)")
    }

    @Test(.timeLimit(.minutes(1))) func `a server that refuses an object makes the plan an error`() async throws {
        let scene = try await PlanScene()
        try await scene.makeSecrets()
        scene.transport.add(FaultRule(RequestMatch(verb: .patch, kind: "Service", name: "shop-api"), .always, .invalid))
        let outcome = try await scene.plan(Self.small, server: true)
        #expect(outcome.exitCode == 1)
        #expect(outcome.refusals.count == 1)
    }

    @Test(.timeLimit(.minutes(1))) func `names that are not there are told apart`() async throws {
        let scene = try await PlanScene()
        let error = try await #require(throws: CommandError.self) { try await scene.plan() }
        #expect(error.what == "there is no TodoPlatform todo/shop")
    }

    @Test func `a failed rollout is planned as the way back, and the plan ends`() {
        var world = PlanWorld(spec: ["version": "0.1.0", "messaging": ["type": "in-memory"]])
        let converged = world.converge()
        #expect(converged)
        world.edit { $0["version"] = "0.2.0" }
        // The new image never comes up.
        world.grow = { object in
            guard object.kind == "Deployment", object.json.text.contains(":0.2.0") else {
                return PlanWorld.ready(object)
            }
            return [
                "observedGeneration": JSON(object.generation ?? 1),
                "conditions": [
                    ["type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": ""]
                ],
            ]
        }
        for _ in 0..<4 { world.step() }
        let rollout = PlatformPreview(PlanSnapshot(world))
        let images = rollout.changes.flatMap(\.fields).filter { $0.path.hasSuffix(".image") }
        // Either the way back is still to be done, or it has been done: the new image is not tried again.
        #expect(images.allSatisfy { $0.new?.string?.hasSuffix(":0.1.0") == true }, "\(images)")
        #expect(!rollout.notes.contains { $0.contains("does not come to an end") }, "\(rollout.notes)")
        #expect(rollout.notes.contains { $0.contains("Version 0.2.0") && $0.contains("failed") }, "\(rollout.notes)")
    }

    @Test func `every kind that reports readiness can be taken for ready`() {
        for type in ResourceType.platformKinds {
            var object = KubernetesObject(type, namespace: "todo", name: "x")
            object.json["spec"] = ["replicas": 3]
            object.json[path: ["metadata", "generation"]] = 4
            #expect(Readiness.of(AssumedStatus.ready(object)).isReady, "\(type.kind)")
        }
    }

    @Test func `a deletion is planned in the order of its groups`() {
        var world = PlanWorld(spec: ["deletion": ["topics": "delete", "data": "delete"]])
        let converged = world.converge()
        #expect(converged)
        world.platform.json[path: ["metadata", "deletionTimestamp"]] = .string(world.now.rfc3339)
        let preview = PlatformPreview(PlanSnapshot(world))
        let kinds = preview.changes.map(\.key.kind.kind)
        let topic = kinds.firstIndex(of: "KafkaTopic") ?? .max
        let kafka = kinds.firstIndex(of: "Kafka") ?? -1
        #expect(topic < kafka)
        #expect(preview.notes.contains("The platform is being deleted."))
        #expect(!preview.notes.contains { $0.contains("does not come to an end") })
    }

    @Test func `during maintenance nothing is planned`() {
        let world = PlanWorld(spec: ["maintenance": ["paused": true]])
        let preview = PlatformPreview(PlanSnapshot(world))
        #expect(preview.changes.isEmpty)
        #expect(preview.notes.contains { $0.hasPrefix("Maintenance: nothing is written") })
    }
}

extension PlanSnapshot {
    fileprivate init(_ world: PlanWorld) {
        self.init(
            platform: world.platform, children: world.children.values.sorted { "\($0.key)" < "\($1.key)" },
            apis: world.apis,
            secretDigests: world.observation.secretDigests, now: world.now)
    }
}

extension PlanScene {
    /// The platform as a server shows it that keeps track of who set what.
    fileprivate func platformWithOwners() -> KubernetesObject? { platform }
}
