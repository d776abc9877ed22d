import ServiceKit
import TaskDomain
import WireValues

/// Tasks over HTTP: reads requests, calls the service, writes answers. What happens is decided elsewhere.
struct TaskRoutes: Sendable {
    let service: TaskService

    func add(to routes: Routes) {
        let bodyLimit = TaskLimits.bodyBytes
        routes.user(.post, "/api/{user_id}/tasks", bodyLimit: bodyLimit) { try await create($0, $1) }
        routes.user(.get, "/api/{user_id}/tasks") { try await list($0, $1) }
        routes.user(.get, "/api/{user_id}/tasks/{id}") { try await read($0, $1) }
        routes.user(.put, "/api/{user_id}/tasks/{id}", bodyLimit: bodyLimit) { try await replace($0, $1) }
        routes.user(.patch, "/api/{user_id}/tasks/{id}", bodyLimit: bodyLimit) { try await patch($0, $1) }
        routes.user(.delete, "/api/{user_id}/tasks/{id}") { try await delete($0, $1) }
        routes.user(.post, "/api/{user_id}/tasks/{id}/complete") { request, identity in
            try await act(request, identity) { $0.complete($1) }
        }
        routes.user(.post, "/api/{user_id}/tasks/{id}/reopen") { request, identity in
            try await act(request, identity) { $0.reopen($1) }
        }
        routes.user(.post, "/api/{user_id}/tasks/{id}/skip") { request, identity in
            try await act(request, identity) { (machine, situation) throws(TaskRefusal) in try machine.skip(situation) }
        }
        routes.user(.delete, "/api/{user_id}/tasks/{id}/recurrence") { request, identity in
            try await act(request, identity) { $0.cancelSeries($1) }
        }
        routes.user(.get, "/api/{user_id}/tasks/{id}/recurrence/preview") { try await preview($0, $1) }
        routes.user(.get, "/api/{user_id}/changes") { try await changes($0, $1) }
        routes.user(.get, "/api/{user_id}/settings") { request, identity in
            try request.query.allowOnly()
            return .json(try await service.settings(identity.userID).json)
        }
        routes.user(.put, "/api/{user_id}/settings") { try await changeSettings($0, $1, isPatch: false) }
        routes.user(.patch, "/api/{user_id}/settings") { try await changeSettings($0, $1, isPatch: true) }
    }

    private func create(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        try request.query.allowOnly()
        let key = try Self.idempotencyKey(request)
        let body = try request.json()
        let answer = try await service.create(
            try TaskInput(json: body, isPatch: false), Caller(request, identity),
            once: key.map { .init(key: $0, action: "create", body: body) })
        return Self.created(answer, identity)
    }

    static func created(_ answer: TaskService.Answer, _ identity: Identity) -> ServiceResponse {
        .task(answer, status: 201, headers: [("Location", location(identity.userID, answer.id))])
    }

    /// The path of a task. User ids hold what their issuer likes, so they are escaped.
    static func location(_ userID: String, _ id: Int64) -> String {
        "/api/\(userID.percentEncoded)/tasks/\(id)"
    }

    /// - Throws: 400 when the header is empty, too long, or holds more than printable ASCII.
    static func idempotencyKey(_ request: ServiceRequest) throws -> String? {
        guard let key = request.header("idempotency-key") else { return nil }
        let limit = RememberedRequests.keyCharacters
        guard (1...limit).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Problem(
                400, "malformed_header", "The Idempotency-Key cannot be used.",
                errors: [
                    .init(
                        "malformed_header", "Idempotency-Key", "1 to \(limit) printable ASCII characters are expected")
                ])
        }
        return key
    }

    private func list(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        let (list, position) = try ListParameters.read(request.query)
        let page = try await service.list(identity.userID, list, after: position)
        let next: JSON = page.next.map { .string(Cursor($0, of: list).text) } ?? .null
        return .list("tasks", page.tasks, ["next_cursor": next])
    }

    private func read(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        try request.query.allowOnly()
        let answer = try await service.task(identity.userID, try request.id("id"))
        if try EntityTag.isKnown(answer.version, request.header("if-none-match")) {
            return ServiceResponse(status: 304, headers: [("ETag", EntityTag.text(answer.version))])
        }
        return .task(answer)
    }

    private func replace(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        let scope = try Self.scope(request)
        let input = try TaskInput(json: try request.json(), isPatch: false)
        return try await act(request, identity) { (machine, situation) throws(TaskRefusal) in
            try machine.replace(situation, input, scope: scope, seriesID: UUIDText.v7(now: machine.now))
        }
    }

    private func patch(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        let scope = try Self.scope(request)
        let input = try TaskInput(json: try request.json(), isPatch: true)
        return try await act(request, identity) { (machine, situation) throws(TaskRefusal) in
            try machine.patch(situation, input, scope: scope, seriesID: UUIDText.v7(now: machine.now))
        }
    }

    private static func scope(_ request: ServiceRequest) throws -> ChangeScope {
        try request.query.allowOnly("scope")
        let given = request.query.all("scope")
        guard let text = given.first else { return .this }
        guard given.count == 1, let scope = ChangeScope(rawValue: text) else {
            throw Problem(
                400, "invalid_parameter", "The parameter scope is not acceptable.",
                errors: [.init("invalid_parameter", "?scope", "this or future is expected")])
        }
        return scope
    }

    private func delete(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        try request.query.allowOnly()
        try await service.act(
            on: try request.id("id"), Caller(request, identity), try Precondition(request.header("if-match"))
        ) { $0.delete($1) }
        return .noContent
    }

    /// Acts on the task of the path and answers with it.
    private func act(
        _ request: ServiceRequest, _ identity: Identity,
        _ decide: @escaping @Sendable (TaskMachine, TaskSituation) throws(TaskRefusal) -> TaskDecision
    ) async throws -> ServiceResponse {
        if request.method == "POST" || request.method == "DELETE" { try request.query.allowOnly() }
        let precondition = try Precondition(request.header("if-match"))
        let answer = try await service.act(
            on: try request.id("id"), Caller(request, identity), precondition, decide)
        return answer.map { .task($0) } ?? .noContent
    }

    private func preview(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        try request.query.allowOnly("count")
        let count = try request.query.integer("count", default: 5, in: Preview.counts)
        let answer = try await service.task(identity.userID, try request.id("id"))
        let task = try TodoTask(json: JSON(parsing: answer.json))
        return .json(try Preview.occurrences(of: task, count: count, now: service.now()))
    }

    private func changes(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        try request.query.allowOnly("since", "limit")
        let since = try request.query.integer("since", default: 0, in: 0...9_007_199_254_740_991)
        let limit = try request.query.integer("limit", default: 100, in: 1...500)
        let feed = try await service.changes(identity.userID, since: Int64(since), limit: limit)
        return .list(
            "changes", feed.changes,
            ["user_seq": .integer(feed.newest), "has_more": .bool(feed.last < feed.newest)])
    }

    private func changeSettings(_ request: ServiceRequest, _ identity: Identity, isPatch: Bool) async throws
        -> ServiceResponse
    {
        try request.query.allowOnly()
        let settings = try await service.changeSettings(
            try request.json(), isPatch: isPatch, Caller(request, identity))
        return .json(settings.json)
    }
}
