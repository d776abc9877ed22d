import KubernetesClient
import KubernetesModel
import LocalCluster
import PlatformPlan
import Reconciler
import TestSupport
import Testing
import TodoPlatformAPI

/// What an API server and the network do to a client, at every kind of request; each ends converged.
@Suite(.serialized) struct FaultTests {
    static let faults: [(name: String, fault: Fault)] = [
        ("429 with Retry-After", .throttled(retryAfter: 0)), ("500", .internalError), ("503", .unavailable),
        ("401", .unauthorized), ("answer lost after the commit", .loseAnswer),
        ("connection refused", .refuseConnection),
        ("409", .conflict),
    ]

    @Test(.timeLimit(.minutes(5)), arguments: faults.map(\.name))
    func `a fault at any third write is survived`(name: String) async throws {
        let fault = try #require(Self.faults.first { $0.name == name }?.fault)
        let calm = try await settled(nil)
        for start in 1...3 {
            let scene = try await settled { transport in
                // Every third write of the whole run fails once, in three runs each write is hit.
                for number in stride(from: start, to: 90, by: 3) {
                    transport.add(FaultRule(.writes, .nth(number), fault))
                }
            }
            let others = Set(scene.split(separator: "\n")).symmetricDifference(Set(calm.split(separator: "\n")))
            #expect(others.isEmpty, "faults from write \(start) on: \(others.map { $0.prefix(3_000) })")
        }
    }

    /// The state that a small platform reaches under the faults that `prepare` sets.
    private func settled(_ prepare: ((FaultyTransport) -> Void)?) async throws -> String {
        let scene = try await Scene()
        prepare?(scene.transport)
        try await scene.makeSecrets()
        try await scene.applyPlatform(spec: Scene.small)
        try await scene.run {
            try await expectEventually("ready", within: .seconds(60)) { scene.isReady() }
            try await scene.waitUntilQuiet(.milliseconds(200))
        }
        return ConvergenceTests.withoutTimes(scene.cluster.stateText(without: ["Event", "Lease"]))
    }

    @Test(.timeLimit(.minutes(2))) func `watches that break in mid-line, end, or expire lose nothing`() async throws {
        let scene = try await Scene()
        try await scene.makeSecrets()
        for bytes in [1, 100, 5_000] {
            scene.transport.add(
                FaultRule(
                    RequestMatch(verb: .watch), .nth(bytes == 1 ? 3 : bytes == 100 ? 8 : 15),
                    .cutStream(afterBytes: bytes)))
        }
        try await scene.run {
            try await scene.applyPlatform(spec: Scene.small)
            try await expectEventually("ready", within: .seconds(60)) { scene.isReady() }
            let key = try #require(scene.object("Deployment", "shop-api")).key
            for round in 0..<4 {
                scene.transport.cutWatches()
                if round > 1 { scene.cluster.compact() }
                let deployments = try #require(ResourceType.platformKinds.first { $0.kind == "Deployment" })
                try await scene.send(.delete(deployments, namespace: key.namespace, name: key.name))
                try await expectEventually("back after the watch was cut, round \(round)", within: .seconds(20)) {
                    scene.cluster.object(key) != nil
                }
                try await expectEventually("ready") { scene.isReady() }
            }
        }
    }

    @Test(.timeLimit(.minutes(2))) func `a cache that lags behind causes no conflict and no repeated write`()
        async throws
    {
        let scene = try await Scene()
        try await scene.makeSecrets()
        try await scene.run {
            try await expectEventually("watching") {
                scene.transport.log.count(RequestMatch(verb: .watch, kind: "Deployment")) > 0
            }
            try await scene.waitUntilQuiet()
            try await scene.applyPlatform(spec: Scene.small)
            try await expectEventually("begun") { scene.children.count > 3 }
            scene.transport.holdWatches()
            try await scene.waitUntilQuiet(.milliseconds(300))
            scene.transport.releaseWatches()
            try await expectEventually("ready") { scene.isReady() }
            try await scene.waitUntilQuiet()
            let applies = scene.transport.log.writes.filter { $0.kind != "TodoPlatform" && $0.kind != "Event" }
            #expect(Set(applies.map { "\($0.kind)/\($0.name)" }).count == applies.count, "an object was applied twice")
            #expect(!scene.transport.log.entries.contains { $0.status == 409 })
        }
    }

