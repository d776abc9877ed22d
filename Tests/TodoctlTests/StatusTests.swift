import KubernetesModel
import Testing
import TodoPlatformAPI

@testable import TodoctlCommands

@Suite struct StatusTests {
    private static let now = Timestamp(seconds: 1_772_730_000)

    private static func platform(_ status: JSON, generation: Int = 2, spec: JSON = [:]) -> KubernetesObject {
        KubernetesObject([
            "apiVersion": "todoplatform.dev/v1alpha1", "kind": "TodoPlatform",
            "metadata": [
                "name": "shop", "namespace": "todo", "uid": "u", "generation": JSON(generation),
                "creationTimestamp": .string(now.advanced(by: .seconds(-3 * 86_400)).rfc3339),
            ], "spec": spec, "status": status,
        ])
    }

    static func condition(_ type: String, _ status: String, _ reason: String, _ message: String = "") -> JSON {
        [
            "type": .string(type), "status": .string(status), "reason": .string(reason), "message": .string(message),
            "lastTransitionTime": .string(now.rfc3339), "observedGeneration": 1,
        ]
    }

    static let rollingOut: JSON = [
        "observedGeneration": 2,
        "conditions": [
            condition("Ready", "False", "RollingOut", "Deployment shop-audit 0 of 1 replicas are available."),
            condition("Reconciling", "True", "RollingOut"), condition("Progressing", "True", "RollingOut"),
            condition("Degraded", "False", "Healthy"),
            condition("MessagingReady", "True", "Ready", "9 objects are as they should be."),
            condition("WorkloadsReady", "False", "Progressing", "Deployment shop-audit 0 of 1 replicas are available."),
            condition("MonitoringReady", "Unknown", "DependencyMissing", "Prometheus Operator is not installed."),
        ],
        "summary": "1/2", "url": "https://todo.example.com",
        "version": ["current": "0.0.9", "currentImage": "x:0.0.9"],
        "services": [
            ["name": "api", "state": "Ready", "ready": 2, "desired": 2],
            [
                "name": "audit", "state": "Progressing", "ready": 0, "desired": 1,
                "message": "0 of 1 replicas are available",
            ],
        ],
        "topics": [
            ["name": "task-events", "ready": true, "partitions": 6],
            ["name": "reminders", "ready": false, "partitions": 6, "message": "waits for the Topic Operator"],
        ],
        "resources": [
            "requests": ["cpu": "1200m", "memory": "2Gi"], "limits": ["memory": "3Gi"],
            "budget": ["cpu": "1", "memory": "4Gi"], "withinBudget": false,
        ],
    ]

    @Test func `the tree shows conditions, services, what is wrong with topics, and what blocks`() {
        let tree = StatusTree(StatusReport(Self.platform(Self.rollingOut, spec: ["version": "0.1.0"]), now: Self.now))
        #expect(
            tree.text == """
                TodoPlatform todo/shop  Not ready: RollingOut  version 0.0.9 → 0.1.0  https://todo.example.com  3d old
                ├─ Conditions
                │  ├─ ✔ MessagingReady    Ready
                │  ├─ ✘ WorkloadsReady    Progressing  Deployment shop-audit 0 of 1 replicas are available.
                │  └─ ? MonitoringReady   DependencyMissing  Prometheus Operator is not installed.
                ├─ Services 1/2
                │  ├─ ✔ api    2/2  Ready
                │  └─ … audit  0/1  Progressing  0 of 1 replicas are available
                ├─ Topics 1/2
                │  └─ ✘ reminders  waits for the Topic Operator
                ├─ Resources cpu 1200m, memory 2Gi of cpu 1, memory 4Gi  over budget
                └─ Blocked by WorkloadsReady: Deployment shop-audit 0 of 1 replicas are available.

                """)
    }

    @Test func `a platform that no operator has looked at says so and is not ready`() {
        let report = StatusReport(Self.platform(["observedGeneration": -1], generation: 1), now: Self.now)
        #expect(!report.isReady)
        #expect(
            StatusTree(report).text == """
                TodoPlatform todo/shop  Not ready: Unknown  version 0.1.0 (not running yet)  3d old
                └─ No operator has looked at it yet; is todo-operator running?

                """)
    }

    @Test func `a status about an older generation does not count as ready`() {
        let status: JSON = ["observedGeneration": 1, "conditions": [Self.condition("Ready", "True", "Reconciled")]]
        #expect(StatusReport(Self.platform(status, generation: 1), now: Self.now).isReady)
        let report = StatusReport(Self.platform(status, generation: 2), now: Self.now)
        #expect(!report.isReady)
        #expect(StatusTree(report).text.contains("The operator has not looked at the latest change yet."))
    }

    @Test func `what blocks is the part that the summary speaks of`() {
        let status: JSON = [
            "observedGeneration": 2,
            "conditions": [
                Self.condition("Ready", "False", "SecretMissing", "Secret a is missing. Secret b is missing."),
                Self.condition("MessagingReady", "False", "Progressing", "Kafka shop waits for Strimzi."),
                Self.condition("DatabaseReady", "False", "SecretMissing", "Secret a is missing."),
            ], "version": ["current": "0.1.0", "failed": "0.2.0", "failedImage": "x:0.2.0"],
        ]
        let report = StatusReport(Self.platform(status, spec: ["version": "0.2.0"]), now: Self.now)
        #expect(report.blockedBy == "DatabaseReady: Secret a is missing.")
        #expect(report.version == "0.1.0 (0.2.0 failed)")
    }

    @Test func `colours are there on request only`() {
        let report = StatusReport(Self.platform(Self.rollingOut), now: Self.now)
        #expect(!StatusTree(report).text.contains("\u{1B}"))
        #expect(
            StatusTree(report, style: TextStyle(isColored: true)).text.contains("\u{1B}[31m✘\u{1B}[0m WorkloadsReady"))
    }

    @Test func `programs get the same as JSON`() {
        let json = StatusReport(Self.platform(Self.rollingOut), now: Self.now).json
        #expect(json["ready"] == false)
        #expect(json["reason"] == "RollingOut")
        #expect(json["services"]?[1]?["state"] == "Progressing")
        #expect(json["blockedBy"] == "WorkloadsReady: Deployment shop-audit 0 of 1 replicas are available.")
    }

    @Test(arguments: [
        ("postgres://user:c4nary@db/x", "postgres://(hidden)@db/x"),
        ("see https://example.com/a", "see https://example.com/a"),
        ("(\"amqp://u:c4n/ary@h\") and redis://:c4nary@r:1", "(\"amqp://(hidden)@h\") and redis://(hidden)@r:1"),
        ("nothing", "nothing"),
    ]) func `logins in addresses are never shown`(text: String, shown: String) {
        #expect(Redaction.scrubbed(text) == shown)
    }

    @Test func `a message cannot rewrite the screen`() {
        #expect("a\u{1B}[2Jb\nc\u{9B}d".printable == "a [2Jb c d")
    }

    @Test(arguments: [(119, "119s"), (120, "2m"), (7_200, "2h"), (172_800, "2d"), (-5, "0s")])
    func `ages have one unit`(seconds: Int64, text: String) {
        #expect(Age.text(since: Self.now.advanced(by: .seconds(-seconds)).rfc3339, now: Self.now) == text)
    }
}
