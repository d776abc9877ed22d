import ServiceKit
import TaskDomain
import WireValues

/// What other services of the platform ask, by Dapr's service invocation. Users do not reach these paths.
struct PeerRoutes: Sendable {
    let service: TaskService
    let configuration: ServiceConfiguration

    func add(to routes: Routes) {
        // Asked by notifications before a reminder goes out: does anybody still want it?
        routes.peers(.get, "/internal/users/{user_id}/tasks/{id}", from: [configuration.notificationsAppID]) {
            request in
            guard let task = try await service.lookUp(request["user_id"], request.id("id"))?.task else {
                return .json(["exists": false])
            }
            return .json([
                "exists": true, "completed": .bool(task.completed),
                "due_at": task.dueAt.map { .string($0.shortText) } ?? .null, "version": .integer(Int64(task.version)),
            ])
        }
    }
}
