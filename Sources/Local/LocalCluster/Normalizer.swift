import KubernetesModel

/// Brings a value into the form in which the server keeps it: unknown members dropped, defaults written, amounts in
/// canonical form, and for built-in kinds zero values left out as Go's `omitempty` does.
struct Normalizer {
    let isBuiltIn: Bool
    /// The paths of what was dropped because the schema does not know it.
    private(set) var unknown: [String] = []

    init(isBuiltIn: Bool) { self.isBuiltIn = isBuiltIn }

    /// A whole object. Its metadata is a built-in type even in a custom resource.
    mutating func object(_ json: JSON, _ schema: Schema) -> JSON {
        guard !isBuiltIn, let metadata = json["metadata"], let type = schema.properties["metadata"] else {
            return normalized(json, schema, path: "")
        }
        var rest = json
        rest["metadata"] = nil
        var inner = Normalizer(isBuiltIn: true)
        let newMetadata = inner.normalized(metadata, type, path: "metadata")
        var result = normalized(rest, schema, path: "")
        result["metadata"] = newMetadata
        unknown += inner.unknown
        return result
    }

    private mutating func normalized(_ value: JSON, _ schema: Schema, path: String) -> JSON {
        switch (schema.shape, value) {
        case (.object, .object(let members)), (.map, .object(let members)):
            var result = JSONObject()
            for (key, inner) in members {
                let place = path.isEmpty ? key : "\(path).\(key)"
                guard let type = schema.member(key) else {
                    unknown.append(place)
                    continue
                }
                if inner.isNull, !type.isNullable {
                    // Null stands for the default where there is one; otherwise validation refuses it later.
                    if !isBuiltIn, type.defaultValue == nil { result[key] = inner }
                    continue
                }
                let new = normalized(inner, type, path: place)
                if isBuiltIn, type.dropsZero, new.isZero { continue }
                result[key] = new
            }
            for key in schema.defaultedKeys where result[key] == nil {
                guard let type = schema.properties[key] else { continue }
                result[key] = normalized(type.defaultValue ?? .object(JSONObject()), type, path: key)
            }
            return .object(result)
        case (.list(let item, _), .array(let items)):
            var result: [JSON] = []
            for (index, element) in items.enumerated() {
                result.append(normalized(element, item, path: "\(path)[\(index)]"))
            }
            return .array(result)
        case (.quantity, _):
            let text = value.string ?? (value.double == nil ? nil : value.text)
            return text.flatMap { Quantity($0) }.map { .string($0.description) } ?? value
        default: return value
        }
    }
}

extension JSON {
    /// What Go writes no field for: null, false, 0, "" and what is empty.
    var isZero: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .integer(let value): value == 0
        case .number(let value): value == 0
        case .string(let value): value.isEmpty
        case .array(let value): value.isEmpty
        case .object(let value): value.isEmpty
        }
    }
}
