package import ServiceKit
import TaskDomain
package import TaskStorage

/// Asks for the next occurrence of a series when one is completed.
///
/// The event holds all that the next slot depends on, so nothing of tasks is stored here: a completion becomes a
/// command on `task-commands`, or nothing. The task API, which alone knows the series as it is now, judges the command
/// by its key.
package struct RecurrenceService: TodoService {
    package static let name = "recurrence"
    package static let migrations: [Migrations] = []
    package static let usesOutbox = true
    package static let authenticatesUsers = false

    private let context: ServiceContext

    package init(context: ServiceContext) { self.context = context }

    package func routes(_ routes: Routes) {
        let completions = Completions(database: context.database, outbox: context.outbox, now: context.now)
        let concerns: EventConcern = { type, _ in type.hasPrefix(Completions.eventType) }
        routes.eventBatches(.taskEvents, concerning: concerns) { try await completions.handle($0) }
    }
}
