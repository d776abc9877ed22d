import KubernetesModel
import TestSupport
import Testing

/// Server-side apply, on every server.
@Suite(.timeLimit(.minutes(2))) struct ApplyTests {
    @Test(arguments: TestServer.available)
    func `apply creates, owns what it sent, and does nothing the second time`(server: TestServer) async throws {
        let session = try await Session(server)
        let intent = Kinds.deployment(session, "api", spec: ["replicas": 2])
        let first = try await session.apply(intent, Kinds.deployments)
        #expect(first.status == 201)
        #expect(first.object.generation == 1)
        #expect(first.object.uid?.utf8.count == 36)
        let entry = first.json["metadata"]?["managedFields"]?[0]
        #expect(entry?["manager"] == "test")
        #expect(entry?["operation"] == "Apply")
        #expect(
            entry?["fieldsV1"]?["f:spec"] == [
                "f:replicas": [:], "f:selector": [:],
                "f:template": [
                    "f:metadata": ["f:labels": ["f:app": [:]]],
                    "f:spec": [
                        "f:containers": [
                            "k:{\"name\":\"main\"}": [".": [:], "f:name": [:], "f:image": [:]]
                        ]
                    ],
                ],
            ])
        let second = try await session.apply(intent, Kinds.deployments)
        #expect(second.status == 200)
        #expect(second.object.resourceVersion == first.object.resourceVersion)
    }

    @Test(arguments: TestServer.available)
    func `lists merge by their keys and each manager takes back only its own`(server: TestServer) async throws {
        let session = try await Session(server)
        func intent(_ env: JSON, ports: JSON = []) -> KubernetesObject {
            Kinds.deployment(session, "api", container: ["env": env, "ports": ports])
        }
        _ = try await session.apply(
            intent(
                [["name": "A", "value": "1"], ["name": "B", "value": "2"]],
                ports: [["containerPort": 80, "protocol": "TCP"]]),
            Kinds.deployments)
        let other = session.object(
            Kinds.deployments, "api",
            [
                "spec": [
                    "template": [
                        "spec": [
                            "containers": [
                                [
                                    "name": "main", "env": [["name": "C", "value": "3"]],
                                    "ports": [["containerPort": 80, "protocol": "UDP"]],
                                ]
                            ]
                        ]
                    ]
                ]
            ])
        let both = try await session.apply(other, Kinds.deployments, by: "other", force: false)
        #expect(both.status == 200, "\(both.message)")
        func container(_ answer: Session.Answer) -> JSON {
            answer.json[path: ["spec", "template", "spec", "containers"]]?[0] ?? .null
        }
        #expect(container(both)["env"]?.array?.compactMap { $0["name"]?.string } == ["A", "B", "C"])
        #expect(container(both)["ports"]?.array?.count == 2)

        let less = try await session.apply(intent([["name": "B", "value": "2"]]), Kinds.deployments)
        #expect(container(less)["env"]?.array?.compactMap { $0["name"]?.string } == ["B", "C"])
        #expect(container(less)["ports"]?.array?.compactMap { $0["protocol"]?.string } == ["UDP"])
    }

    @Test(arguments: TestServer.available)
    func `a field left out goes back to its default, or stays when somebody else owns it too`(server: TestServer)
        async throws
    {
        let session = try await Session(server)
        func intent(_ spec: JSON) -> KubernetesObject { Kinds.deployment(session, "api", spec: spec) }
        _ = try await session.apply(intent(["revisionHistoryLimit": 3, "replicas": 4]), Kinds.deployments)
        let replicas = session.object(Kinds.deployments, "api", ["spec": ["replicas": 4]])
        let shared = try await session.apply(replicas, Kinds.deployments, by: "scaler", force: false)
        #expect(shared.status == 200, "equal values are no conflict: \(shared.message)")
        let result = try await session.apply(intent([:]), Kinds.deployments)
        #expect(result.json["spec"]?["revisionHistoryLimit"] == 10)
        #expect(result.json["spec"]?["replicas"] == 4)
        let managers = result.json["metadata"]?["managedFields"]?.array ?? []
        #expect(managers.contains { $0["manager"] == "scaler" && $0["fieldsV1"] == ["f:spec": ["f:replicas": [:]]] })
    }

    @Test(arguments: TestServer.available)
    func `replicas fall back to one when their only owner lets go`(server: TestServer) async throws {
        let session = try await Session(server)
        _ = try await session.apply(Kinds.deployment(session, "api", spec: ["replicas": 4]), Kinds.deployments)
        let result = try await session.apply(Kinds.deployment(session, "api"), Kinds.deployments)
        #expect(result.json["spec"]?["replicas"] == 1)
    }

    @Test(arguments: TestServer.available)
    func `another manager's field is a conflict with its cause, and force takes it over`(server: TestServer)
        async throws
    {
        let session = try await Session(server)
        _ = try await session.apply(Kinds.deployment(session, "api", spec: ["replicas": 2]), Kinds.deployments)
        let other = session.object(Kinds.deployments, "api", ["spec": ["replicas": 5]])
        let refused = try await session.apply(other, Kinds.deployments, by: "other", force: false)
        #expect(refused.status == 409)
        #expect(refused.reason == "Conflict")
        #expect(refused.causes.count == 1)
        #expect(refused.causes.first?["reason"] == "FieldManagerConflict")
        #expect(refused.causes.first?["field"] == ".spec.replicas")
        #expect(refused.causes.first?["message"]?.string?.hasPrefix("conflict with \"test\"") == true)
        let forced = try await session.apply(other, Kinds.deployments, by: "other")
        #expect(forced.json["spec"]?["replicas"] == 5)
        let mine = forced.json["metadata"]?["managedFields"]?.array?.first { $0["manager"] == "test" }
        #expect(mine?["fieldsV1"]?["f:spec"]?["f:replicas"] == nil)
    }

    @Test(arguments: TestServer.available)
    func `a field that the schema does not know is refused by name`(server: TestServer) async throws {
        let session = try await Session(server)
        try await session.installWidgets()
        let deployment = try await session.apply(
            Kinds.deployment(session, "api", spec: ["nonsense": 1]), Kinds.deployments)
        #expect([400, 500].contains(deployment.status))
        #expect(deployment.message.contains(".spec.nonsense: field not declared in schema"), "\(deployment.message)")
        let widget = try await session.apply(
            session.object(Kinds.widgets, "w", ["spec": ["title": "abc", "nonsense": 1]]), Kinds.widgets)
        #expect([400, 500].contains(widget.status))
        #expect(widget.message.contains(".spec.nonsense: field not declared in schema"), "\(widget.message)")
        #expect(try await session.get(Kinds.widgets, "w").status == 404)
    }

    @Test(arguments: TestServer.available)
    func `what a PUT or POST wrote is not removed by leaving it out of an apply`(server: TestServer) async throws {
        let session = try await Session(server)
        _ = try await session.create(
            session.object(Kinds.configMaps, "c", ["data": ["a": "1", "b": "2"]]), Kinds.configMaps)
        let result = try await session.apply(
            session.object(Kinds.configMaps, "c", ["data": ["a": "1"]]), Kinds.configMaps)
        #expect(result.json["data"] == ["a": "1", "b": "2"])
        let next = try await session.apply(
            session.object(Kinds.configMaps, "c", ["data": ["b": "3"]]), Kinds.configMaps)
        #expect(next.json["data"] == ["a": "1", "b": "3"], "the creator still owns a")
        let last = try await session.apply(session.object(Kinds.configMaps, "c", ["data": [:]]), Kinds.configMaps)
        #expect(last.json["data"] == ["a": "1"], "b went with its last owner")
    }

    @Test(arguments: TestServer.available)
    func `a status is applied by its own endpoint only`(server: TestServer) async throws {
        let session = try await Session(server)
        try await session.installWidgets()
        let widget = session.object(Kinds.widgets, "w", ["spec": ["title": "abc"]])
        let created = try await session.apply(widget, Kinds.widgets)
        #expect(created.status == 201, "\(created.message)")
        let status = session.object(
            Kinds.widgets, "w", ["status": ["phase": "Good", "conditions": [["type": "Ready", "status": "True"]]]])
        let written = try await session.apply(status, Kinds.widgets, by: "test-status", subresource: "status")
        #expect(written.status == 200, "\(written.message)")
        #expect(written.json["status"]?["phase"] == "Good")
        #expect(written.object.generation == 1)
        let again = try await session.apply(status, Kinds.widgets, by: "test-status", subresource: "status")
        #expect(again.object.resourceVersion == written.object.resourceVersion)
        let spec = try await session.apply(widget, Kinds.widgets)
        #expect(spec.json["status"]?["phase"] == "Good", "an apply of the spec leaves the status alone")
        #expect(spec.object.resourceVersion == written.object.resourceVersion)
    }

    @Test(arguments: TestServer.available)
    func `an apply says who applies, and nothing about managed fields`(server: TestServer) async throws {
        let session = try await Session(server)
        let map = session.object(Kinds.configMaps, "c", ["data": ["a": "1"]])
        var withFields = map
        withFields.json[path: ["metadata", "managedFields"]] = [
            ["manager": "x", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": [:]]
        ]
        #expect(try await session.apply(withFields, Kinds.configMaps).status == 400)
        #expect([400, 422].contains(try await session.apply(map, Kinds.configMaps, by: "").status))
        #expect(try await session.get(Kinds.configMaps, "c").status == 404)
    }

    @Test(arguments: TestServer.available)
    func `a uid in the body protects against re-creation`(server: TestServer) async throws {
        let session = try await Session(server)
        var map = session.object(Kinds.configMaps, "c", ["data": ["a": "1"]])
        let created = try await session.apply(map, Kinds.configMaps)
        map.json[path: ["metadata", "uid"]] = .string(created.object.uid ?? "")
        #expect(try await session.apply(map, Kinds.configMaps).status == 200)
        map.json[path: ["metadata", "uid"]] = "00000000-0000-4000-8000-000000000000"
        #expect(try await session.apply(map, Kinds.configMaps).status == 422)
    }

    @Test(arguments: TestServer.available)
    func `an apply can be held to making a new object, and one that is there is left alone`(server: TestServer)
        async throws
    {
        let session = try await Session(server)
        // A version that no object has. Services could not be made so before Kubernetes 1.23, but with a grace period that
        // no object can be given; servers of today store that.
        let body: JSON = ["spec": ["selector": ["app": "a"], "ports": [["port": 80, "protocol": "TCP"]]]]
        var cases: [(ResourceType, String, String, JSON, JSON)] = [
            (Kinds.configMaps, "c", "resourceVersion", "1", ["data": ["a": "1"]])
        ]
        if server.isCurrent {
            cases.append((Kinds.services, "s", "resourceVersion", "1", body))
        } else {
            cases.append((Kinds.configMaps, "d", "deletionGracePeriodSeconds", 1, ["data": ["a": "1"]]))
            cases.append((Kinds.services, "s", "deletionGracePeriodSeconds", 1, body))
        }
        for (type, name, field, value, body) in cases {
            var object = session.object(type, name, body)
            object.json[path: ["metadata", field]] = value
            let made = try await session.apply(object, type, force: false)
            #expect(made.status == 201, "\(made.json.text)")
            #expect(made.json["metadata"]?[field] != value)
            let refused = try await session.apply(object, type, force: false)
            let isVersion = field == "resourceVersion"
            #expect(refused.status == (isVersion ? 409 : 422), "\(refused.json.text)")
            #expect(isVersion || refused.causes.contains { $0["field"]?.string == "metadata.\(field)" })
            #expect(try await session.get(type, name).object.resourceVersion == made.object.resourceVersion)
        }
        guard !server.isCurrent else { return }
        var service = session.object(Kinds.services, "t", ["spec": ["ports": [["port": 80, "protocol": "TCP"]]]])
        service.json[path: ["metadata", "resourceVersion"]] = "1"
        let refused = try await session.apply(service, Kinds.services, force: false)
        #expect(refused.status == 500 && refused.message.contains("resourceVersion should not be set"))
    }

    @Test(arguments: TestServer.available)
    func `a dry run answers as the real thing would and changes nothing`(server: TestServer) async throws {
        let session = try await Session(server)
        let map = session.object(Kinds.configMaps, "c", ["data": ["a": "1"]])
        let tried = try await session.apply(map, Kinds.configMaps, dryRun: true)
        #expect(tried.status == 201)
        #expect(tried.json["data"] == ["a": "1"])
        #expect(try await session.get(Kinds.configMaps, "c").status == 404)
        let created = try await session.apply(map, Kinds.configMaps)
        let other = session.object(Kinds.configMaps, "c", ["data": ["a": "2"]])
        #expect(try await session.apply(other, Kinds.configMaps, dryRun: true).json["data"] == ["a": "2"])
        let after = try await session.get(Kinds.configMaps, "c")
        #expect(after.json["data"] == ["a": "1"])
        #expect(after.object.resourceVersion == created.object.resourceVersion)
    }
}
