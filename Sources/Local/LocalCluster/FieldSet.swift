import KubernetesModel

/// A set of field paths: who owns what in `metadata.managedFields`.
///
/// A path element is kept in the notation of FieldsV1: `f:name` for a member, `k:{"name":"a"}` for an item of a keyed
/// list, `v:"a"` for an item of a set.
struct FieldSet: Hashable, Sendable {
    var members: Set<String> = []
    var children: [String: FieldSet] = [:]

    var isEmpty: Bool { members.isEmpty && children.values.allSatisfy(\.isEmpty) }

    mutating func insert(_ child: FieldSet, under element: String) {
        if !child.isEmpty { children[element] = child }
    }

    func union(_ other: FieldSet) -> FieldSet {
        var result = self
        result.members.formUnion(other.members)
        for (element, child) in other.children {
            result.children[element] = result.children[element].map { $0.union(child) } ?? child
        }
        return result
    }

    func intersection(_ other: FieldSet) -> FieldSet {
        var result = FieldSet(members: members.intersection(other.members))
        for (element, child) in children {
            guard let otherChild = other.children[element] else { continue }
            result.insert(child.intersection(otherChild), under: element)
        }
        return result
    }

    func subtracting(_ other: FieldSet) -> FieldSet {
        var result = FieldSet(members: members.subtracting(other.members))
        for (element, child) in children {
            result.insert(other.children[element].map { child.subtracting($0) } ?? child, under: element)
        }
        return result
    }

    /// Without the paths named, and without everything below them.
    func removing(_ paths: [[String]]) -> FieldSet {
        paths.reduce(self) { $0.removing($1[...]) }
    }

    private func removing(_ path: ArraySlice<String>) -> FieldSet {
        guard let first = path.first else { return self }
        var result = self
        if path.count == 1 {
            result.members.remove(first)
            result.children[first] = nil
        } else if let child = children[first] {
            let rest = child.removing(path.dropFirst())
            result.children[first] = rest.isEmpty ? nil : rest
        }
        return result
    }

    /// Only what lies at or below the members of the root named.
    func keeping(_ roots: [String]) -> FieldSet {
        FieldSet(members: members.filter(roots.contains), children: children.filter { roots.contains($0.key) })
    }

    /// Every path, readable, in alphabetical order: `.spec.replicas`.
    var paths: [String] {
        var result: [String] = members.map(Schema.readable)
        for (element, child) in children { result += child.paths.map { Schema.readable(element) + $0 } }
        return result.sorted()
    }

    /// As FieldsV1, keys in alphabetical order.
    var json: JSON {
        var result = JSONObject()
        for element in Set(members).union(children.keys).sorted() {
            var inner = JSONObject()
            if let child = children[element], !child.isEmpty {
                if members.contains(element) { inner["."] = .object(JSONObject()) }
                for (key, value) in child.json.object ?? JSONObject() { inner[key] = value }
            } else if !members.contains(element) {
                continue
            }
            result[element] = .object(inner)
        }
        return .object(result)
    }
}

extension FieldSet {
    /// Reads FieldsV1.
    init(_ json: JSON) {
        for (element, inner) in json.object ?? JSONObject() where element != "." {
            let child = FieldSet(inner)
            if inner.object?.isEmpty ?? true || inner["."] != nil { members.insert(element) }
            insert(child, under: element)
        }
    }
}

extension Schema {
    /// The paths that `value` sets.
    ///
    /// - Parameter ownsEmpty: whether an empty object counts as a path (from Kubernetes 1.21).
    /// - Throws: `SchemaProblem` for a list item without its key.
    func fields(of value: JSON, ownsEmpty: Bool = true) throws(SchemaProblem) -> FieldSet {
        var result = FieldSet()
        guard let members = value.object else { return result }
        for (key, inner) in members {
            let schema = member(key) ?? .any
            try schema.collect(inner, as: "f:\(key)", ownsEmpty, into: &result)
            if !declares(key) { result.members.insert("f:\(key)") }
        }
        return result
    }

    private func collect(_ value: JSON, as element: String, _ ownsEmpty: Bool, into set: inout FieldSet)
        throws(SchemaProblem)
    {
        switch treatment(of: value) {
        case .leaf: set.members.insert(element)
        case .members:
            if value.object?.isEmpty ?? true {
                if ownsEmpty { set.members.insert(element) }
            } else {
                set.insert(try fields(of: value, ownsEmpty: ownsEmpty), under: element)
            }
        case .items(let schema, let kind):
            var child = FieldSet()
            for item in value.array ?? [] {
                let name = try Self.element(of: item, schema: schema, kind: kind)
                try schema.collect(item, as: name, ownsEmpty, into: &child)
                child.members.insert(name)
            }
            set.insert(child, under: element)
        }
    }

