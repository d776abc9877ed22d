import KubernetesClient
import KubernetesModel
import LocalCluster
import TestSupport
import Testing

/// Kinds that come and go with their definitions.
@Suite(.timeLimit(.minutes(2))) struct KindTests {
    /// A definition of its own for each session, so that its end harms no other test.
    private func gadget(_ session: Session) -> (definition: KubernetesObject, type: ResourceType) {
        let group = "\(session.namespace).todoplatform.dev"
        let type = ResourceType(group: group, version: "v1", kind: "Gadget", plural: "gadgets")
        return (
            KubernetesObject([
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": ["name": .string("gadgets.\(group)")],
                "spec": [
                    "group": .string(group), "scope": "Namespaced",
                    "names": ["kind": "Gadget", "listKind": "GadgetList", "plural": "gadgets", "singular": "gadget"],
                    "versions": [
                        [
                            "name": "v1", "served": true, "storage": true,
                            "schema": [
                                "openAPIV3Schema": [
                                    "type": "object", "properties": ["level": ["type": "integer"]],
                                ]
                            ],
                        ],
                        [
                            "name": "v1beta1", "served": true, "storage": false,
                            "schema": [
                                "openAPIV3Schema": [
                                    "type": "object", "properties": ["level": ["type": "integer"]],
                                ]
                            ],
                        ],
                    ],
                ],
            ]), type
        )
    }

    private func install(_ session: Session) async throws -> (definition: KubernetesObject, type: ResourceType) {
        let gadget = gadget(session)
        #expect(try await session.send(.list(gadget.type, namespace: session.namespace)).status == 404)
        let created = try await session.send(.apply(gadget.definition, TestCRDs.type, fieldManager: "test"))
        #expect(created.status == 201, "\(created.message)")
        let isServed = try await session.eventually {
            try await session.send(.list(gadget.type, namespace: session.namespace)).status == 200
        }
        try #require(isServed)
        return gadget
    }

    @Test(arguments: TestServer.available)
    func `a kind goes with its definition, and its objects with it`(server: TestServer) async throws {
        let session = try await Session(server)
        let (definition, type) = try await install(session)
        let isEstablished = try await session.eventually {
            let found = try await session.send(.get(TestCRDs.type, namespace: nil, name: definition.name))
            return found.object.condition("Established")?.isTrue == true
        }
        #expect(isEstablished)
        _ = try await session.create(session.object(type, "g", ["level": 1]), type)
        let version = try await session.get(type, "g").object.resourceVersion
        var reader = try await EventReader(
            session, .watch(type, namespace: session.namespace, resourceVersion: version, timeoutSeconds: 60))
        _ = try await session.send(.delete(TestCRDs.type, namespace: nil, name: definition.name))
        #expect(try await reader.nextChange() == "DELETED g")
        #expect(try await reader.nextChange() == nil, "the watch ends")
        let isGone = try await session.eventually {
            try await session.send(.list(type, namespace: session.namespace)).status == 404
        }
        #expect(isGone)
    }

    @Test(arguments: TestServer.available)
    func `every served version shows the same object`(server: TestServer) async throws {
        let session = try await Session(server)
        let (definition, type) = try await install(session)
        let created = try await session.apply(session.object(type, "g", ["level": 1]), type)
        let other = try await session.get(type.at(version: "v1beta1"), "g")
        #expect(other.object.apiVersion == type.at(version: "v1beta1").apiVersion)
        #expect(other.object.uid == created.object.uid)
        #expect(other.object.resourceVersion == created.object.resourceVersion)
        let groups = try await session.send(.path("/apis/\(type.group)"))
        #expect(groups.json["preferredVersion"]?["version"] == "v1")
        _ = try await session.send(.delete(TestCRDs.type, namespace: nil, name: definition.name))
    }

    @Test(arguments: TestServer.available)
    func `without a status subresource every change of content raises the generation`(server: TestServer) async throws {
        let session = try await Session(server)
        let (definition, type) = try await install(session)
        _ = try await session.apply(session.object(type, "g", ["level": 1]), type)
        #expect(try await session.apply(session.object(type, "g", ["level": 2]), type).object.generation == 2)
        let labelled = try await session.apply(session.object(type, "g", ["level": 2], labels: ["a": "b"]), type)
        #expect(labelled.object.generation == 2)
        _ = try await session.send(.delete(TestCRDs.type, namespace: nil, name: definition.name))
    }
}
