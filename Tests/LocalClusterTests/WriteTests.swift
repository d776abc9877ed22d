import KubernetesModel
import TestSupport
import Testing

/// Create, replace, patch and delete, on every server.
@Suite(.timeLimit(.minutes(2))) struct WriteTests {
    @Test(arguments: TestServer.available)
    func `two creators and stale writers get 409 with different reasons`(server: TestServer) async throws {
        let session = try await Session(server)
        let map = session.object(Kinds.configMaps, "c", ["data": ["a": "1"]])
        let created = try await session.create(map, Kinds.configMaps)
        #expect(created.status == 201)
        let again = try await session.create(map, Kinds.configMaps)
        #expect(again.status == 409)
        #expect(again.reason == "AlreadyExists")

        var newer = created.object
        newer.json[path: ["data", "a"]] = "2"
        #expect(try await session.send(.replace(newer, Kinds.configMaps)).status == 200)
        newer.json[path: ["data", "a"]] = "3"
        let stale = try await session.send(.replace(newer, Kinds.configMaps))
        #expect(stale.status == 409)
        #expect(stale.reason == "Conflict")
        #expect(stale.message.contains("the object has been modified"))
    }

    @Test(arguments: TestServer.available)
    func `a write that changes nothing keeps the resource version`(server: TestServer) async throws {
        let session = try await Session(server)
        let created = try await session.create(Kinds.deployment(session, "api"), Kinds.deployments)
        let put = try await session.send(.replace(created.object, Kinds.deployments))
        #expect(put.object.resourceVersion == created.object.resourceVersion, "\(put.json.text)")
        let patch = try await session.send(
            .mergePatch(
                ["spec": ["replicas": 1]], Kinds.deployments, namespace: session.namespace, name: "api",
                fieldManager: "test"))
        // Kubernetes 1.20 writes the time of a patch, should it come in another second.
        if server.isLocal { #expect(patch.object.resourceVersion == created.object.resourceVersion) }
    }

    @Test(arguments: TestServer.available)
    func `generation follows the spec, not metadata and status`(server: TestServer) async throws {
        let session = try await Session(server)
        try await session.installWidgets()
        _ = try await session.create(session.object(Kinds.widgets, "w", ["spec": ["title": "abc"]]), Kinds.widgets)
        func patch(_ patch: JSON, subresource: String? = nil) async throws -> Session.Answer {
            try await session.send(
                .mergePatch(
                    patch, Kinds.widgets, namespace: session.namespace, name: "w", fieldManager: "test",
                    subresource: subresource))
        }
        #expect(try await patch(["metadata": ["labels": ["a": "b"]]]).object.generation == 1)
        #expect(try await patch(["spec": ["size": 5]]).object.generation == 2)
        let status = try await patch(["spec": ["size": 6], "status": ["phase": "Good"]], subresource: "status")
        #expect(status.object.generation == 2)
        #expect(status.json["spec"]?["size"] == 5, "the status endpoint ignores the spec")
        #expect(status.json["status"]?["phase"] == "Good")
        let main = try await patch(["spec": ["size": 7], "status": ["phase": "Bad"]])
        #expect(main.object.generation == 3)
        #expect(main.json["status"]?["phase"] == "Good", "the main endpoint ignores the status")
    }

    @Test(arguments: TestServer.available)
    func `merge patches replace lists and remove what is null`(server: TestServer) async throws {
        let session = try await Session(server)
        try await session.installWidgets()
        let spec: JSON = ["title": "abc", "words": ["x", "y"], "ratio": 1.5, "options": ["k": "v", "l": "w"]]
        _ = try await session.create(session.object(Kinds.widgets, "w", ["spec": spec]), Kinds.widgets)
        let patched = try await session.send(
            .mergePatch(
                ["spec": ["words": ["z"], "ratio": .null, "options": ["k": .null]]], Kinds.widgets,
                namespace: session.namespace, name: "w", fieldManager: "test"))
        #expect(patched.json["spec"]?["words"] == ["z"])
        #expect(patched.json["spec"]?["ratio"] == nil)
        #expect(patched.json["spec"]?["options"] == ["l": "w"])
    }

    @Test(arguments: TestServer.available)
    func `a JSON patch works only while its tests hold`(server: TestServer) async throws {
        let session = try await Session(server)
        _ = try await session.create(session.object(Kinds.configMaps, "c", ["data": ["a/b": "1"]]), Kinds.configMaps)
        func patch(_ operations: [JSON]) async throws -> Session.Answer {
            try await session.send(
                .jsonPatch(operations, Kinds.configMaps, namespace: session.namespace, name: "c", fieldManager: "test"))
        }
        let failed = try await patch([
            ["op": "test", "path": "/data/a~1b", "value": "2"], ["op": "remove", "path": "/data/a~1b"],
        ])
        // Key names may not hold a slash, so the value could only come through here by mistake.
        #expect(failed.status == 422 || failed.status == 404)
        _ = try await session.create(session.object(Kinds.configMaps, "d", ["data": ["a": "1"]]), Kinds.configMaps)
        func patchD(_ operations: [JSON]) async throws -> Session.Answer {
            try await session.send(
                .jsonPatch(operations, Kinds.configMaps, namespace: session.namespace, name: "d", fieldManager: "test"))
        }
        let refused = try await patchD([
            ["op": "test", "path": "/data/a", "value": "2"], ["op": "remove", "path": "/data/a"],
        ])
        #expect(refused.status == 422)
        let done = try await patchD([
            ["op": "test", "path": "/data/a", "value": "1"], ["op": "replace", "path": "/data/a", "value": "9"],
            ["op": "add", "path": "/data/b", "value": "2"],
        ])
        #expect(done.status == 200)
        #expect(done.json["data"] == ["a": "9", "b": "2"])
        #expect(try await patchD([["op": "remove", "path": "/data/none"]]).status == 422)
    }

    @Test(arguments: TestServer.available)
    func `a finalizer holds a deleted object until it is taken away`(server: TestServer) async throws {
        let session = try await Session(server)
        try await session.installWidgets()
        var widget = session.object(Kinds.widgets, "w", ["spec": ["title": "abc"]])
        widget.json[path: ["metadata", "finalizers"]] = ["test.todoplatform.dev/hold"]
        _ = try await session.create(widget, Kinds.widgets)
        let deleted = try await session.delete(Kinds.widgets, "w")
        #expect(deleted.status == 200)
        #expect(deleted.object.isDeleting)
        #expect(deleted.object.generation == 2, "marking counts as a change")
        let added = try await session.send(
            .jsonPatch(
                [["op": "add", "path": "/metadata/finalizers/-", "value": "test.todoplatform.dev/more"]], Kinds.widgets,
                namespace: session.namespace, name: "w", fieldManager: "test"))
        #expect(added.status == 422)
        #expect(added.message.contains("no new finalizers can be added if the object is being deleted"))
        let removed = try await session.send(
            .jsonPatch(
                [
                    ["op": "test", "path": "/metadata/finalizers/0", "value": "test.todoplatform.dev/hold"],
                    ["op": "remove", "path": "/metadata/finalizers/0"],
                ], Kinds.widgets, namespace: session.namespace, name: "w", fieldManager: "test"))
        #expect(removed.status == 200)
        #expect(try await session.get(Kinds.widgets, "w").status == 404)
    }

    @Test(arguments: TestServer.available)
    func `a delete can insist on one object`(server: TestServer) async throws {
        let session = try await Session(server)
        let created = try await session.create(session.object(Kinds.configMaps, "c"), Kinds.configMaps)
        let refused = try await session.delete(Kinds.configMaps, "c", uid: "00000000-0000-4000-8000-000000000000")
        #expect(refused.status == 409)
        let done = try await session.delete(Kinds.configMaps, "c", uid: created.object.uid)
        #expect(done.status == 200)
        #expect(done.json["status"] == "Success")
        let missing = try await session.delete(Kinds.configMaps, "c")
        #expect(missing.status == 404)
        #expect(missing.message == "configmaps \"c\" not found")
    }

    @Test(arguments: TestServer.available)
    func `scale is a view of the replicas`(server: TestServer) async throws {
        let session = try await Session(server)
        _ = try await session.create(Kinds.deployment(session, "api", spec: ["replicas": 2]), Kinds.deployments)
        let scale = try await session.send(
            .get(Kinds.deployments, namespace: session.namespace, name: "api", subresource: "scale"))
        #expect(scale.json["kind"] == "Scale")
        #expect(scale.json["spec"]?["replicas"] == 2)
        #expect(scale.json["status"]?["selector"] == "app=api")
        let scaled = try await session.send(
            .mergePatch(
                ["spec": ["replicas": 5]], Kinds.deployments, namespace: session.namespace, name: "api",
                fieldManager: "scaler", subresource: "scale"))
        #expect(scaled.json["spec"]?["replicas"] == 5)
        #expect(try await session.get(Kinds.deployments, "api").json["spec"]?["replicas"] == 5)
    }

    @Test(arguments: TestServer.available)
    func `a lease takes times with exactly six fraction digits`(server: TestServer) async throws {
        let session = try await Session(server)
        func lease(_ name: String, _ time: String) -> KubernetesObject {
            session.object(Kinds.leases, name, ["spec": ["holderIdentity": "me", "renewTime": .string(time)]])
        }
        #expect(try await session.create(lease("bad", "2026-01-02T03:04:05Z"), Kinds.leases).status == 400)
        #expect(try await session.create(lease("short", "2026-01-02T03:04:05.123Z"), Kinds.leases).status == 400)
        #expect(try await session.create(lease("good", "2026-01-02T03:04:05.000000Z"), Kinds.leases).status == 201)
    }

    @Test(arguments: TestServer.available)
    func `nothing is created in a namespace that is not there`(server: TestServer) async throws {
        let session = try await Session(server)
        let map = KubernetesObject(Kinds.configMaps, namespace: "nowhere", name: "c")
        let answer = try await session.create(map, Kinds.configMaps)
        #expect(answer.status == 404)
        #expect(answer.message == "namespaces \"nowhere\" not found")
    }

    @Test(arguments: TestServer.available)
    func `deletion of a namespace takes everything in it along`(server: TestServer) async throws {
        let session = try await Session(server)
        _ = try await session.create(session.object(Kinds.configMaps, "c"), Kinds.configMaps)
        _ = try await session.create(Kinds.deployment(session, "api"), Kinds.deployments)
        let deleted = try await session.send(.delete(Kinds.namespaces, namespace: nil, name: session.namespace))
        #expect(deleted.status == 200)
        let isGone = try await session.eventually {
            try await session.send(.get(Kinds.namespaces, namespace: nil, name: session.namespace)).status == 404
        }
        #expect(isGone)
        #expect(try await session.get(Kinds.configMaps, "c").status == 404)
    }
}
