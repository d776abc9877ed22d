import HTTPTypes
import Hummingbird
import KubernetesModel
import NIOCore

/// HTTP in front of a `LocalCluster`, on the loopback address, so that kubectl and other processes can use it.
///
/// Watches stream. Bodies are JSON, not protobuf, and there is no OpenAPI: kubectl needs `--validate=false` to apply, and its
/// `create` for built-in kinds does not work. HTTP/1.1 without TLS; nobody outside the machine reaches it.
package struct LocalClusterServer: Sendable {
    private let cluster: LocalCluster
    private let port: Int
    private let token: String?

    /// The largest request body taken; an object may have 1.5 MiB in etcd.
    private static let maximumBodyBytes = 8 << 20

    /// - Parameters:
    ///   - port: 0 for a free one.
    ///   - token: what clients have to send as bearer token; nil lets everybody in.
    package init(_ cluster: LocalCluster, port: Int = 0, token: String? = nil) {
        self.cluster = cluster
        self.port = port
        self.token = token
    }

    /// Serves until the task is cancelled. - Parameter onReady: gets the port once requests are answered.
    package func run(onReady: @escaping @Sendable (Int) async -> Void = { _ in }) async throws {
        let application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in try await respond(request) },
            configuration: .init(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? 0) })
        try await application.run()
    }

    /// A kubeconfig for a server on `port`.
    package func kubeconfig(port: Int) -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: local
        contexts:
        - name: local
          context: {cluster: local, user: local}
        clusters:
        - name: local
          cluster: {server: "http://127.0.0.1:\(port)"}
        users:
        - name: local
          user: {\(token.map { "token: \"\($0)\"" } ?? "")}

        """
    }

    private func respond(_ request: Request) async throws -> Response {
        if let token, request.headers[.authorization] != "Bearer \(token)" {
            let status = APIStatus(401, "Unauthorized", "Unauthorized")
            return Self.response(LocalCluster.Response(json: status.json, status: 401))
        }
        guard let method = KubernetesRequest.Method(rawValue: request.method.rawValue) else {
            return Self.response(
                LocalCluster.Response(json: APIStatus.methodNotAllowed("\(request.method)").json, status: 405))
        }
        let body = try await request.body.collect(upTo: Self.maximumBodyBytes)
        var query = Dictionary(
            request.uri.queryParameters.map { (String($0.key), String($0.value)) }, uniquingKeysWith: { $1 })
        if query["fieldManager"] == nil, let agent = request.headers[.userAgent] {
            // Clients that name no field manager go by the first word of their agent.
            query["fieldManager"] = String(agent.prefix { $0 != "/" })
        }
        let answer = cluster.handle(
            RawRequest(
                method: method, path: request.uri.path, query: query, contentType: request.headers[.contentType],
                accept: request.headers[.accept] ?? "application/json", body: Array(buffer: body)))
        return Self.response(answer)
    }

    private static func response(_ answer: LocalCluster.Response) -> Response {
        var headers = HTTPFields()
        for header in answer.headers {
            if let name = HTTPField.Name(header.name) { headers.append(HTTPField(name: name, value: header.value)) }
        }
        let body: ResponseBody
        switch answer.body {
        case .whole(let bytes): body = ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .stream(let stream):
            body = ResponseBody { writer in
                for try await line in stream { try await writer.write(ByteBuffer(bytes: line)) }
                try await writer.finish(nil)
            }
        }
        return Response(status: HTTPResponse.Status(code: answer.status), headers: headers, body: body)
    }
}
