import Logging
import ServiceKit
import TaskDomain
import TaskStorage
import WireValues

/// What can be done with a user's tasks. Each act is one transaction: the change, the feed and the events, or nothing.
struct TaskService: Sendable {
    let database: any Database
    let outbox: Outbox
    let now: @Sendable () -> Timestamp
    let logger: Logger
    /// Of users who saved none.
    var defaults = UserSettings()

    /// A task as it is answered: its JSON, as the row has it.
    struct Answer: Sendable {
        let id: Int64
        let version: Int
        let json: String
    }

    // MARK: - Making

    /// Makes a task.
    ///
    /// - Parameter request: when the sender may repeat it: an equal one gets the same answer and makes no other.
    func create(_ input: TaskInput, _ caller: Caller, once request: RememberedRequests.Request?) async throws -> Answer
    {
        do {
            return try await database.transaction { transaction in
                let (state, id) = try TaskReading.beginCreation(caller.userID, defaults: defaults, in: transaction)
                let now = now().truncatedToMilliseconds
                try Self.checkNew(request, caller.userID, now: now, in: transaction)
                let decision = try Self.decided { () throws(TaskRefusal) in
                    try TaskMachine(now: now, settings: state.settings).create(
                        input, id: id, userID: caller.userID, seriesID: UUIDText.v7(now: now))
                }
                var writing = TaskWriting(
                    transaction: transaction, outbox: outbox, userID: caller.userID, actor: caller.actor,
                    trace: caller.trace, sequence: state.sequence)
                guard let json = try writing.write(decision, countedAlready: true, now: now) else {
                    throw TaskReading.Corrupt(description: "a new task has no text")
                }
                if let request {
                    try RememberedRequests.remember(request, caller.userID, answer: json, now: now, in: transaction)
                }
                return Answer(id: id, version: 1, json: json)
            }
        } catch let replay as Replay {
            return replay.answer
        }
    }

    // MARK: - Once

    /// Thrown to give the transaction up: nothing is to be counted or written.
    private struct Replay: Error { let answer: Answer }

    /// What came of a request that was carried out before: the task as it was right after, or, if it is gone, before.
    /// - Throws: when its key stands for another one.
    func remembered(_ request: RememberedRequests.Request, _ userID: String) async throws -> Answer? {
        do {
            let now = now()
            try await database.read { try Self.checkNew(request, userID, now: now, in: $0) }
            return nil
        } catch let replay as Replay {
            return replay.answer
        }
    }

    /// To be asked with the user's row locked, if anything is to be done.
    /// - Throws: `Replay` when the request was carried out before, `keyReused` when its key stands for another one.
    private static func checkNew(
        _ request: RememberedRequests.Request?, _ userID: String, now: Timestamp, in transaction: any Transaction
    ) throws {
        guard let request else { return }
        switch try RememberedRequests.look(request, userID, now: now, in: transaction) {
        case .new: break
        case .known(let json):
            let task = try TodoTask(json: JSON(parsing: json))
            throw Replay(answer: Answer(id: task.id, version: task.version, json: json))
        case .other: throw keyReused
        }
    }

    static let keyReused = Problem(
        422, "idempotency_key_reused", "The Idempotency-Key was used for another request; use a new one for each.",
        errors: [.init("idempotency_key_reused", "Idempotency-Key", "stands for another request already")])

    // MARK: - Changing

    /// Acts on a task that is there.
    ///
    /// - Parameters:
    ///   - request: when the sender may repeat it: an equal one gets the same answer and does nothing.
    ///   - decide: pure.
    /// - Returns: the task afterwards; nil when it is gone.
    /// - Throws: `Problem` 404, 412; and what the refusal of an act means.
    @discardableResult
    func act(
        on id: Int64, _ caller: Caller, _ precondition: Precondition = .none,
        once request: RememberedRequests.Request? = nil,
        _ decide: @escaping @Sendable (TaskMachine, TaskSituation) throws(TaskRefusal) -> TaskDecision
    ) async throws -> Answer? {
        do {
            return try await perform(on: id, caller, precondition, once: request, decide)
        } catch let replay as Replay {
            return replay.answer
        }
    }

    private func perform(
        on id: Int64, _ caller: Caller, _ precondition: Precondition, once request: RememberedRequests.Request?,
        _ decide: @escaping @Sendable (TaskMachine, TaskSituation) throws(TaskRefusal) -> TaskDecision
    ) async throws -> Answer? {
        try await database.transaction { transaction in
            try TaskReading.lock(caller.userID, in: transaction)
            try Self.checkNew(request, caller.userID, now: self.now(), in: transaction)
            guard
                let (state, situation) = try TaskReading.situation(
                    caller.userID, id, defaults: defaults, in: transaction)
            else {
                throw Self.noSuchTask
            }
            try precondition.check(situation.task.version)
            // A clock that went back must not turn a task's history around.
            let now = max(now(), situation.task.updatedAt).truncatedToMilliseconds
            let decision = try Self.decided { () throws(TaskRefusal) in
                try decide(TaskMachine(now: now, settings: state.settings), situation)
            }
            var writing = TaskWriting(
                transaction: transaction, outbox: outbox, userID: caller.userID, actor: caller.actor,
                trace: caller.trace, sequence: state.sequence)
            let json = try writing.write(decision, now: now)
            if let request {
                let answer = json ?? (decision.result ?? situation.task).json.text
                // When it came, not when the task changed: its memory ends by that.
                try RememberedRequests.remember(
                    request, caller.userID, answer: answer, now: self.now(), in: transaction)
            }
            return decision.result.map { Answer(id: id, version: $0.version, json: json ?? $0.json.text) }
        }
    }

