package import KubernetesModel
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A Kubernetes API server in memory: resources, watches, server-side apply, garbage collection, as one value behind a
/// lock.
///
/// It speaks in requests and answers, without sockets; `LocalClusterServer` puts HTTP in front. The built-in kinds are
/// those that the platform uses; every CustomResourceDefinition that is created adds its own. CEL rules are not
/// evaluated, nobody is refused for lack of rights, and no pod runs.
///
/// What a real cluster's garbage collector and namespace controller do happens at once, inside the write that causes it.
package final class LocalCluster: Sendable {
    /// Which Kubernetes the cluster behaves like, as far as clients have to notice.
    package enum Release: Sendable {
        /// `autoscaling/v2`, `policy/v1`, streaming lists.
        case current
        /// `autoscaling/v2beta2`, `policy/v1beta1`, no streaming lists.
        case kubernetes120
    }

    package struct Options: Sendable {
        /// The wall clock for timestamps. Default: the system's.
        package var now: @Sendable () -> Timestamp = { LocalCluster.systemTime() }
        /// For `timeoutSeconds` and bookmarks of idle watches. Default: `ContinuousClock`.
        package var clock: any Clock<Duration> = ContinuousClock()
        package var release = Release.current
        /// How many events of each kind are kept at least; a watch from before them gets 410. At least 1.
        package var historyLimit = 20_000
        package var bookmarkInterval = Duration.seconds(60)
        /// Equal seeds and equal requests give equal UIDs.
        package var seed: UInt64 = 0

        package init() {}
    }

    let options: Options
    private let state: Mutex<State>

    private struct State {
        var cluster: ClusterState
        var writes = 0
        var waiters: [Int: Waiter] = [:]
        var nextWaiter = 0
        /// Raised by `sendBookmarks` and `endWatches`: watches compare it with what they saw.
        var bookmarkRound = 0
        var endRound = 0
    }

    private struct Waiter {
        let kind: GroupKind
        let continuation: CheckedContinuation<Void, Never>
    }

    package init(_ options: Options = Options()) {
        self.options = options
        state = Mutex(
            State(
                cluster: ClusterState(
                    release: options.release, historyLimit: max(1, options.historyLimit), seed: options.seed,
                    now: options.now())))
    }

    /// Begins in the state, and with the history, that `original` has now. What happens to one does not reach the other.
    package init(copying original: LocalCluster) {
        options = original.options
        state = Mutex(State(cluster: original.read { $0 }))
    }

    /// The answer to one request.
    package struct Response: Sendable {
        package struct Header: Hashable, Sendable {
            package let name: String
            package let value: String
        }
        package enum Body: Sendable {
            case whole([UInt8])
            case stream(WatchStream)
        }
        package let status: Int
        package let headers: [Header]
        package let body: Body
    }

    /// Answers one request as the API server would. `target` and `verb` of the request are not looked at: path, query
    /// and method say it all.
    package func handle(_ request: KubernetesRequest) async -> Response { handle(RawRequest(request)) }

    func handle(_ request: RawRequest) -> Response {
        do throws(APIStatus) {
            return try answer(request)
        } catch {
            return Response(json: error.json, status: error.code)
        }
    }

    // MARK: Looking in from outside, without requests

    /// One object with its managed fields, or nil.
    package func object(_ key: ObjectKey) -> KubernetesObject? {
        state.withLock { $0.cluster.object(key) }.map { KubernetesObject($0.fullJSON) }
    }

    /// The objects of a kind, in the order of namespace and name. - Parameter namespace: nil for all.
    package func objects(_ kind: GroupKind, namespace: String? = nil) -> [KubernetesObject] {
        state.withLock { $0.cluster.objects(kind, namespace: namespace) }.map { KubernetesObject($0.fullJSON) }
    }

    /// Every object, in the order of kind, namespace and name.
    package func allObjects() -> [KubernetesObject] {
        let kinds = state.withLock { $0.cluster.definitions.keys.sorted { $0.description < $1.description } }
        return kinds.flatMap { objects($0) }
    }

    /// All objects as text, one a line, without what differs from run to run (UIDs, resource versions, generations,
    /// times, managed fields, addresses): two clusters in the same state have the same text.
    ///
    /// - Parameter without: kinds to leave out; by default events and leases.
    package func stateText(without: Set<String> = ["Event", "Lease"]) -> String {
        allObjects().filter { !without.contains($0.kind) }
            .map { String(decoding: Self.withoutChance($0.json).canonicalBytes, as: UTF8.self) }
            .joined(separator: "\n")
    }

    /// The resource version of the last change of anything.
    package var resourceVersion: Int { state.withLock { $0.cluster.revision } }

    /// How many requests changed something.
    package var writeCount: Int { state.withLock { $0.writes } }

    /// Forgets the history: watches and continued lists from before get 410.
    package func compact() { state.withLock { $0.cluster.compact() } }

    /// Sends a bookmark on every open watch that asked for them.
    package func sendBookmarks() {
        wake { $0.bookmarkRound += 1 }
    }

    /// Ends every open watch as a server does after its timeout.
    package func endWatches() {
        wake { $0.endRound += 1 }
    }

    /// The system's wall clock.
    package static func systemTime() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    // MARK: State for the rest of the module

    func read<Result: Sendable, Failure: Error>(_ body: (ClusterState) throws(Failure) -> Result) throws(Failure)
        -> Result
    {
        try state.withLock { state throws(Failure) in try body(state.cluster) }
    }

    /// Changes the state, then wakes the watches of the kinds that changed.
    func change(_ body: (inout ClusterState) throws(APIStatus) -> WriteResult) throws(APIStatus) -> WriteResult {
        var result: Result<WriteResult, APIStatus>?
        let woken = state.withLock { state -> [Waiter] in
            let before = state.cluster.revision
            do throws(APIStatus) {
                result = .success(try body(&state.cluster))
            } catch {
                result = .failure(error)
            }
            guard state.cluster.revision != before else { return [] }
            state.writes += 1
            let ready = state.waiters.filter { waiter in
                (state.cluster.stores[waiter.value.kind]?.events.last?.revision ?? 0) > before
                    || state.cluster.definitions[waiter.value.kind] == nil
            }
            for id in ready.keys { state.waiters[id] = nil }
            return Array(ready.values)
        }
        for waiter in woken { waiter.continuation.resume() }
        guard let result else { preconditionFailure("withLock runs its body") }
        return try result.get()
    }

    private func wake(_ change: (inout State) -> Void) {
        let woken = state.withLock { state in
            change(&state)
            let all = Array(state.waiters.values)
            state.waiters = [:]
            return all
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// How often `sendBookmarks` and `endWatches` were called.
    var rounds: (bookmarks: Int, ends: Int) { state.withLock { ($0.bookmarkRound, $0.endRound) } }

    /// Returns when something may have happened to `kind` after event number `event`, a round was called that is not
    /// in `rounds`, or the task is cancelled.
    func waitForChange(of kind: GroupKind, after event: Int, rounds: (bookmarks: Int, ends: Int)) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    let isReady =
                        Task.isCancelled || state.cluster.definitions[kind] == nil
                        || (state.cluster.stores[kind]?.endOfEvents ?? 0) > event
                        || state.bookmarkRound != rounds.bookmarks || state.endRound != rounds.ends
                    if !isReady { state.waiters[id] = Waiter(kind: kind, continuation: continuation) }
                    return isReady
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume()
        }
    }

    private static func withoutChance(_ json: JSON) -> JSON {
        switch json {
        case .array(let items): return .array(items.map(withoutChance))
        case .object(let members):
            var result = JSONObject()
            for (key, value) in members where !byChance.contains(key) { result[key] = withoutChance(value) }
            return .object(result)
        default: return json
        }
    }

    private static let byChance: Set<String> = [
        "uid", "resourceVersion", "generation", "observedGeneration", "creationTimestamp", "deletionTimestamp",
        "managedFields", "lastTransitionTime", "lastUpdateTime", "lastProbeTime", "startTime", "completionTime",
        "clusterIP", "clusterIPs", "nodePort", "controller-uid", "batch.kubernetes.io/controller-uid",
    ]
}

extension LocalCluster.Response {
    init(json: JSON, status: Int) {
        self.init(bytes: json.bytes, status: status)
    }

    init(bytes: [UInt8], status: Int, contentType: String = "application/json") {
        self.init(status: status, headers: [.init(name: "Content-Type", value: contentType)], body: .whole(bytes))
    }
}
