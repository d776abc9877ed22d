import KubernetesClient
import KubernetesModel
import PlatformPlan
import TestSupport
import Testing
import TodoPlatformAPI

@testable import TodoctlCommands

@Suite struct WhyTests {
    private static let deployments = ResourceType(
        group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
    private static let pods = ResourceType(group: "", version: "v1", kind: "Pod", plural: "pods")
    private static let events = ResourceType(group: "events.k8s.io", version: "v1", kind: "Event", plural: "events")
    private static let small: JSON = ["version": "0.1.0", "messaging": ["type": "in-memory"]]

    private func client(_ scene: PlanScene) -> KubernetesClient {
        KubernetesClient(transport: InProcessTransport(scene.cluster))
    }

    /// A platform whose API cannot pull its image: the operator has said so, and a pod and an Event tell more.
    private func broken() async throws -> PlanScene {
        let scene = try await PlanScene()
        try await scene.makeSecrets("YzRuYXJ5")
        try await scene.applyPlatform(Self.small)
        try await scene.reconcile()
        let client = client(scene)
        let api = try await client.get(Self.deployments, namespace: "todo", name: "shop-api")
        var failing = api
        failing.json["status"] = [
            "observedGeneration": JSON(api.generation ?? 1), "replicas": 1, "updatedReplicas": 1,
            "unavailableReplicas": 1,
            "conditions": [
                [
                    "type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable",
                    "message": "Deployment does not have minimum availability.",
                ]
            ],
        ]
        _ = try await client.replace(failing, Self.deployments, subresource: "status")
        var platform = try #require(scene.platform)
        platform.json["status"]?["conditions"] = [
            StatusTests.condition("Ready", "False", "RollingOut", "Deployment shop-api 0 of 1 replicas are available."),
            StatusTests.condition(
                "WorkloadsReady", "False", "Progressing", "Deployment shop-api 0 of 1 replicas are available."),
        ]
        _ = try await client.replace(platform, TodoPlatform.type, subresource: "status")
        let labels = api.spec?["selector"]?["matchLabels"]?.stringDictionary ?? [:]
        var pod = KubernetesObject(Self.pods, namespace: "todo", name: "shop-api-1", labels: labels)
        pod.json["spec"] = ["containers": [["name": "api", "image": "todo:0.1.0"]]]
        pod.json["status"] = [
            "phase": "Pending",
            "containerStatuses": [
                [
                    "name": "api", "ready": false,
                    "state": [
                        "waiting": ["reason": "ImagePullBackOff", "message": "Back-off pulling image \"todo:0.1.0\""]
                    ],
                ]
            ],
        ]
        let made = try await client.create(pod, Self.pods)
        pod.json[path: ["metadata", "resourceVersion"]] = made.metadata["resourceVersion"]
        pod.json[path: ["metadata", "uid"]] = made.metadata["uid"]
        _ = try await client.replace(pod, Self.pods, subresource: "status")
        let event = KubernetesObject([
            "apiVersion": "events.k8s.io/v1", "kind": "Event",
            "metadata": ["name": "shop-api-1.1", "namespace": "todo"],
            "eventTime": .string(PlanScene.now.advanced(by: .seconds(-90)).microTime), "type": "Warning",
            "reason": "Failed",
            "action": "Pull", "note": "pull from https://robot:c4nary@registry.example.com failed",
            "reportingController": "kubelet", "reportingInstance": "node-1",
            "regarding": ["apiVersion": "v1", "kind": "Pod", "namespace": "todo", "name": "shop-api-1"],
        ])
        _ = try await client.create(event, Self.events)
        return scene
    }

    @Test(.timeLimit(.minutes(1))) func `the blocking object is found, with its pod, its Event and a remedy`()
        async throws
    {
        let scene = try await broken()
        let diagnosis = try await Diagnosis.make(PlanScene.name, from: scene.reader, now: PlanScene.now)
        #expect(!diagnosis.isReady)
        let text = DiagnosisText(diagnosis, now: PlanScene.now).text
        #expect(text.contains("TodoPlatform todo/shop is not ready: RollingOut\n"), "\(text)")
        #expect(text.contains("Blocked by Deployment todo/shop-api: 0 of 1 replicas are available\n"), "\(text)")
        #expect(
            text.contains(
                "  Available=False  MinimumReplicasUnavailable: Deployment does not have minimum availability.\n"),
            "\(text)")
        #expect(
            text.contains(
                "  Pod shop-api-1 container api waits: ImagePullBackOff: Back-off pulling image \"todo:0.1.0\"\n"),
            "\(text)")
        #expect(
            text.contains("    90s  Warning  Failed: pull from https://(hidden)@registry.example.com failed\n"),
            "\(text)")
        #expect(text.contains("Remedy: Correct spec.image or spec.version"), "\(text)")
        #expect(!text.contains("c4nary"))
    }

    @Test(.timeLimit(.minutes(1))) func `why only reads, and looks at no Secret`() async throws {
        let scene = try await broken()
        _ = try await Diagnosis.make(PlanScene.name, from: scene.reader, now: PlanScene.now)
        #expect(scene.transport.log.entries.allSatisfy { $0.verb == .get || $0.verb == .list })
        #expect(!scene.transport.log.entries.contains { $0.kind == "Secret" })
    }

    @Test(.timeLimit(.minutes(1))) func `with fewer rights less is told, and what is not told is said`() async throws {
        let scene = try await broken()
        for kind in ["Pod", "Event", "ConfigMap"] {
            scene.transport.add(FaultRule(RequestMatch(verb: .list, kind: kind), .always, .forbidden))
        }
        let diagnosis = try await Diagnosis.make(PlanScene.name, from: scene.reader, now: PlanScene.now)
        let text = DiagnosisText(diagnosis, now: PlanScene.now).text
        #expect(text.contains("Blocked by Deployment todo/shop-api"), "\(text)")
        #expect(text.contains("Note: Not looked at, because the right to list is missing: ConfigMap."), "\(text)")
        #expect(!text.contains("Pod shop-api-1"))
    }

    @Test(.timeLimit(.minutes(1))) func `a ready platform is told to be ready`() async throws {
        let scene = try await PlanScene()
        try await scene.makeSecrets()
        try await scene.applyPlatform(Self.small)
        try await scene.reconcile()
        let diagnosis = try await Diagnosis.make(PlanScene.name, from: scene.reader, now: PlanScene.now)
        #expect(diagnosis.isReady)
        #expect(DiagnosisText(diagnosis, now: PlanScene.now).lines.first == "TodoPlatform todo/shop is ready.")
    }

    @Test(.timeLimit(.minutes(1)))
    func `a missing Secret is told as such, not as the broker that is not there yet either`() async throws {
        let scene = try await PlanScene()
        try await scene.applyPlatform(Self.small)
        let client = client(scene)
        var platform = try #require(scene.platform)
        platform.json["status"] = [
            "observedGeneration": 1,
            "conditions": [
                StatusTests.condition("Ready", "False", "SecretMissing", "Secret shop-database is missing."),
                StatusTests.condition("DatabaseReady", "False", "SecretMissing", "Secret shop-database is missing."),
            ],
        ]
        _ = try await client.replace(platform, TodoPlatform.type, subresource: "status")
        let diagnosis = try await Diagnosis.make(PlanScene.name, from: scene.reader, now: PlanScene.now)
        #expect(
            DiagnosisText(diagnosis, now: PlanScene.now).text == """
                TodoPlatform todo/shop is not ready: SecretMissing
                  Secret shop-database is missing.

                Remedy: Create the Secret that the message names.

                """)
    }

    @Test func `what failed counts before what is merely on its way`() throws {
        let job = ResourceType(group: "batch", version: "v1", kind: "Job", plural: "jobs")
        let desired = [
            DesiredObject(
                object: KubernetesObject(Self.deployments, namespace: "todo", name: "a"), type: Self.deployments,
                stage: .workloads),
            DesiredObject(object: KubernetesObject(job, namespace: "todo", name: "b"), type: job, stage: .migration),
        ]
        var failed = KubernetesObject(job, namespace: "todo", name: "b")
        failed.json["status"] = [
            "conditions": [["type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "no"]]
        ]
        #expect(Diagnosis.blocker(desired, [failed])?.key.name == "b")
        #expect(Diagnosis.blocker(desired, [])?.text == "is not made yet")
        #expect(Diagnosis.blocker([], []) == nil)
    }

    @Test func `every reason has a remedy`() {
        for reason in Reason.allCases {
            #expect(!Remedy.text(for: reason, name: PlanScene.name).isEmpty)
        }
    }

    @Test(
        arguments: [
            (
                [
                    "conditions": [
                        ["type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"]
                    ]
                ], "cannot be placed: 0/1 nodes"
            ),
            (
                [
                    "containerStatuses": [
                        [
                            "name": "api", "ready": false, "state": ["waiting": ["reason": "CrashLoopBackOff"]],
                            "lastState": ["terminated": ["exitCode": 137, "reason": "OOMKilled"]],
                        ]
                    ]
                ], "container api waits: CrashLoopBackOff; last ended with code 137 (OOMKilled)"
            ),
            (
                [
                    "initContainerStatuses": [
                        ["name": "daprd", "ready": false, "state": ["terminated": ["exitCode": 2, "reason": "Error"]]]
                    ]
                ],
                "container daprd ended with code 2"
            ),
            (
                [
                    "containerStatuses": [
                        ["name": "api", "ready": false, "state": ["waiting": ["reason": "ContainerCreating"]]]
                    ]
                ], nil
            ),
            (["containerStatuses": [["name": "api", "ready": true, "state": ["running": [:]]]]], nil),
        ] as [(JSON, String?)])
    func `a pod's trouble is put in a sentence`(status: JSON, text: String?) {
        let pod = KubernetesObject(["metadata": ["name": "p", "namespace": "todo"], "status": status])
        #expect(PodTrouble(pod)?.text == text)
    }
}
