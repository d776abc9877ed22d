import KubernetesModel

extension Schema {
    /// What a custom resource's value breaks: types, required members, bounds, patterns, enumerations.
    /// CEL rules are not evaluated.
    func violations(_ value: JSON, path: String = "") -> [FieldProblem] {
        func wrongType(_ expected: String) -> [FieldProblem] {
            let type = Self.typeName(value)
            return [.invalid(path, .string(type), "\(path) in body must be of type \(expected): \"\(type)\"")]
        }
        if value.isNull, isNullable { return [] }
        var result: [FieldProblem] = []
        switch shape {
        case .any: break
        case .object, .map:
            guard let members = value.object else { return wrongType("object") }
            for name in required where members[name] == nil { result.append(.required(Self.join(path, name))) }
            if let limit = rules.maxProperties, members.count > limit {
                result.append(.invalid(path, value, "\(path) in body should have at most \(limit) properties"))
            }
            if let limit = rules.minProperties, members.count < limit {
                result.append(.invalid(path, value, "\(path) in body should have at least \(limit) properties"))
            }
            for (key, inner) in members {
                guard let schema = member(key) else { continue }
                result += schema.violations(inner, path: Self.join(path, key))
            }
        case .list(let item, let kind):
            guard let items = value.array else { return wrongType("array") }
            if let limit = rules.maxItems, items.count > limit { result.append(.tooMany(path, items.count, limit)) }
            if let limit = rules.minItems, items.count < limit {
                result.append(.invalid(path, JSON(items.count), "\(path) in body should have at least \(limit) items"))
            }
            var seen: Set<String> = []
            for (index, element) in items.enumerated() {
                // An item without its key is reported as a missing required member below.
                if kind != .atomic, let name = try? Self.element(of: element, schema: item, kind: kind),
                    !seen.insert(name).inserted
                {
                    result.append(
                        FieldProblem(
                            reason: "FieldValueDuplicate", field: "\(path)[\(index)]",
                            message: "Duplicate value: \(name.dropFirst(2))"))
                }
                result += item.violations(element, path: "\(path)[\(index)]")
            }
        case .string, .quantity, .microTime:
            guard let text = value.string else { return wrongType("string") }
            result += violations(ofText: text, path: path)
        case .boolean: if value.bool == nil { return wrongType("boolean") }
        case .integer:
            guard let number = value.double, value.int != nil else { return wrongType("integer") }
            result += violations(ofNumber: number, value, path: path)
        case .number:
            guard let number = value.double else { return wrongType("number") }
            result += violations(ofNumber: number, value, path: path)
        case .intOrString:
            if value.string == nil, value.int == nil { return wrongType("integer,string") }
            if let text = value.string { result += violations(ofText: text, path: path) }
            if let number = value.double { result += violations(ofNumber: number, value, path: path) }
        }
        if let allowed = rules.allowed, !allowed.contains(value) { result.append(.unsupported(path, value, allowed)) }
        return result
    }

    private func violations(ofText text: String, path: String) -> [FieldProblem] {
        // As on the server, only the first of these is told.
        let length = text.unicodeScalars.count
        if let limit = rules.maxLength, length > limit { return [.tooLong(path, limit)] }
        if let limit = rules.minLength, length < limit {
            return [.invalid(path, .string(text), "\(path) in body should be at least \(limit) chars long")]
        }
        // A pattern that Swift cannot read (RE2 knows a little more) is left to the real server.
        if let pattern = rules.pattern, let regex = try? Regex(pattern), text.firstMatch(of: regex) == nil {
            return [.invalid(path, .string(text), "\(path) in body should match '\(pattern)'")]
        }
        if rules.format == "date-time", Timestamp(text) == nil {
            return [.invalid(path, .string(text), "\(path) in body must be of type date-time: \(JSON(text).text)")]
        }
        return []
    }

    private func violations(ofNumber number: Double, _ value: JSON, path: String) -> [FieldProblem] {
        var result: [FieldProblem] = []
        if let bound = rules.minimum, rules.isMinimumExclusive ? number <= bound : number < bound {
            let word = rules.isMinimumExclusive ? "greater than" : "greater than or equal to"
            result.append(.invalid(path, value, "\(path) in body should be \(word) \(JSON(bound).text)"))
        }
        if let bound = rules.maximum, rules.isMaximumExclusive ? number >= bound : number > bound {
            let word = rules.isMaximumExclusive ? "less than" : "less than or equal to"
            result.append(.invalid(path, value, "\(path) in body should be \(word) \(JSON(bound).text)"))
        }
        return result
    }

    private static func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private static func typeName(_ value: JSON) -> String {
        switch value {
        case .null: "null"
        case .bool: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
