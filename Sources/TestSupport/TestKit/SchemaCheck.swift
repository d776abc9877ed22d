package import WireValues

/// Checks values against JSON Schema (2020-12): the keywords that this project's schemas use, and no others. A keyword it
/// does not know is reported, so that no schema seems to be checked when it is not.
package struct SchemaCheck {
    /// Whole documents by their `$id`, and the document that `#/…` points into under the key `""`.
    private let documents: [String: JSON]

    package init(documents: [JSON], root: JSON? = nil) {
        var byID: [String: JSON] = [:]
        for document in documents { if let id = document["$id"]?.string { byID[id] = document } }
        byID[""] = root
        self.documents = byID
    }

    /// What is wrong with `value`, each with where; empty when it fits.
    package func problems(_ value: JSON, _ schema: JSON, at place: String = "") -> [String] {
        if case .bool(let accepts) = schema { return accepts ? [] : ["\(place): nothing is allowed here"] }
        var found: [String] = []
        for (keyword, argument) in schema.object ?? JSONObject() {
            found += check(value, keyword, argument, schema, place)
        }
        return found
    }

    /// The schema that `reference` names.
    package func resolve(_ reference: String) -> JSON? {
        guard reference.hasPrefix("#/") else { return documents[reference] }
        var current = documents[""]
        for step in reference.dropFirst(2).split(separator: "/") {
            current = current?[step.split(separator: "~1", omittingEmptySubsequences: false).joined(separator: "/")]
        }
        return current
    }

    private func check(_ value: JSON, _ keyword: String, _ argument: JSON, _ schema: JSON, _ place: String) -> [String]
    {
        func fails(_ what: String) -> [String] {
            ["\(place.isEmpty ? "/" : place): \(what), is \(value.text.prefix(120))"]
        }
        switch keyword {
        case "$schema", "$id", "title", "description", "examples", "example", "default", "readOnly", "then", "else",
            "discriminator", "deprecated", "$defs":
            return []  // or done beside another keyword
        case "$ref":
            guard let target = resolve(argument.string ?? "") else { return fails("\(argument.text) is not there") }
            return problems(value, target, at: place)
        case "type":
            let types = argument.array?.compactMap(\.string) ?? [argument.string ?? ""]
            return types.contains { Self.isType(value, $0) } ? [] : fails("must be \(types.joined(separator: " or "))")
        case "const": return value == argument ? [] : fails("must be \(argument.text)")
        case "enum": return argument.array?.contains(value) == true ? [] : fails("must be one of \(argument.text)")
        case "required":
            guard let object = value.object else { return [] }
            return (argument.array ?? []).compactMap(\.string).filter { object[$0] == nil }.flatMap {
                fails("needs \($0)")
            }
        case "properties":
            guard let object = value.object, let properties = argument.object else { return [] }
            var found: [String] = []
            for (key, member) in object {
                if let known = properties[key] { found += problems(member, known, at: "\(place)/\(key)") }
            }
            return found
        case "additionalProperties":
            guard let object = value.object else { return [] }
            let known = schema["properties"]?.object
            return object.filter { known?[$0.key] == nil }.flatMap {
                problems($0.value, argument, at: "\(place)/\($0.key)")
            }
        case "patternProperties", "propertyNames", "unevaluatedProperties":
            return fails("keyword \(keyword) is not checked")
        case "items":
            return (value.array ?? []).enumerated().flatMap { problems($1, argument, at: "\(place)/\($0)") }
        case "minItems": return (value.array?.count ?? .max) >= (argument.int ?? 0) ? [] : fails("too few")
        case "maxItems": return (value.array?.count ?? 0) <= (argument.int ?? .max) ? [] : fails("too many")
        case "uniqueItems": return Set(value.array ?? []).count == (value.array ?? []).count ? [] : fails("doubles")
        case "minProperties":
            return (value.object?.count ?? .max) >= (argument.int ?? 0) ? [] : fails("too few members")
        case "maxProperties":
            return (value.object?.count ?? 0) <= (argument.int ?? .max) ? [] : fails("too many members")
        case "minimum":
            return (value.double ?? .infinity) >= (argument.double ?? 0) ? [] : fails("below \(argument.text)")
        case "maximum":
            return (value.double ?? -.infinity) <= (argument.double ?? 0) ? [] : fails("above \(argument.text)")
        case "minLength":
            return (value.string?.unicodeScalars.count ?? .max) >= (argument.int ?? 0) ? [] : fails("too short")
        case "maxLength":
            return (value.string?.unicodeScalars.count ?? 0) <= (argument.int ?? 0) ? [] : fails("too long")
        case "pattern":
            guard let text = value.string, let pattern = argument.string else { return [] }
            do {
                return try Regex(pattern).matchingSemantics(.unicodeScalar).firstMatch(in: text) == nil
                    ? fails("does not match \(pattern)") : []
            } catch { return fails("the pattern \(pattern) cannot be read: \(error)") }
        case "format":
            return value.string.map { Self.isFormat($0, argument.string ?? "") } ?? true
                ? [] : fails("no \(argument.text)")
        case "allOf": return (argument.array ?? []).flatMap { problems(value, $0, at: place) }
        case "anyOf":
            let each = (argument.array ?? []).map { problems(value, $0, at: place) }
            return each.contains { $0.isEmpty } ? [] : fails("fits none of anyOf") + each.flatMap { $0 }
        case "oneOf":
            let each = (argument.array ?? []).map { problems(value, $0, at: place) }
            return each.count { $0.isEmpty } == 1 ? [] : fails("must fit exactly one of oneOf") + each.flatMap { $0 }
        case "not": return problems(value, argument, at: place).isEmpty ? fails("must not fit \(argument.text)") : []
        case "if":
            let branch = problems(value, argument, at: place).isEmpty ? schema["then"] : schema["else"]
            return branch.map { problems(value, $0, at: place) } ?? []
        default: return fails("keyword \(keyword) is not checked")
        }
    }

    private static func isType(_ value: JSON, _ type: String) -> Bool {
        switch (value, type) {
        case (.null, "null"), (.bool, "boolean"), (.string, "string"), (.array, "array"), (.object, "object"): true
        case (.integer, "integer"), (.integer, "number"), (.number, "number"): true
        case (.number, "integer"): value.int != nil
        default: false
        }
    }

    private static func isFormat(_ text: String, _ format: String) -> Bool {
        switch format {
        case "date-time": Timestamp(text) != nil
        case "uuid": text.utf8.count == 36 && text.split(separator: "-").map(\.utf8.count) == [8, 4, 4, 4, 12]
        default: true
        }
    }
}
