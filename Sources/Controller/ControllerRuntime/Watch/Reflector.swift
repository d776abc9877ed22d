import KubernetesClient
import KubernetesModel
import Logging
import Synchronization

/// Keeps the part of the cache that one `WatchScope` covers equal to what the server holds: performs what `WatchState`
/// decides.
final class Reflector: Sendable {
    enum Report: Sendable {
        /// The cache is complete for the first time.
        case synced
        case forbidden(KubernetesRequest.Verb, KubernetesError)
        /// The first success after `forbidden`.
        case allowed
        case undecodable(String)
        case streamingListRefused
    }

    private struct Progress {
        var watch: WatchState
        var collected: [NamespacedName: CachedObject] = [:]
        /// The store's own writes when the list in progress began.
        var began: UInt64 = 0
        var lines = LineSplitter()
        var list = ListSplitter()
        var next: WatchState.Effect?
        var verb = KubernetesRequest.Verb.list
        var isSynced = false
        var isForbidden = false
        var isInterrupted = false
    }

    static let pageSize = 500

    let scope: WatchScope
    let heartbeat: Heartbeat
    private let reader: StreamReader
    private let store: ObjectStore
    private let surroundings: Surroundings
    private let logger: Logger
    private let report: @Sendable (Report) -> Void
    private let progress: Mutex<Progress>

    init(
        _ scope: WatchScope, client: KubernetesClient, store: ObjectStore, streamingLists: Bool,
        surroundings: Surroundings, logger: Logger, report: @escaping @Sendable (Report) -> Void
    ) {
        self.scope = scope
        heartbeat = Heartbeat(surroundings.now)
        reader = StreamReader(client: client, surroundings: surroundings, heartbeat: heartbeat)
        self.store = store
        self.surroundings = surroundings
        self.report = report
        var logger = logger
        logger[metadataKey: "watch.kind"] = "\(scope.type.groupKind)"
        logger[metadataKey: "watch.namespace"] = "\(scope.namespace ?? "*")"
        self.logger = logger
        progress = Mutex(Progress(watch: WatchState(streamingLists: streamingLists)))
    }

    /// Watches until the task is cancelled, or the server turns out not to have the kind.
    ///
    /// - Returns: true when the kind is missing.
    func run() async -> Bool {
        handle(.start)
        while !Task.isCancelled {
            heartbeat.beat()
            guard let next = progress.withLock({ $0.next.take() }) else { return false }
            switch next {
            case .list(let token): await list(token)
            case .watch(let version, let initial, let timeout):
                await watch(
                    scope.watchRequest(resourceVersion: version, timeoutSeconds: timeout, sendInitialEvents: initial))
            case .wait(let duration):
                await surroundings.pause(duration)
                handle(.waited)
            case .end: return true
            case .beginCollecting, .collect, .apply, .commit, .level, .streamingListRefused, .report:
                preconditionFailure("only requests, waits and the end come next")
            }
        }
        return false
    }

    // MARK: Requests

    private func list(_ token: String?) async {
        progress.withLock {
            $0.list = ListSplitter()
            $0.verb = .list
        }
        let end = await reader.read(
            scope.listRequest(limit: Self.pageSize, continueToken: token), silenceLimit: silenceLimit
        ) { [self] piece throws(KubernetesError) in
            for item in try progress.withLock({ progress throws(KubernetesError) in try progress.list.split(piece) }) {
                collect(item: item)
            }
            return true
        }
        guard !Task.isCancelled else { return }
        switch end {
        case .closed, .enough:
            do throws(KubernetesError) {
                let envelope = try progress.withLock { progress throws(KubernetesError) in
                    let splitter = progress.list
                    progress.list = ListSplitter()
                    return try splitter.finish()
                }
                guard let version = envelope["metadata"]?["resourceVersion"]?.string else {
                    throw KubernetesError(.undecodable, "list \(scope.type.groupKind): the answer is no list")
                }
                succeeded()
                handle(.page(resourceVersion: version, continueToken: envelope["metadata"]?["continue"]?.string))
            } catch {
                handle(.failed(error))
            }
        case .silent: handle(.silent)
        case .failed(let error): handle(.failed(error))
        }
    }

    private func watch(_ request: KubernetesRequest) async {
        progress.withLock {
            $0.lines = LineSplitter()
            $0.verb = .watch
        }
        let end = await reader.read(
            request, silenceLimit: silenceLimit,
            opened: { [self] () throws(KubernetesError) in
                succeeded()
                handle(.opened)
            },
            receive: { [self] piece throws(KubernetesError) in
                for line in progress.withLock({ $0.lines.split(piece) }) {
                    switch line {
                    case .complete(let bytes): receive(line: bytes)
                    case .tooLong: report(.undecodable("a watch event is larger than allowed"))
                    }
                    if progress.withLock({ $0.next != nil }) { return false }
                }
                return true
            })
        guard !Task.isCancelled else { return }
        switch end {
        case .enough: break
        case .closed: handle(.closed)
        case .silent: handle(.silent)
        case .failed(let error): handle(.failed(error))
        }
    }

