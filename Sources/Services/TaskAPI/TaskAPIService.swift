package import ServiceKit
package import ServiceLifecycle
import TaskDomain
package import TaskStorage

/// The task API: the one writer of tasks, and the one door for their owners.
package struct TaskAPIService: TodoService {
    package static let name = "api"
    package static let migrations = [TaskTables.migrations]
    package static let usesOutbox = true
    /// A command is told from one that was carried out by its key, not by its id: the same successor may rightly be asked
    /// for once more after it was withdrawn.
    package static let usesInbox = false

    private let context: ServiceContext
    private let service: TaskService

    package init(context: ServiceContext) {
        self.context = context
        service = TaskService(database: context.database, outbox: context.outbox, now: context.now)
    }

    package func routes(_ routes: Routes) {
        TaskRoutes(service: service).add(to: routes)
        QuickAddRoutes(service: service).add(to: routes)
        ChatRoutes(service: service).add(to: routes)
        ForwardRoutes(dapr: context.dapr, configuration: context.configuration).add(to: routes)
        OpenAPIRoutes(host: context.configuration.host).add(to: routes)
        routes.events(.taskCommands) { delivery in
            let command = try CreateTaskCommand(delivery.event)
            let actor = Actor(kind: .service, id: command.requestedBy)
            let isMade = try await service.makeSuccessor(command, actor: actor, trace: delivery.cause)
            return isMade ? .success : .duplicate
        }
    }

    package var backgroundTasks: [any ServiceLifecycle.Service] {
        [Forgetting(database: context.database, clock: context.clock, now: context.now, logger: context.logger)]
    }
}
