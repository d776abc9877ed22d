/// One Kubernetes object with typed access to its metadata. Everything else is read through `json`.
package struct KubernetesObject: Hashable, Sendable {
    package var json: JSON

    package init(_ json: JSON) { self.json = json }

    /// A new object with the metadata that every desired object has; `body` brings `spec`, `data` and the like.
    package init(
        _ type: ResourceType, namespace: String? = nil, name: String, labels: [String: String] = [:],
        annotations: [String: String] = [:], body: JSONObject = JSONObject()
    ) {
        var metadata: JSON = ["name": .string(name)]
        if let namespace, type.isNamespaced { metadata["namespace"] = .string(namespace) }
        if !labels.isEmpty { metadata["labels"] = .strings(labels) }
        if !annotations.isEmpty { metadata["annotations"] = .strings(annotations) }
        var members = JSONObject([
            ("apiVersion", .string(type.apiVersion)), ("kind", .string(type.kind)), ("metadata", metadata),
        ])
        for (key, value) in body { members[key] = value }
        json = .object(members)
    }

    package var apiVersion: String { json["apiVersion"]?.string ?? "" }
    package var kind: String { json["kind"]?.string ?? "" }
    package var group: String {
        let parts = apiVersion.split(separator: "/", maxSplits: 1)
        return parts.count == 2 ? String(parts[0]) : ""
    }
    package var groupKind: GroupKind { GroupKind(group: group, kind: kind) }
    package var key: ObjectKey { ObjectKey(groupKind, namespace: namespace ?? "", name: name) }
    package var namespacedName: NamespacedName { NamespacedName(namespace: namespace ?? "", name: name) }

    package var metadata: JSON { json["metadata"] ?? .object(JSONObject()) }
    package var name: String { metadata["name"]?.string ?? "" }
    package var namespace: String? { metadata["namespace"]?.string }
    package var uid: String? { metadata["uid"]?.string }
    package var resourceVersion: String? { metadata["resourceVersion"]?.string }
    package var generation: Int? { metadata["generation"]?.int }
    /// RFC 3339 in seconds, as the API server writes it.
    package var creationTimestamp: String? { metadata["creationTimestamp"]?.string }
    package var deletionTimestamp: String? { metadata["deletionTimestamp"]?.string }
    package var isDeleting: Bool { deletionTimestamp != nil }
    package var finalizers: [String] { metadata["finalizers"]?.array?.compactMap(\.string) ?? [] }

    package var labels: [String: String] {
        get { metadata["labels"]?.stringDictionary ?? [:] }
        set { json[path: ["metadata", "labels"]] = newValue.isEmpty ? nil : .strings(newValue) }
    }
    package var annotations: [String: String] {
        get { metadata["annotations"]?.stringDictionary ?? [:] }
        set { json[path: ["metadata", "annotations"]] = newValue.isEmpty ? nil : .strings(newValue) }
    }
    package var ownerReferences: [OwnerReference] {
        get { metadata["ownerReferences"]?.array?.compactMap(OwnerReference.init) ?? [] }
        set {
            json[path: ["metadata", "ownerReferences"]] = newValue.isEmpty ? nil : .array(newValue.map(\.json))
        }
    }
    /// The owner that controls this object, if any.
    package var controller: OwnerReference? { ownerReferences.first { $0.isController } }

    package var spec: JSON? { json["spec"] }
    package var status: JSON? { json["status"] }

    /// The condition `type` of `status.conditions`, if it is there.
    package func condition(_ type: String) -> Condition? {
        guard let conditions = status?["conditions"]?.array else { return nil }
        for condition in conditions where condition["type"]?.string == type { return Condition(condition) }
        return nil
    }
}

/// Who an object belongs to (`metadata.ownerReferences`). Garbage collection deletes the object after its owners.
package struct OwnerReference: Hashable, Sendable {
    package let apiVersion: String
    package let kind: String
    package let name: String
    package let uid: String
    package let isController: Bool
    package let blocksOwnerDeletion: Bool

    package init(
        apiVersion: String, kind: String, name: String, uid: String, isController: Bool = true,
        blocksOwnerDeletion: Bool = true
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.isController = isController
        self.blocksOwnerDeletion = blocksOwnerDeletion
    }

    init?(_ json: JSON) {
        guard let kind = json["kind"]?.string, let uid = json["uid"]?.string else { return nil }
        self.init(
            apiVersion: json["apiVersion"]?.string ?? "", kind: kind, name: json["name"]?.string ?? "", uid: uid,
            isController: json["controller"]?.bool ?? false,
            blocksOwnerDeletion: json["blockOwnerDeletion"]?.bool ?? false)
    }

    package var json: JSON {
        [
            "apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(name), "uid": .string(uid),
            "controller": .bool(isController), "blockOwnerDeletion": .bool(blocksOwnerDeletion),
        ]
    }
}
