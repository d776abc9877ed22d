import ServiceKit
import TaskDomain
import WireValues

/// Does what a sentence asks for and says what came of it.
struct Conversation: Sendable {
    /// How many tasks a sentence is looked up among, and listed at most.
    static let lookedAt = 1_000
    static let shown = 50

    let service: TaskService
    let caller: Caller
    let settings: UserSettings
    let zone: TimeZoneRules
    /// When the sender may repeat the sentence: what it did is not done again.
    var request: RememberedRequests.Request?

    private var now: WallTime { zone.wallTime(at: service.now()) }

    /// - Returns: the answer's body. A sentence that is not understood is answered with a question, and does nothing.
    /// - Throws: `FieldProblem` when the text is none at all; `Problem` when the task refuses it.
    func answer(_ text: String) async throws -> JSON {
        let intent = try Chat.parse(text, now: now, settings: .init(settings))
        var answer: JSON = ["intent": .string(intent.name), "understood": intent.json]
        for (name, value) in try await perform(intent) { answer[name] = value }
        return answer
    }

    private func perform(_ intent: ChatIntent) async throws -> JSONObject {
        switch intent {
        case .add(let result):
            let answer = try await service.create(try TaskInput(result, zone: zone), caller, once: request)
            return try Self.done("Added", answer)
        case .list(let query): return try await list(query)
        case .show(let reference):
            return try await act(reference, intent, "Here it is:", prefers: false, once: nil) {
                TaskDecision(result: $1.task)
            }
        case .complete(let reference):
            return try await act(reference, intent, "Completed", prefers: false, once: request) { $0.complete($1) }
        case .reopen(let reference):
            return try await act(reference, intent, "Opened again:", prefers: true, once: request) { $0.reopen($1) }
        case .skip(let reference):
            return try await act(reference, intent, "Skipped to the next time:", prefers: false, once: request) {
                (machine, situation) throws(TaskRefusal) in try machine.skip(situation)
            }
        case .cancelSeries(let reference):
            return try await act(reference, intent, "Does not repeat any more:", prefers: false, once: request) {
                $0.cancelSeries($1)
            }
        case .delete(let reference):
            return try await act(reference, intent, "Deleted", prefers: nil, once: request) { $0.delete($1) }
        case .update(let reference, let change):
            let now = now
            return try await act(reference, intent, "Changed", prefers: false, once: request) {
                (machine, situation) throws(TaskRefusal) in
                let input = try TaskInput(change, of: situation.task, now: now)
                return try machine.patch(situation, input, seriesID: UUIDText.v7(now: machine.now))
            }
        case .unclear(let question):
            return JSONObject([("message", .string(question.message)), ("examples", JSON(question.examples))])
        }
    }

    // MARK: - One task

    private func act(
        _ reference: TaskReference, _ intent: ChatIntent, _ verb: String, prefers completed: Bool?,
        once request: RememberedRequests.Request?,
        _ decide: @escaping @Sendable (TaskMachine, TaskSituation) throws(TaskRefusal) -> TaskDecision
    ) async throws -> JSONObject {
        var deletes = false
        if case .delete = intent { deletes = true }
        // Before anything is looked up: other tasks may fit the words by now.
        if let request, let known = try await service.remembered(request, caller.userID) {
            return try Self.done(verb, known, isGone: deletes)
        }
        let found = try await candidates(reference, prefers: completed)
        guard let task = found.first else {
            return JSONObject([
                ("message", .string("There is no task \(reference.text) among yours.")), ("task", .null),
            ])
        }
        guard found.count == 1 else {
            let question = ChatAmbiguity(reference, action: intent.name, candidates: found)
            return JSONObject([
                ("message", .string(question.message)), ("candidates", .array(question.candidates.map(\.json))),
            ])
        }
        guard let answer = try await service.act(on: task.id, caller, .none, once: request, decide) else {
            return Self.gone(verb, task.title)
        }
        return try Self.done(verb, answer, isGone: deletes)
    }

