package import KubernetesModel

/// One field that is not as it should be.
package struct FieldDifference: Hashable, Sendable {
    /// Where, for people: `spec.template.spec.containers[name=api].image`.
    package let path: String
    package let desired: JSON
    /// Nil when the field is missing.
    package let live: JSON?

    package init(path: String, desired: JSON, live: JSON?) {
        self.path = path
        self.desired = desired
        self.live = live
    }
}

/// Finds what a live object lacks of a desired one.
///
/// Only fields that the desired object names are looked at: defaults that the API server wrote, and fields that belong
/// to autoscalers, other operators or people, are none of our business. Removals (a field that we wanted once and no
/// longer want) do not show here; the digest annotation tells them, see `IntentDigest`.
package enum Comparison {
    /// The fields of `desired` that `live` does not have, in the order of `desired`; empty when nothing needs to be sent.
    package static func differences(desired: JSON, live: JSON?) -> [FieldDifference] {
        var found: [FieldDifference] = []
        compare(desired, live, path: "", amount: false, into: &found)
        return found
    }

    /// The keys by which the API server merges lists of objects (server-side apply, `x-kubernetes-list-map-keys`).
    /// Lists that are not named here are compared element by element.
    private static let mergeKeys: [String: [String]] = [
        "containers": ["name"], "initContainers": ["name"], "env": ["name"], "volumes": ["name"],
        "volumeMounts": ["mountPath"], "conditions": ["type"], "ownerReferences": ["uid"],
        "imagePullSecrets": ["name"], "hostAliases": ["ip"],
        "topologySpreadConstraints": ["topologyKey", "whenUnsatisfiable"],
    ]

    /// Fields whose strings are amounts, where `1000m` and `1` are the same.
    private static let amountFields: Set<String> = [
        "requests", "limits", "averageValue", "storage", "size", "sizeLimit", "value", "hard",
    ]

    /// Maps in which one more member changes the meaning: a selector with another label selects other pods. The API
    /// server keeps them as one piece, so applying ours removes what was added.
    private static let wholeMaps: Set<String> = [
        "matchLabels", "selector", "podSelector", "namespaceSelector", "nodeSelector",
    ]

    private static func compare(
        _ desired: JSON, _ live: JSON?, path: String, amount: Bool, into found: inout [FieldDifference]
    ) {
        switch desired {
        case .object(let members):
            // The API server drops empty objects of optional fields.
            if members.isEmpty, live == nil { return }
            guard case .object(let liveMembers)? = live else {
                found.append(FieldDifference(path: path, desired: desired, live: live))
                return
            }
            if wholeMaps.contains(fieldName(path)), let extra = liveMembers.first(where: { members[$0.key] == nil }) {
                found.append(FieldDifference(path: "\(path).\(extra.key)", desired: .null, live: extra.value))
            }
            for (key, value) in members {
                compare(
                    value, liveMembers[key], path: path.isEmpty ? key : "\(path).\(key)",
                    amount: amount || (amountFields.contains(key) && !path.hasSuffix("]")), into: &found)
            }
        case .array(let elements):
            if elements.isEmpty, live == nil { return }
            guard case .array(let liveElements)? = live else {
                found.append(FieldDifference(path: path, desired: desired, live: live))
                return
            }
            compareList(elements, liveElements, path: path, into: &found)
        default:
            if let live, desired == live || (amount && equalAmounts(desired, live)) { return }
            // A null asks for nothing to be there.
            if desired.isNull, live == nil { return }
            found.append(FieldDifference(path: path, desired: desired, live: live))
        }
    }

    private static func compareList(
        _ desired: [JSON], _ live: [JSON], path: String, into found: inout [FieldDifference]
    ) {
        let field = fieldName(path)
        if let keys = keys(of: field, desired) {
            for element in desired {
                let identity = keys.map { element[$0] }
                let match = live.first { candidate in keys.map { candidate[$0] } == identity }
                let name = keys.map { "\($0)=\(element[$0]?.string ?? element[$0]?.text ?? "")" }.joined(separator: ",")
                compare(element, match, path: "\(path)[\(name)]", amount: false, into: &found)
            }
            return
        }
        if field == "finalizers" {
            // A set: others may add theirs.
            for element in desired where !live.contains(element) {
                found.append(FieldDifference(path: path, desired: element, live: nil))
            }
            return
        }
        guard desired.count == live.count else {
            found.append(FieldDifference(path: path, desired: .array(desired), live: .array(live)))
            return
        }
        for (index, element) in desired.enumerated() {
            compare(element, live[index], path: "\(path)[\(index)]", amount: false, into: &found)
        }
    }

    private static func fieldName(_ path: String) -> String {
        path.lastIndex(of: ".").map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// The merge keys of a list field, if its elements have them. `ports` differ: containers merge by containerPort,
    /// Services by port, both with the protocol; network policy ports are one atomic list.
    private static func keys(of field: String, _ elements: [JSON]) -> [String]? {
        let keys: [String]?
        if field == "ports" {
            if elements.allSatisfy({ $0["containerPort"] != nil }) {
                keys = ["containerPort", "protocol"]
            } else if elements.allSatisfy({ $0["port"] != nil && $0["name"] != nil }) {
                keys = ["port", "protocol"]
            } else {
                keys = nil
            }
        } else {
            keys = mergeKeys[field]
        }
        guard let keys, elements.allSatisfy({ element in keys.allSatisfy { element[$0] != nil } }) else { return nil }
        return keys
    }

    private static func equalAmounts(_ left: JSON, _ right: JSON) -> Bool {
        guard let first = amount(left), let second = amount(right) else { return false }
        return first == second
    }

    private static func amount(_ value: JSON) -> Quantity? {
        switch value {
        case .string(let text): Quantity(text)
        case .integer(let number): Quantity(String(number))
        default: nil
        }
    }
}
