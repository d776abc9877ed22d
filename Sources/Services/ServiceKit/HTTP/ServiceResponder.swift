import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import Telemetry
import WireValues

/// Turns requests of the server into calls of handlers, and whatever comes of it into an answer: no error leaves here.
struct ServiceResponder: Sendable {
    /// What answers; none while the service still starts.
    let routes: RouteSwitch
    /// `/healthz` and `/readyz`.
    let probes: AdminEndpoints
    let limits: HTTPLimits
    let metrics: RequestMetrics
    let now: @Sendable () -> Timestamp
    let logger: Logger
    private let date = HTTPDate()

    init(
        routes: RouteSwitch, probes: AdminEndpoints, limits: HTTPLimits, metrics: RequestMetrics,
        now: @escaping @Sendable () -> Timestamp, logger: Logger
    ) {
        self.routes = routes
        self.probes = probes
        self.limits = limits
        self.metrics = metrics
        self.now = now
        self.logger = logger
    }

    /// The longest body of a request with that head that is of use to anybody.
    func bodyLimit(_ head: HTTPRequestHead, isLocal: Bool) -> Int {
        let method = Method(rawValue: head.method.rawValue)
        guard case .route(let route, _) = routes.table?.match(method, Self.target(head.uri).path) else { return 0 }
        return route.isForSidecar && !isLocal ? 0 : route.bodyLimit
    }

    func answer(_ request: AssembledRequest) async -> ServiceAnswer {
        let start = ContinuousClock.now
        let head = request.head
        let (path, rawQuery) = Self.target(head.uri)
        let given = head.method.rawValue
        if path == "/healthz" || path == "/readyz" { return await probe(given, path) }
        let headers = head.headers.map { (name: $0.name.lowercased(), value: Self.trimmed($0.value)) }
        let requestID = Self.fairID(headers.first { $0.name == "x-request-id" }?.value)
        let isHead = head.method == .HEAD
        let method = isHead ? .get : Method(rawValue: given)

        var pattern = "none"
        var answer: ServiceResponse
        do {
            let (route, parameters) = try route(method, path, pattern: &pattern)
            answer = try await route.handler(
                ServiceRequest(
                    method: given, path: path, rawQuery: rawQuery, pattern: route.pattern,
                    parameters: parameters, query: try Query(rawQuery.map { $0[...] }), headers: headers,
                    requestID: requestID,
                    trace: .following(headers.first { $0.name == "traceparent" }?.value), receivedAt: now(),
                    bodyLimit: route.bodyLimit, isLocal: request.isLocal, content: request.body, baseLogger: logger))
        } catch {
            let (described, isFault) = Problem.describing(error)
            if isFault { log(error, described, requestID: requestID, pattern: pattern) }
            answer = described.response(requestID: requestID)
        }
        metrics.count(
            method: method?.rawValue ?? "other", route: pattern, status: answer.status,
            duration: ContinuousClock.now - start)
        return written(answer, requestID: requestID, isHead: isHead)
    }