    static let noSuchTask = Problem.notFound("task of this id among yours")

    private static func decided(_ body: () throws(TaskRefusal) -> TaskDecision) throws -> TaskDecision {
        do throws(TaskRefusal) {
            return try body()
        } catch {
            switch error {
            case .invalid(let problems): throw Problem.invalid(problems)
            case .conflict(let code, let detail): throw Problem(409, code, detail.capitalizedSentence)
            }
        }
    }

    /// Makes the successor that recurrence asks for, if it is still wanted.
    ///
    /// - Returns: whether one was made.
    func makeSuccessor(_ command: CreateTaskCommand, actor: Actor, trace: EventTrace) async throws -> Bool {
        try await database.transaction { transaction in
            // Nobody but users who have tasks has series; a command for anybody else finds nothing.
            try TaskReading.lock(command.userID, in: transaction)
            let situation = try TaskReading.successorSituation(command, in: transaction)
            guard situation.series.map({ UserKey($0.userID) }) == UserKey(command.userID) else { return false }
            let state = try TaskReading.lockOrMake(command.userID, defaults: defaults, in: transaction)
            let id = try TaskReading.newID(in: transaction)
            let now = max(now(), situation.previous?.updatedAt ?? Timestamp(seconds: 0)).truncatedToMilliseconds
            let decision = TaskMachine(now: now, settings: state.settings).successor(command, situation, id: id)
            var writing = TaskWriting(
                transaction: transaction, outbox: outbox, userID: command.userID, actor: actor, trace: trace,
                sequence: state.sequence)
            return try writing.write(decision, now: now) != nil
        }
    }

    // MARK: - Settings

    func settings(_ userID: String) async throws -> UserSettings {
        try await database.read { try TaskReading.settings(userID, defaults: defaults, in: $0) }
    }

    /// Changes the user's settings, and with them the open all-day tasks that they move.
    ///
    /// - Parameter isPatch: what is not named stays; else it is as at the beginning.
    func changeSettings(_ json: JSON, isPatch: Bool, _ caller: Caller) async throws -> UserSettings {
        try await database.transaction { transaction in
            let state = try TaskReading.lockOrMake(caller.userID, defaults: defaults, in: transaction)
            let settings = try (isPatch ? state.settings : defaults).changed(by: json)
            guard settings != state.settings else { return settings }
            try transaction.send(
                "UPDATE task_users SET settings = $2 WHERE user_id = $1",
                [.text(caller.userID), .text(settings.json.text)])
            guard
                settings.zone.name != state.settings.zone.name
                    || settings.morningSecondOfDay != state.settings.morningSecondOfDay
            else { return settings }
            var writing = TaskWriting(
                transaction: transaction, outbox: outbox, userID: caller.userID, actor: caller.actor,
                trace: caller.trace, sequence: state.sequence)
            for id in try TaskReading.openTasks(caller.userID, in: transaction) {
                guard
                    let (_, situation) = try TaskReading.situation(
                        caller.userID, id, defaults: defaults, in: transaction)
                else { continue }
                let now = max(now(), situation.task.updatedAt).truncatedToMilliseconds
                let decision = try Self.decided { () throws(TaskRefusal) in
                    try TaskMachine(now: now, settings: settings).settle(situation, from: state.settings)
                }
                _ = try writing.write(decision, now: now)
            }
            return settings
        }
    }

    // MARK: - Reading

    func task(_ userID: String, _ id: Int64) async throws -> Answer {
        guard let (task, json) = try await lookUp(userID, id) else { throw Self.noSuchTask }
        return Answer(id: id, version: task.version, json: json)
    }

    /// The task and its stored text; nil when the user has no such task.
    func lookUp(_ userID: String, _ id: Int64) async throws -> (task: TodoTask, json: String)? {
        // One statement is a snapshot of its own: no transaction, no second round trip.
        let rows = try await database.statement(
            "SELECT data FROM tasks WHERE user_id = $1 AND id = $2", [.text(userID), .integer(id)])
        guard let json = rows.first?.text(0) else { return nil }
        return (try TodoTask(json: JSON(parsing: json)), json)
    }

    func list(_ userID: String, _ list: TaskList, after position: Cursor.Position?) async throws
        -> (tasks: [String], next: Cursor.Position?)
    {
        try await database.read { try list.page(userID, after: position, in: $0) }
    }

    /// The user's changes after number `since`, in order.
    ///
    /// - Throws: `Problem` 410 when some of them are not kept any more.
    func changes(_ userID: String, since: Int64, limit: Int) async throws -> TaskFeed.Page {
        try await database.read { try TaskFeed.page(of: userID, since: since, limit: limit, in: $0) }
    }

    // MARK: - Forgetting

    /// Takes away requests whose keys may be used anew, and the changes that are older than `feed` says.
    func forget(feed: Retention) async throws {
        let limit = now().advanced(by: .zero - RememberedRequests.memory)
        try await database.transaction { try RememberedRequests.forget(before: limit, in: $0) }
        if let moment = feed.limit(at: now()) { try await TaskFeed.forget(before: moment, in: database, logger) }
    }
}

extension String {
    /// With a capital and a full stop, as sentences of problems have.
    fileprivate var capitalizedSentence: String { prefix(1).uppercased() + dropFirst() + (hasSuffix(".") ? "" : ".") }
}
