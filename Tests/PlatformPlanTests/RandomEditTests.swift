import KubernetesModel
import PlatformPlan
import TestSupport
import Testing
import TodoPlatformAPI

/// Random walks through the space of specs: after each edit the platform converges or says why it cannot, and taking all
/// edits back brings back the very same objects.
@Suite struct RandomEditTests {
    /// One edit a line: the path below `spec`, and values of which some are out of bounds or contradict others.
    static let edits: [(path: [String], values: [JSON])] = [
        (["profile"], ["free-tier", "standard", "high-availability"]),
        (["version"], ["0.1.0", "0.2.0", "1.0.0-rc.1"]),
        (
            ["messaging"],
            [
                ["type": "strimzi"], ["type": "in-memory"], ["type": "redis", "redis": ["host": "redis:6379"]],
                ["type": "kafka"],
                ["type": "kafka", "kafka": ["brokers": ["k1:9092", "k2:9092"]]],
            ]
        ),
        (
            ["exposure"],
            [
                ["type": "none"], ["type": "ingress"], ["type": "ingress", "host": "a.example.com"],
                ["type": "gateway", "host": "a.example.com", "gateway": ["name": "gw"]], ["type": "gateway"],
            ]
        ),
        (["services", "api", "replicas"], [0, 1, 3, 7]),
        (
            ["services", "api", "autoscaling"],
            [
                ["enabled": true, "maxReplicas": 5], ["enabled": false],
                ["enabled": true, "minReplicas": 9, "maxReplicas": 2],
            ]
        ),
        (["services", "audit", "environment"], [[], [["name": "A", "value": "${B}\n\"quoted\" 'x' {podName}"]]]),
        (["audit", "retention"], ["forever", "168h", "240h", "no"]),
        (
            ["deletion"],
            [["topics": "retain", "data": "retain"], ["topics": "delete", "data": "delete"], ["protection": true]]
        ),
        (["networkPolicies", "enabled"], [true, false]),
        (["monitoring", "alerts", "enabled"], [true, false]),
        (["database", "migrations", "enabled"], [true, false]),
        (["image", "tag"], ["0.1.0", "2026.11", ""]),
        (["nonsense"], [1, ["a": "b"]]),
    ]

    @Test func `after each edit converged or refused with a reason, and reverted as before`() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for walk in 0..<12 {
            var world = PlanWorld(spec: [:])
            let isAtRest = world.converge()
            #expect(isAtRest, "seed \(seed), walk \(walk)")
            let origin = world.children.mapValues(Self.intent)
            for step in 0..<12 {
                let edit = Self.edits[Int.random(in: 0..<Self.edits.count, using: &random)]
                let value = edit.values[Int.random(in: 0..<edit.values.count, using: &random)]
                world.edit { $0[path: edit.path] = value }
                let settled = world.converge()
                let ready = world.condition("Ready")
                let context: Comment =
                    "seed \(seed), walk \(walk), step \(step): \(edit.path) = \(value.text): \(ready?.message ?? "")"
                #expect(settled, context)
                #expect(ready?.isTrue == true || world.condition("Stalled")?.isTrue == true, context)
                #expect(ready?.observedGeneration == world.platform.generation, context)
                let again = world.step()
                #expect(again.plan.actions.isEmpty && again.conclusion.status == nil, context)
            }
            world.edit { $0 = [:] }
            let isBack = world.converge()
            #expect(isBack, "seed \(seed), walk \(walk)")
            // What was retained on purpose stays; everything that belongs to the platform is as it was.
            let owned = world.children.filter { $0.value.controller != nil || origin[$0.key] != nil }.mapValues(
                Self.intent)
            #expect(owned == origin, "seed \(seed), walk \(walk)")
        }
    }

    /// An object without what the cluster adds to it.
    private static func intent(_ object: KubernetesObject) -> JSON {
        var json = object.json
        for field in ["uid", "resourceVersion", "generation"] { json[path: ["metadata", field]] = nil }
        json["status"] = nil
        return json
    }
}
