import NIOCore
import ServiceKit
import Synchronization
import TaskDomain
import Telemetry
import WireValues

/// All connections of this replica: who may come in, and who hears what.
final class SyncHub: Sendable {
    /// One connection, as the rest of the service sees it.
    struct Member: Sendable {
        let hear: @Sendable (SyncUpdate) -> Void
        let hearAside: @Sendable (ByteBuffer) -> Void
    }

    private struct State {
        var nextID = 0
        /// Upgraded or about to be.
        var count = 0
        /// Those among them who have not shown a token.
        var strangers = 0
        var members: [UserKey: [Int: Member]] = [:]
        var isDraining = false
    }

    let limits: SyncLimits
    let metrics: SyncMetrics
    private let state = Mutex(State())

    init(limits: SyncLimits, metrics: MetricRegistry) {
        self.limits = limits
        self.metrics = SyncMetrics(metrics)
    }

    // MARK: Coming and going

    /// A connection's place: taken before the upgrade, given back at its end.
    struct Place: Sendable {
        let id: Int
        var isStranger = true
    }

    /// Why there is no place.
    enum Full: Error { case draining, connections, strangers }

    func takePlace() -> Result<Place, Full> {
        state.withLock { state in
            if state.isDraining { return .failure(.draining) }
            guard state.count < limits.connections else { return .failure(.connections) }
            guard state.strangers < limits.strangers else { return .failure(.strangers) }
            state.count += 1
            state.strangers += 1
            state.nextID += 1
            metrics.connections.set(Double(state.count))
            return .success(Place(id: state.nextID))
        }
    }

    /// Lets the connection hear its user's changes.
    /// - Returns: false if the user has as many connections as they may have.
    func join(_ place: inout Place, userID: String, _ member: Member) -> Bool {
        let isStranger = place.isStranger
        let id = place.id
        let joined = state.withLock { state in
            if !isStranger { return true }
            var others = state.members[UserKey(userID)] ?? [:]
            guard others.count < limits.connectionsPerUser else { return false }
            others[id] = member
            state.members[UserKey(userID)] = others
            state.strangers -= 1
            return true
        }
        if joined { place.isStranger = false }
        return joined
    }

    /// Whether one more connection of this user would be refused.
    func isFull(userID: String) -> Bool {
        state.withLock { ($0.members[UserKey(userID)]?.count ?? 0) >= limits.connectionsPerUser }
    }

    func leave(_ place: Place, userID: String) {
        state.withLock { state in
            state.count -= 1
            if place.isStranger {
                state.strangers -= 1
            } else {
                state.members[UserKey(userID)]?[place.id] = nil
                if state.members[UserKey(userID)]?.isEmpty == true { state.members[UserKey(userID)] = nil }
            }
            metrics.connections.set(Double(state.count))
        }
    }

    var connectionCount: Int { state.withLock { $0.count } }

    /// From now on nobody comes in any more.
    func drain() { state.withLock { $0.isDraining = true } }

    // MARK: What is heard

    /// Hands an update to all connections of the user. Returns at once, however slow they are.
    func publish(_ update: SyncUpdate, to userID: String) {
        for member in members(userID) { member.hear(update) }
    }

    func publishAside(_ frame: ByteBuffer, to userID: String) {
        for member in members(userID) { member.hearAside(frame) }
    }

    func hasConnections(_ userID: String) -> Bool { state.withLock { $0.members[UserKey(userID)] != nil } }

    private func members(_ userID: String) -> [Member] {
        state.withLock { $0.members[UserKey(userID)].map { Array($0.values) } ?? [] }
    }
}
