/// What answers to which path: a tree of path segments. A literal segment is preferred to a parameter; there is no
/// going back, so what stands under a literal is found under it only.
struct RouteTable: Sendable {
    typealias Handler = @Sendable (ServiceRequest) async throws -> ServiceResponse

    struct Route: Sendable {
        let method: Method
        let pattern: String
        /// In the order of the path.
        let parameters: [String]
        let bodyLimit: Int
        /// Only callers on this machine are let in, and only theirs may be long bodies.
        let isForSidecar: Bool
        let handler: Handler
    }

    enum Match {
        case route(Route, parameters: [String: String])
        /// The path exists, for other methods.
        case otherMethods([Method], pattern: String)
        case none
        /// An escape in the path is broken.
        case malformed
    }

    private struct Node: Sendable {
        var literals: [String: Node] = [:]
        /// At most one.
        var parameter: [Node] = []
        var routes: [Method: Route] = [:]

        mutating func add(_ route: Route, _ segments: ArraySlice<Substring>) {
            guard let segment = segments.first else {
                precondition(routes[route.method] == nil, "\(route.method.rawValue) \(route.pattern) exists twice")
                routes[route.method] = route
                return
            }
            if RouteTable.parameterName(segment) != nil {
                if parameter.isEmpty { parameter.append(Node()) }
                parameter[0].add(route, segments.dropFirst())
            } else {
                literals[String(segment), default: Node()].add(route, segments.dropFirst())
            }
        }
    }

    private var root = Node()
    private(set) var all: [(method: Method, pattern: String)] = []

    /// - Parameter pattern: `/api/{user_id}/tasks`; wrong ones are our own mistake.
    mutating func add(
        _ method: Method, _ pattern: String, bodyLimit: Int, isForSidecar: Bool = false, _ handler: @escaping Handler
    ) {
        precondition(pattern.hasPrefix("/") && !pattern.hasSuffix("/"), "\(pattern) is no pattern")
        let segments = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let route = Route(
            method: method, pattern: pattern, parameters: segments.compactMap(Self.parameterName), bodyLimit: bodyLimit,
            isForSidecar: isForSidecar, handler: handler)
        root.add(route, segments[...])
        all.append((method, pattern))
    }

    /// - Parameter path: encoded, without the query.
    func match(_ method: Method?, _ path: String) -> Match {
        guard path.utf8.first == UInt8(ascii: "/") else { return .none }
        var node = root
        var values: [String] = []
        for segment in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let text = PercentEncoding.decoded(segment) else { return .malformed }
            if let next = node.literals[text] {
                node = next
            } else if let next = node.parameter.first, !text.isEmpty {
                node = next
                values.append(text)
            } else {
                return .none
            }
        }
        guard let any = node.routes.first?.value else { return .none }
        guard let method, let route = node.routes[method] else {
            return .otherMethods(Method.allCases.filter { node.routes[$0] != nil }, pattern: any.pattern)
        }
        return .route(
            route, parameters: Dictionary(zip(route.parameters, values), uniquingKeysWith: { first, _ in first }))
    }

    private static func parameterName(_ segment: Substring) -> String? {
        guard segment.hasPrefix("{"), segment.hasSuffix("}") else { return nil }
        return String(segment.dropFirst().dropLast())
    }
}
