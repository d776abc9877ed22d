import KubernetesModel
import Testing

@testable import KubernetesClient

private func page(_ names: [String], version: String = "50", next: String? = nil) -> ScriptedTransport.Step {
    var metadata: JSON = ["resourceVersion": .string(version)]
    if let next { metadata["continue"] = .string(next) }
    let items = names.map { name -> JSON in
        ["metadata": ["name": .string(name), "namespace": "shop", "managedFields": [["manager": "kubelet"]]]]
    }
    return .answer(200, (["kind": "PodList", "metadata": metadata, "items": .array(items)] as JSON).text)
}

private let expired = ScriptedTransport.Step.answer(
    410, #"{"kind":"Status","reason":"Expired","message":"continue too old"}"#)

@Suite struct ListTests {
    @Test func `a collection is read page by page with the same parameters`() async throws {
        let transport = ScriptedTransport([page(["a", "b"], next: "t1"), page(["c"], next: "t2"), page([])])
        var sizes: [Int] = []
        let version = try await KubernetesClient(transport: transport).list(
            pods, namespace: "shop", labelSelector: "app=api", limit: 2
        ) { sizes.append($0.objects.count) }
        #expect(version == "50")
        #expect(sizes == [2, 1, 0])
        let queries = transport.requests.map { Dictionary(uniqueKeysWithValues: $0.query.map { ($0.name, $0.value) }) }
        #expect(
            queries == [
                ["labelSelector": "app=api", "limit": "2"],
                ["labelSelector": "app=api", "limit": "2", "continue": "t1"],
                ["labelSelector": "app=api", "limit": "2", "continue": "t2"],
            ])
    }

    @Test func `items of built-in kinds get the version and kind that the server leaves out`() async throws {
        let objects = try await KubernetesClient(transport: ScriptedTransport([page(["a"])])).list(pods)
        #expect(objects.map(\.key) == [ObjectKey(group: "", kind: "Pod", namespace: "shop", name: "a")])
        #expect(objects.first?.metadata["managedFields"] == nil)
    }

    @Test func `a list whose token became too old starts over`() async throws {
        let transport = ScriptedTransport([page(["a", "b"], next: "t1"), expired, page(["b"], version: "60")])
        let objects = try await KubernetesClient(transport: transport).list(pods)
        // "a" was deleted meanwhile: pages of two lists are never mixed.
        #expect(objects.map(\.name) == ["b"])
    }

    @Test func `a list that keeps expiring gives up`() async throws {
        let transport = ScriptedTransport(
            (0..<5).flatMap { _ in [page(["a"], next: "t"), expired] })
        let error = await #expect(throws: KubernetesError.self) {
            try await KubernetesClient(transport: transport).list(pods)
        }
        #expect(error?.code == .expired)
        #expect(transport.requests.count == 6)
    }

    @Test func `what the page handler throws ends the list`() async throws {
        let transport = ScriptedTransport([page(["a"], next: "t1"), page(["b"])])
        let error = await #expect(throws: KubernetesError.self) {
            try await KubernetesClient(transport: transport).list(pods) { (_: ListPage) throws(KubernetesError) in
                throw KubernetesError(.configuration, "enough")
            }
        }
        #expect(error?.message == "enough")
        #expect(transport.requests.count == 1)
    }

    @Test func `items may be null`() async throws {
        let transport = ScriptedTransport([.answer(200, #"{"metadata":{"resourceVersion":"1"},"items":null}"#)])
        #expect(try await KubernetesClient(transport: transport).list(pods).isEmpty)
    }
}