    /// `set` as the server reads it from a stored object: who owns an object or list that has members, and none of them,
    /// is taken for an owner from the time when it was owned as a whole, and gets all of them.
    func widened(_ set: FieldSet, over value: JSON) throws(SchemaProblem) -> FieldSet {
        var result = set
        let inner: [(element: String, schema: Schema, value: JSON)]
        switch (treatment(of: value), value) {
        case (.members, .object(let members)):
            inner = members.map { ("f:\($0.key)", member($0.key) ?? .any, $0.value) }
        case (.items(let item, let kind), .array(let items)):
            var named: [(element: String, schema: Schema, value: JSON)] = []
            for element in items {
                named.append((try Self.element(of: element, schema: item, kind: kind), item, element))
            }
            inner = named
        default: return set
        }
        for (element, schema, value) in inner {
            if let child = set.children[element] {
                result.insert(try schema.widened(child, over: value), under: element)
            } else if set.members.contains(element) {
                var whole = FieldSet()
                try schema.collect(value, as: element, true, into: &whole)
                if let child = whole.children[element] { result.insert(child, under: element) }
            }
        }
        return result
    }

    /// `set` with the declared members on the way to each of its paths added.
    func withParents(_ set: FieldSet) -> FieldSet {
        var result = FieldSet(members: set.members)
        for (element, child) in set.children {
            let isField = element.hasPrefix("f:")
            let key = String(element.dropFirst(2))
            if isField, declares(key) { result.members.insert(element) }
            let schema: Schema =
                if isField { member(key) ?? .any } else if case .list(let item, _) = shape { item } else { .any }
            result.children[element] = schema.withParents(child)
        }
        return result
    }
}

/// What differs between two versions of an object.
struct FieldComparison: Sendable {
    var added = FieldSet()
    var removed = FieldSet()
    var modified = FieldSet()

    var isEmpty: Bool { added.isEmpty && removed.isEmpty && modified.isEmpty }

    func removing(_ paths: [[String]]) -> FieldComparison {
        FieldComparison(
            added: added.removing(paths), removed: removed.removing(paths), modified: modified.removing(paths))
    }
}

extension Schema {
    /// What changed from `old` to `new`, both whole objects of this type.
    func compare(_ old: JSON, _ new: JSON) -> FieldComparison {
        var result = FieldComparison()
        compareMembers(old, new, into: &result)
        return result
    }

    private func compareMembers(_ old: JSON?, _ new: JSON?, into result: inout FieldComparison) {
        let oldMembers = old?.object ?? JSONObject()
        let newMembers = new?.object ?? JSONObject()
        for key in oldMembers.keys + newMembers.keys.filter({ oldMembers[$0] == nil }) {
            (member(key) ?? .any).compare(oldMembers[key], newMembers[key], as: "f:\(key)", into: &result)
        }
    }

    private func compare(_ old: JSON?, _ new: JSON?, as element: String, into result: inout FieldComparison) {
        let old = old?.isNull == true ? nil : old
        let new = new?.isNull == true ? nil : new
        guard let sample = new ?? old, old != new else { return }
        var inner = FieldComparison()
        let isSameForm =
            switch (old, new) {
            case (.object, .array), (.array, .object): false
            default: true
            }
        switch treatment(of: sample) {
        case .members where isSameForm && !(Self.isEmpty(old) && Self.isEmpty(new)):
            compareMembers(old, new, into: &inner)
        case .items(let item, let kind) where isSameForm && !(Self.isEmpty(old) && Self.isEmpty(new)):
            // An item without its key cannot be in a stored object; if it is, it counts as one of its own.
            func named(_ list: JSON?) -> [(String, JSON)] {
                (list?.array ?? []).map {
                    ((try? Self.element(of: $0, schema: item, kind: kind)) ?? "v:\($0.text)", $0)
                }
            }
            let oldItems = Dictionary(named(old), uniquingKeysWith: { $1 })
            let newItems = Dictionary(named(new), uniquingKeysWith: { $1 })
            for name in Set(oldItems.keys).union(newItems.keys) {
                item.compare(oldItems[name], newItems[name], as: name, into: &inner)
            }
        default:
            if old == nil {
                result.added.members.insert(element)
            } else if new == nil {
                result.removed.members.insert(element)
            } else {
                result.modified.members.insert(element)
            }
            return
        }
        if old == nil { result.added.members.insert(element) }
        if new == nil { result.removed.members.insert(element) }
        result.added.insert(inner.added, under: element)
        result.removed.insert(inner.removed, under: element)
        result.modified.insert(inner.modified, under: element)
    }

