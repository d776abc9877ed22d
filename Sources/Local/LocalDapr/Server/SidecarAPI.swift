import WireValues

/// A sidecar's HTTP API: which request goes where (section 0 of the Dapr contract).
struct SidecarAPI: Sendable {
    let sidecar: Sidecar

    func answer(_ request: APIRequest) async -> APIResponse {
        guard isAllowed(request) else { return .text(401, "invalid api token") }
        do {
            return try await route(request)
        } catch let error as APIError {
            return error.response
        } catch is UnreadablePath {
            return .text(400, "invalid URL escape in the path")
        } catch is CancellationError {
            return APIError(500, "ERR_INTERNAL", "the sidecar is shutting down").response
        } catch {
            return APIError(500, "ERROR", "\(error)").response
        }
    }

    struct UnreadablePath: Error {}

    private func isAllowed(_ request: APIRequest) -> Bool {
        guard let token = sidecar.settings.apiToken else { return true }
        if request.method == "GET", request.path == "/v1.0/healthz" || request.path == "/v1.0/healthz/outbound" {
            return true
        }
        return request.header("dapr-api-token") == token
    }

    /// A path parameter, decoded as a query is: `+` is a space.
    private func decoded(_ segment: Substring) throws(UnreadablePath) -> String {
        guard let text = PercentText.decodeQuery(segment) else { throw UnreadablePath() }
        return text
    }

    private func decoded(_ segments: ArraySlice<Substring>) throws(UnreadablePath) -> String {
        var parts: [String] = []
        for segment in segments { parts.append(try decoded(segment)) }
        return parts.joined(separator: "/")
    }

    private func route(_ request: APIRequest) async throws -> APIResponse {
        let parts = request.segments
        let isWrite = request.method == "POST" || request.method == "PUT"
        if let version = parts.first, version == "v1.0" || version == "v1.0-alpha1", parts.count > 1 {
            switch (parts[1], parts.count) {
            case ("publish", 5...) where isWrite && parts[2] == "bulk":
                return try await bulkPublish(request, pubsub: try decoded(parts[3]), topic: try decoded(parts[4...]))
            case ("publish", 4...) where isWrite && version == "v1.0":
                return try await publish(request, pubsub: try decoded(parts[2]), topic: try decoded(parts[3...]))
            case ("jobs", 3):
                let name = try decoded(parts[2])
                switch request.method {
                case "POST": return try await createJob(request, name: name)
                case "GET": return try getJob(name)
                case "DELETE": return try await deleteJob(name)
                default: break
                }
            default: break
            }
            if version == "v1.0", let answer = try await routeStable(request, parts, isWrite: isWrite) { return answer }
        }
        return try await invokeByHeader(request)
    }

    private func routeStable(_ request: APIRequest, _ parts: [Substring], isWrite: Bool) async throws -> APIResponse? {
        switch (parts[1], parts.count, request.method) {
        case ("state", 3, _) where isWrite: return try await saveState(request, store: try decoded(parts[2]))
        case ("state", 4, _) where isWrite && parts[3] == "bulk":
            return try await bulkState(request, store: try decoded(parts[2]))
        case ("state", 4, _) where isWrite && parts[3] == "transaction":
            return try await stateTransaction(request, store: try decoded(parts[2]))
        case ("state", 4, "GET"):
            return try await getState(request, store: try decoded(parts[2]), key: try decoded(parts[3]))
        case ("state", 4, "DELETE"):
            return try await deleteState(request, store: try decoded(parts[2]), key: try decoded(parts[3]))
        case ("secrets", 4, "GET"):
            let store = try decoded(parts[2])
            return parts[3] == "bulk"
                ? try await bulkSecrets(request, store: store)
                : try await secret(request, store: store, name: try decoded(parts[3]))
        case ("bindings", 3, _) where isWrite: return try await invokeBinding(request, name: try decoded(parts[2]))
        case ("invoke", 4..., _) where parts[3] == "method":
            return try await invoke(request, app: try decoded(parts[2]), method: parts[4...])
        case ("healthz", 2, "GET"): return health(request)
        case ("healthz", 3, "GET") where parts[2] == "outbound": return outboundHealth()
        case ("metadata", 2, "GET"): return metadata()
        case ("metadata", 3, "PUT"):
            sidecar.setExtended(try decoded(parts[2]), String(decoding: request.body ?? [], as: UTF8.self))
            return .noContent
        case ("shutdown", 2, "POST"):
            sidecar.shutdownRequest.raise()
            return .noContent
        default: return nil
        }
    }
}
