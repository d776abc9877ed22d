import KubernetesModel

extension FieldType where Value == Bool {
    static var boolean: FieldType {
        FieldType(
            schema: { _, _ in ["type": "boolean"] },
            read: { json, _, reader in
                if let value = json.bool { return value }
                reader.report(
                    "expected true or false, found \(json.kindForPeople)", "write true or false without quotes")
                return nil
            },
            write: { .bool($0) })
    }
}

extension FieldType where Value == Int {
    static func integer(_ range: ClosedRange<Int>, unit: String = "") -> FieldType {
        let bounds = "\(range.lowerBound) to \(range.upperBound)\(unit.isEmpty ? "" : " \(unit)")"
        return FieldType(
            note: range.upperBound >= Int(Int32.max) ? nil : "\(bounds).",
            schema: { _, _ in
                var schema: JSON = ["type": "integer", "minimum": JSON(range.lowerBound)]
                if range.upperBound < Int.max { schema["maximum"] = JSON(range.upperBound) }
                return schema
            },
            read: { json, _, reader in
                if let value = json.int { return value }
                reader.report("expected an integer, found \(json.kindForPeople)", "write a whole number, \(bounds)")
                return nil
            },
            write: { JSON($0) },
            check: { value, _, checker in
                if !range.contains(value) { checker.report("\(value) is out of bounds", "choose \(bounds)") }
            })
    }
}

extension FieldType where Value == String {
    static func text(_ format: Format) -> FieldType {
        FieldType(
            schema: { _, _ in format.schema },
            read: { json, _, reader in
                if let value = json.string { return value }
                reader.report("expected text, found \(json.kindForPeople)", "put the value in quotes")
                return nil
            },
            write: { .string($0) },
            check: { value, _, checker in format.check(value, &checker) })
    }
}

extension FieldType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the words of an enumeration.
    static var word: FieldType {
        let words = Value.allCases.map(\.rawValue)
        return FieldType(
            note: "One of \(words.joined(separator: ", ")).",
            schema: { _, _ in ["type": "string", "enum": JSON(words)] },
            read: { json, _, reader in
                if let word = json.string, let value = Value(rawValue: word) { return value }
                let written = json.string.map { "unknown word \($0.prefix(40).debugDescription)" }
                let near = json.string.flatMap { word in words.first { $0.editDistance(to: word) <= 2 } }
                reader.report(
                    written ?? "expected a word, found \(json.kindForPeople)",
                    near.map { "did you mean \"\($0)\"? One of \(words.joined(separator: ", "))" }
                        ?? "use one of \(words.joined(separator: ", "))")
                return nil
            },
            write: { .string($0.rawValue) })
    }
}

extension FieldType where Value == Quantity {
    /// An amount of CPU or memory; written as text, or as an integer.
    static var quantity: FieldType {
        let pattern = #"^([0-9]{1,15}|[0-9]{1,9}m|[0-9]{1,6}(\.[0-9]{1,3})?(k|M|G|Ki|Mi|Gi)?)$"#
        return FieldType(
            schema: { _, _ in
                [
                    "anyOf": [["type": "integer"], ["type": "string"]], "pattern": .string(pattern),
                    "x-kubernetes-int-or-string": true,
                ]
            },
            read: { json, _, reader in
                let text = json.string ?? json.int.map(String.init)
                if let text, Format.isQuantity(text), let value = Quantity(text) { return value }
                reader.report(
                    text.map { "\($0.prefix(40).debugDescription) is no amount" }
                        ?? "expected an amount, found \(json.kindForPeople)",
                    "write it like \"250m\", \"0.5\", \"128Mi\" or \"2Gi\"")
                return nil
            },
            write: { .string($0.description) },
            check: { value, _, checker in
                if value.milli < 0 { checker.report("\(value) is negative", "choose an amount of 0 or more") }
            })
    }
}

extension FieldType where Value == Timestamp {
    /// RFC 3339.
    static var timestamp: FieldType {
        FieldType(
            schema: { _, _ in ["type": "string", "format": "date-time"] },
            read: { json, _, reader in
                if let value = json.string.flatMap({ Timestamp($0) }) { return value }
                reader.report("is no time", "write it like \"2030-01-31T22:00:00Z\"")
                return nil
            },
            write: { .string($0.rfc3339) })
    }
}

