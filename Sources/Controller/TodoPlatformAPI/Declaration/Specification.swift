package import KubernetesModel

/// A structure of the resource whose fields are declared once, in `fields`. Decoding, encoding, defaults, validation
/// and the OpenAPI schema come from that declaration; the defaults are the values of a new structure.
package protocol Specification: Hashable, Sendable {
    init()
    static var fields: [Field<Self>] { get }
    /// What must hold between fields of this structure.
    static var rules: [Rule<Self>] { get }
}

extension Specification {
    package static var rules: [Rule<Self>] { [] }

    /// Puts the members of `json` over this value. What cannot be read stays as it was and becomes a problem.
    mutating func read(_ json: JSON, _ reader: inout Reader) {
        guard case .object(let members) = json else {
            reader.report("expected an object, found \(json.kindForPeople)", "write its fields as \"name: value\"")
            return
        }
        for field in Self.fields {
            if let member = members[field.name], !member.isNull {
                reader.descend(.key(field.name)) { reader in field.read(member, &self, &reader) }
            } else if field.isRequired {
                reader.descend(.key(field.name)) { reader in
                    reader.report("is missing", "set it; \(field.description)")
                }
            }
        }
        for key in members.keys where !Self.fields.contains(where: { $0.name == key }) {
            reader.reportUnknown(key, known: Self.fields.map(\.name))
        }
    }

    /// All values as JSON, those that equal their default included.
    package var json: JSON {
        var members = JSONObject()
        for field in Self.fields {
            if let value = field.write(self) { members[field.name] = value }
        }
        return .object(members)
    }

    /// Checks bounds and rules of this value and everything in it.
    ///
    /// - Parameter old: the value that this one replaces, for rules about change; nil for a new resource.
    func check(replacing old: Self?, _ checker: inout Checker) {
        for field in Self.fields {
            checker.descend(.key(field.name)) { checker in field.check(self, old, &checker) }
        }
        for rule in Self.rules where !rule.holds(self, old) { checker.reportRule(rule.message, rule.remedy) }
    }

    /// The structural OpenAPI v3 schema of this structure, without a description of its own.
    ///
    /// - Parameters:
    ///   - prototype: holds the defaults where the structure is used; they differ between uses of one type.
    ///   - options: what to leave out.
    static func schema(_ prototype: Self, _ options: SchemaOptions) -> JSON {
        var properties = JSONObject()
        for field in fields { properties[field.name] = field.schema(prototype, options) }
        var schema: JSON = ["type": "object", "properties": .object(properties)]
        let required = fields.filter(\.isRequired).map(\.name)
        if !required.isEmpty { schema["required"] = JSON(required) }
        let validations = rules.compactMap(\.json)
        if options.validations, !validations.isEmpty { schema["x-kubernetes-validations"] = .array(validations) }
        return schema
    }
}

/// What a schema holds.
package struct SchemaOptions: Hashable, Sendable {
    /// Defaults. Status has none: the operator writes all of it.
    package var defaults = true
    /// CEL rules (`x-kubernetes-validations`): Kubernetes 1.25 on; older API servers refuse them.
    package var validations = true

    package init() {}
}

/// One rule across fields: as CEL for the API server, and as a function for older API servers and for use offline.
/// Both must agree; the fixtures in `Tests/Data/cel` hold them to it.
package struct Rule<Root>: Sendable {
    /// Names the fixtures: `exposure-needs-host`.
    package let name: String
    /// Nil for what CEL cannot express on every supported API server.
    package let cel: String?
    package let message: String
    package let remedy: String
    /// Whether the value is right; the second argument is the value before, nil when there is none.
    package let holds: @Sendable (Root, Root?) -> Bool

    init(
        _ name: String, cel: String?, _ message: String, remedy: String,
        holds: @escaping @Sendable (Root, Root?) -> Bool
    ) {
        self.name = name
        self.cel = cel
        self.message = message
        self.remedy = remedy
        self.holds = holds
    }

    var json: JSON? {
        cel.map { ["rule": .string($0), "message": .string("\(message): \(remedy)")] }
    }
}

extension JSON {
    /// For messages: what somebody wrote instead of what was expected. Never the value itself; it may be secret.
    var kindForPeople: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer: "an integer"
        case .number: "a number with a fraction"
        case .string: "text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
