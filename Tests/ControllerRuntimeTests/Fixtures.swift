import KubernetesModel

@testable import ControllerRuntime

enum Fixture {
    static let configMaps = ResourceType(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps")
    static let secrets = ReferenceWatch.secretType
    static let deployments = ResourceType(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
    static let ownerLabel = "example.dev/platform"

    /// A ConfigMap as a server sends it.
    static func configMap(
        _ name: String, namespace: String = "shop", uid: String? = nil, version: Int, owner: String? = "main",
        value: String = "", isDeleting: Bool = false
    ) -> JSON {
        var metadata: JSON = [
            "name": .string(name), "namespace": .string(namespace), "uid": .string(uid ?? "uid-\(name)"),
            "resourceVersion": .string(String(version)),
        ]
        if let owner { metadata["labels"] = [(ownerLabel): .string(owner)] }
        if isDeleting { metadata["deletionTimestamp"] = "2026-03-05T17:00:00Z" }
        return ["apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": ["value": .string(value)]]
    }

    static func key(_ name: String, namespace: String = "shop") -> ObjectKey {
        ObjectKey(configMaps.groupKind, namespace: namespace, name: name)
    }

    static let wallTime = Timestamp(seconds: 1_772_730_000)
}

extension ObjectStore {
    /// A store in which ConfigMaps are listed already, with nothing in them.
    static func listed(surroundings: Surroundings = .system) -> ObjectStore {
        let store = ObjectStore(
            ownerLabel: Fixture.ownerLabel, ownerNamespaceLabel: "example.dev/namespace", surroundings: surroundings)
        store.replace(Fixture.configMaps.groupKind, namespace: nil, with: [:], began: 0)
        return store
    }

    func send(_ json: JSON) throws { serverSent(try entry(json, type: Fixture.configMaps)) }
    func send(deleted name: String, uid: String? = nil) {
        serverDeleted(Fixture.key(name), uid: uid ?? "uid-\(name)")
    }
    func version(_ name: String) -> String? { object(Fixture.key(name))?.resourceVersion }
}
