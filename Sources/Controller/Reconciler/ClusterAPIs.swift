package import KubernetesClient
package import KubernetesModel
import Logging
import PlatformPlan
import Synchronization

/// Which of the kinds that a platform can be made of the cluster serves: kept current by discovery whenever a
/// CustomResourceDefinition comes or goes, never by polling.
package final class ClusterAPIs: Sendable {
    /// Asks for one more look at discovery; bounded to one pending wish.
    package let wishes: AsyncStream<Void>
    private let wish: AsyncStream<Void>.Continuation
    private let state: Mutex<State>
    /// Names of definitions on their way out: still served, but what is made now would keep them from going.
    private let terminating = Mutex<Set<String>>([])
    private let client: KubernetesClient

    private struct State {
        var apis = ServedAPIs()
        var version: ServerVersion?
    }

    package init(client: KubernetesClient) {
        (wishes, wish) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        state = Mutex(State())
        self.client = client
    }

    /// What the server says it is; nil before the first `refresh`, or when it does not say.
    var version: ServerVersion? { state.withLock { $0.version } }

    /// What may be used now: what discovery found, without what is on its way out.
    package var served: ServedAPIs {
        let names = terminating.withLock { $0 }
        var served = state.withLock { $0.apis }
        if !names.isEmpty {
            for (kind, entry) in served.entries where names.contains("\(entry.plural).\(kind.group)") {
                served.remove(kind)
            }
        }
        return served
    }

    /// Strimzi's Kafka in the version that is served.
    var kafkaType: ResourceType {
        let kafka = ResourceType.platformKinds.first { $0.kind == "Kafka" && $0.group == "kafka.strimzi.io" }
        guard let kafka else { preconditionFailure("a platform can be made of a Kafka") }
        let versions = served.entries[kafka.groupKind]?.versions ?? []
        return served.type(kafka.groupKind, preferring: [kafka.version] + versions.sorted()) ?? kafka
    }

    /// Something about the cluster's kinds may have changed.
    package func requestRefresh() { wish.yield() }

    /// Notes whether the definition `name` (`<plural>.<group>`) is being deleted.
    package func note(definition name: String, isTerminating: Bool) {
        terminating.withLock { names in
            if isTerminating { names.insert(name) } else { names.remove(name) }
        }
    }

    /// Asks the cluster once. - Throws: what discovery throws; the last known state stays then.
    package func refresh() async throws(KubernetesError) {
        let version = try await client.serverVersion()
        let found = try await Discovery(client: client).servedAPIs(
            groups: Set(ResourceType.platformKinds.map(\.group)))
        state.withLock { $0 = State(apis: found, version: version) }
    }
}
