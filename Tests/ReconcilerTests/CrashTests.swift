import KubernetesModel
import LocalCluster
import PlatformPlan
import Reconciler
import TestSupport
import Testing

/// The process is ended before and after every single write of a platform's life, started again with an empty memory,
/// and must reach the state that an undisturbed run reaches.
@Suite(.serialized) struct CrashTests {
    private enum Act: String, CaseIterable { case create, update, delete }

    private func spec(_ act: Act) -> JSON {
        // Only a platform that deletes its topics is taken down by the operator itself.
        if act == .delete {
            return ["deletion": ["topics": "delete", "data": "delete"], "networkPolicies": ["enabled": false]]
        }
        var spec = Scene.small
        if act == .update {
            spec["version"] = "0.2.0"
            spec["services"] = ["api": ["replicas": 2], "audit": ["environment": [["name": "EXTRA", "value": "1"]]]]
            spec["exposure"] = ["type": "none"]
        }
        return spec
    }

    /// Only what the act needs: a scene is made for every crash.
    private func systems(_ act: Act) -> [String] {
        (act == .delete ? ["dapr", "strimzi"] : ["dapr"]).map { "Tests/Data/crds/\($0)" }
    }

    private func isDone(_ act: Act, _ scene: Scene) -> Bool {
        act == .delete ? scene.platform() == nil : scene.isReady()
    }

    /// Brings the scene to where `act` begins, then starts it.
    private func begin(_ act: Act, _ scene: Scene) async throws {
        try await scene.makeSecrets()
        try await scene.applyPlatform(spec: spec(act == .delete ? .delete : .create))
        guard act != .create else { return }
        _ = try await scene.runUntilSettledOrCrash { scene.isReady() }
        try await scene.waitUntilQuiet(.milliseconds(30))
        if act == .update {
            try await scene.applyPlatform(spec: spec(.update))
        } else {
            try await scene.deletePlatform()
        }
    }

    @Test(.timeLimit(.minutes(10)), arguments: ["create", "update", "delete"])
    func `a crash at any write changes nothing about the outcome`(name: String) async throws {
        let act = try #require(Act(rawValue: name))
        let calm = try await Scene(systems: systems(act))
        try await calm.withActors {
            try await begin(act, calm)
            calm.transport.log.reset()
            _ = try await calm.runUntilSettledOrCrash { isDone(act, calm) }
            try await calm.waitUntilQuiet()
        }
        let expected = ConvergenceTests.withoutTimes(calm.cluster.stateText(without: ["Event", "Lease"]))
        let count = calm.transport.log.writes.count
        #expect(count > 0)
        for number in 1...max(count, 1) {
            for isBefore in [true, false] {
                let scene = try await Scene(systems: systems(act))
                try await scene.withActors {
                    try await begin(act, scene)
                    scene.transport.crash(isBefore ? .before(request: number) : .after(request: number))
                    let crashed = try await scene.runUntilSettledOrCrash { isDone(act, scene) }
                    // Without the crash the act was already over: writes may come in another number each time.
                    if crashed {
                        let again = scene.makeOperator(scene.admin)
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            group.addTask { await again.run() }
                            try await expectEventually(
                                "\(act) after a crash \(isBefore ? "before" : "after") write \(number)"
                            ) {
                                isDone(act, scene)
                            }
                            try await scene.waitUntilQuiet(.milliseconds(60))
                            group.cancelAll()
                        }
                    }
                }
                let state = ConvergenceTests.withoutTimes(scene.cluster.stateText(without: ["Event", "Lease"]))
                let others = Set(state.split(separator: "\n")).symmetricDifference(expected.split(separator: "\n"))
                #expect(
                    others.isEmpty,
                    "\(act), crash \(isBefore ? "before" : "after") write \(number) of \(count): \(others.map { $0.prefix(600) })"
                )
            }
        }
    }
}
