import KubernetesClient
import KubernetesModel
import LocalCluster
import PlatformPlan
import Reconciler
import Synchronization
import TestSupport
import Testing

/// The process is ended before and after every single request of a platform's life, those of its own start among them,
/// started again with an empty memory, and must reach the state that an undisturbed run reaches.
@Suite(.serialized) struct CrashTests {
    enum Act: String, CaseIterable { case create, update, delete }

    private static func spec(_ act: Act) -> JSON {
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

    private static func isDone(_ act: Act, _ scene: Scene) -> Bool {
        act == .delete ? scene.platform() == nil : scene.isReady()
    }

    /// A cluster where `act` has been asked for and nothing of it is done.
    private static func beginning(of act: Act, electsLeader: Bool) async throws -> Scene {
        var made = try await Scene(
            systems: (act == .delete ? ["dapr", "strimzi"] : ["dapr"]).map { "Tests/Data/crds/\($0)" })
        made.configuration.electsLeader = electsLeader
        let scene = made
        try await scene.apply(
            ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "todo-system"]], Scene.namespaces)
        try await scene.makeSecrets()
        try await scene.applyPlatform(spec: spec(act == .update ? .create : act))
        if act == .create { return scene }
        try await scene.run {
            try await expectEventually("ready") { scene.isReady() }
            try await scene.waitUntilQuiet()
        }
        if act == .update {
            try await scene.applyPlatform(spec: spec(.update))
        } else {
            try await scene.deletePlatform()
        }
        return scene
    }

    private static func state(_ scene: Scene) -> Set<Substring> {
        let text = scene.cluster.stateText(without: ["Event", "Lease", "CustomResourceDefinition"])
        return Set(ConvergenceTests.withoutTimes(text).split(separator: "\n"))
    }

    /// Runs a new operator, called `identity`, until `act` is done and nobody writes any more.
    private static func finish(
        _ act: Act, in scene: Scene, as identity: String, through transport: (any KubernetesTransport)? = nil
    ) async throws {
        var named = scene
        named.configuration.identity = identity
        let running = named.makeOperator(transport)
        try await scene.withActors {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await running.run() }
                try await expectEventually("\(act) done") { running.waitsFor.isEmpty && isDone(act, scene) }
                try await scene.waitUntilQuiet(.milliseconds(60))
                group.cancelAll()
            }
        }
    }

    /// - Parameter match: the requests before and after which the process is ended.
    private func crashEverywhere(
        _ act: Act, electsLeader: Bool = false, at match: RequestMatch = .any
    ) async throws {
        let calm = try await Self.beginning(of: act, electsLeader: electsLeader)
        let witness = CrashWitness(calm, match)
        try await Self.finish(act, in: calm, as: "first", through: witness)
        let expected = Self.state(calm)
        let states = witness.states
        try await withThrowingTaskGroup(of: Void.self) { group in
            var rest = states[...]
            func addNext() {
                guard let state = rest.popFirst() else { return }
                group.addTask {
                    let moments = "\(act), ended \(state.moments.joined(separator: ", "))"
                    do { try await Self.finish(act, in: state.scene, as: "second") } catch let error as NotInTime {
                        Issue.record(error, "\(moments)")
                    }
                    let others = Self.state(state.scene).symmetricDifference(expected)
                    #expect(others.isEmpty, "\(moments): \(others.map { $0.prefix(600) })")
                }
            }
            for _ in 0..<4 { addNext() }
            while try await group.next() != nil { addNext() }
        }
        let requests = witness.requests
        let writes = requests.count(where: RequestMatch.writes.matches)
        print("\(act): ended before and after \(requests.count) requests (\(writes) writes), in \(states.count) states")
        #expect(writes > 0 && requests.count > writes && states.count > 1)
    }

    @Test(.timeLimit(.minutes(5)), arguments: Act.allCases)
    func `a crash at any request changes nothing about the outcome`(act: Act) async throws {
        try await crashEverywhere(act)
    }

    /// For itself, because each successor waits until the lease of the one that crashed has run out.
    @Test(.timeLimit(.minutes(5)), arguments: Act.allCases)
    func `a crash at any request about the lease changes nothing about the outcome`(act: Act) async throws {
        try await crashEverywhere(act, electsLeader: true, at: RequestMatch(kind: "Lease"))
    }
}

/// Passes requests on, and keeps the cluster as it was before and after each of them: what a process that is ended there
/// leaves behind.
private final class CrashWitness: KubernetesTransport {
    struct State: Sendable {
        let scene: Scene
        /// `before patch Deployment todo/shop-api`; several when nothing was written between them.
        var moments: [String]
    }
    private struct Seen {
        /// By the version of the cluster.
        var states: [Int: State] = [:]
        var requests: [KubernetesRequest] = []
    }

    private let scene: Scene
    private let match: RequestMatch
    private let seen = Mutex(Seen())

    init(_ scene: Scene, _ match: RequestMatch) {
        self.scene = scene
        self.match = match
    }

    var states: [State] { seen.withLock { $0.states.sorted { $0.key < $1.key }.map(\.value) } }
    var requests: [KubernetesRequest] { seen.withLock { $0.requests } }

    func send(_ request: KubernetesRequest) async throws -> KubernetesResponse {
        try await watched(request) { try await scene.admin.send(request) }
    }

    func open(_ request: KubernetesRequest) async throws -> KubernetesStream {
        try await watched(request) { try await scene.admin.open(request) }
    }

    private func watched<Answer>(_ request: KubernetesRequest, _ answer: () async throws -> Answer) async throws
        -> Answer
    {
        guard match.matches(request) else { return try await answer() }
        seen.withLock { $0.requests.append(request) }
        keep("before \(request.summary)")
        let answer = try await answer()
        keep("after \(request.summary)")
        return answer
    }

    private func keep(_ moment: String) {
        let copy = Scene(copying: scene)
        seen.withLock { seen in
            seen.states[copy.cluster.resourceVersion, default: State(scene: copy, moments: [])].moments.append(moment)
        }
    }
}