    /// Spaces and tabs around a value are no part of it (RFC 9110, 5.5).
    private static func trimmed(_ value: String) -> String {
        func isSpace(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        guard isSpace(value.utf8.first) || isSpace(value.utf8.last) else { return value }
        let rest = value.utf8.drop { isSpace($0) }
        let end = rest.lastIndex { !isSpace($0) }.map { rest.index(after: $0) } ?? rest.startIndex
        return String(value[rest.startIndex..<end])
    }

    /// Path and query of what a request asks for. Clients of proxies name the host before it (RFC 9112, 3.2.2).
    static func target(_ uri: String) -> (path: String, query: String?) {
        var text = uri[...]
        if !text.hasPrefix("/"), let scheme = text.firstRange(of: "://") {
            let rest = text[scheme.upperBound...]
            text = rest.firstIndex { $0 == "/" || $0 == "?" }.map { rest[$0...] } ?? "/"
            if text.hasPrefix("?") { return ("/", String(text.dropFirst())) }
        }
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "?")) else { return (String(text), nil) }
        return (String(text[..<mark]), String(text[text.index(after: mark)...]))
    }

    private func route(
        _ method: Method?, _ path: String, pattern: inout String
    ) throws(Problem) -> (RouteTable.Route, [String: String]) {
        guard path.utf8.count <= limits.maximumPathBytes else {
            throw Problem(414, "path_too_long", "The path has more than \(limits.maximumPathBytes) bytes.")
        }
        guard let table = routes.table else {
            // The sidecar asks for these at once, and would take any other status for a failure; there are none.
            if path.hasPrefix("/dapr/") { throw Problem.notFound("such path") }
            throw .unavailable("starting", "The service is still starting; /readyz says what it waits for.")
        }
        switch table.match(method, path) {
        case .route(let route, let parameters):
            pattern = route.pattern
            return (route, parameters)
        case .otherMethods(let methods, let known):
            pattern = known
            var allowed = methods.map(\.rawValue)
            if methods.contains(.get) { allowed.append("HEAD") }
            throw Problem(
                405, "method_not_allowed", "This path answers to \(allowed.joined(separator: ", ")).",
                headers: [("Allow", allowed.joined(separator: ", "))])
        case .none: throw Problem.notFound("such path")
        case .malformed:
            throw Problem(400, "malformed_path", "The path has an escape that is broken, or is no UTF-8.")
        }
    }

    private func log(_ error: any Error, _ problem: Problem, requestID: String, pattern: String) {
        logger.error(
            "request failed",
            metadata: [
                "request_id": "\(requestID)", "route": "\(pattern)", "status": "\(problem.status)", "error": "\(error)",
            ])
    }

    private func probe(_ method: String, _ path: String) async -> ServiceAnswer {
        let answer = await probes.answer(method: method == "HEAD" ? "GET" : method, path: path)
        return written(
            .bytes(Array(answer.body.utf8), contentType: answer.contentType, status: answer.status), requestID: nil,
            isHead: method == "HEAD")
    }

    /// The headers of an answer, with those that every answer has.
    static func fields(of answer: ServiceResponse, requestID: String?) -> [(name: String, value: String)] {
        var fields = answer.headers
        if let requestID { fields.append(("X-Request-Id", requestID)) }
        if !answer.has("cache-control") { fields.append(("Cache-Control", "no-store")) }
        fields.append(("X-Content-Type-Options", "nosniff"))
        return fields
    }

    private func written(_ answer: ServiceResponse, requestID: String?, isHead: Bool) -> ServiceAnswer {
        var fields = Self.fields(of: answer, requestID: requestID)
        fields.append(("Date", date.text))
        // Neither has a body, nor a length of one (RFC 9110, 8.6).
        let hasBody = answer.status != 204 && answer.status != 304
        if hasBody { fields.append(("Content-Length", String(answer.body.count))) }
        return ServiceAnswer(
            status: answer.status, headers: HTTPHeaders(fields),
            body: hasBody && !isHead ? ByteBuffer(bytes: answer.body) : ByteBuffer())
    }

    /// The caller's id if it is short and harmless in a log, else a new one.
    static func fairID(_ text: String?) -> String {
        if let text, (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            })
        {
            return text
        }
        return "req-" + RandomText.hexadecimal(digits: 16)
    }
}

/// The routes, as soon as there are any: the port opens first, since the sidecar waits for it.
final class RouteSwitch: Sendable {
    private let state = Mutex<RouteTable?>(nil)

    var table: RouteTable? { state.withLock { $0 } }
    func open(_ table: RouteTable) { state.withLock { $0 = table } }
}

/// `todo_http_requests_total` and `todo_http_request_duration_seconds`, by the pattern of the route.
struct RequestMetrics: Sendable {
    private let requests: Counter
    private let duration: Histogram

    init(_ registry: MetricRegistry) {
        requests = registry.counter(
            "todo_http_requests_total", help: "Requests answered.", labels: ["method", "route", "status"])
        duration = registry.histogram(
            "todo_http_request_duration_seconds", help: "Time from a whole request to its answer.",
            labels: ["method", "route"])
    }

    func count(method: String, route: String, status: Int, duration spent: Duration) {
        requests.increment(method, route, String(status))
        duration.observe(spent, method, route)
    }
}