    private static func isEmpty(_ value: JSON?) -> Bool {
        switch value {
        case nil: true
        case .object(let members): members.isEmpty
        case .array(let items): items.isEmpty
        default: false
        }
    }

    /// `live` with everything that `intent` says laid over it.
    ///
    /// - Parameter keepsOrder: lists that merge keep the order of `live`, and new items come behind, as on old servers.
    ///   Else the items of `intent` come in its order, and those of `live` alone where they are between them.
    func merging(_ live: JSON?, _ intent: JSON, keepsOrder: Bool) throws(SchemaProblem) -> JSON {
        guard let live, !live.isNull else { return intent }
        switch (treatment(of: intent), intent) {
        case (.members, .object(let wanted)):
            guard var result = live.object else { return intent }
            for (key, value) in wanted {
                result[key] = try (member(key) ?? .any).merging(result[key], value, keepsOrder: keepsOrder)
            }
            return .object(result)
        case (.items(let item, let kind), .array(let wanted)):
            guard let present = live.array else { return intent }
            func named(_ elements: [JSON]) throws(SchemaProblem) -> [(name: String, value: JSON)] {
                var result: [(name: String, value: JSON)] = []
                for element in elements {
                    result.append((try Self.element(of: element, schema: item, kind: kind), element))
                }
                return result
            }
            let (old, new) = (try named(present), try named(wanted))
            let values = Dictionary(old.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            let order =
                keepsOrder
                ? old.map(\.name) + new.map(\.name).filter { values[$0] == nil }
                : Self.order(old.map(\.name), new.map(\.name))
            let wishes = Dictionary(new.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            var result: [JSON] = []
            for name in order {
                guard let wish = wishes[name] else {
                    if let value = values[name] { result.append(value) }
                    continue
                }
                result.append(try item.merging(values[name], wish, keepsOrder: keepsOrder))
            }
            return .array(result)
        default: return intent
        }
    }

    /// The names of both lists, each once: the wanted ones in their order; those that are only present come before the
    /// wanted one that stood behind them.
    private static func order(_ present: [String], _ wanted: [String]) -> [String] {
        let (isPresent, isWanted) = (Set(present), Set(wanted))
        var shared = wanted.filter(isPresent.contains)[...]
        var (old, new) = (present[...], wanted[...])
        var result: [String] = []
        while true {
            if let first = old.first, isWanted.contains(first) {
                // Its place is told by the wish: it is passed over here unless it is the next one that both have.
                if new.isEmpty || first != shared.first {
                    old.removeFirst()
                    continue
                }
            } else if let first = old.popFirst() {
                result.append(first)
                continue
            }
            guard let next = new.popFirst() else { return result }
            result.append(next)
            if next == shared.first {
                shared.removeFirst()
                if old.first == next { old.removeFirst() }
            }
        }
    }

    /// `value` without the paths of `set` and everything below them. Nil when nothing is left of it.
    ///
    /// - Parameter leavesNull: a member of which nothing is left becomes null, as on old servers. Else an object stays, empty,
    ///   unless it is in `set` itself.
    func removing(_ set: FieldSet, from value: JSON, leavesNull: Bool = false) throws(SchemaProblem) -> JSON? {
        switch (treatment(of: value), value) {
        case (.members, .object(let members)):
            var result = JSONObject()
            for (key, inner) in members {
                let element = "f:\(key)"
                if set.members.contains(element) { continue }
                guard let subset = set.children[element] else {
                    result[key] = inner
                    continue
                }
                result[key] = try (member(key) ?? .any).removing(subset, from: inner, leavesNull: leavesNull)
                if result[key] == nil { result[key] = leavesNull ? .null : inner.object.map { _ in [:] } }
            }
            return result.isEmpty ? nil : .object(result)
        case (.items(let item, let kind), .array(let elements)):
            var result: [JSON] = []
            for element in elements {
                let name = try Self.element(of: element, schema: item, kind: kind)
                if set.members.contains(name) { continue }
                guard let subset = set.children[name] else {
                    result.append(element)
                    continue
                }
                if let rest = try item.removing(subset, from: element, leavesNull: leavesNull) { result.append(rest) }
            }
            return result.isEmpty ? nil : .array(result)
        default: return value
        }
    }
}
