import KubernetesModel

/// The structural schema of a CustomResourceDefinition, applied as the API server does it (Kubernetes documentation,
/// "Extend the Kubernetes API with CustomResourceDefinitions"), but for CEL rules. Where the server would prune an
/// unknown field or fill in a default, this reports it: what we send has to come back as it is.
struct StructuralSchema {
    let root: JSON

    struct Problem: Hashable, CustomStringConvertible {
        let path: String
        let what: String
        var description: String { "\(path): \(what)" }
    }

    /// What is wrong with `object`, a whole custom resource.
    func problems(of object: JSON) -> [Problem] {
        var problems: [Problem] = []
        for required in root["required"]?.array?.compactMap(\.string) ?? [] where object[required] == nil {
            problems.append(Problem(path: "", what: "required field \(required) is missing"))
        }
        for (key, value) in object.object ?? JSONObject() where !["apiVersion", "kind", "metadata"].contains(key) {
            guard let schema = root["properties"]?[key] else {
                problems.append(Problem(path: key, what: "unknown field"))
                continue
            }
            check(value, schema, path: key, insideList: false, &problems)
        }
        return problems
    }

    private func check(_ value: JSON, _ schema: JSON, path: String, insideList: Bool, _ problems: inout [Problem]) {
        func report(_ what: String) { problems.append(Problem(path: path, what: what)) }

        if value.isNull {
            if schema["nullable"]?.bool != true { report("null") }
            return
        }
        if schema["x-kubernetes-int-or-string"]?.bool == true {
            if value.string == nil, value.int == nil { report("is neither an integer nor text") }
        } else if let type = schema["type"]?.string, !Self.has(value, type) {
            return report("is no \(type)")
        }
        checkBounds(value, schema, report)
        for part in schema["allOf"]?.array ?? [] {
            check(value, values(of: part, schema), path: path, insideList: insideList, &problems)
        }
        if let choices = schema["anyOf"]?.array, !choices.contains(where: { fits(value, $0, schema) }) {
            report("fits none of anyOf")
        }
        if let choices = schema["oneOf"]?.array, choices.filter({ fits(value, $0, schema) }).count != 1 {
            report("does not fit exactly one of oneOf")
        }
        if let refused = schema["not"], fits(value, refused, schema) { report("is what `not` refuses") }

        switch value {
        case .object(let members): checkMembers(members, schema, path: path, insideList: insideList, &problems)
        case .array(let elements):
            guard let items = schema["items"] else { return }
            for (index, element) in elements.enumerated() {
                check(element, items, path: "\(path)[\(index)]", insideList: true, &problems)
            }
            if schema["x-kubernetes-list-type"]?.string == "set", Set(elements).count != elements.count {
                report("repeats an element")
            }
            if let keys = schema["x-kubernetes-list-map-keys"]?.array?.compactMap(\.string) {
                let names = elements.map { element in keys.map { element[$0] ?? .null } }
                if Set(names).count != names.count { report("repeats the key \(keys)") }
            }
        default: break
        }
    }

    private func checkMembers(
        _ members: JSONObject, _ schema: JSON, path: String, insideList: Bool, _ problems: inout [Problem]
    ) {
        let known = schema["properties"]?.object ?? JSONObject()
        let additional = schema["additionalProperties"]
        let keepsUnknown = schema["x-kubernetes-preserve-unknown-fields"]?.bool == true
        for (key, value) in members {
            let inner = "\(path).\(key)"
            if let property = known[key] {
                check(value, property, path: inner, insideList: insideList, &problems)
            } else if let additional, additional.object != nil {
                check(value, additional, path: inner, insideList: insideList, &problems)
            } else if !keepsUnknown, additional?.bool != true {
                problems.append(Problem(path: inner, what: "unknown field, the API server would drop it"))
            }
        }
        for required in schema["required"]?.array?.compactMap(\.string) ?? [] where members[required] == nil {
            problems.append(Problem(path: path, what: "required field \(required) is missing"))
        }
        // Lists without keys are compared and owned as a whole, so a default that the server writes into one of their
        // elements is a difference for ever.
        for (key, property) in known where insideList && members[key] == nil && property["default"] != nil {
            problems.append(Problem(path: "\(path).\(key)", what: "the API server would fill in a default"))
        }
    }

    private func checkBounds(_ value: JSON, _ schema: JSON, _ report: (String) -> Void) {
        if let allowed = schema["enum"]?.array, !allowed.contains(value) {
            report("\(value.text) is none of \(JSON.array(allowed).text)")
        }
        if let number = value.double {
            if let minimum = schema["minimum"]?.double, number < minimum { report("is below \(minimum)") }
            if let maximum = schema["maximum"]?.double, number > maximum { report("is above \(maximum)") }
        }
        if let text = value.string {
            if let minimum = schema["minLength"]?.int, text.unicodeScalars.count < minimum {
                report("is shorter than \(minimum)")
            }
            if let maximum = schema["maxLength"]?.int, text.unicodeScalars.count > maximum {
                report("is longer than \(maximum)")
            }
            if let pattern = schema["pattern"]?.string {
                do {
                    if try Regex(pattern).firstMatch(in: text) == nil {
                        report("\"\(text)\" does not match \(pattern)")
                    }
                } catch {
                    report("has a pattern that cannot be read here: \(pattern)")
                }
            }
        }
        if let elements = value.array {
            if let minimum = schema["minItems"]?.int, elements.count < minimum {
                report("has fewer than \(minimum) elements")
            }
            if let maximum = schema["maxItems"]?.int, elements.count > maximum {
                report("has more than \(maximum) elements")
            }
        }
        if let members = value.object {
            if let minimum = schema["minProperties"]?.int, members.count < minimum {
                report("has fewer than \(minimum) members")
            }
            if let maximum = schema["maxProperties"]?.int, members.count > maximum {
                report("has more than \(maximum) members")
            }
        }
    }

    /// A part of `anyOf` and the like states conditions on values only; the fields are those of `schema`.
    private func values(of part: JSON, _ schema: JSON) -> JSON {
        var part = part
        part["x-kubernetes-preserve-unknown-fields"] = true
        return part
    }

    private func fits(_ value: JSON, _ part: JSON, _ schema: JSON) -> Bool {
        var problems: [Problem] = []
        var open = values(of: part, schema)
        // Parts may name members with conditions of their own; everything else in them is open as well.
        if let properties = part["properties"]?.object {
            open["properties"] = .object(JSONObject(properties.map { ($0.key, values(of: $0.value, schema)) }))
        }
        check(value, open, path: "", insideList: false, &problems)
        return problems.isEmpty
    }

    private static func has(_ value: JSON, _ type: String) -> Bool {
        switch (type, value) {
        case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool), ("number", .integer),
            ("number", .number), ("integer", .integer):
            true
        case ("integer", .number(let number)): number.rounded() == number
        default: false
        }
    }
}