    @Test(.timeLimit(.minutes(2))) func `a right that is taken away is named, and work goes on when it is given back`()
        async throws
    {
        let scene = try await Scene()
        try await scene.makeSecrets()
        scene.transport.add(FaultRule(RequestMatch(verb: .patch, kind: "Deployment"), .range(1...12), .forbidden))
        try await scene.applyPlatform(spec: Scene.small)
        try await scene.run {
            try await expectEventually("forbidden") { scene.condition("WorkloadsReady")?.reason == "Forbidden" }
            #expect(scene.condition("Stalled")?.isTrue == true)
            try await expectEventually("ready", within: .seconds(60)) { scene.isReady() }
        }
    }

    @Test(.timeLimit(.minutes(2))) func `a broken platform does not delay the others`() async throws {
        let scene = try await Scene()
        for name in ["shop", "good"] { try await scene.makeSecrets(name) }
        // Everything about one platform is refused, for ever.
        scene.transport.add(
            FaultRule(
                RequestMatch { $0.verb == .patch && ($0.target?.name ?? "").hasPrefix("shop") }, .always, .internalError
            ))
        try await scene.applyPlatform("shop", spec: Scene.small)
        try await scene.run {
            try await scene.waitUntilQuiet(.milliseconds(100))
            try await scene.applyPlatform("good", spec: Scene.small)
            try await expectEventually("the good one is ready", within: .seconds(10)) { scene.isReady("good") }
            #expect(!scene.isReady("shop"))
        }
    }

    @Test(.timeLimit(.minutes(2))) func `an invalid platform is said to be so once and is left alone until it changes`()
        async throws
    {
        let scene = try await Scene()
        try await scene.makeSecrets()
        try await scene.applyPlatform(spec: ["exposure": ["type": "ingress"]])
        try await scene.run {
            try await expectEventually("stalled") { scene.condition("Stalled")?.reason == "InvalidSpec" }
            try await scene.waitUntilQuiet(.milliseconds(300))
            let events = scene.cluster.allObjects().filter { $0.kind == "Event" }
            #expect(events.count == 1)
            #expect(scene.children.isEmpty)
            scene.transport.log.reset()
            try await scene.waitUntilQuiet(.seconds(1))
            #expect(scene.transport.log.entries.isEmpty)
            try await scene.applyPlatform(spec: Scene.small)
            try await expectEventually("ready") { scene.isReady() }
        }
    }

    @Test(.timeLimit(.minutes(2))) func `a namespace that is deleted takes its platform with it`() async throws {
        let scene = try await Scene()
        try await scene.makeSecrets()
        try await scene.applyPlatform(spec: ["deletion": ["topics": "delete", "data": "delete"]])
        try await scene.run {
            try await expectEventually("ready") { scene.isReady() }
            try await scene.send(.delete(Scene.namespaces, namespace: nil, name: Scene.namespace))
            try await expectEventually("gone") { scene.platform() == nil && scene.children.isEmpty }
        }
    }

    @Test(.timeLimit(.minutes(2))) func `of two replicas one writes, and the other takes over`() async throws {
        var scene = try await Scene()
        scene.configuration.electsLeader = true
        scene.configuration.operatorNamespace = Scene.namespace
        try await scene.makeSecrets()
        scene.configuration.identity = "first"
        let scene1 = scene
        scene.configuration.identity = "second"
        let (scene2, second) = (scene, FaultyTransport(scene.admin))
        try await scene1.withActors {
            try await withThrowingTaskGroup(of: Void.self) { group in
                let (first, standby) = (scene1.makeOperator(), scene2.makeOperator(second))
                group.addTask { await first.run() }
                try await expectEventually("the first leads") { scene1.object("Lease", "todo-controller") != nil }
                group.addTask { await standby.run() }
                try await scene1.applyPlatform(spec: Scene.small)
                try await expectEventually("ready") { scene1.isReady() }
                #expect(second.log.writes.allSatisfy { $0.kind == "Lease" }, "\(second.log.writes)")
                await first.shutDown()
                try await scene1.applyPlatform(spec: ["messaging": ["type": "in-memory"]])
                try await expectEventually("the second one works", within: .seconds(10)) {
                    scene1.isReady() && scene1.object("Ingress", "shop") == nil
                        && second.log.writes.contains { $0.kind != "Lease" }
                }
                group.cancelAll()
            }
        }
    }
}
