import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import Telemetry
import WireValues

/// Turns requests of the server into calls of handlers, and whatever comes of it into an answer: no error leaves here.
struct ServiceResponder: HTTPResponder {
    /// What answers; none while the service still starts.
    let routes: RouteSwitch
    /// `/healthz` and `/readyz`.
    let probes: AdminEndpoints
    let limits: HTTPLimits
    let metrics: RequestMetrics
    let now: @Sendable () -> Timestamp
    let logger: Logger

    func respond(to request: Request, context: ServerContext) async throws -> Response {
        let start = ContinuousClock.now
        let target = request.head.path ?? "/"
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        let path = String(target[..<(mark ?? target.endIndex)])
        if path == "/healthz" || path == "/readyz" { return await probe(request.method.rawValue, path) }
        let rawQuery = mark.map { String(target[target.index(after: $0)...]) }
        let headers = request.headers.map { (name: $0.name.canonicalName, value: $0.value) }
        let requestID = Self.fairID(headers.first { $0.name == "x-request-id" }?.value)
        let isHead = request.method == .head
        let method = isHead ? .get : Method(rawValue: request.method.rawValue)

        var pattern = "none"
        var answer: ServiceResponse
        do {
            let (route, parameters) = try route(method, path, of: request, pattern: &pattern)
            answer = try await route.handler(
                ServiceRequest(
                    method: request.method.rawValue, path: path, rawQuery: rawQuery, pattern: route.pattern,
                    parameters: parameters, query: try Query(rawQuery.map { $0[...] }), headers: headers,
                    requestID: requestID,
                    trace: .following(headers.first { $0.name == "traceparent" }?.value), receivedAt: now(),
                    bodyLimit: route.bodyLimit, isLocal: context.isLocal,
                    bodySource: .stream(request.body, deadline: start + limits.bodyTimeout), baseLogger: logger))
        } catch {
            let (described, isFault) = Problem.describing(error)
            if isFault { log(error, described, requestID: requestID, pattern: pattern) }
            var problem = described
            problem.members["request_id"] = .string(requestID)
            answer = problem.response
        }
        metrics.count(
            method: method?.rawValue ?? "other", route: pattern, status: answer.status,
            duration: ContinuousClock.now - start)
        return Self.response(answer, requestID: requestID, isHead: isHead)
    }

    private func route(
        _ method: Method?, _ path: String, of request: Request, pattern: inout String
    ) throws(Problem) -> (RouteTable.Route, [String: String]) {
        guard path.utf8.count <= limits.maximumPathBytes else {
            throw Problem(414, "path_too_long", "The path has more than \(limits.maximumPathBytes) bytes.")
        }
        guard let table = routes.table else {
            // The sidecar asks for these at once, and would take any other status for a failure; there are none.
            if path.hasPrefix("/dapr/") { throw Problem.notFound("this path") }
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
        case .none: throw Problem.notFound("this path")
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

    private func probe(_ method: String, _ path: String) async -> Response {
        let answer = await probes.answer(method: method == "HEAD" ? "GET" : method, path: path)
        return Self.response(
            .bytes(Array(answer.body.utf8), contentType: answer.contentType, status: answer.status), requestID: nil,
            isHead: method == "HEAD")
    }

    private static func response(_ answer: ServiceResponse, requestID: String?, isHead: Bool) -> Response {
        var fields = HTTPFields()
        for header in answer.headers {
            // A name that is no token would be our own mistake; it is left out rather than sent.
            if let name = HTTPField.Name(header.name) { fields.append(HTTPField(name: name, value: header.value)) }
        }
        if let requestID { fields[requestIDName] = requestID }
        if fields[.cacheControl] == nil { fields[.cacheControl] = "no-store" }
        fields[.xContentTypeOptions] = "nosniff"
        let response = Response(
            status: .init(code: answer.status), headers: fields,
            body: answer.body.isEmpty && answer.status == 204
                ? .init() : .init(byteBuffer: ByteBuffer(bytes: answer.body)))
        return isHead ? response.createHeadResponse() : response
    }

    private static let requestIDName: HTTPField.Name = {
        guard let name = HTTPField.Name("X-Request-Id") else { preconditionFailure("a token") }
        return name
    }()

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

/// Where a request came from.
struct ServerContext: InitializableFromSource {
    let isLocal: Bool

    init(source: ApplicationRequestContextSource) {
        let address = source.channel.remoteAddress?.ipAddress ?? ""
        isLocal = address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
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
            "todo_http_request_duration_seconds", help: "Time from a request's head to its answer.",
            labels: ["method", "route"])
    }

    func count(method: String, route: String, status: Int, duration spent: Duration) {
        requests.increment(method, route, String(status))
        duration.observe(spent, method, route)
    }
}
