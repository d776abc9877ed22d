import WireValues

/// Calls from app to app (section 6 of the Dapr contract).
extension SidecarAPI {
    /// The form without `/v1.0/invoke`: the callee stands in a header.
    func invokeByHeader(_ request: APIRequest) async throws -> APIResponse {
        var callee = request.header("dapr-app-id")
        if callee == nil, let basic = request.header("authorization"), basic.lowercased().hasPrefix("basic "),
            let login = Base64.decode(String(basic.dropFirst(6))).map({ String(decoding: $0, as: UTF8.self) }),
            login.hasPrefix("dapr-app-id:")
        {
            callee = String(login.dropFirst("dapr-app-id:".count))
        }
        guard let callee, !callee.isEmpty else { throw APIError.noRoute }
        return try await invoke(request, app: callee, method: request.segments[...])
    }

    func invoke(_ request: APIRequest, app: String, method: ArraySlice<Substring>) async throws -> APIResponse {
        func failed(_ why: String) -> APIError {
            APIError(500, "ERR_DIRECT_INVOKE", "failed to invoke, id: \(app), err: \(why)")
        }
        guard let body = request.body else { throw failed("the body cannot be read or is longer than 4 MiB") }
        guard let path = PercentText.decode(method.joined(separator: "/")),
            !path.unicodeScalars.contains(where: { $0 == "#" || $0 == "?" || $0.value < 0x20 || $0.value == 0x7F })
        else { throw failed("the method has characters that may not be in it") }
        let target = "/" + method.joined(separator: "/") + (request.rawQuery.map { "?\($0)" } ?? "")
        let policy = sidecar.policies.app(app)
        // Of unknown length: it is not to be sent twice.
        let isRepeatable = !request.isChunked
        var limited = policy
        if !isRepeatable { limited.retry = nil }
        let hasTarget = sidecar.policies.hasTarget(app: app)
        let attempt = try await limited.run(
            sidecar.machine.time, timedOut: Invocation.unreachable("timeout"),
            refused: Invocation.unreachable("circuit breaker is open")
        ) { () async throws -> Attempt<Invocation> in
            let outcome = try await call(app, target, request, body)
            switch outcome {
            case .answered(let response) where !hasTarget || (200..<400).contains(response.status):
                return .done(outcome)
            case .answered(let response): return .failed(outcome, status: response.status)
            case .unreachable: return .failed(outcome, status: nil)
            }
        }
        switch attempt.outcome {
        case .answered(let response):
            return APIResponse(
                status: response.status, headers: response.headers.filter { !Self.isHopByHop($0.name) },
                body: response.body)
        case .unreachable(let why): throw failed(why)
        }
    }

    private enum Invocation: Sendable {
        case answered(AppResponse)
        case unreachable(String)
    }

    private static func isHopByHop(_ name: String) -> Bool {
        switch name.lowercased() {
        case "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
            "trailer",
            "transfer-encoding", "upgrade", "content-length":
            true
        default: false
        }
    }

    private func call(_ app: String, _ target: String, _ request: APIRequest, _ body: [UInt8]) async throws
        -> Invocation
    {
        // `name.namespace`: there is one namespace here.
        let parts = app.split(separator: ".", maxSplits: 1)
        var appID = app
        if parts.count == 2, parts[1] == sidecar.namespace { appID = String(parts[0]) }
        let instances = sidecar.machine.instances(of: appID)
        guard !instances.isEmpty else {
            return .unreachable("failed to resolve address for '\(app)': no such app id on this machine")
        }
        // An app's calls to itself stay with the instance.
        let open = instances.filter { $0.isAppHealthy }
        let callee: Sidecar
        if let own = open.first(where: { $0 === sidecar }) {
            callee = own
        } else if let chosen = open.randomElement() {
            callee = chosen
        } else {
            return .unreachable("app '\(app)' is not in a healthy state")
        }
        var headers = request.headers.filter { header in
            let name = header.name.lowercased()
            return !Self.isHopByHop(name) && name != "host" && name != "dapr-api-token" && name != "dapr-app-id"
                && name != "dapr-caller-app-id" && name != "dapr-caller-namespace" && name != "dapr-callee-app-id"
        }
        if let basic = request.header("authorization"), basic.lowercased().hasPrefix("basic "),
            Base64.decode(String(basic.dropFirst(6))).map({ String(decoding: $0, as: UTF8.self) })?.hasPrefix(
                "dapr-app-id:") == true
        {
            headers.removeAll { $0.name.lowercased() == "authorization" }
        }
        headers.append(("dapr-caller-app-id", sidecar.appID))
        headers.append(("dapr-caller-namespace", sidecar.namespace))
        headers.append(("dapr-callee-app-id", appID))
        headers.append(("x-forwarded-for", "127.0.0.1"))
        headers.append(("x-forwarded-host", "127.0.0.1"))
        headers.append(("forwarded", "for=127.0.0.1;by=127.0.0.1;host=127.0.0.1"))
        if request.header("traceparent") == nil {
            let trace = sidecar.traceparent(request)
            headers.append(("traceparent", trace.isEmpty ? Envelope.noTrace : trace))
        }
        if let token = callee.settings.appToken { headers.append(("dapr-api-token", token)) }
        do {
            return .answered(
                try await callee.app.send(
                    AppRequest(method: request.method, path: target, headers: headers, body: body),
                    isRepeatable: request.method == "GET" || request.method == "HEAD"))
        } catch let error as AppUnreachable {
            return .unreachable(error.description)
        }
    }
}
