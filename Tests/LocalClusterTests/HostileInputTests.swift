import KubernetesClient
import KubernetesModel
import LocalCluster
import TestSupport
import Testing

/// Requests that no good client sends.
@Suite(.timeLimit(.minutes(2))) struct HostileInputTests {
    @Test(arguments: [
        "", "/", "/api", "//", "/api/", "/apis/", "/api/v1/namespaces/default/configmaps/a/b/c/d", "/apis/apps",
        "/apis/apps/v1/namespaces//deployments", "/api/v1/namespaces/%zz/configmaps/%", "/api/v2", "/favicon.ico",
        "/apis/apps/v1/deployments/x/scale/y", "/api/v1/namespaces/default/configmaps/%2e%2e%2fx",
    ])
    func `any path gets an answer`(path: String) async throws {
        let cluster = LocalCluster()
        let answer = try await InProcessTransport(cluster).send(.path(path))
        #expect([200, 404, 405].contains(answer.status), "\(answer.status)")
    }

    @Test(
        arguments: TestServer.available,
        [
            "", "null", "[]", "{", "{}", "42", "{\"kind\":\"ConfigMap\"}",
            "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":[]}",
            "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":7}}",
            "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\"},\"data\":\"x\"}",
            "{\"apiVersion\":\"v2\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\"}}",
            "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"c\"}}",
        ])
    func `a malformed body is refused, not stored`(server: TestServer, body: String) async throws {
        let session = try await Session(server)
        let good = KubernetesRequest.create(session.object(Kinds.configMaps, "c"), Kinds.configMaps)
        let request = KubernetesRequest(
            verb: .create, method: .post, path: good.path, contentType: "application/json", body: Array(body.utf8),
            target: good.target)
        let answer = try await session.send(request)
        #expect([400, 422].contains(answer.status), "\(answer.status) \(answer.json.text)")
        #expect(try await session.get(Kinds.configMaps, "c").status == 404)
    }

    @Test(arguments: ["a=b=c", "in (", "x in (a", ")", "a in b", "=,=", "!"])
    func `a strange selector does no harm`(selector: String) async throws {
        let session = try await Session(.local)
        let answer = try await session.send(
            .list(Kinds.configMaps, namespace: session.namespace, labelSelector: selector))
        #expect([200, 400].contains(answer.status))
    }

    /// Bytes of a good apply, some of them changed by chance, must never bring the server down or store what is no
    /// object.
    @Test(arguments: [11, 12, 13] as [UInt64])
    func `random damage to an apply is refused or harmless`(seed: UInt64) async throws {
        let session = try await Session(.local)
        try await session.installWidgets()
        let good = KubernetesRequest.apply(
            session.object(
                Kinds.widgets, "w",
                [
                    "spec": [
                        "title": "abc", "parts": [["id": "a", "count": 1]], "tags": ["x"], "free": ["a": [1, .null]],
                    ]
                ]),
            Kinds.widgets, fieldManager: "test")
        var dice = Dice(seed: seed)
        let letters = Array("{}[]\",:0a-\u{7f} ".utf8)
        for _ in 1...2_000 {
            var body = good.body
            for _ in 0...dice.roll(3) { body[dice.roll(body.count)] = letters[dice.roll(letters.count)] }
            let request = KubernetesRequest(
                verb: .patch, method: .patch, path: good.path, query: good.query, contentType: good.contentType,
                body: body, target: good.target)
            let answer = try await session.send(request)
            #expect([200, 201, 400, 404, 409, 422, 500].contains(answer.status), "\(answer.status)")
        }
        for object in session.cluster?.objects(Kinds.widgets.groupKind) ?? [] {
            #expect(object.name == "w")
            #expect(object.spec?["title"]?.string != nil)
        }
    }

    @Test func `many writers at once lose nothing`() async throws {
        let session = try await Session(.local)
        _ = try await session.create(session.object(Kinds.configMaps, "c"), Kinds.configMaps)
        try await withThrowingTaskGroup { group in
            for writer in 1...20 {
                group.addTask {
                    for number in 1...20 {
                        _ = try await session.apply(
                            session.object(Kinds.configMaps, "c", ["data": .strings(["w\(writer)": "\(number)"])]),
                            Kinds.configMaps, by: "writer-\(writer)")
                    }
                }
            }
            try await group.waitForAll()
        }
        let result = try await session.get(Kinds.configMaps, "c")
        #expect(result.json["data"]?.object?.count == 20)
        #expect(result.json["data"]?.object?.allSatisfy { $0.value == "20" } == true)
    }
}
