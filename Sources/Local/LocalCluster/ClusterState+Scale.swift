import KubernetesModel

/// The scale subresource.
extension ClusterState {
    /// The `Scale` of an object.
    func scaleObject(_ object: StoredObject, _ call: ObjectCall) -> JSON {
        let json = object.json
        let paths = call.definition.scale
        var status: JSON = ["replicas": json[path: paths?.statusReplicas ?? []]?.int.map { JSON($0) } ?? 0]
        if let path = paths?.selector {
            status["selector"] = json[path: path]
        } else if let labels = json["spec"]?["selector"]?["matchLabels"]?.stringDictionary {
            status["selector"] = .string(
                labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ","))
        }
        var metadata = JSONObject()
        for name in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            metadata[name] = json["metadata"]?[name]
        }
        return [
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": .object(metadata),
            "spec": ["replicas": json[path: paths?.specReplicas ?? []]?.int.map { JSON($0) } ?? 0], "status": status,
        ]
    }

    mutating func scale(_ call: ObjectCall, to replicas: Int) throws(APIStatus) -> WriteResult {
        guard let old = object(call.key) else { throw call.notFound() }
        guard let path = call.definition.scale?.specReplicas else { throw .noSuchPath }
        guard replicas >= 0 else {
            throw call.invalid([
                .invalid("spec.replicas", JSON(replicas), "must be greater than or equal to 0")
            ])
        }
        var new = old.json
        new[path: path] = JSON(replicas)
        return try write(call, old: old, new: new, .update)
    }
}
