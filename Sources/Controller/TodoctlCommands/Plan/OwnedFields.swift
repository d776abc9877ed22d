import KubernetesModel

/// What `metadata.managedFields` says of one field manager (Kubernetes documentation, "Server-Side Apply": fields in
/// `FieldsV1` form).
enum OwnedFields {
    /// The fields that `manager` applied to `live` and that `desired` no longer has: the API server removes them with the
    /// next apply.
    static func abandoned(by manager: String, live: KubernetesObject, desired: JSON) -> [FieldChange] {
        var found: [FieldChange] = []
        for entry in live.metadata["managedFields"]?.array ?? []
        where entry["manager"]?.string == manager && entry["operation"]?.string == "Apply"
            && entry["subresource"] == nil
        {
            compare(entry["fieldsV1"], live.json, desired, path: "", into: &found)
        }
        return found
    }

    private static func compare(
        _ owned: JSON?, _ live: JSON, _ desired: JSON?, path: String, into found: inout [FieldChange]
    ) {
        for (key, below) in owned?.object ?? JSONObject() {
            let child: (path: String, live: JSON, desired: JSON?)
            switch key.prefix(2) {
            case "f:":
                let name = String(key.dropFirst(2))
                guard let value = live[name] else { continue }
                child = (path.isEmpty ? name : "\(path).\(name)", value, desired?[name])
            case "k:":
                guard let keys = parsed(key), let value = element(of: live, with: keys) else { continue }
                let label = (keys.object ?? JSONObject()).map { "\($0.key)=\($0.value.string ?? $0.value.text)" }
                child = (
                    "\(path)[\(label.joined(separator: ","))]", value, desired.flatMap { element(of: $0, with: keys) }
                )
            case "v:":
                guard let value = parsed(key), live.array?.contains(value) == true else { continue }
                child = (path, value, desired?.array?.contains(value) == true ? value : nil)
            default: continue  // "." is the item itself; positions ("i:") belong to lists that are owned as a whole
            }
            let isLeaf = (below.object ?? JSONObject()).isEmpty
            // An item that we made goes as a whole; of one that others made only our fields.
            if child.desired == nil, isLeaf || below["."] != nil {
                found.append(FieldChange(path: child.path, old: child.live, new: nil))
            } else if !isLeaf {
                compare(below, child.live, child.desired, path: child.path, into: &found)
            }
        }
    }

    private static func parsed(_ key: String) -> JSON? {
        // Written by the API server; what we cannot read we leave alone.
        try? JSON(parsing: String(key.dropFirst(2)))
    }

    private static func element(of list: JSON, with keys: JSON) -> JSON? {
        list.array?.first { element in
            (keys.object ?? JSONObject()).allSatisfy { key, value in
                // Ports are keyed by their protocol too, which may be left to its default.
                element[key] == value || (element[key] == nil && key == "protocol" && value == "TCP")
            }
        }
    }

    /// The fields of an entry as an object of nulls, lists as one field: what an applier said last.
    static func skeleton(_ owned: JSON) -> JSON {
        var members = JSONObject()
        for (key, below) in owned.object ?? JSONObject() where key.hasPrefix("f:") {
            let isObject = below.object?.contains { $0.key.hasPrefix("f:") } ?? false
            members[String(key.dropFirst(2))] = isObject ? skeleton(below) : .null
        }
        return .object(members)
    }
}