extension FieldType where Value == TimeSpan {
    /// A length of time within bounds.
    static func timeSpan(_ range: ClosedRange<TimeSpan>) -> FieldType {
        let bounds = "\(range.lowerBound) to \(range.upperBound)"
        return FieldType(
            note: "\(bounds).",
            schema: { _, options in
                TimeSpan.schema(
                    pattern: "^\(TimeSpan.pattern)$",
                    rule: "duration(self) >= duration('\(range.lowerBound)') && "
                        + "duration(self) <= duration('\(range.upperBound)')",
                    "out of bounds: choose \(bounds)", options)
            },
            read: { json, _, reader in
                if let value = json.string.flatMap({ TimeSpan($0) }) { return value }
                reader.report("is no length of time", "write it like \"90s\", \"30m\" or \"168h\", with quotes")
                return nil
            },
            write: { .string($0.text) },
            check: { value, _, checker in
                if !range.contains(value) { checker.report("\(value) is out of bounds", "choose \(bounds)") }
            })
    }
}

extension FieldType where Value == TimeSpan {
    /// The same, without seconds.
    static func wholeMinutes(_ range: ClosedRange<TimeSpan>) -> FieldType {
        let bounds = "whole minutes, \(range.lowerBound) to \(range.upperBound)"
        let inner = timeSpan(range)
        return FieldType(
            note: "In \(bounds).",
            schema: { _, options in
                TimeSpan.schema(
                    pattern: "^\(TimeSpan.pattern)$",
                    rule: "duration(self) >= duration('\(range.lowerBound)') && "
                        + "duration(self) <= duration('\(range.upperBound)') && "
                        + "duration(self).getSeconds() % 60 == 0 && duration(self).getMilliseconds() % 1000 == 0",
                    "out of bounds: choose \(bounds)", options)
            },
            read: inner.read, write: inner.write,
            check: { value, _, checker in
                if !range.contains(value) || value.milliseconds % 60_000 != 0 {
                    checker.report("\(value) is out of bounds", "choose \(bounds)")
                }
            })
    }
}

extension FieldType where Value == Retention {
    /// A length of time within bounds, or the word `forever`.
    static func retention(_ range: ClosedRange<TimeSpan>) -> FieldType {
        let bounds = "\(range.lowerBound) to \(range.upperBound), or forever"
        return FieldType(
            note: "\(bounds).",
            schema: { _, options in
                TimeSpan.schema(
                    pattern: "^(forever|\(TimeSpan.pattern))$",
                    rule: "self == 'forever' || (duration(self) >= duration('\(range.lowerBound)') && "
                        + "duration(self) <= duration('\(range.upperBound)'))",
                    "out of bounds: choose \(bounds)", options)
            },
            read: { json, _, reader in
                if let value = json.string.flatMap({ Retention($0) }) { return value }
                reader.report("is no length of time", "write it like \"168h\", or forever")
                return nil
            },
            write: { .string($0.text) },
            check: { value, _, checker in
                if case .limited(let span) = value, !range.contains(span) {
                    checker.report("\(span) is out of bounds", "choose \(bounds)")
                }
            })
    }
}

extension TimeSpan {
    static let pattern = "([0-9]{1,6}(h|m|s|ms)){1,4}"

    fileprivate static func schema(pattern: String, rule: String, _ message: String, _ options: SchemaOptions) -> JSON {
        var schema: JSON = ["type": "string", "maxLength": 32, "pattern": .string(pattern)]
        if options.validations {
            schema["x-kubernetes-validations"] = [["rule": .string(rule), "message": .string(message)]]
        }
        return schema
    }
}

extension FieldType where Value == Condition {
    /// One Kubernetes condition. What cannot be read is left out without a problem: only operators write conditions.
    static var condition: FieldType {
        FieldType(
            schema: { _, _ in
                [
                    "type": "object",
                    "properties": [
                        "type": ["description": "What the condition is about.", "type": "string", "maxLength": 316],
                        "status": [
                            "description": "Whether it holds.", "type": "string", "enum": ["True", "False", "Unknown"],
                        ],
                        "reason": [
                            "description": "Why, in one word for programs.", "type": "string", "maxLength": 1024,
                            "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                        ],
                        "message": [
                            "description": "Why, and what to do, for people.", "type": "string", "maxLength": 32768,
                        ],
                        "lastTransitionTime": [
                            "description": "When the status last changed.", "type": "string", "format": "date-time",
                        ],
                        "observedGeneration": [
                            "description": "The generation of the resource that this is about.", "type": "integer",
                            "format": "int64", "minimum": 0,
                        ],
                    ],
                    "required": ["type", "status", "reason", "message", "lastTransitionTime"],
                ]
            },
            read: { json, _, _ in Condition(json) },
            write: { $0.json })
    }
}
