import ServiceKit
import WireValues

/// What other services of the platform ask, by Dapr's service invocation. Users do not reach these paths.
struct PeerRoutes: Sendable {
    let store: NotificationStore
    let configuration: ServiceConfiguration

    func add(to routes: Routes) {
        // Asked by reminders when a user looks at those of a task: what became of them?
        routes.peers(
            .get, "/internal/users/{user_id}/notifications/outcomes", from: [configuration.remindersAppID]
        ) { request in
            try request.query.allowOnly("event")
            let outcomes = try await store.outcomes(of: request.query.all("event"), user: request["user_id"])
            return .json(["outcomes": .strings(outcomes.mapValues(\.rawValue))])
        }
    }
}
