import KubernetesModel

/// One field of a structure: its name in the resource, where it is kept, its type and what it means.
package struct Field<Root: Specification>: Sendable {
    package let name: String
    package let description: String
    package let isRequired: Bool
    let read: @Sendable (JSON, inout Root, inout Reader) -> Void
    let write: @Sendable (Root) -> JSON?
    let check: @Sendable (Root, Root?, inout Checker) -> Void
    let schema: @Sendable (Root, SchemaOptions) -> JSON

    /// A field that always has a value: its default is the one in a new `Root`, unless it is required.
    init<Value: Equatable>(
        _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ type: FieldType<Value>,
        required: Bool = false, _ description: String
    ) {
        self.name = name
        self.description = description
        isRequired = required
        read = { json, root, reader in
            if let value = type.read(json, root[keyPath: path], &reader) { root[keyPath: path] = value }
        }
        write = { type.write($0[keyPath: path]) }
        // Most structures are left as they are: comparing them is several times faster than checking all their fields.
        let untouched: Value? = type.isStructure && !required ? Root()[keyPath: path] : nil
        check = { root, old, checker in
            let value = root[keyPath: path]
            if old == nil, let untouched, value == untouched { return }
            type.check(value, old?[keyPath: path], &checker)
        }
        schema = { prototype, options in
            let base = type.schema(prototype[keyPath: path], options)
            var fallback: JSON?
            if options.defaults, !required {
                if !type.isStructure {
                    fallback = type.write(prototype[keyPath: path])
                } else if Self.holdsDefault(base) {
                    fallback = .object(JSONObject())
                }
                // Nothing written and nothing in a list or map is the same.
                if !type.isStructure, fallback?.array?.isEmpty == true || fallback?.object?.isEmpty == true {
                    fallback = Optional.none
                }
            }
            return Self.complete(base, description, type.note, fallback, isStructure: type.isStructure)
        }
    }

    /// A field without default: nil says that nothing was written.
    ///
    /// - Parameter prototype: what a written structure starts from, where it differs from a new one.
    init<Value>(
        _ name: String, optional path: any WritableKeyPath<Root, Value?> & Sendable, _ type: FieldType<Value>,
        prototype: Value? = nil, _ description: String
    ) {
        self.name = name
        self.description = description
        isRequired = false
        read = { json, root, reader in
            if let value = type.read(json, root[keyPath: path] ?? prototype, &reader) { root[keyPath: path] = value }
        }
        write = { $0[keyPath: path].map(type.write) }
        check = { root, old, checker in
            if let value = root[keyPath: path] { type.check(value, old?[keyPath: path], &checker) }
        }
        schema = { root, options in
            let base = type.schema(root[keyPath: path] ?? prototype, options)
            return Self.complete(base, description, type.note, nil, isStructure: true)
        }
    }

    /// Whether defaults stand anywhere below: then the object must be there for the API server to fill them in.
    private static func holdsDefault(_ schema: JSON) -> Bool {
        (schema["properties"]?.object ?? JSONObject()).contains { $0.value["default"] != nil }
    }

    /// `base` with description (what, bounds, default) first.
    private static func complete(
        _ base: JSON, _ description: String, _ note: String?, _ fallback: JSON?, isStructure: Bool
    ) -> JSON {
        var text = description
        if let note { text += " " + note }
        if let fallback, !isStructure { text += " Default: \(fallback.string ?? fallback.text)." }
        var members = JSONObject([("description", .string(text))])
        if let fallback { members["default"] = fallback }
        for (key, value) in base.object ?? JSONObject() { members[key] = value }
        return .object(members)
    }
}
