package import KubernetesModel
import PlatformPlan

/// One field before and after.
package struct FieldChange: Hashable, Sendable {
    /// For people: `spec.template.spec.containers[name=api].image`.
    package let path: String
    /// Nil: the field is not there yet.
    package let old: JSON?
    /// Nil: the field goes.
    package let new: JSON?

    package init(path: String, old: JSON?, new: JSON?) {
        self.path = path
        self.old = old
        self.new = new
    }

    init(_ difference: FieldDifference) {
        self.init(path: difference.path, old: difference.live, new: difference.desired)
    }

    /// The operator's own note on an object, which says nothing to people.
    var isBookkeeping: Bool { path == "metadata.annotations.\(IntentDigest.annotation)" }

    /// The digest of configuration and secret values on a pod template.
    var isConfigDigest: Bool { path.hasSuffix("spec.template.metadata.annotations.\(PlatformLabels.configDigest)") }

    /// Whether a Deployment with this change replaces its pods.
    var restartsPods: Bool { path == "spec" || path == "spec.template" || path.hasPrefix("spec.template.") }
}

extension FieldChange {
    /// Every difference between two objects but for what the API server keeps on its own, and `status`.
    static func all(from old: KubernetesObject, to new: KubernetesObject) -> [FieldChange] {
        var found: [FieldChange] = []
        compare(comparable(old), comparable(new), path: "", into: &found)
        return found
    }

    private static func comparable(_ object: KubernetesObject) -> JSON {
        var json = object.json
        json["status"] = nil
        for key in ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"] {
            json[path: ["metadata", key]] = nil
        }
        return json
    }

    private static func compare(_ old: JSON?, _ new: JSON?, path: String, into found: inout [FieldChange]) {
        switch (old, new) {
        case (.object(let before)?, .object(let after)?):
            for key in before.keys + after.keys.filter({ before[$0] == nil }) {
                compare(before[key], after[key], path: path.isEmpty ? key : "\(path).\(key)", into: &found)
            }
        case (.array(let before)?, .array(let after)?):
            if let names = Self.names(before), let others = Self.names(after) {
                for name in names + others.filter({ !names.contains($0) }) {
                    compare(
                        before.first { $0["name"]?.string == name }, after.first { $0["name"]?.string == name },
                        path: "\(path)[name=\(name)]", into: &found)
                }
            } else if before.count == after.count {
                for index in before.indices {
                    compare(before[index], after[index], path: "\(path)[\(index)]", into: &found)
                }
            } else {
                found.append(FieldChange(path: path, old: old, new: new))
            }
        default: if old != new { found.append(FieldChange(path: path, old: old, new: new)) }
        }
    }

    /// The names of a list's elements, if each has one of its own.
    private static func names(_ elements: [JSON]) -> [String]? {
        let names = elements.compactMap { $0["name"]?.string }
        return names.count == elements.count && Set(names).count == names.count ? names : nil
    }
}
