import Logging
import ServiceKit
import ServiceTestSupport
import Synchronization
import TaskDomain
import TaskStorage
import TestKit
import WireValues

@testable import TaskAPI

/// A task service on a database of its own, with a clock that tests move.
struct ServiceWorld {
    let database: any Database
    let service: TaskService
    let clock: MovableClock

    static let start = Timestamp(seconds: 1_772_388_000)  // 2026-03-01T18:00:00Z

    final class MovableClock: Sendable {
        private let instant = Mutex(ServiceWorld.start)
        var now: Timestamp {
            get { instant.withLock { $0 } }
            set { instant.withLock { $0 = newValue } }
        }
    }

    static func run<R>(
        _ engine: TestEngine, defaults: UserSettings = UserSettings(), _ body: (ServiceWorld) async throws -> R
    ) async throws -> R {
        try await engine.withDatabase(migrations: TaskAPIService.allMigrations) { database in
            let clock = MovableClock()
            return try await body(
                ServiceWorld(
                    database: database,
                    service: TaskService(
                        database: database, outbox: Outbox(name: "api"), now: { clock.now },
                        logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() },
                        defaults: defaults),
                    clock: clock))
        }
    }

    func caller(_ user: String = "user-7") -> Caller {
        Caller(userID: user, actor: Actor(kind: .user, id: user), trace: EventTrace(correlationID: "req-1"))
    }

    @discardableResult
    func create(_ json: JSON, user: String = "user-7", key: String? = nil) async throws -> TodoTask {
        let answer = try await service.create(
            TaskInput(json: json, isPatch: false), caller(user),
            once: key.map { .init(key: $0, action: "create", body: json) })
        return try TodoTask(json: JSON(parsing: answer.json))
    }

    func patch(_ id: Int64, _ json: JSON, _ precondition: Precondition = .none) async throws {
        let input = try TaskInput(json: json, isPatch: true)
        try await service.act(on: id, caller(), precondition) { (machine, situation) throws(TaskRefusal) in
            try machine.patch(situation, input, seriesID: UUIDText.v7(now: machine.now))
        }
    }

    func complete(_ id: Int64) async throws { try await service.act(on: id, caller()) { $0.complete($1) } }
    func reopen(_ id: Int64) async throws { try await service.act(on: id, caller()) { $0.reopen($1) } }
    func delete(_ id: Int64) async throws { try await service.act(on: id, caller()) { $0.delete($1) } }

    func task(_ id: Int64, user: String = "user-7") async throws -> TodoTask {
        try TodoTask(json: JSON(parsing: try await service.task(user, id).json))
    }

    /// Everything in the outbox, in the order in which it will be published.
    func outbox() async throws -> [CloudEvent] {
        try await database.read { try $0.query("SELECT body FROM outbox_api ORDER BY id") }
            .map { try CloudEvent(parsing: $0.blob(0)) }
    }

    func events() async throws -> [TaskEvent] {
        try await outbox().filter { $0.type != ClientUpdate.type }.map { try TaskEvent($0) }
    }

    /// What recurrence makes of the last completion, handed to the service.
    @discardableResult
    func deliverLastCompletion(of id: Int64) async throws -> Bool {
        guard let event = try await events().last(where: { $0.kind == .completed && $0.taskID == id }),
            let rule = event.task.recurrence, let scheduled = event.task.scheduledLocal,
            let done = event.task.completedAt,
            let seriesID = event.task.seriesID,
            case .slot(let local, let dueAt, let index, let skipped) = RecurrenceRule.successor(
                of: SeriesPosition(
                    rule: rule, anchorLocal: event.task.anchorLocal ?? scheduled, zone: event.task.zone,
                    scheduledLocal: scheduled, index: event.task.occurrenceIndex ?? 1), completedAt: done)
        else { return false }
        let command = CreateTaskCommand(
            seriesID: seriesID, seriesVersion: event.task.seriesVersion ?? 1, previousTaskID: id, userID: event.userID,
            timestamp: clock.now, slot: .init(scheduledLocal: local, dueAt: dueAt, index: index, skipped: skipped))
        return try await service.makeSuccessor(
            command, actor: Actor(kind: .service, id: "recurrence"), trace: EventTrace(causationID: command.id))
    }
}
