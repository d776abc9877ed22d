import KubernetesClient
import KubernetesModel
import LocalCluster
import Logging
import Synchronization
import TestSupport

@testable import ControllerRuntime

/// A cluster in memory, a way to it that fails on demand, and time that stands still until it is moved.
struct World: Sendable {
    let clock = ManualClock()
    let cluster: LocalCluster
    let transport: FaultyTransport
    let client: KubernetesClient
    /// Not observed, never failing: somebody else who works on the cluster.
    let other: KubernetesClient
    let surroundings: Surroundings
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init(release: LocalCluster.Release = .current) {
        var options = LocalCluster.Options()
        options.clock = clock
        options.release = release
        let clock = clock
        options.now = { Fixture.wallTime.advanced(by: clock.now.offset) }
        cluster = LocalCluster(options)
        transport = FaultyTransport(InProcessTransport(cluster))
        client = KubernetesClient(transport: transport, clock: clock)
        other = KubernetesClient(transport: InProcessTransport(cluster))
        let random = Mutex(SeededGenerator(seed: 1))
        surroundings = Surroundings(
            clock: clock, wallTime: { Fixture.wallTime.advanced(by: clock.now.offset) },
            random: { random.withLock { $0.unit() } })
    }

    func store() -> ObjectStore { ObjectStore(ownerLabel: Fixture.ownerLabel, surroundings: surroundings) }

    /// Runs `services` while `body` runs, then cancels them and waits for their end.
    func running<Result: Sendable>(
        _ services: [@Sendable () async -> Void], _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { await service() } }
            let result = try await body()
            group.cancelAll()
            return result
        }
    }

    /// Lets time pass until `condition` holds.
    func passTime(
        until what: String, step: Duration = .milliseconds(500), _ condition: () -> Bool
    ) async throws {
        try await expectEventually(what) {
            if condition() { return true }
            clock.advance(by: step)
            return false
        }
    }

    @discardableResult
    func put(
        _ name: String, namespace: String = "default", value: String = "", labels: [String: String] = [:]
    ) async throws -> KubernetesObject {
        let object = KubernetesObject(
            Fixture.configMaps, namespace: namespace, name: name, labels: labels,
            body: JSONObject([("data", JSON.strings(["value": value]))]))
        return try await other.apply(object, Fixture.configMaps, fieldManager: "test")
    }

    func remove(_ name: String, namespace: String = "default") async throws {
        try await other.delete(Fixture.configMaps, namespace: namespace, name: name)
    }

    /// Whether the cache holds exactly what the cluster holds.
    func isLevel(_ store: ObjectStore, _ type: ResourceType = Fixture.configMaps) -> Bool {
        let found = store.objects(kind: type.groupKind).map { "\($0.key) \($0.resourceVersion)" }
        let expected = cluster.objects(type.groupKind).map { "\($0.key) \($0.resourceVersion ?? "")" }
        return found.sorted() == expected.sorted()
    }
}

/// Collects what callbacks say.
final class Notes<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])
    var all: [Value] { values.withLock { $0 } }
    func add(_ value: Value) { values.withLock { $0.append(value) } }
}
