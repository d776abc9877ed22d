import KubernetesModel

extension Schema {
    /// Reads the structural schema of a CustomResourceDefinition's version (OpenAPI v3). CEL rules are not evaluated;
    /// of `allOf`, `anyOf` and `oneOf` nothing is checked.
    static func structural(_ json: JSON, _ release: LocalCluster.Release) -> Schema {
        let type = json["type"]?.string
        let preserves = json["x-kubernetes-preserve-unknown-fields"]?.bool ?? false
        var rules = Rules()
        rules.minimum = json["minimum"]?.double
        rules.maximum = json["maximum"]?.double
        rules.isMinimumExclusive = json["exclusiveMinimum"]?.bool ?? false
        rules.isMaximumExclusive = json["exclusiveMaximum"]?.bool ?? false
        rules.pattern = json["pattern"]?.string
        rules.minLength = json["minLength"]?.int
        rules.maxLength = json["maxLength"]?.int
        rules.minItems = json["minItems"]?.int
        rules.maxItems = json["maxItems"]?.int
        rules.minProperties = json["minProperties"]?.int
        rules.maxProperties = json["maxProperties"]?.int
        rules.allowed = json["enum"]?.array
        rules.format = json["format"]?.string

        var properties: [String: Schema] = [:]
        for (name, schema) in json["properties"]?.object ?? JSONObject() {
            properties[name] = structural(schema, release)
        }
        let shape: Shape
        if json["x-kubernetes-int-or-string"]?.bool == true {
            shape = .intOrString
        } else {
            switch type {
            case "object":
                if let values = json["additionalProperties"], values.bool != false {
                    shape = .map(values.object == nil ? .any : structural(values, release))
                } else if properties.isEmpty && preserves {
                    // Old servers merged what is free by its members and looked no deeper.
                    shape = release == .kubernetes120 ? .map(Schema(.any, isAtomic: true)) : .any
                } else {
                    shape = .object
                }
            case "array":
                let kind: ListKind =
                    switch json["x-kubernetes-list-type"]?.string {
                    case "set": .set
                    case "map":
                        .map(keys: json["x-kubernetes-list-map-keys"]?.array?.compactMap(\.string) ?? [])
                    default: .atomic
                    }
                shape = .list(json["items"].map { structural($0, release) } ?? .any, kind)
            case "string": shape = .string
            case "integer": shape = .integer
            case "number": shape = .number
            case "boolean": shape = .boolean
            default: shape = .any
            }
        }
        if json["x-kubernetes-embedded-resource"]?.bool == true {
            for (name, schema) in BuiltInTypes.of(release).objectFrame where properties[name] == nil {
                properties[name] = schema
            }
        }
        return Schema(
            shape, properties: properties, isOpen: preserves,
            isAtomic: json["x-kubernetes-map-type"]?.string == "atomic", isNullable: json["nullable"]?.bool ?? false,
            defaultValue: json["default"], required: json["required"]?.array?.compactMap(\.string) ?? [],
            rules: rules)
    }

    /// The schema of a whole custom resource: `json` with the metadata that every object has.
    static func customResource(_ json: JSON, _ release: LocalCluster.Release) -> Schema {
        let root = structural(json, release)
        var properties = root.properties
        for (name, schema) in BuiltInTypes.of(release).objectFrame { properties[name] = schema }
        return Schema(
            .object, properties: properties, isOpen: root.isOpen, required: root.required, rules: root.rules)
    }
}
