package import KubernetesClient
package import KubernetesModel
package import Logging
import Synchronization

/// What a watch found out that people or discovery have to know.
package enum InformerEvent: Sendable {
    /// All that is watched of the kind is in the cache, for the first time since it was asked for.
    case synced(GroupKind)
    /// The server does not have the kind (any more): its objects left the cache, and it is not watched until
    /// `Informers.watch` is called again.
    case missing(GroupKind)
    /// Tried again, at last once a minute.
    case forbidden(GroupKind, namespace: String?, verb: KubernetesRequest.Verb, KubernetesError)
    /// The first success after `forbidden`.
    case recovered(GroupKind, namespace: String?)
    /// An object that the server sent is not in the cache.
    case undecodable(GroupKind, reason: String)
}

/// Keeps a set of kinds in the cache that may change at any time: kinds come and go with their definitions, namespaces
/// with configuration.
///
/// Every kind is followed by one watch, or one for each namespace. `run` owns them all.
package final class Informers: Sendable {
    private struct Follower {
        let reflector: Reflector
        let stop: Signal
        var isStopping = false
    }

    private struct State {
        var kinds: Set<GroupKind> = []
        var wanted: Set<WatchScope> = []
        var followers: [WatchScope: Follower] = [:]
        var synced: Set<WatchScope> = []
        var forbidden: Set<WatchScope> = []
        var missing: Set<WatchScope> = []
        /// The kinds of `isSynced(_:)`, as the members above say.
        var syncedKinds: Set<GroupKind> = []
        var streamingLists: Bool
        var streamingListsAreRefused = false
        var waiters: [Signal] = []
    }

    private let client: KubernetesClient
    private let store: ObjectStore
    private let surroundings: Surroundings
    private let logger: Logger
    private let onEvent: @Sendable (InformerEvent) -> Void
    private let state: Mutex<State>
    private let starts: AsyncStream<WatchScope>
    private let start: AsyncStream<WatchScope>.Continuation

    /// - Parameters:
    ///   - streamingLists: list by a watch, which needs less memory on both sides. For Kubernetes 1.32 and later; a server
    ///     that refuses is listed page by page.
    ///   - onEvent: called from the watches; must return soon.
    package init(
        client: KubernetesClient, store: ObjectStore, streamingLists: Bool = false,
        surroundings: Surroundings = .system, logger: Logger,
        onEvent: @escaping @Sendable (InformerEvent) -> Void = { _ in }
    ) {
        self.client = client
        self.store = store
        self.surroundings = surroundings
        self.logger = logger
        self.onEvent = onEvent
        state = Mutex(State(streamingLists: streamingLists))
        // Bounded by what is wanted: a scope is in here at most once.
        (starts, start) = AsyncStream.makeStream()
    }

    /// Makes `kinds` what is watched: starts what is new, stops what is not named, whose objects leave the cache. May
    /// be called at any time, also before `run`.
    package func watch(_ kinds: Set<WatchedKind>) {
        change { state in
            state.kinds = Set(kinds.map(\.type.groupKind))
            state.wanted = Set(kinds.flatMap(\.scopes))
            state.missing = []
        }
    }

    /// What is watched from now on is listed by a watch (see `init`), unless the server has refused that before.
    package func useStreamingLists() {
        state.withLock { if !$0.streamingListsAreRefused { $0.streamingLists = true } }
    }

    /// Whether the cache holds all that is watched of `kind`. False for a kind that is not watched, missing or
    /// forbidden.
    package func isSynced(_ kind: GroupKind) -> Bool {
        syncedKinds.contains(kind)
    }

    /// All kinds for which `isSynced(_:)` holds.
    package var syncedKinds: Set<GroupKind> { state.withLock { $0.syncedKinds } }

    /// Whether the cache holds all that can be had: everything that is watched but for what the server does not have or
    /// does not let us see.
    package var isSynced: Bool {
        state.withLock { $0.wanted.isSubset(of: $0.synced.union($0.forbidden).union($0.missing)) }
    }

    /// Returns when `isSynced`, or when the task is cancelled.
    package func waitUntilSynced() async {
        let signal = Signal()
        state.withLock { $0.waiters.append(signal) }
        while !Task.isCancelled, !isSynced { await signal.wait() }
        state.withLock { state in state.waiters.removeAll { $0 === signal } }
    }

    /// How long ago the least lively watch last heard from the server or tried to; zero when there is none. Above two
    /// minutes something hangs.
    package var oldestHeartbeat: Duration {
        state.withLock { $0.followers.values.map(\.reflector.heartbeat.age).max() ?? .zero }
    }

    /// Runs the watches until the task is cancelled. To be called once.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await scope in starts {
                guard let follower = state.withLock({ $0.followers[scope] }) else { continue }
                group.addTask { await self.follow(scope, follower) }
            }
        }
    }

    /// Changes the state, then stops and starts followers as it demands.
    private func change(_ body: (inout State) -> Void) {
        let (stopped, started, waiters) = state.withLock { state in
            body(&state)
            let unsynced = state.wanted.subtracting(state.synced.subtracting(state.forbidden))
            state.syncedKinds = state.kinds.subtracting(unsynced.map(\.type.groupKind))
            var stopped: [Signal] = []
            for (scope, follower) in state.followers where !follower.isStopping && !state.wanted.contains(scope) {
                state.followers[scope]?.isStopping = true
                stopped.append(follower.stop)
            }
            // Two watches of one kind with different selectors or versions would overwrite each other's objects: the
            // new one starts when the old one has ended.
            let busy = Set(state.followers.filter(\.value.isStopping).keys.map(\.type.groupKind))
            var started: [WatchScope] = []
            for scope in state.wanted
            where state.followers[scope] == nil && !state.missing.contains(scope)
                && !busy.contains(scope.type.groupKind)
            {
                state.followers[scope] = Follower(
                    reflector: reflector(scope, streamingLists: state.streamingLists), stop: Signal())
                started.append(scope)
            }
            return (stopped, started, state.waiters)
        }
        for signal in stopped { signal.raise() }
        for scope in started { start.yield(scope) }
        for signal in waiters { signal.raise() }
    }

    private func reflector(_ scope: WatchScope, streamingLists: Bool) -> Reflector {
        Reflector(
            scope, client: client, store: store, streamingLists: streamingLists, surroundings: surroundings,
            logger: logger
        ) { [weak self] report in self?.received(report, scope) }
    }

    private func follow(_ scope: WatchScope, _ follower: Follower) async {
        let isMissing = await withTaskGroup(of: Bool.self) { group in
            group.addTask { await follower.reflector.run() }
            group.addTask {
                await follower.stop.wait()
                return false
            }
            let isMissing = await group.next() ?? false
            group.cancelAll()
            return isMissing
        }
        guard !Task.isCancelled else { return }
        ended(scope, isMissing: isMissing)
    }

    private func ended(_ scope: WatchScope, isMissing: Bool) {
        let kind = scope.type.groupKind
        // Objects stay as long as another watch of the kind covers or will cover them.
        let kept: Set<String>? = state.withLock { state in
            let others = state.wanted.filter { $0.type.groupKind == kind && !state.missing.contains($0) }
            if isMissing { return [] }
            return others.contains { $0.namespace == nil } ? nil : Set(others.compactMap(\.namespace))
        }
        if let kept { store.remove(kind, keeping: kept) }
        change { state in
            state.followers[scope] = nil
            state.synced.remove(scope)
            state.forbidden.remove(scope)
            if isMissing { state.missing.insert(scope) }
        }
        if isMissing { onEvent(.missing(kind)) }
    }

    private func received(_ report: Reflector.Report, _ scope: WatchScope) {
        let kind = scope.type.groupKind
        switch report {
        case .synced:
            change { $0.synced.insert(scope) }
            if isSynced(kind) { onEvent(.synced(kind)) }
        case .forbidden(let verb, let error):
            change { $0.forbidden.insert(scope) }
            onEvent(.forbidden(kind, namespace: scope.namespace, verb: verb, error))
        case .allowed:
            change { $0.forbidden.remove(scope) }
            onEvent(.recovered(kind, namespace: scope.namespace))
        case .undecodable(let reason):
            logger.warning("undecodable object", metadata: ["watch.kind": "\(kind)", "error.message": "\(reason)"])
            onEvent(.undecodable(kind, reason: reason))
        case .streamingListRefused:
            state.withLock {
                $0.streamingLists = false
                $0.streamingListsAreRefused = true
            }
        }
    }
}
