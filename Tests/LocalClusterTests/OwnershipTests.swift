import KubernetesModel
import TestSupport
import Testing

/// Garbage collection, on every server.
@Suite(.timeLimit(.minutes(2))) struct OwnershipTests {
    private func child(_ session: Session, _ name: String, of owner: KubernetesObject, finalizer: String? = nil)
        -> KubernetesObject
    {
        var child = session.object(Kinds.configMaps, name)
        child.ownerReferences = [
            OwnerReference(apiVersion: "v1", kind: "Secret", name: owner.name, uid: owner.uid ?? "")
        ]
        if let finalizer { child.json[path: ["metadata", "finalizers"]] = [.string(finalizer)] }
        return child
    }

    private func isGone(_ session: Session, _ type: ResourceType, _ name: String) async throws -> Bool {
        try await session.eventually { try await session.get(type, name).status == 404 }
    }

    @Test(arguments: TestServer.available)
    func `children follow their owner in the background`(server: TestServer) async throws {
        let session = try await Session(server)
        let owner = try await session.create(session.object(Kinds.secrets, "owner"), Kinds.secrets).object
        _ = try await session.create(child(session, "child", of: owner), Kinds.configMaps)
        #expect(try await session.get(Kinds.configMaps, "child").status == 200)
        #expect(try await session.delete(Kinds.secrets, "owner").status == 200)
        #expect(try await session.get(Kinds.secrets, "owner").status == 404)
        #expect(try await isGone(session, Kinds.configMaps, "child"))
    }

    @Test(arguments: TestServer.available)
    func `a child of nobody is collected`(server: TestServer) async throws {
        let session = try await Session(server)
        var owner = session.object(Kinds.secrets, "never-there")
        owner.json[path: ["metadata", "uid"]] = "00000000-0000-4000-8000-000000000001"
        _ = try await session.create(child(session, "child", of: owner), Kinds.configMaps)
        #expect(try await isGone(session, Kinds.configMaps, "child"))
    }

    @Test(arguments: TestServer.available)
    func `in the foreground the owner waits for its children`(server: TestServer) async throws {
        let session = try await Session(server)
        let owner = try await session.create(session.object(Kinds.secrets, "owner"), Kinds.secrets).object
        _ = try await session.create(
            child(session, "child", of: owner, finalizer: "test.todoplatform.dev/hold"), Kinds.configMaps)
        let deleted = try await session.delete(Kinds.secrets, "owner", propagation: .foreground)
        #expect(deleted.status == 200)
        let isMarked = try await session.eventually {
            try await session.get(Kinds.configMaps, "child").object.isDeleting
        }
        #expect(isMarked)
        let waiting = try await session.get(Kinds.secrets, "owner")
        #expect(waiting.object.isDeleting)
        #expect(waiting.object.finalizers == ["foregroundDeletion"])
        _ = try await session.send(
            .mergePatch(
                ["metadata": ["finalizers": .null]], Kinds.configMaps, namespace: session.namespace, name: "child",
                fieldManager: "test"))
        #expect(try await isGone(session, Kinds.configMaps, "child"))
        #expect(try await isGone(session, Kinds.secrets, "owner"))
    }

    @Test(arguments: TestServer.available)
    func `orphans lose their owner and stay`(server: TestServer) async throws {
        let session = try await Session(server)
        let owner = try await session.create(session.object(Kinds.secrets, "owner"), Kinds.secrets).object
        _ = try await session.create(child(session, "child", of: owner), Kinds.configMaps)
        if server == .real {
            // The collector must know the child before the owner goes: watched, so it does after a moment.
            try await Task.sleep(for: .milliseconds(500))
        }
        _ = try await session.delete(Kinds.secrets, "owner", propagation: .orphan)
        #expect(try await isGone(session, Kinds.secrets, "owner"))
        let left = try await session.get(Kinds.configMaps, "child")
        #expect(left.status == 200)
        #expect(left.object.ownerReferences.isEmpty)
    }

    @Test(arguments: TestServer.available)
    func `one of two owners is enough to live`(server: TestServer) async throws {
        let session = try await Session(server)
        let first = try await session.create(session.object(Kinds.secrets, "first"), Kinds.secrets).object
        let second = try await session.create(session.object(Kinds.secrets, "second"), Kinds.secrets).object
        var shared = session.object(Kinds.configMaps, "child")
        shared.ownerReferences = [first, second].map {
            OwnerReference(apiVersion: "v1", kind: "Secret", name: $0.name, uid: $0.uid ?? "", isController: false)
        }
        _ = try await session.create(shared, Kinds.configMaps)
        _ = try await session.delete(Kinds.secrets, "first")
        let isTidied = try await session.eventually {
            try await session.get(Kinds.configMaps, "child").object.ownerReferences.map(\.name) == ["second"]
        }
        #expect(isTidied)
        _ = try await session.delete(Kinds.secrets, "second")
        #expect(try await isGone(session, Kinds.configMaps, "child"))
    }
}