    private func candidates(_ reference: TaskReference, prefers completed: Bool?) async throws -> [ChatCandidate] {
        var list = TaskList()
        list.limit = Self.lookedAt
        switch reference {
        case .id(let id):
            do {
                let task = try TodoTask(json: JSON(parsing: try await service.task(caller.userID, id).json))
                return [ChatCandidate(task)]
            } catch let problem as Problem where problem.status == 404 {
                return []
            }
        case .words(let words):
            // The database narrows it down by the longest word; what is meant is decided among the rest.
            let parts = words.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber })
            list.search = parts.max { $0.count < $1.count }.map { String($0) }
        }
        let page = try await service.list(caller.userID, list, after: nil)
        let tasks = try page.tasks.map { ChatCandidate(try TodoTask(json: JSON(parsing: $0))) }
        return reference.best(among: tasks, completed: completed)
    }

    private static func gone(_ verb: String, _ title: String) -> JSONObject {
        JSONObject([("message", .string("\(verb) \"\(title)\".")), ("task", .null)])
    }

    private static func done(
        _ verb: String, _ answer: TaskService.Answer, isGone: Bool = false
    ) throws -> JSONObject {
        let json = try JSON(parsing: answer.json)
        let task = try TodoTask(json: json)
        if isGone { return gone(verb, task.title) }
        let due = task.due.map { ", due \($0.text.split(separator: "T").joined(separator: " "))" } ?? ""
        return JSONObject([("message", .string("\(verb) \"\(task.title)\"\(due).")), ("task", json)])
    }

    // MARK: - Many tasks

    private func list(_ query: ChatQuery) async throws -> JSONObject {
        var list = TaskList()
        list.completed = query.isOverdue ? false : query.completed
        list.priorities = query.priorities.compactMap { Priority(rawValue: $0.rawValue) }
        list.tags = query.tags
        list.hasDue = query.hasDue
        list.search = query.search
        if let from = query.dueFrom { list.dueFrom = zone.instant(of: WallTime(date: from, secondOfDay: nil)) }
        if let to = query.dueTo {
            list.dueBefore = zone.instant(of: WallTime(date: to.adding(days: 1), secondOfDay: nil))
        }
        let instant = service.now()
        if query.isOverdue { list.dueBefore = min(list.dueBefore ?? instant, instant) }
        list.order = query.sort.flatMap { TaskList.Order(rawValue: $0.rawValue) } ?? .due
        list.descending = query.isDescending
        list.limit = Self.lookedAt
        let page = try await service.list(caller.userID, list, after: nil)
        var tasks = try page.tasks.map { try JSON(parsing: $0) }
        if query.isOverdue {
            // A task that lies on a date is overdue once the next date has begun.
            tasks = try tasks.filter { json in
                let task = try TodoTask(json: json)
                return !task.allDay || task.due.map { $0.date < task.zone.wallTime(at: instant).date } ?? false
            }
        }
        let count = tasks.count
        let more = page.next == nil ? "" : " or more"
        let message = count == 1 ? "1 task." : "\(count)\(more) tasks."
        if query.isCount { return JSONObject([("message", .string(message)), ("count", JSON(count))]) }
        return JSONObject([
            ("message", .string(message)), ("count", JSON(count)),
            ("tasks", .array(Array(tasks.prefix(query.limit ?? Self.shown)))),
        ])
    }
}

extension ChatCandidate {
    init(_ task: TodoTask) { self.init(id: task.id, title: task.title, due: task.due, completed: task.completed) }
}

extension TaskInput {
    /// What a sentence changes of `task`.
    init(_ change: ChatChange, of task: TodoTask, now: WallTime) throws(TaskRefusal) {
        var json: JSON = [:]
        if let title = change.title { json["title"] = .string(title) }
        if change.due != nil {
            json["due_local"] = change.due(of: task.due, now: now).map { .string($0.text) } ?? .null
        }
        if let priority = change.priority { json["priority"] = .string(priority.rawValue) }
        var tags = change.tags ?? task.tags
        tags.removeAll { change.removedTags.contains($0.lowercased()) }
        tags += change.addedTags.filter { added in !tags.contains { $0.lowercased() == added } }
        if tags != task.tags { json["tags"] = JSON(tags) }
        if let recurrence = change.recurrence { json["recurrence"] = recurrence.ruleJSON }
        if let reminders = change.reminders { json["reminders"] = .array(reminders.map { ["before": .string($0)] }) }
        do throws(FieldProblems) {
            try self.init(json: json, isPatch: true)
        } catch {
            throw .invalid(
                error.problems.map { FieldProblem($0.code, "/text", "\($0.field.dropFirst()): \($0.detail)") })
        }
    }
}
