import KubernetesClient
import KubernetesModel
import LocalCluster
import TestSupport
import Testing

/// The local server behind HTTP.
@Suite(.timeLimit(.minutes(1))) struct ServerTests {
    /// Serves a new cluster while `body` runs.
    private func withServer(
        token: String? = nil, _ body: @escaping @Sendable (LocalCluster, HTTPTransport) async throws -> Void,
        credentials: ClusterConfiguration.Credentials = .none
    ) async throws {
        let cluster = LocalCluster()
        let server = LocalClusterServer(cluster, token: token)
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup { group in
            group.addTask {
                try await server.run { port in
                    continuation.yield(port)
                    continuation.finish()
                }
            }
            defer { group.cancelAll() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            let transport = HTTPTransport(
                ClusterConfiguration(
                    server: ServerAddress(isSecure: false, host: "127.0.0.1", port: port), credentials: credentials))
            try await body(cluster, transport)
            await transport.shutdown()
        }
    }

    @Test func `objects go in and out, and a watch streams, over HTTP`() async throws {
        try await withServer { cluster, transport in
            let map = KubernetesObject(
                Kinds.configMaps, namespace: "default", name: "c", body: JSONObject([("data", .strings(["a": "1"]))]))
            let applied = try await transport.send(.apply(map, Kinds.configMaps, fieldManager: "test"))
            #expect(applied.status == 201)
            #expect(cluster.object(map.key)?.json["data"] == ["a": "1"])
            let stream = try await transport.open(
                .watch(Kinds.configMaps, namespace: "default", resourceVersion: nil, timeoutSeconds: 30))
            var text = ""
            for try await chunk in stream.body {
                text += String(decoding: chunk, as: UTF8.self)
                if text.contains("\"DELETED\"") { break }
                if text.hasSuffix("\n"), !text.contains("\"DELETED\"") {
                    _ = try await transport.send(.delete(Kinds.configMaps, namespace: "default", name: "c"))
                }
            }
            #expect(text.hasPrefix("{\"type\":\"ADDED\""))
            let gone = try await transport.send(.get(Kinds.configMaps, namespace: "default", name: "c"))
            #expect(gone.status == 404)
        }
    }

    @Test func `with a token, nobody comes in without it`() async throws {
        try await withServer(token: "secret-token") { _, transport in
            let status = try await transport.send(.path("/version")).status
            #expect(status == 401)
        }
    }

    @Test(.enabled(if: hasKubectl, "no kubectl on the PATH"))
    func `kubectl works with it`() async throws {
        let cluster = LocalCluster()
        let server = LocalClusterServer(cluster)
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup { group in
            group.addTask {
                try await server.run { port in
                    continuation.yield(port)
                    continuation.finish()
                }
            }
            defer { group.cancelAll() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            func kubectl(_ arguments: String...) async throws -> ChildProcess.Result {
                try await ChildProcess.run(
                    "kubectl", ["--server=http://127.0.0.1:\(port)"] + arguments, joined: true)
            }
            let manifest: JSON = [
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "api"],
                "spec": [
                    "selector": ["matchLabels": ["a": "b"]],
                    "template": [
                        "metadata": ["labels": ["a": "b"]],
                        "spec": ["containers": [["name": "main", "image": "example.com/app:1"]]],
                    ],
                ],
            ]
            let created = try await ChildProcess.run(
                "bash",
                [
                    "-c", "kubectl --server=\"$0\" apply --server-side --validate=false --filename=- <<<\"$1\"",
                    "http://127.0.0.1:\(port)", manifest.text,
                ], joined: true)
            #expect(created.status == 0, "\(created.text)")
            let scaled = try await kubectl("scale", "deployment/api", "--replicas=3")
            #expect(scaled.status == 0, "\(scaled.text)")
            let labelled = try await kubectl("label", "deployment", "api", "color=red")
            #expect(labelled.status == 0, "\(labelled.text)")
            let shown = try await kubectl(
                "get", "deploy", "-l", "color=red", "-o", "jsonpath={.items[0].spec.replicas}")
            #expect(shown.text == "3")
            let deleted = try await kubectl("delete", "deployment", "api", "--wait=true", "--timeout=20s")
            #expect(deleted.status == 0, "\(deleted.text)")
            #expect(cluster.objects(GroupKind(group: "apps", kind: "Deployment")).isEmpty)
        }
    }

    private static let hasKubectl = ChildProcess.isInstalled("kubectl")
}
