import KubernetesClient
import KubernetesModel
import LocalCluster
import TestSupport
import Testing

/// Lists, watches, partial metadata and discovery, on every server.
@Suite(.timeLimit(.minutes(2))) struct ReadTests {
    private func fill(_ session: Session, _ names: [String]) async throws {
        for name in names {
            _ = try await session.create(
                session.object(Kinds.configMaps, name, ["data": ["k": .string(name)]], labels: ["n": name]),
                Kinds.configMaps)
        }
    }

    private func own(_ names: [String]) -> [String] { names.filter { $0 != "kube-root-ca.crt" } }

    @Test(arguments: TestServer.available)
    func `a list comes in pages`(server: TestServer) async throws {
        let session = try await Session(server)
        try await fill(session, ["a", "b", "c", "d", "e"])
        let all = "n in (a,b,c,d,e)"
        let first = try await session.send(
            .list(Kinds.configMaps, namespace: session.namespace, labelSelector: all, limit: 2))
        #expect(first.json["kind"] == "ConfigMapList")
        #expect(first.json["items"]?[0]?["kind"] == nil, "items of built-in kinds have no kind")
        var names = first.json["items"]?.array?.map { KubernetesObject($0).name } ?? []
        #expect(names == ["a", "b"])
        var token = first.json["metadata"]?["continue"]?.string
        var pages = 1
        while let next = token, !next.isEmpty, pages < 9 {
            let page = try await session.send(
                .list(
                    Kinds.configMaps, namespace: session.namespace, labelSelector: all, limit: 2, continueToken: next))
            #expect(page.json["metadata"]?["resourceVersion"] == first.json["metadata"]?["resourceVersion"])
            names += page.json["items"]?.array?.map { KubernetesObject($0).name } ?? []
            token = page.json["metadata"]?["continue"]?.string
            pages += 1
        }
        #expect(names == ["a", "b", "c", "d", "e"])
        #expect(pages == 3)
    }

    @Test(
        arguments: TestServer.available,
        [
            ("n=a", ["a"]), ("n!=a,n", ["b", "c"]), ("n in (a, c)", ["a", "c"]), ("n notin (a),n", ["b", "c"]),
            ("!n,n", []),
        ])
    func `label selectors choose`(server: TestServer, row: (selector: String, names: [String])) async throws {
        let session = try await Session(server)
        try await fill(session, ["a", "b", "c"])
        let list = try await session.send(
            .list(Kinds.configMaps, namespace: session.namespace, labelSelector: row.selector))
        #expect(list.json["items"]?.array?.map { KubernetesObject($0).name } == row.names)
    }

    @Test(arguments: TestServer.available)
    func `a field selector picks one name`(server: TestServer) async throws {
        let session = try await Session(server)
        try await fill(session, ["a", "b"])
        let list = try await session.send(
            .list(Kinds.configMaps, namespace: session.namespace, fieldSelector: "metadata.name=b"))
        #expect(list.json["items"]?.array?.map { KubernetesObject($0).name } == ["b"])
    }

    @Test(arguments: TestServer.available)
    func `a watch tells every change since the list, in order`(server: TestServer) async throws {
        let session = try await Session(server)
        try await fill(session, ["a"])
        let list = try await session.send(
            .list(Kinds.configMaps, namespace: session.namespace, labelSelector: "n"))
        let version = list.json["metadata"]?["resourceVersion"]?.string
        try await fill(session, ["b"])
        var reader = try await EventReader(
            session,
            .watch(
                Kinds.configMaps, namespace: session.namespace, labelSelector: "n", resourceVersion: version,
                timeoutSeconds: 30))
        #expect(try await reader.nextChange() == "ADDED b")
        _ = try await session.send(
            .mergePatch(
                ["data": ["k": "new"]], Kinds.configMaps, namespace: session.namespace, name: "a", fieldManager: "test")
        )
        #expect(try await reader.nextChange() == "MODIFIED a")
        _ = try await session.delete(Kinds.configMaps, "b")
        let deleted = try await reader.next()
        #expect(deleted?.type == "DELETED")
        #expect(deleted?.object.kind == "ConfigMap")
        // Resumed behind the last event, nothing comes twice.
        var resumed = try await EventReader(
            session,
            .watch(
                Kinds.configMaps, namespace: session.namespace, labelSelector: "n",
                resourceVersion: deleted?.object.resourceVersion, timeoutSeconds: 30))
        try await fill(session, ["c"])
        #expect(try await resumed.nextChange() == "ADDED c")
    }

    @Test(arguments: TestServer.available)
    func `for a watch with a selector an object comes and goes with its labels`(server: TestServer) async throws {
        let session = try await Session(server)
        try await fill(session, ["a"])
        let version = try await session.get(Kinds.configMaps, "a").object.resourceVersion
        var reader = try await EventReader(
            session,
            .watch(
                Kinds.configMaps, namespace: session.namespace, labelSelector: "color=red", resourceVersion: version,
                timeoutSeconds: 30))
        for labels: JSON in [["color": "red"], ["size": "1"], ["color": .null]] {
            _ = try await session.send(
                .mergePatch(
                    ["metadata": ["labels": labels]], Kinds.configMaps, namespace: session.namespace, name: "a",
                    fieldManager: "test"))
        }
        #expect(try await reader.nextChange() == "ADDED a")
        #expect(try await reader.nextChange() == "MODIFIED a")
        #expect(try await reader.nextChange() == "DELETED a")
    }

    @Test(arguments: TestServer.available)
    func `a watch without a version starts with what is there`(server: TestServer) async throws {
        let session = try await Session(server)
        try await fill(session, ["a", "b"])
        var reader = try await EventReader(
            session,
            .watch(
                Kinds.configMaps, namespace: session.namespace, labelSelector: "n", resourceVersion: nil,
                timeoutSeconds: 30))
        let both = [try await reader.nextChange(), try await reader.nextChange()]
        #expect(Set(both) == ["ADDED a", "ADDED b"])
    }

    @Test(arguments: TestServer.available)
    func `a bookmark carries nothing but a version that a watch can go on from`(server: TestServer) async throws {
        let session = try await Session(server)
        try await session.installWidgets()
        let list = try await session.send(.list(Kinds.widgets, namespace: session.namespace))
        // Two seconds before its end a watch gets a bookmark.
        var reader = try await EventReader(
            session,
            .watch(
                Kinds.widgets, namespace: session.namespace,
                resourceVersion: list.json["metadata"]?["resourceVersion"]?.string, timeoutSeconds: 4))
        try await fill(session, ["a"])
        session.cluster?.sendBookmarks()
        let event = try #require(try await reader.next())
        #expect(event.type == "BOOKMARK")
        #expect(event.object.kind == "Widget")
        #expect(event.object.name.isEmpty)
        let version = try #require(event.object.resourceVersion)
        var resumed = try await EventReader(
            session,
            .watch(Kinds.widgets, namespace: session.namespace, resourceVersion: version, timeoutSeconds: 30))
        _ = try await session.create(session.object(Kinds.widgets, "w", ["spec": ["title": "abc"]]), Kinds.widgets)
        #expect(try await resumed.nextChange() == "ADDED w")
    }

    /// The real server compacts its history every five minutes only, so this one is for the local servers.
    @Test(arguments: [TestServer.local, .local120])
    func `a watch from before the compaction ends with 410`(server: TestServer) async throws {
        let session = try await Session(server)
        try await fill(session, ["a"])
        let version = try await session.get(Kinds.configMaps, "a").object.resourceVersion
        try await fill(session, ["b"])
        session.cluster?.compact()
        var reader = try await EventReader(
            session,
            .watch(Kinds.configMaps, namespace: session.namespace, resourceVersion: version, timeoutSeconds: 30))
        let event = try #require(try await reader.next())
        #expect(event.type == "ERROR")
        #expect(event.object.json["code"] == 410)
        #expect(event.object.json["reason"] == "Expired")
        #expect(try await reader.next() == nil)
    }

    @Test(arguments: TestServer.available)
    func `a streaming list ends with a marked bookmark, or is refused where it is unknown`(server: TestServer)
        async throws
    {
        let session = try await Session(server)
        try await fill(session, ["a"])
        let request = KubernetesRequest.watch(
            Kinds.configMaps, namespace: session.namespace, labelSelector: "n", resourceVersion: nil,
            timeoutSeconds: 30, sendInitialEvents: true)
        guard server.isCurrent else {
            let refused = try await session.send(request)
            #expect(refused.status == 422)
            #expect(refused.message.contains("resourceVersionMatch is forbidden for watch"))
            return
        }
        var reader = try await EventReader(session, request)
        #expect(try await reader.next()?.type == "ADDED")
        let end = try #require(try await reader.next())
        #expect(end.type == "BOOKMARK")
        #expect(end.object.annotations["k8s.io/initial-events-end"] == "true")
        try await fill(session, ["b"])
        #expect(try await reader.nextChange() == "ADDED b")
    }

    @Test(arguments: TestServer.available)
    func `partial metadata leaves out everything else`(server: TestServer) async throws {
        let session = try await Session(server)
        try await fill(session, ["a"])
        let list = try await session.send(
            .list(Kinds.configMaps, namespace: session.namespace, labelSelector: "n", metadataOnly: true))
        #expect(list.json["kind"] == "PartialObjectMetadataList")
        let item = try #require(list.json["items"]?[0])
        #expect(item["metadata"]?["name"] == "a")
        #expect(item["data"] == nil)
        var reader = try await EventReader(
            session,
            .watch(
                Kinds.configMaps, namespace: session.namespace, labelSelector: "n", resourceVersion: nil,
                timeoutSeconds: 30, metadataOnly: true))
        let event = try #require(try await reader.next())
        #expect(event.object.kind == "PartialObjectMetadata")
        #expect(event.object.json["data"] == nil)
    }

    @Test(arguments: TestServer.available)
    func `discovery names the kinds that are there`(server: TestServer) async throws {
        let session = try await Session(server)
        try await session.installWidgets()
        let core = try await session.send(.path("/api"))
        #expect(core.json["versions"] == ["v1"])
        let groups = try await session.send(.path("/apis"))
        let names = groups.json["groups"]?.array?.compactMap { $0["name"]?.string } ?? []
        #expect(Set(["apps", "batch", "autoscaling", "policy", "test.todoplatform.dev"]).isSubset(of: names))
        let apps = try await session.send(.path("/apis/apps/v1"))
        #expect(apps.json["kind"] == "APIResourceList")
        let deployments = apps.json["resources"]?.array?.first { $0["name"] == "deployments" }
        #expect(deployments?["kind"] == "Deployment")
        #expect(deployments?["namespaced"] == true)
        #expect(apps.json["resources"]?.array?.contains { $0["name"] == "deployments/scale" } == true)
        let widgets = try await session.send(.path("/apis/test.todoplatform.dev/v1"))
        #expect(widgets.json["resources"]?[0]?["shortNames"] == ["wd"])
        #expect(try await session.send(.path("/apis/nowhere.example.com/v1")).status == 404)
        let unknown = ResourceType(group: "apps", version: "v1", kind: "Nothing", plural: "nothings")
        let missing = try await session.send(.list(unknown, namespace: session.namespace))
        #expect(missing.status == 404)
        let autoscaling = try await session.send(
            .path("/apis/autoscaling/" + (server.isCurrent ? "v2" : "v2beta2")))
        #expect(autoscaling.status == 200)
        #expect(try await session.send(.path("/version")).json["major"] == "1")
    }

    /// Groups that both old and new servers have, and one that nobody has.
    @Test(arguments: TestServer.available)
    func `the client's discovery understands it`(server: TestServer) async throws {
        let session = try await Session(server)
        try await session.installWidgets()
        let discovery = Discovery(client: KubernetesClient(transport: session.transport))
        let groups: Set<String> = [
            "", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "test.todoplatform.dev",
            "no.example.com",
        ]
        let served = try await discovery.servedAPIs(groups: groups)
        for type in [Kinds.configMaps, Kinds.deployments, Kinds.jobs, Kinds.widgets, Kinds.namespaces] {
            #expect(served.type(type.groupKind, preferring: [type.version]) == type)
        }
        let autoscaler = Kinds.autoscalers(server)
        #expect(served.type(autoscaler.groupKind, preferring: ["v2", "v2beta2"]) == autoscaler)
        #expect(!served.serves(GroupKind(group: "no.example.com", kind: "Nothing")))
    }
}
