import TaskDomain
import TestKit
import WireValues

/// Tasks and series in memory, written as the storage would: the acts of `TaskMachine` against each other.
struct World {
    var tasks: [Int64: StoredTask] = [:]
    var series: [String: Series] = [:]
    var keys: Set<String> = []
    var events: [TaskEvent] = []
    var now = Timestamp("2026-03-01T18:00:00Z") ?? Timestamp(seconds: 0)
    var settings = UserSettings()
    var nextID: Int64 = 1
    var nextSeries = 1

    var machine: TaskMachine { TaskMachine(now: now, settings: settings) }

    func task(_ id: Int64) throws -> TodoTask { try Self.found(tasks[id]?.task, "task \(id)") }

    static func found<Value>(_ value: Value?, _ what: String) throws -> Value {
        guard let value else { throw Missing(description: "no \(what)") }
        return value
    }

    struct Missing: Error, CustomStringConvertible { let description: String }

    func situation(_ id: Int64) throws -> TaskSituation {
        let stored = try Self.found(tasks[id], "task \(id)")
        let its = stored.task.seriesID.flatMap { series[$0] }
        let head = its?.headID.flatMap { $0 == id ? nil : tasks[$0] }
        let key = stored.task.seriesID.map { CreateTaskCommand.idempotencyKey(seriesID: $0, previousTaskID: id) }
        return TaskSituation(stored, series: its, head: head, hasSuccessor: key.map { keys.contains($0) } ?? false)
    }

    mutating func write(_ decision: TaskDecision) {
        for change in decision.changes {
            tasks[change.after.task.id] = change.kind == .deleted ? nil : change.after
            events.append(
                change.event(
                    id: UUIDText.v7(now: now), actor: Actor(kind: .user, id: "user-7"), trace: EventTrace(),
                    taskData: change.after.task.json))
        }
        if let its = decision.series { series[its.id] = its }
        if let key = decision.newKey { keys.insert(key) }
        if let key = decision.withdrawnKey { keys.remove(key) }
    }

    @discardableResult
    mutating func create(_ json: JSON) throws -> TodoTask {
        let input = try TaskInput(json: json, isPatch: false)
        nextSeries += 1
        let decision = try machine.create(
            input, id: nextID, userID: "user-7", seriesID: UUIDText.v5("series \(nextSeries)"))
        nextID += 1
        write(decision)
        return try Self.found(decision.result, "result")
    }

    mutating func patch(_ id: Int64, _ json: JSON, scope: ChangeScope = .this) throws {
        nextSeries += 1
        let input = try TaskInput(json: json, isPatch: true)
        write(try machine.patch(try situation(id), input, scope: scope, seriesID: UUIDText.v5("series \(nextSeries)")))
    }

    mutating func complete(_ id: Int64) throws { write(machine.complete(try situation(id))) }
    mutating func reopen(_ id: Int64) throws { write(machine.reopen(try situation(id))) }
    mutating func skip(_ id: Int64) throws { write(try machine.skip(try situation(id))) }
    mutating func cancel(_ id: Int64) throws { write(machine.cancelSeries(try situation(id))) }
    mutating func delete(_ id: Int64) throws { write(machine.delete(try situation(id))) }

    /// What the recurrence service makes of a completion: the command, by the rule that the event carries.
    func command(for event: TaskEvent) throws -> CreateTaskCommand? {
        let task = event.task
        guard event.kind == .completed, event.reason != .seriesEnded, let rule = task.recurrence,
            let seriesID = task.seriesID, let scheduled = task.scheduledLocal, let index = task.occurrenceIndex,
            let done = task.completedAt
        else { return nil }
        let position = SeriesPosition(
            rule: rule, anchorLocal: task.anchorLocal ?? scheduled, zone: task.zone, scheduledLocal: scheduled,
            index: index)
        guard
            case .slot(let local, let dueAt, let index, let skipped) = RecurrenceRule.successor(
                of: position, completedAt: done)
        else { return nil }
        return CreateTaskCommand(
            seriesID: seriesID, seriesVersion: task.seriesVersion ?? 1, previousTaskID: task.id, userID: task.userID,
            timestamp: now, slot: .init(scheduledLocal: local, dueAt: dueAt, index: index, skipped: skipped))
    }

    /// Delivers a completion to recurrence, and its command to the API.
    mutating func deliver(_ event: TaskEvent) throws {
        guard let command = try command(for: event) else { return }
        let before = events.count
        write(
            machine.successor(
                command,
                SuccessorSituation(
                    previous: tasks[command.previousTaskID]?.task, series: series[command.seriesID],
                    isKeyKnown: keys.contains(command.idempotencyKey)),
                id: nextID))
        if events.count > before { nextID += 1 }
    }

    func completions(of id: Int64) -> [TaskEvent] { events.filter { $0.kind == .completed && $0.taskID == id } }
    func created(after id: Int64) -> [TaskEvent] { events.filter { $0.previousTaskID == id } }
    func openTasks(of seriesID: String?) -> [TodoTask] {
        tasks.values.map(\.task).filter { $0.seriesID == seriesID && !$0.completed }.sorted { $0.id < $1.id }
    }
}
