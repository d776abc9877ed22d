import KubernetesModel

/// How values of one type are read, written, checked and described in a schema.
package struct FieldType<Value: Sendable>: Sendable {
    /// Nil after the problem was reported. The second argument is the value to read over: it holds the defaults.
    let read: @Sendable (JSON, Value?, inout Reader) -> Value?
    let write: @Sendable (Value) -> JSON
    let check: @Sendable (Value, Value?, inout Checker) -> Void
    let schema: @Sendable (Value?, SchemaOptions) -> JSON
    /// A sentence about the bounds, for people.
    let note: String?
    /// Whether it is an object with fields of its own.
    let isStructure: Bool

    init(
        note: String? = nil, isStructure: Bool = false,
        schema: @escaping @Sendable (Value?, SchemaOptions) -> JSON,
        read: @escaping @Sendable (JSON, Value?, inout Reader) -> Value?,
        write: @escaping @Sendable (Value) -> JSON,
        check: @escaping @Sendable (Value, Value?, inout Checker) -> Void = { _, _, _ in }
    ) {
        self.note = note
        self.isStructure = isStructure
        self.schema = schema
        self.read = read
        self.write = write
        self.check = check
    }
}

extension FieldType where Value: Specification {
    /// A structure with fields of its own.
    static var structure: FieldType {
        FieldType(
            isStructure: true,
            schema: { prototype, options in Value.schema(prototype ?? Value(), options) },
            read: { json, prototype, reader in
                var value = prototype ?? Value()
                value.read(json, &reader)
                return value
            },
            write: { $0.json },
            check: { value, old, checker in value.check(replacing: old, &checker) })
    }
}

extension FieldType {
    /// A list of at most `maximum` elements. Without `key`, an element may not be there twice.
    ///
    /// - Parameter key: The field that tells elements apart (`x-kubernetes-list-type: map`), so that field managers can
    ///   own single elements; empty for lists of structures that are owned and replaced as one (`atomic`).
    static func list<Element: Hashable>(
        of element: FieldType<Element>, _ count: ClosedRange<Int>, key: String? = nil
    ) -> FieldType where Value == [Element] {
        FieldType(
            note: count.lowerBound > 0
                ? "\(count.lowerBound) to \(count.upperBound) entries." : "At most \(count.upperBound) entries.",
            schema: { _, options in
                var schema: JSON = ["type": "array", "items": element.schema(nil, options)]
                if count.lowerBound > 0 { schema["minItems"] = JSON(count.lowerBound) }
                schema["maxItems"] = JSON(count.upperBound)
                switch key {
                case nil: schema["x-kubernetes-list-type"] = "set"
                case "": schema["x-kubernetes-list-type"] = "atomic"
                case let key?:
                    schema["x-kubernetes-list-type"] = "map"
                    schema["x-kubernetes-list-map-keys"] = [.string(key)]
                }
                return schema
            },
            read: { json, _, reader in
                guard case .array(let elements) = json else {
                    reader.report("expected a list, found \(json.kindForPeople)", "write its entries as \"- entry\"")
                    return nil
                }
                guard elements.count <= count.upperBound else {
                    reader.report(
                        "\(elements.count) entries are too many", "give at most \(count.upperBound)")
                    return nil
                }
                var result: [Element] = []
                for (index, json) in elements.enumerated() {
                    reader.descend(.index(index)) { reader in
                        if let value = element.read(json, nil, &reader) { result.append(value) }
                    }
                }
                return result.count == elements.count ? result : nil
            },
            write: { .array($0.map(element.write)) },
            check: { values, _, checker in
                if !count.contains(values.count) {
                    checker.report(
                        "\(values.count) entries", "give \(count.lowerBound) to \(count.upperBound) entries")
                }
                var seen: Set<JSON> = []
                for (index, value) in values.enumerated() {
                    checker.descend(.index(index)) { checker in
                        element.check(value, nil, &checker)
                        guard key != "" else { return }
                        let json = element.write(value)
                        let identity = key.flatMap { json[$0] } ?? json
                        if !seen.insert(identity).inserted {
                            checker.report("is there twice", "remove one of the two")
                        }
                    }
                }
            })
    }
}

extension FieldType where Value == [String: String] {
    /// Text by name: labels, annotations and the like.
    static func strings(keys: Format, values: Format, maximum: Int = 64) -> FieldType {
        FieldType(
            note: "At most \(maximum) entries.",
            schema: { _, _ in
                var schema: JSON = ["type": "object", "additionalProperties": values.schema]
                schema["maxProperties"] = JSON(maximum)
                return schema
            },
            read: { json, _, reader in
                guard case .object(let members) = json else {
                    reader.report(
                        "expected an object, found \(json.kindForPeople)", "write its entries as \"name: text\"")
                    return nil
                }
                guard members.count <= maximum else {
                    reader.report("\(members.count) entries are too many", "give at most \(maximum)")
                    return nil
                }
                var result: [String: String] = [:]
                for (key, value) in members {
                    reader.descend(.key(key)) { reader in
                        if case .string(let text) = value {
                            result[key] = text
                        } else {
                            reader.report("expected text, found \(value.kindForPeople)", "put the value in quotes")
                        }
                    }
                }
                return result.count == members.count ? result : nil
            },
            write: { .strings($0) },
            check: { map, _, checker in
                if map.count > maximum {
                    checker.report("\(map.count) entries are too many", "give at most \(maximum)")
                }
                for (key, value) in map.sorted(by: { $0.key < $1.key }) {
                    checker.descend(.key(key)) { checker in
                        if !keys.accepts(key) { checker.report("the name is not \(keys.meaning)", "rename it") }
                        values.check(value, &checker)
                    }
                }
            })
    }
}

extension FieldType where Value == JSON {
    /// An object that is passed on as it is.
    static var anyObject: FieldType {
        FieldType(
            schema: { _, _ in ["type": "object", "x-kubernetes-preserve-unknown-fields": true] },
            read: { json, _, reader in
                guard json.object != nil else {
                    reader.report(
                        "expected an object, found \(json.kindForPeople)", "write its fields as \"name: value\"")
                    return nil
                }
                return json
            },
            write: { $0 })
    }
}
