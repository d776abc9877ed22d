import KubernetesModel
import TestSupport
import Testing

/// Defaults, pruning and validation, on every server.
@Suite(.timeLimit(.minutes(2))) struct SchemaTests {
    @Test(arguments: TestServer.available)
    func `defaults are written and unknown fields dropped`(server: TestServer) async throws {
        let session = try await Session(server)
        try await session.installWidgets()
        let created = try await session.create(
            session.object(
                Kinds.widgets, "w",
                [
                    "spec": [
                        "title": "abc", "unknown": 1, "hint": .null, "size": .null,
                        "parts": [["id": "x", "odd": true]],
                        "free": ["any": ["thing": [1, "two"]]],
                    ]
                ]), Kinds.widgets)
        #expect(created.status == 201, "\(created.message)")
        #expect(
            created.json["spec"] == [
                "title": "abc", "hint": .null, "size": 3, "mode": "slow", "nested": ["level": 7],
                "parts": [["id": "x", "count": 1]], "free": ["any": ["thing": [1, "two"]]],
            ])
    }

    @Test(
        arguments: TestServer.available,
        [
            // too small, too large
            (["title": "abc", "size": 0], "spec.size", "spec.size in body should be greater than or equal to 1"),
            (["title": "abc", "size": 11], "spec.size", "spec.size in body should be less than or equal to 10"),
            // missing
            (["size": 1], "spec.title", "Required value"),
            // text: too short, too long, wrong letters
            (["title": "a"], "spec.title", "spec.title in body should be at least 2 chars long"),
            (["title": "abcdefghijk"], "spec.title", "10"),
            (["title": "A-B"], "spec.title", "spec.title in body should match '^[a-z]+$'"),
            // not among the choices
            (
                ["title": "abc", "mode": "medium"], "spec.mode",
                "Unsupported value: \"medium\": supported values: \"fast\", \"slow\""
            ),
            // wrong types
            (["title": "abc", "size": "three"], "spec.size", "spec.size in body must be of type integer: \"string\""),
            (["title": "abc", "isOn": 1], "spec.isOn", "spec.isOn in body must be of type boolean"),
            (["title": "abc", "words": "a"], "spec.words", "spec.words in body must be of type array: \"string\""),
            // lists: too long, doubled
            (["title": "abc", "tags": ["a", "b", "c", "d"]], "spec.tags", "3"),
            (["title": "abc", "tags": ["a", "a"]], "spec.tags[1]", "Duplicate value"),
            (["title": "abc", "parts": [["id": "x"], ["id": "x"]]], "spec.parts[1]", "Duplicate value"),
            (["title": "abc", "parts": [["note": "x"]]], "spec.parts[0].id", "Required value"),
        ] as [(JSON, String, String)])
    func `what breaks the schema is refused with field and reason`(
        server: TestServer, row: (spec: JSON, field: String, message: String)
    ) async throws {
        let session = try await Session(server)
        try await session.installWidgets()
        let answer = try await session.create(session.object(Kinds.widgets, "w", ["spec": row.spec]), Kinds.widgets)
        #expect(answer.status == 422, "\(answer.json.text)")
        #expect(answer.reason == "Invalid")
        #expect(answer.message.hasPrefix("Widget.test.todoplatform.dev \"w\" is invalid: "), "\(answer.message)")
        // Kubernetes 1.20 leaves out the index of an item that lacks a member.
        let fields = answer.causes.compactMap { $0["field"]?.string }
        #expect(
            fields.contains(row.field) || server == .real && fields == [row.field.replacing("[0].", with: ".")],
            "\(answer.json.text)")
        #expect(answer.message.contains(row.message), "\(answer.message)")
        #expect(try await session.get(Kinds.widgets, "w").status == 404)
    }

    @Test(arguments: TestServer.available)
    func `several problems come at once`(server: TestServer) async throws {
        let session = try await Session(server)
        try await session.installWidgets()
        let answer = try await session.create(
            session.object(Kinds.widgets, "w", ["spec": ["title": "A-B", "size": 0]]), Kinds.widgets)
        #expect(answer.causes.count == 2, "\(answer.json.text)")
    }

    @Test(arguments: TestServer.available)
    func `amounts are rewritten in canonical form, and the same intent is still a no-op`(server: TestServer)
        async throws
    {
        let session = try await Session(server)
        let intent = Kinds.deployment(
            session, "api",
            container: ["resources": ["limits": ["cpu": "0.5", "memory": "1024Mi"], "requests": ["cpu": "100m"]]])
        let created = try await session.apply(intent, Kinds.deployments)
        let resources = created.json[path: ["spec", "template", "spec", "containers"]]?[0]?["resources"]
        #expect(resources?["limits"] == ["cpu": "500m", "memory": "1Gi"])
        #expect(resources?["requests"] == ["cpu": "100m"], "requests are filled from limits in pods only")
        // Kubernetes 1.20 writes the time of the second apply, should it come in another second.
        guard server.isCurrent else { return }
        let again = try await session.apply(intent, Kinds.deployments)
        #expect(again.object.resourceVersion == created.object.resourceVersion)
    }

    @Test(arguments: TestServer.available)
    func `empty values of built-in kinds are not kept, and the same intent is still a no-op`(server: TestServer)
        async throws
    {
        let session = try await Session(server)
        let intent = Kinds.deployment(
            session, "api", container: ["env": [["name": "EMPTY", "value": ""]], "args": []],
            spec: ["paused": false, "minReadySeconds": 0])
        let created = try await session.apply(intent, Kinds.deployments)
        let container = created.json[path: ["spec", "template", "spec", "containers"]]?[0]
        #expect(container?["env"] == [["name": "EMPTY"]])
        #expect(container?["args"] == nil)
        #expect(created.json["spec"]?["paused"] == nil)
        // Kubernetes 1.20 writes the time of the second apply, should it come in another second.
        guard server.isCurrent else { return }
        let again = try await session.apply(intent, Kinds.deployments)
        #expect(again.object.resourceVersion == created.object.resourceVersion)
    }

    @Test(arguments: TestServer.available)
    func `what must not change is refused`(server: TestServer) async throws {
        let session = try await Session(server)
        _ = try await session.apply(Kinds.deployment(session, "api"), Kinds.deployments)
        let labels: JSON = ["app": "api", "more": "x"]
        let selector = try await session.apply(
            Kinds.deployment(
                session, "api",
                spec: [
                    "selector": ["matchLabels": labels],
                    "template": [
                        "metadata": ["labels": labels],
                        "spec": ["containers": [["name": "main", "image": "example.com/app:1"]]],
                    ],
                ]), Kinds.deployments)
        #expect(selector.status == 422)
        #expect(selector.message.contains("spec.selector"))
        #expect(selector.message.contains("field is immutable"))

        let mismatch = try await session.apply(
            Kinds.deployment(session, "other", spec: ["selector": ["matchLabels": ["app": "none"]]]), Kinds.deployments)
        #expect(mismatch.status == 422)
        #expect(mismatch.message.contains("`selector` does not match template `labels`"), "\(mismatch.message)")

        let job: JSON = [
            "template": [
                "spec": ["restartPolicy": "Never", "containers": [["name": "m", "image": "example.com/m:1"]]]
            ]
        ]
        _ = try await session.apply(session.object(Kinds.jobs, "migrate", ["spec": job]), Kinds.jobs)
        var changed = job
        changed[path: ["template", "spec", "containers"]] = [["name": "m", "image": "example.com/m:2"]]
        let template = try await session.apply(session.object(Kinds.jobs, "migrate", ["spec": changed]), Kinds.jobs)
        #expect(template.status == 422)
        #expect(template.message.contains("field is immutable"))
    }

    @Test(arguments: TestServer.available, ["Upper", "under_score", "-start", "a..b", "ü"])
    func `a name that is none is refused`(server: TestServer, name: String) async throws {
        let session = try await Session(server)
        let answer = try await session.create(session.object(Kinds.configMaps, name), Kinds.configMaps)
        #expect(answer.status == 422)
        #expect(answer.causes.first?["field"] == "metadata.name")
    }

    @Test(arguments: TestServer.available)
    func `a label value that is none is refused`(server: TestServer) async throws {
        let session = try await Session(server)
        for value in ["with space", "-start", String(repeating: "x", count: 64), "a\nb"] {
            let answer = try await session.create(
                session.object(Kinds.configMaps, "c", labels: ["key": value]), Kinds.configMaps)
            #expect(answer.status == 422, "\(value)")
            #expect(answer.causes.first?["field"] == "metadata.labels")
        }
    }

    @Test(arguments: TestServer.available)
    func `a Secret's texts become data`(server: TestServer) async throws {
        let session = try await Session(server)
        let created = try await session.create(
            session.object(Kinds.secrets, "s", ["stringData": ["a": "1", "b": "zwölf"]]), Kinds.secrets)
        #expect(created.json["data"] == ["a": "MQ==", "b": "enfDtmxm"])
        #expect(created.json["stringData"] == nil)
        #expect(created.json["type"] == "Opaque")
    }
}
