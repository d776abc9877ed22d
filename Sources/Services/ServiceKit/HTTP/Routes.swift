package import TaskDomain

/// Where a service says what it answers to.
///
///     routes.user(.get, "/api/{user_id}/audit") { request, identity in try await list(request, identity) }
///     routes.events(.taskEvents) { delivery in try await record(delivery.event) }
package final class Routes {
    var built = RouteTable()
    let authenticator: Authenticator
    let gate: SidecarGate
    let consumers: EventConsumers

    init(authenticator: Authenticator, gate: SidecarGate, consumers: EventConsumers) {
        self.authenticator = authenticator
        self.gate = gate
        self.consumers = consumers
    }

    /// What there is, for the test that holds it against the API's description.
    package var table: [(method: Method, pattern: String)] { built.all }

    /// A route for a user, who proves who they are by a token, and reaches only what is theirs.
    ///
    /// - Parameters:
    ///   - pattern: begins with `/api/{user_id}`.
    ///   - bodyLimit: bytes.
    package func user(
        _ method: Method, _ pattern: String, bodyLimit: Int = 65_536,
        _ handler: @escaping @Sendable (ServiceRequest, Identity) async throws -> ServiceResponse
    ) {
        precondition(
            pattern == "/api/{user_id}" || pattern.hasPrefix("/api/{user_id}/"), "\(pattern) does not name its user")
        let authenticator = authenticator
        built.add(method, pattern, bodyLimit: bodyLimit) { request in
            let identity = try await authenticator.identity(of: request)
            guard UserKey(identity.userID) == UserKey(request["user_id"]) else {
                throw Problem.otherUser
            }
            return try await handler(request, identity)
        }
    }

    /// A route for anybody.
    package func open(
        _ method: Method, _ pattern: String, bodyLimit: Int = 65_536,
        _ handler: @escaping @Sendable (ServiceRequest) async throws -> ServiceResponse
    ) {
        built.add(method, pattern, bodyLimit: bodyLimit, handler)
    }

    /// The events of a topic, one at a time. Events of one key come in the order in which the broker has them; of
    /// several keys, several at once.
    package func events(
        _ role: TopicRole, _ handler: @escaping @Sendable (Delivery) async throws -> Outcome
    ) {
        let consumer = consumers.consumer(role, .single(handler))
        sidecar("/events/\(role.rawValue)", bodyLimit: consumers.maximumBytes) { try await consumer.respond(to: $0) }
    }

    /// The events of a topic, as many at a time as the sidecar delivers, in the order in which the broker has them.
    ///
    /// - Parameters:
    ///   - concerns: an event of no concern counts as handled, and costs next to nothing. Left out: all are of concern.
    ///   - handler: returns as many outcomes as it got deliveries. What it throws holds for all of them.
    package func eventBatches(
        _ role: TopicRole, concerning concerns: EventConcern? = nil,
        _ handler: @escaping @Sendable ([Delivery]) async throws -> [Outcome]
    ) {
        let consumer = consumers.consumer(role, .batch(handler), concerning: concerns)
        sidecar("/events/\(role.rawValue)", bodyLimit: consumers.maximumBytes) { try await consumer.respond(to: $0) }
    }

    /// Jobs that fall due.
    package func jobs(_ handler: @escaping @Sendable (JobCall) async throws -> JobOutcome) {
        sidecar("/job/{name}", bodyLimit: 1_048_576) { request in
            try await JobCall.respond(to: request, handler)
        }
    }

    /// A route for another service of the platform, which calls it by service invocation. Nobody else reaches it: the
    /// sidecar delivers, and says who called.
    ///
    /// - Parameters:
    ///   - pattern: begins with `/internal/`.
    ///   - callers: app ids; those that are not configured are left out.
    package func peers(
        _ method: Method, _ pattern: String, from callers: [String?],
        _ handler: @escaping @Sendable (ServiceRequest) async throws -> ServiceResponse
    ) {
        precondition(pattern.hasPrefix("/internal/"), "\(pattern) does not say that it is not for users")
        let known = Set(callers.compactMap(\.self))
        let gate = gate
        built.add(method, pattern, bodyLimit: 65_536) { request in
            try gate.check(request)
            guard let caller = request.header("dapr-caller-app-id"), known.contains(caller) else {
                throw Problem(403, "other_caller", "This path is for other services of the platform.")
            }
            return try await handler(request)
        }
    }

    private func sidecar(_ pattern: String, bodyLimit: Int, _ handler: @escaping RouteTable.Handler) {
        let gate = gate
        built.add(.post, pattern, bodyLimit: bodyLimit, isForSidecar: true) { request in
            try gate.check(request)
            return try await handler(request)
        }
    }
}
