import AsyncHTTPClient
import Logging
import SQLite
import Synchronization

/// What all sidecars of the process share.
final class Machine: Sendable {
    let options: LocalDapr.Options
    let resources: Resources
    let store: Store
    let broker: Broker
    let groups: ConsumerGroups
    let jobs: JobEngine
    let faults: Faults
    let time: TimeSource
    let work: WorkGroup
    let client: HTTPClient
    let logger: Logger
    private let all = Mutex<[Sidecar]>([])

    init(_ options: LocalDapr.Options, client: HTTPClient, logger: Logger) throws {
        self.options = options
        self.client = client
        self.logger = logger
        time = options.time
        resources = try Resources(options.resources, topicDefaults: options.topicDefaults)
        var topics = resources.topics
        topics.merge(options.topics) { $1 }
        store = try Store(path: options.stateFile ?? ":memory:", synchronous: options.synchronous.sqlite)
        try store.readAtStart { connection in
            // What was in memory only does not outlive the process.
            _ = try connection.execute(
                "DELETE FROM state WHERE substr(store, 1, $1) = $2",
                [
                    .integer(Int64(StateStore.volatilePrefix.utf8.count)), .text(StateStore.volatilePrefix),
                ])
        }
        faults = Faults()
        work = WorkGroup()
        broker = try Broker(store: store, defaults: options.topicDefaults, settings: topics, now: options.time.now)
        groups = ConsumerGroups(store: store, broker: broker, faults: faults, time: time, work: work, logger: logger)
        jobs = try JobEngine(store: store, time: time, logger: logger)
        var names: Set<String> = []
        var sidecars: [Sidecar] = []
        for app in options.apps {
            var name = app.name ?? app.id
            var number = 1
            while app.name == nil, names.contains(name) {
                name = "\(app.id)-\(number)"
                number += 1
            }
            guard names.insert(name).inserted else {
                throw ResourceError("app \(app.id)", "there are two instances named \(name): give them different names")
            }
            sidecars.append(try Sidecar(app, name: name, machine: self))
        }
        all.withLock { $0 = sidecars }
    }

    var sidecars: [Sidecar] { all.withLock { $0 } }

    /// The instances of an app, those first that can be called.
    func instances(of appID: String) -> [Sidecar] { sidecars.filter { $0.appID == appID } }
}