    private func silenceLimit() -> Duration { progress.withLock { $0.watch.silenceLimit } }

    // MARK: What arrives

    private func collect(item: [UInt8]) {
        do {
            let object = try store.entry(JSON(parsing: item, skipping: ["managedFields"]), type: scope.type)
            progress.withLock { $0.collected[object.namespacedName] = object }
        } catch {
            report(.undecodable("\(error)"))
        }
    }

    /// The object of an event that brings the very version that the cache holds.
    private func known(_ line: ArraySlice<UInt8>) -> CachedObject? {
        guard let (name, uid, version) = WatchEvent.identity(in: line),
            let present = store.object(
                ObjectKey(scope.type.groupKind, namespace: name.namespace, name: name.name)),
            present.uid == uid, present.resourceVersion == version, present.apiVersion == scope.type.apiVersion
        else { return nil }
        return present
    }

    private func receive(line: ArraySlice<UInt8>) {
        if let known = known(line) {
            return handle(.object(resourceVersion: known.resourceVersion), object: known)
        }
        do throws(UndecodableObject) {
            switch try WatchEvent(parsing: line, kind: scope.type.groupKind) {
            case .present(let json):
                let version = json["metadata"]?["resourceVersion"]?.string
                do throws(UndecodableObject) {
                    let object = try store.entry(json, type: scope.type)
                    handle(.object(resourceVersion: version), object: object)
                } catch {
                    // The place in history is known, even if the object is not.
                    handle(.object(resourceVersion: version))
                    throw error
                }
            case .deleted(let json):
                let metadata = json["metadata"]
                let key = ObjectKey(
                    scope.type.groupKind, namespace: metadata?["namespace"]?.string ?? "",
                    name: metadata?["name"]?.string ?? "")
                handle(
                    .object(resourceVersion: metadata?["resourceVersion"]?.string),
                    deleted: (key, metadata?["uid"]?.string ?? ""))
            case .bookmark(let version, let ends):
                handle(.bookmark(resourceVersion: version, endsInitialEvents: ends))
            case .failure(let error): handle(.failed(error))
            case .unknown: break
            }
        } catch {
            report(.undecodable(error.description))
        }
    }

    // MARK: Decisions

    /// Lets the state decide about `input` and performs what follows; a request or wait is left in `next`.
    private func handle(
        _ input: WatchState.Input, object: CachedObject? = nil, deleted: (key: ObjectKey, uid: String)? = nil
    ) {
        let now = surroundings.now()
        let random = surroundings.random()
        let effects = progress.withLock { $0.watch.handle(input, now: now, random: random) }
        for effect in effects {
            switch effect {
            case .beginCollecting:
                let began = store.writeSequence
                progress.withLock {
                    $0.collected = [:]
                    $0.began = began
                }
            case .collect:
                progress.withLock {
                    if let object { $0.collected[object.namespacedName] = object }
                    if let key = deleted?.key {
                        $0.collected[NamespacedName(namespace: key.namespace, name: key.name)] = nil
                    }
                }
            case .apply:
                if let object { store.serverSent(object) }
                if let deleted { store.serverDeleted(deleted.key, uid: deleted.uid) }
            case .commit: commit()
            case .level: store.settle(scope.type.groupKind, namespace: scope.namespace)
            case .streamingListRefused: report(.streamingListRefused)
            case .report(let error): failed(error)
            case .list, .watch, .wait, .end: progress.withLock { $0.next = effect }
            }
        }
    }

    private func commit() {
        let (collected, began) = progress.withLock {
            let collected = $0.collected
            $0.collected = [:]
            return (collected, $0.began)
        }
        store.replace(scope.type.groupKind, namespace: scope.namespace, with: collected, began: began)
        let isFirst = progress.withLock {
            let isFirst = !$0.isSynced
            $0.isSynced = true
            return isFirst
        }
        if isFirst { report(.synced) }
    }

    private func succeeded() {
        let wasForbidden = progress.withLock {
            let wasForbidden = $0.isForbidden
            $0.isForbidden = false
            $0.isInterrupted = false
            return wasForbidden
        }
        if wasForbidden { report(.allowed) }
    }

    private func failed(_ error: KubernetesError) {
        let (verb, isNews) = progress.withLock {
            let isNews = !$0.isInterrupted
            $0.isInterrupted = true
            if error.code == .forbidden { $0.isForbidden = true }
            return ($0.verb, isNews)
        }
        // Once for every interruption: an outage of hours is one event for each watch, not thousands.
        logger.log(
            level: isNews ? .info : .debug, "watch interrupted",
            metadata: ["error.code": "\(error.code.rawValue)", "error.message": "\(error.message)"])
        if error.code == .forbidden { report(.forbidden(verb, error)) }
    }
}
