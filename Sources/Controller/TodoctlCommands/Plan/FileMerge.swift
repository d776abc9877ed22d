import KubernetesModel
import TodoPlatformAPI

/// What the resource will be once `file` is applied over `live`, computed as `kubectl apply` does: fields of the file are
/// set, fields that the last apply set and the file no longer has go, all others stay (the version that the API server
/// wrote into the resource when it was created is such a field).
enum FileMerge {
    static func merged(_ file: KubernetesObject, over live: KubernetesObject) -> KubernetesObject {
        let previous = lastApplied(live)
        var result = live
        for key in ["spec", "labels", "annotations"] {
            let path = key == "spec" ? [key] : ["metadata", key]
            let pruned = prune(live.json[path: path], previous[path: path], file.json[path: path])
            result.json[path: path] = overlay(file.json[path: path], over: pruned)
        }
        if result.spec != live.spec {
            result.json[path: ["metadata", "generation"]] = JSON((live.generation ?? 0) + 1)
        }
        return result
    }

    /// What the client-side or server-side apply before this one said; empty when nobody applied it.
    private static func lastApplied(_ live: KubernetesObject) -> JSON {
        if let text = live.annotations["kubectl.kubernetes.io/last-applied-configuration"],
            let json = try? JSON(parsing: text)  // Broken by hand: then nothing counts as removed.
        {
            return json
        }
        var previous = JSON.object(JSONObject())
        for entry in live.metadata["managedFields"]?.array ?? []
        where entry["operation"]?.string == "Apply" && entry["manager"]?.string?.hasPrefix("todo-operator") == false {
            if let owned = entry["fieldsV1"] {
                previous = overlay(OwnedFields.skeleton(owned), over: previous) ?? previous
            }
        }
        return previous
    }

    /// `live` without what `previous` has and `file` has not.
    private static func prune(_ live: JSON?, _ previous: JSON?, _ file: JSON?) -> JSON? {
        guard let live, case .object(let before)? = previous, case .object(let members) = live else { return live }
        var kept = JSONObject()
        for (key, value) in members {
            guard let said = before[key] else {
                kept[key] = value
                continue
            }
            if let wanted = file?[key] {
                kept[key] = prune(value, said, wanted)
            } else if said.object?.isEmpty == false, let rest = prune(value, said, nil), rest.object?.isEmpty == false {
                kept[key] = rest
            }
        }
        return .object(kept)
    }

    /// `new` over `old`: objects member by member, all else as a whole; null removes.
    private static func overlay(_ new: JSON?, over old: JSON?) -> JSON? {
        guard let new else { return old }
        guard case .object(let members) = new, case .object(var result)? = old else { return new }
        for (key, value) in members { result[key] = value.isNull ? nil : overlay(value, over: result[key]) }
        return .object(result)
    }
}
