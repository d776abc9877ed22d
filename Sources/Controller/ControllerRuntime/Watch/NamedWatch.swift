import KubernetesClient
import KubernetesModel
import Synchronization

/// Follows one object that is known by name, with the right to `watch` alone, so that a role can name the very object.
///
/// Nothing is read: a watch without a resource version begins with the object if it is there. If it is not, the watch
/// says nothing, so the first one has to have an end:
/// - the streaming form (Kubernetes 1.32 and later) marks the end of what is there with a bookmark;
/// - an older server is asked for a watch of one second. What is there comes before anything else, so a watch that is
///   over and brought nothing has nothing to tell.
final class NamedWatch: Sendable {
    enum Report: Sendable {
        case present(KubernetesObject)
        case missing
        /// Tried again, at last once a minute.
        case forbidden(KubernetesError)
        /// The server does not know the streaming form.
        case streamingListRefused
    }

    private enum Phase {
        /// Whether the object is there is not known.
        case beginning
        /// It is, since what was reported last. - Parameter resourceVersion: where to resume; nil while the object was
        /// never seen, and then a watch from the beginning tells what came meanwhile.
        case following(resourceVersion: String?)

        var isBeginning: Bool { if case .beginning = self { true } else { false } }
    }

    private struct Progress {
        var phase = Phase.beginning
        var lines = LineSplitter()
        var backOff = ReconnectBackOff()
        var openedAt: Duration?
        var hasHeard = false
        var failure: KubernetesError?
        /// Lost history in a row, without an event in between.
        var lostHistory = 0
    }

    /// How long an older server is asked to send what is there, and what it must have had of that to be believed.
    private static let firstSeconds = 1
    private static let leastBeginning: Duration = .milliseconds(500)

    let heartbeat: Heartbeat
    private let type: ResourceType
    private let namespace: String
    private let name: String
    private let client: KubernetesClient
    private let streamsLists: @Sendable () -> Bool
    private let surroundings: Surroundings
    private let reader: StreamReader
    private let report: @Sendable (Report) -> Void
    private let progress = Mutex(Progress())

    /// - Parameter streamsLists: whether the server is to be asked for the streaming form.
    init(
        _ type: ResourceType, namespace: String, name: String, client: KubernetesClient,
        streamsLists: @escaping @Sendable () -> Bool = { false }, surroundings: Surroundings,
        report: @escaping @Sendable (Report) -> Void
    ) {
        self.type = type
        self.namespace = namespace
        self.name = name
        // Coming back is this loop's business.
        self.client = client.with(retry: .never)
        self.streamsLists = streamsLists
        self.surroundings = surroundings
        self.report = report
        heartbeat = Heartbeat(surroundings.now)
        reader = StreamReader(client: client, surroundings: surroundings, heartbeat: heartbeat)
    }

    /// Follows the object until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            let phase = progress.withLock { progress in
                progress.lines = LineSplitter()
                progress.openedAt = nil
                progress.hasHeard = false
                progress.failure = nil
                return progress.phase
            }
            let streams = phase.isBeginning && streamsLists()
            let end = await reader.read(
                request(phase, streams: streams), silenceLimit: { .seconds(90) },
                opened: { [self] () throws(KubernetesError) in
                    let now = surroundings.now()
                    progress.withLock {
                        $0.openedAt = now
                        $0.backOff.opened(now: now)
                    }
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
            if let wait = waitAfter(end, streams: streams) { await surroundings.pause(wait) }
        }
    }

    private func request(_ phase: Phase, streams: Bool) -> KubernetesRequest {
        let resume: String? = if case .following(let version) = phase { version } else { nil }
        // The object's own version may be older than what the server remembers: then not briefly once more, since only a
        // watch that lasts brings bookmarks, and with them a version to resume from.
        let isShort = phase.isBeginning && !streams && progress.withLock { $0.lostHistory == 0 }
        return .watch(
            type, namespace: namespace, fieldSelector: "metadata.name=\(name)", resourceVersion: resume,
            timeoutSeconds: isShort ? Self.firstSeconds : 300 + Int(surroundings.random() * 300),
            sendInitialEvents: streams)
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
        case .bookmark(let bookmark, _):
            version = bookmark
            // Whatever came before it has been sent.
            if progress.withLock({ $0.phase.isBeginning }) { report(.missing) }
        case .failure(let error):
            progress.withLock { $0.failure = error }
            return
        case .unknown: return
        }
        progress.withLock {
            $0.hasHeard = true
            $0.lostHistory = 0
            if let version { $0.phase = .following(resourceVersion: version) }
        }
    }

    /// Notes that a first watch has come to its end; if it brought nothing, there is nothing.
    private func beginningEnded(now: Duration) {
        let isMissing = progress.withLock { progress in
            guard progress.phase.isBeginning, let openedAt = progress.openedAt, now - openedAt >= Self.leastBeginning
            else { return false }
            progress.phase = .following(resourceVersion: nil)
            return true
        }
        if isMissing { report(.missing) }
    }

    /// How long to wait before the next attempt; nil for not at all.
    private func waitAfter(_ end: StreamReader.End, streams: Bool) -> Duration? {
        let now = surroundings.now()
        let random = surroundings.random()
        var longest = ReconnectBackOff.longest
        var retryAfter: Duration?
        switch end {
        case .closed, .enough:
            if !streams { beginningEnded(now: now) }
            let isHealthy = progress.withLock {
                $0.hasHeard || $0.openedAt.map { now - $0 >= Self.leastBeginning } == true
            }
            if isHealthy { return nil }
        case .silent:
            // It took the parameters and never said where the beginning ends.
            if streams, progress.withLock({ $0.phase.isBeginning }) { report(.streamingListRefused) }
        case .failed(let error):
            retryAfter = error.retryAfter.map { min($0, .seconds(60)) }
            switch error.code {
            case .expired:
                let isFirst = progress.withLock {
                    $0.phase = .beginning
                    $0.lostHistory += 1
                    return $0.lostHistory == 1
                }
                if isFirst { return nil }
            case .invalid where streams:
                report(.streamingListRefused)
                return nil
            case .invalid, .notFound: progress.withLock { $0.phase = .beginning }
            case .forbidden:
                longest = .seconds(60)
                // What was told is void: once it is allowed again, the object has to be told anew.
                progress.withLock { $0.phase = .beginning }
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
