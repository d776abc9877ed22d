import KubernetesClient
import KubernetesModel
import Synchronization

/// Follows one object that is known by name, with the rights `get` and `watch` alone: no list, so that a role can name
/// the very object.
///
/// A watch without a resource version first sends the object if it is there, and nothing if it is not. So the object is
/// also read once, after the watch is open, so that nothing that happens in between is missed.
final class NamedWatch: Sendable {
    enum Report: Sendable {
        case present(KubernetesObject)
        case missing
        /// Tried again, at last once a minute.
        case forbidden(KubernetesError)
    }

    private struct Progress {
        var lines = LineSplitter()
        /// Where to resume; nil to begin anew.
        var resourceVersion: String?
        var backOff = ReconnectBackOff()
        var openedAt: Duration?
        var hasHeard = false
        var failure: KubernetesError?
        /// Lost history in a row, without an event in between.
        var lostHistory = 0
    }

    let heartbeat: Heartbeat
    private let type: ResourceType
    private let namespace: String
    private let name: String
    private let client: KubernetesClient
    private let surroundings: Surroundings
    private let reader: StreamReader
    private let report: @Sendable (Report) -> Void
    private let progress = Mutex(Progress())

    init(
        _ type: ResourceType, namespace: String, name: String, client: KubernetesClient, surroundings: Surroundings,
        report: @escaping @Sendable (Report) -> Void
    ) {
        self.type = type
        self.namespace = namespace
        self.name = name
        // Coming back is this loop's business.
        self.client = client.with(retry: .never)
        self.surroundings = surroundings
        self.report = report
        heartbeat = Heartbeat(surroundings.now)
        reader = StreamReader(client: client, surroundings: surroundings, heartbeat: heartbeat)
    }

    /// Follows the object until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            let resume = progress.withLock { progress in
                progress.lines = LineSplitter()
                progress.openedAt = nil
                progress.hasHeard = false
                progress.failure = nil
                return progress.resourceVersion
            }
            let request = KubernetesRequest.watch(
                type, namespace: namespace, fieldSelector: "metadata.name=\(name)", resourceVersion: resume,
                timeoutSeconds: 300 + Int(surroundings.random() * 300))
            let end = await reader.read(
                request, silenceLimit: { .seconds(90) },
                opened: { [self] () async throws(KubernetesError) in
                    let now = surroundings.now()
                    progress.withLock {
                        $0.openedAt = now
                        $0.backOff.opened(now: now)
                    }
                    if resume == nil { try await readOnce() }
                },
                receive: { [self] piece throws(KubernetesError) in
                    let lines = progress.withLock { $0.lines.split(piece) }
                    for case .complete(let line) in lines {
                        receive(line)
                        if let failure = progress.withLock({ $0.failure }) { throw failure }
                    }
                    return true
                })
            guard !Task.isCancelled else { return }
            if let wait = waitAfter(end) { await surroundings.pause(wait) }
        }
    }

    private func readOnce() async throws(KubernetesError) {
        do throws(KubernetesError) {
            report(.present(try await client.get(type, namespace: namespace, name: name)))
        } catch {
            guard error.code == .notFound else { throw error }
            report(.missing)
        }
    }

    private func receive(_ line: ArraySlice<UInt8>) {
        // An event that cannot be read tells nothing; the next one may.
        guard let event = try? WatchEvent(parsing: line, kind: type.groupKind) else { return }
        let version: String?
        switch event {
        case .present(let json):
            version = json["metadata"]?["resourceVersion"]?.string
            report(.present(KubernetesObject(json)))
        case .deleted(let json):
            version = json["metadata"]?["resourceVersion"]?.string
            report(.missing)
        case .bookmark(let bookmark, _): version = bookmark
        case .failure(let error):
            progress.withLock { $0.failure = error }
            return
        case .unknown: return
        }
        progress.withLock {
            $0.hasHeard = true
            $0.lostHistory = 0
            if let version { $0.resourceVersion = version }
        }
    }

    /// How long to wait before the next attempt; nil for not at all.
    private func waitAfter(_ end: StreamReader.End) -> Duration? {
        let now = surroundings.now()
        let random = surroundings.random()
        var longest = ReconnectBackOff.longest
        var retryAfter: Duration?
        switch end {
        case .closed, .enough:
            let isHealthy = progress.withLock {
                $0.hasHeard || $0.openedAt.map { now - $0 >= .seconds(1) } == true
            }
            if isHealthy { return nil }
        case .silent: break
        case .failed(let error):
            retryAfter = error.retryAfter.map { min($0, .seconds(60)) }
            switch error.code {
            case .expired:
                let isFirst = progress.withLock {
                    $0.resourceVersion = nil
                    $0.lostHistory += 1
                    return $0.lostHistory == 1
                }
                if isFirst { return nil }
            case .invalid, .notFound: progress.withLock { $0.resourceVersion = nil }
            case .forbidden:
                longest = .seconds(60)
                report(.forbidden(error))
            case .conflict, .alreadyExists, .unauthorized, .throttled, .unavailable, .transport, .undecodable,
                .configuration:
                break
            }
        }
        return progress.withLock {
            $0.backOff.failed(now: now, random: random, longest: longest, retryAfter: retryAfter)
        }
    }
}
