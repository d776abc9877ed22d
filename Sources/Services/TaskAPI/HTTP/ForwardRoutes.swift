import DaprClient
import ServiceKit
import WireValues

/// What other services answer, reached by Dapr's service invocation. They check the token again.
struct ForwardRoutes: Sendable {
    let dapr: DaprClient
    let configuration: ServiceConfiguration

    /// Passed on; everything else of a request is between the client and us.
    private static let headers: Set<String> = [
        "authorization", "content-type", "accept", "traceparent", "tracestate", "if-match", "if-none-match",
        "idempotency-key",
    ]
    /// Passed back.
    private static let answerHeaders: Set<String> = [
        "content-type", "etag", "location", "retry-after", "www-authenticate",
    ]

    static let patterns: [(method: Method, pattern: String, service: String)] = [
        (.get, "/api/{user_id}/reminders", "reminders"),
        (.get, "/api/{user_id}/tasks/{id}/reminders", "reminders"),
        (.get, "/api/{user_id}/notifications", "notifications"),
        (.post, "/api/{user_id}/notifications/read", "notifications"),
        (.patch, "/api/{user_id}/notifications/{id}", "notifications"),
        (.get, "/api/{user_id}/notification-settings", "notifications"),
        (.put, "/api/{user_id}/notification-settings", "notifications"),
        (.get, "/api/{user_id}/audit", "audit"),
        (.get, "/api/{user_id}/audit/verify", "audit"),
    ]

    func add(to routes: Routes) {
        for (method, pattern, service) in Self.patterns {
            let app = app(service)
            let hasID = pattern.contains("{id}")
            routes.user(method, pattern) { request, _ in
                // As the service itself would say; what is no id may hold what the sidecar does not pass on.
                if hasID { _ = try request.id("id") }
                return try await forward(request, to: app, service)
            }
        }
    }

    private func app(_ service: String) -> String? {
        switch service {
        case "reminders": configuration.remindersAppID
        case "notifications": configuration.notificationsAppID
        default: configuration.auditAppID
        }
    }

    private func forward(_ request: ServiceRequest, to app: String?, _ service: String) async throws -> ServiceResponse
    {
        guard let app else {
            throw Problem(
                503, "not_configured", "This platform has no \(service) service that the API knows of.")
        }
        var headers = request.headers.filter { Self.headers.contains($0.name) && $0.name != "traceparent" }
        headers.append(("traceparent", request.trace.child().traceparent))
        headers.append(("x-request-id", request.requestID))
        let body = try request.body()
        let answer = try await dapr.invoke(
            app, .init(request.method, request.path, query: request.rawQuery, headers: headers, body: body))
        // Our services explain what they refuse; an answer without that is the sidecar's, or of what stands between.
        let isExplained = answer.headers.contains {
            $0.name.lowercased() == "content-type" && $0.value.hasPrefix("application/problem+json")
        }
        if answer.status == 431 {
            throw Problem(414, "path_too_long", "Path, query and header fields are too long together to be passed on.")
        }
        guard answer.status < 400 || isExplained else {
            throw Problem(502, "upstream_refused", "Another part of the platform refused to do its share.")
        }
        return ServiceResponse(
            status: answer.status,
            headers: answer.headers.filter { Self.answerHeaders.contains($0.name.lowercased()) }, body: answer.body)
    }
}
