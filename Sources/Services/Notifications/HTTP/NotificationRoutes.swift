import ServiceKit
import TaskDomain
import WireValues

/// What users ask of their notifications, and how they set their channels.
struct NotificationRoutes: Sendable {
    static let pageLimit = 1...200
    /// The largest whole number that every JSON reader keeps.
    static let largestID = 9_007_199_254_740_991

    let store: NotificationStore
    let settings: NotificationSettings
    let now: @Sendable () -> Timestamp

    func add(to routes: Routes) {
        routes.user(.get, "/api/{user_id}/notifications") { try await list($0, $1) }
        routes.user(.post, "/api/{user_id}/notifications/read") { try await readAll($0, $1) }
        routes.user(.patch, "/api/{user_id}/notifications/{id}") { try await change($0, $1) }
        routes.user(.get, "/api/{user_id}/notification-settings") { try await showSettings($0, $1) }
        routes.user(.put, "/api/{user_id}/notification-settings") { try await replaceSettings($0, $1) }
    }

    private func list(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        try request.query.allowOnly("limit", "before", "unread")
        let limit = try request.query.integer("limit", default: 50, in: Self.pageLimit)
        let before = try request.query.integer("before", default: Self.largestID, in: 1...Self.largestID)
        let unread = request.query["unread"] ?? "false"
        guard ["true", "false"].contains(unread) else {
            throw Problem(
                400, "invalid_parameter", "The parameter unread is not acceptable.",
                errors: [FieldProblem("invalid_parameter", "?unread", "must be true or false")])
        }
        let page = try await store.page(
            identity.userID, before: Int64(before), unreadOnly: unread == "true", limit: limit)
        return .json([
            "notifications": .array(page.items),
            "next_before": page.hasMore ? page.items.last?["id"] ?? .null : .null, "has_more": .bool(page.hasMore),
            "unread": .integer(page.unread),
        ])
    }

    private func change(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        try request.query.allowOnly()
        let id = try request.id("id")
        let body = try request.json()
        guard let members = body.object, members.count == 1, let isRead = members["read"]?.bool else {
            throw FieldProblem("wrong_type", "/read", "send {\"read\": true} or {\"read\": false}, and nothing else")
        }
        guard try await store.mark(id, of: identity.userID, isRead: isRead, at: now()) else {
            throw Problem.notFound("notification of this id among yours")
        }
        return .noContent
    }

    private func readAll(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        try request.query.allowOnly()
        let body = try request.json()
        guard let members = body.object, members.count == 1, let id = members["up_to"]?.int,
            (1...Self.largestID).contains(id)
        else {
            throw FieldProblem(
                "wrong_type", "/up_to", "send {\"up_to\": <id of the newest notification that was seen>}")
        }
        let count = try await store.markAll(upTo: Int64(id), of: identity.userID, at: now())
        return .json(["read": JSON(count)])
    }

    private func showSettings(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        try request.query.allowOnly()
        let (channels, version) = try await store.settings(identity.userID)
        return .json(channels.json(available: settings.channels), headers: [("ETag", "\"\(version)\"")])
    }

    private func replaceSettings(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        try request.query.allowOnly()
        let body = try request.json()
        let settings = settings
        let version = try Self.version(request.header("if-match"))
        // Made before the transaction, which may run more than once.
        let secret = WebhookSignature.newSecret()
        let changed = try await Self.offered {
            try await store.changeSettings(identity.userID, ifVersion: version, at: now()) { old in
                try UserChannels.reading(
                    body, old: old, available: settings.channels, allowsPrivateWebhooks: settings.allowsPrivateWebhooks,
                    newSecret: { secret }
                ).channels
            }
        }
        guard let (channels, newVersion) = changed else {
            throw Problem(
                412, "changed_meanwhile", "The settings are not the ones that If-Match names; read them again.")
        }
        var answer = channels.json(available: settings.channels)
        // Shown this once, to whoever has to check signatures with it.
        if channels.webhook?.secret == secret { answer[path: ["channels", "webhook", "secret"]] = .string(secret) }
        return .json(answer, headers: [("ETag", "\"\(newVersion)\"")])
    }

    /// What is right in itself and only not offered here is no fault of the input: 409, not 422.
    private static func offered<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as FieldProblems where error.problems.allSatisfy({ $0.code == "not_available" }) {
            throw Problem(
                409, "not_available",
                "This platform does not offer what was chosen; `available` of the settings lists what it does.",
                errors: error.problems)
        }
    }

    /// Of `If-Match`: nil for any.
    private static func version(_ header: String?) throws -> Int64? {
        guard let header, header != "*" else { return nil }
        guard header.hasPrefix("\""), header.hasSuffix("\""), let version = Int64(header.dropFirst().dropLast()) else {
            throw Problem(412, "changed_meanwhile", "If-Match names no version of these settings.")
        }
        return version
    }
}
