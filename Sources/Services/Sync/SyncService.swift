package import HummingbirdCore
import Logging
package import ServiceKit
package import ServiceLifecycle
import TaskDomain
package import TaskStorage
import Telemetry
import WireValues

/// Live sync: a WebSocket for each client at `/api/{user_id}/sync` or `/sync/{user_id}`, on which its user's
/// changes arrive as they happen.
///
/// Every replica hears every update of every user (its pub/sub component has a consumer of its own for each pod) and
/// passes on what its clients want; what a client missed comes from the task API's feed, by the client's last number. So
/// this service keeps nothing: it may be stopped and started at any time, and clients connect again and resume.
///
/// - `TODO_SYNC_CONNECTIONS_PER_USER` (1 to 1000, 20). In all there may be as many as `TODO_HTTP_MAX_CONNECTIONS` allows,
///   but for some that are kept for the sidecar and for plain requests.
/// - `TODO_SYNC_PING_SECONDS` (5 to 600, 30): silence after which a client is asked for a sign of life.
package struct SyncService: TodoService {
    package static let name = "sync"
    package static let migrations: [Migrations] = []
    package static let usesDatabase = false
    package static let maximumConnections = 10_000

    private let context: ServiceContext
    private let world: SyncWorld

    package static func check(_ settings: SettingsReader) {
        _ = limits(settings, maximumConnections: maximumConnections)
        if settings.optional("TODO_API_APP_ID") == nil {
            settings.problem(
                "TODO_API_APP_ID", "is not set", remedy: "name the task API's app id, whose feed of changes is read")
        }
    }

    package init(context: ServiceContext) throws {
        self.context = context
        let limits = Self.limits(
            context.settings, maximumConnections: context.configuration.limits.maximumConnections)
        let authenticator = context.authenticator
        let now = context.now
        world = SyncWorld(
            hub: SyncHub(limits: limits, metrics: context.metrics),
            work: SyncWork(maximumRunning: limits.concurrentWork),
            feed: ChangeFeed(
                dapr: context.dapr, apiAppID: context.configuration.apiAppID ?? "", pageSize: limits.pageSize),
            authenticate: { token in
                do throws(Problem) {
                    let identity = try await authenticator.identity(bearer: token)
                    return .success(
                        SyncSession.Client(
                            userID: identity.userID, expiresAt: identity.expiresAt,
                            expiresIn: identity.expiresAt.since(now())))
                } catch {
                    return .failure(error)
                }
            },
            logger: context.logger)
    }

    /// Of the server's connections, those that are not for WebSockets.
    private static let plainConnections = 64

    private static func limits(_ settings: SettingsReader, maximumConnections: Int) -> SyncLimits {
        var limits = SyncLimits()
        limits.connections = max(1, maximumConnections - plainConnections)
        limits.connectionsPerUser = settings.integer(
            "TODO_SYNC_CONNECTIONS_PER_USER", default: limits.connectionsPerUser, in: 1...1_000)
        limits.pingInterval = settings.seconds(
            "TODO_SYNC_PING_SECONDS", default: limits.pingInterval, in: .seconds(5)...(.seconds(600)))
        return limits
    }

    package static func channel(
        _ http: ServiceChannel, service: @escaping @Sendable () -> SyncService?
    ) -> any ServerChildChannel {
        SyncChannel(http: http) { service()?.world }
    }

    /// The same place twice: a platform's host leads here by the prefix `/sync` only, and else to the task API.
    private static let paths = ["/api/{user_id}/sync", "/sync/{user_id}"]

    package func routes(_ routes: Routes) {
        for path in Self.paths {
            routes.open(.get, path) { _ in
                throw Problem(
                    426, "websocket_required", "This address is for WebSocket clients: open it with ws:// or wss://.",
                    headers: [("Upgrade", "websocket")])
            }
        }
        // Of all users' updates, most are for users of whom nobody is connected here.
        let hub = world.hub
        let isFollowed: EventConcern = { _, userID in hub.hasConnections(userID) }
        routes.eventBatches(.taskUpdates, concerning: isFollowed) { deliveries in
            deliveries.map { Self.pass($0.event, to: hub) }
        }
    }

    /// Hands an event to its user's connections here. Never waits, and never fails: a client that missed something finds
    /// out by its number.
    static func pass(_ event: CloudEvent, to hub: SyncHub) -> Outcome {
        guard event.majorVersion == 1 else { return .ignored }
        guard event.typeWithoutVersion == ChangeFeed.changedType else {
            // For the user, but no change of a task: a notification. It has no number, and is for who listens now.
            if hub.hasConnections(event.partitionKey) {
                hub.publishAside(ServerMessage.event(event.typeWithoutVersion, event.data), to: event.partitionKey)
            }
            return .success
        }
        guard let userID = event.data["user_id"]?.string, let sequence = event.data["user_seq"]?.int, sequence > 0
        else {
            return .drop("task.changed without user_id or user_seq")
        }
        if hub.hasConnections(userID) {
            let frame = ServerMessage.event(ChangeFeed.changedType, event.data)
            hub.publish(SyncUpdate(sequence: Int64(sequence), frame: frame), to: userID)
        }
        return .success
    }

    package var backgroundTasks: [any Service] { [world.work, Drain(hub: world.hub)] }
}

/// Lets nobody in any more once the service is asked to stop. Those who are in get a close frame from the server itself.
private struct Drain: Service {
    let hub: SyncHub

    func run() async throws {
        try? await gracefulShutdown()  // cancelled: then everything ends at once anyway
        hub.drain()
    }
}
