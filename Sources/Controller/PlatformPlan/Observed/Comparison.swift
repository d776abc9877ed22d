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
        var walk = Walk()
        walk.compare(desired, live, amount: false)
        return walk.found
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

    /// Where a comparison is. The way there is only written out for a difference, of which there are few.
    private struct Walk {
        enum Step {
            case member(String)
            case index(Int)
            /// One of a list that is merged by `keys`.
            case element(JSON, keys: [String])
        }

        var found: [FieldDifference] = []
        private var path: [Step] = []

        /// The name of the member that is being compared; empty for an element of a list, and for the whole.
        private var field: String { if case .member(let name)? = path.last { name } else { "" } }

        private mutating func at(_ step: Step, _ body: (inout Walk) -> Void) {
            path.append(step)
            body(&self)
            path.removeLast()
        }

        private mutating func note(_ desired: JSON, _ live: JSON?) {
            var text = ""
            for step in path {
                switch step {
                case .member(let name): text += text.isEmpty ? name : ".\(name)"
                case .index(let index): text += "[\(index)]"
                case .element(let element, let keys):
                    let names = keys.map { "\($0)=\(element[$0]?.string ?? element[$0]?.text ?? "")" }
                    text += "[\(names.joined(separator: ","))]"
                }
            }
            found.append(FieldDifference(path: text, desired: desired, live: live))
        }

        mutating func compare(_ desired: JSON, _ live: JSON?, amount: Bool) {
            switch desired {
            case .object(let members):
                // The API server drops empty objects of optional fields.
                if members.isEmpty, live == nil { return }
                guard case .object(let liveMembers)? = live else { return note(desired, live) }
                if Comparison.wholeMaps.contains(field),
                    let extra = liveMembers.first(where: { members[$0.key] == nil })
                {
                    at(.member(extra.key)) { $0.note(.null, extra.value) }
                }
                let isElement =
                    switch path.last {
                    case .index, .element: true
                    case .member, nil: false
                    }
                for (key, value) in members {
                    let isAmount = amount || (!isElement && Comparison.amountFields.contains(key))
                    at(.member(key)) { $0.compare(value, liveMembers[key], amount: isAmount) }
                }
            case .array(let elements):
                if elements.isEmpty, live == nil { return }
                guard case .array(let liveElements)? = live else { return note(desired, live) }
                compareList(elements, liveElements)
            default:
                if let live, desired == live || (amount && Comparison.equalAmounts(desired, live)) { return }
                // A null asks for nothing to be there.
                if desired.isNull, live == nil { return }
                note(desired, live)
            }
        }

        private mutating func compareList(_ desired: [JSON], _ live: [JSON]) {
            let field = field
            if let keys = Comparison.keys(of: field, desired) {
                for (index, element) in desired.enumerated() {
                    func isSame(_ other: JSON) -> Bool { keys.allSatisfy { other[$0] == element[$0] } }
                    // Nearly always they stand in the same order.
                    let match =
                        live.indices.contains(index) && isSame(live[index]) ? live[index] : live.first(where: isSame)
                    at(.element(element, keys: keys)) { $0.compare(element, match, amount: false) }
                }
                return
            }
            if field == "finalizers" {
                // A set: others may add theirs.
                for element in desired where !live.contains(element) { note(element, nil) }
                return
            }
            guard desired.count == live.count else { return note(.array(desired), .array(live)) }
            for (index, element) in desired.enumerated() {
                at(.index(index)) { $0.compare(element, live[index], amount: false) }
            }
        }
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
