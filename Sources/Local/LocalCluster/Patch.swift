import KubernetesModel

/// The patches other than server-side apply.
enum Patch {
    /// JSON merge patch (RFC 7396).
    static func merge(_ patch: JSON, into target: JSON?) -> JSON {
        guard let changes = patch.object else { return patch }
        var result = target?.object ?? JSONObject()
        for (key, value) in changes {
            // A plain nil in a conditional expression would become JSON's null.
            if value.isNull { result[key] = nil } else { result[key] = merge(value, into: result[key]) }
        }
        return .object(result)
    }

    /// Why a JSON patch does not apply.
    enum Failure: Error {
        /// The patch itself is malformed: 400.
        case malformed(String)
        /// A test failed or a path is missing: 422.
        case refused(String)
    }

    /// JSON patch (RFC 6902).
    static func operations(_ patch: JSON, on target: JSON) throws(Failure) -> JSON {
        guard let operations = patch.array else { throw .malformed("a JSON patch is a list of operations") }
        var result = target
        for operation in operations {
            guard let name = operation["op"]?.string, let path = operation["path"]?.string else {
                throw .malformed("an operation of a JSON patch needs op and path")
            }
            let tokens = try tokens(path)
            switch name {
            case "add", "replace", "test":
                guard let value = operation["value"] else { throw .malformed("\(name) \(path) has no value") }
                if name == "test" {
                    guard find(tokens[...], in: result) == value else { throw .refused("testing value \(path) failed") }
                } else {
                    if name == "replace", find(tokens[...], in: result) == nil {
                        throw .refused("replace operation does not apply: doc is missing key: \(path)")
                    }
                    try set(value, at: tokens[...], in: &result, inserting: name == "add", path)
                }
            case "remove": try remove(tokens[...], from: &result, path)
            case "copy", "move":
                guard let from = operation["from"]?.string else { throw .malformed("\(name) \(path) has no from") }
                let source = try Self.tokens(from)
                guard let value = find(source[...], in: result) else { throw .refused("\(from) is missing") }
                if name == "move" { try remove(source[...], from: &result, from) }
                try set(value, at: tokens[...], in: &result, inserting: true, path)
            default: throw .malformed("unknown operation \(name)")
            }
        }
        return result
    }

    private static func tokens(_ path: String) throws(Failure) -> [String] {
        if path.isEmpty { return [] }
        guard path.hasPrefix("/") else { throw .malformed("\(path) does not start with a slash") }
        return path.split(separator: "/", omittingEmptySubsequences: false)[1...].map { token in
            var text = ""
            var rest = token[...]
            while let character = rest.popFirst() {
                guard character == "~", let next = rest.popFirst() else {
                    text.append(character)
                    continue
                }
                text.append(next == "1" ? "/" : next == "0" ? "~" : "~\(next)")
            }
            return text
        }
    }

    private static func find(_ tokens: ArraySlice<String>, in value: JSON) -> JSON? {
        guard let first = tokens.first else { return value }
        let inner: JSON? =
            switch value {
            case .object: value[first]
            case .array: Int(first).flatMap { value[$0] }
            default: nil
            }
        return inner.flatMap { find(tokens.dropFirst(), in: $0) }
    }

    private static func set(
        _ new: JSON, at tokens: ArraySlice<String>, in value: inout JSON, inserting: Bool, _ path: String
    ) throws(Failure) {
        guard let first = tokens.first else {
            value = new
            return
        }
        switch value {
        case .object:
            if tokens.count == 1 {
                value[first] = new
            } else {
                guard var inner = value[first] else { throw .refused("doc is missing path: \(path)") }
                try set(new, at: tokens.dropFirst(), in: &inner, inserting: inserting, path)
                value[first] = inner
            }
        case .array(var items):
            if tokens.count == 1, inserting {
                guard let index = first == "-" ? items.count : Int(first), (0...items.count).contains(index) else {
                    throw .refused("invalid index in \(path)")
                }
                items.insert(new, at: index)
            } else {
                guard let index = Int(first), items.indices.contains(index) else {
                    throw .refused("invalid index in \(path)")
                }
                try set(new, at: tokens.dropFirst(), in: &items[index], inserting: inserting, path)
            }
            value = .array(items)
        default: throw .refused("doc is missing path: \(path)")
        }
    }

    private static func remove(_ tokens: ArraySlice<String>, from value: inout JSON, _ path: String) throws(Failure) {
        guard let first = tokens.first else { throw .refused("the whole document cannot be removed") }
        switch value {
        case .object:
            guard var inner = value[first] else {
                throw .refused("remove operation does not apply: doc is missing path: \(path)")
            }
            if tokens.count == 1 {
                value[first] = nil
            } else {
                try remove(tokens.dropFirst(), from: &inner, path)
                value[first] = inner
            }
        case .array(var items):
            guard let index = Int(first), items.indices.contains(index) else {
                throw .refused("invalid index in \(path)")
            }
            if tokens.count == 1 {
                items.remove(at: index)
            } else {
                try remove(tokens.dropFirst(), from: &items[index], path)
            }
            value = .array(items)
        default: throw .refused("doc is missing path: \(path)")
        }
    }

    /// Strategic merge patch: as JSON merge patch, but lists with keys merge by their first key, and `$patch` deletes
    /// or replaces. What kubectl sends for built-in kinds.
    static func strategic(_ patch: JSON, into target: JSON?, schema: Schema) -> JSON {
        switch (patch, target) {
        case (.object(let changes), _):
            if changes["$patch"]?.string == "replace" {
                var rest = changes
                rest["$patch"] = nil
                return .object(rest)
            }
            var result = target?.object ?? JSONObject()
            for (key, value) in changes {
                if key == "$retainKeys", let names = value.array?.compactMap(\.string) {
                    for present in result.keys where !names.contains(present) { result[present] = nil }
                } else if key.hasPrefix("$deleteFromPrimitiveList/") {
                    let name = String(key.dropFirst("$deleteFromPrimitiveList/".count))
                    let gone = value.array ?? []
                    if let list = result[name]?.array { result[name] = .array(list.filter { !gone.contains($0) }) }
                } else if key.hasPrefix("$") {
                    continue  // the order of list items: ours is stable anyway
                } else if value.isNull {
                    result[key] = nil
                } else {
                    result[key] = strategic(value, into: result[key], schema: schema.member(key) ?? .any)
                }
            }
            return .object(result)
        case (.array(let changes), .array(var items)?):
            guard case .list(let item, let kind) = schema.shape else { return patch }
            switch kind {
            case .atomic: return patch
            case .set: return .array(items + changes.filter { !items.contains($0) })
            case .map(let keys):
                if changes.contains(where: { $0["$patch"]?.string == "replace" }) {
                    return .array(changes.filter { $0["$patch"] == nil })
                }
                let key = keys[0]
                for change in changes {
                    let index = items.firstIndex { $0[key] == change[key] }
                    if change["$patch"]?.string == "delete" {
                        if let index { items.remove(at: index) }
                    } else if let index {
                        items[index] = strategic(change, into: items[index], schema: item)
                    } else {
                        items.append(change)
                    }
                }
                return .array(items)
            }
        default: return patch
        }
    }
}
