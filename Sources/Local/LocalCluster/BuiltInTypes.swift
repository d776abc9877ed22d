import KubernetesModel

/// The types of the built-in kinds, written as a table (`BuiltInTypes+Table.swift`) and turned into schemas when used.
///
/// One line a field: name, type, marks. Types: `string`, `int`, `bool`, `quantity`, `intstr`, `microtime`, `any`, the
/// name of another type of the table, `[T]` for a list (`[T]@a,b` merges by the keys a and b, `[T]@` is a set), `{T}`
/// for a map of strings to T; `^` behind the T of a list as below. Marks: `*` in front: a pointer in Go, so that zero values are written; `#` behind: owned
/// as a whole; `^` behind: the same, but not in Kubernetes 1.20; `~` behind: written even when empty; `!` behind: required; `=json` last: default.
struct BuiltInTypes: Sendable {
    private static let current = BuiltInTypes(table: table, release: .current)
    private static let kubernetes120 = BuiltInTypes(table: table, release: .kubernetes120)

    /// The types as `release` has them.
    static func of(_ release: LocalCluster.Release) -> BuiltInTypes {
        switch release {
        case .current: current
        case .kubernetes120: kubernetes120
        }
    }

    private let schemas: [String: Schema]

    /// The schema of the type `name`. Asking for one that is not in the table is a mistake in this module.
    subscript(_ name: String) -> Schema {
        guard let schema = schemas[name] else { preconditionFailure("no type \(name) in the table") }
        return schema
    }

    /// `apiVersion`, `kind` and `metadata`: what every object has.
    var objectFrame: [String: Schema] { self["Frame"].properties }

    /// The schema of a whole object of the type `name`.
    func object(_ name: String) -> Schema {
        let schema = self[name]
        return Schema(
            .object, properties: schema.properties.merging(objectFrame) { own, _ in own }, required: schema.required)
    }

    private init(table: String, release: LocalCluster.Release) {
        var definitions: [String: [Substring]] = [:]
        var order: [String] = []
        for line in table.split(separator: "\n") {
            if line.first == " " {
                definitions[order[order.count - 1]]?.append(line.drop { $0 == " " })
            } else {
                order.append(String(line))
                definitions[String(line)] = []
            }
        }
        var done: [String: Schema] = [:]
        // The table lists a type before those that use it.
        for name in order {
            done[name] = Self.object(fields: definitions[name] ?? [], done, release)
        }
        schemas = done
    }

    private static func object(
        fields: [Substring], _ known: [String: Schema], _ release: LocalCluster.Release
    ) -> Schema {
        var properties: [String: Schema] = [:]
        var required: [String] = []
        for line in fields {
            let words = line.split(separator: " ", maxSplits: 2)
            let name = String(words[0])
            var type = String(words[1])
            var defaultValue: JSON?
            if words.count == 3 {
                guard let parsed = try? JSON(parsing: String(words[2].dropFirst())) else {
                    preconditionFailure("\(line): the default is no JSON")
                }
                defaultValue = parsed
            }
            let isPointer = type.hasPrefix("*")
            if isPointer { type.removeFirst() }
            var isAtomic = false
            var isAlwaysPresent = false
            while let mark = type.last, "#^~!".contains(mark) {
                type.removeLast()
                switch mark {
                case "#": isAtomic = true
                case "^": isAtomic = release != .kubernetes120
                case "~": isAlwaysPresent = true
                default: required.append(name)
                }
            }
            properties[name] = schema(
                type, known, release, isPointer: isPointer, isAtomic: isAtomic, isAlwaysPresent: isAlwaysPresent,
                defaultValue: defaultValue)
        }
        return Schema(.object, properties: properties, required: required)
    }

    private static func schema(
        _ type: String, _ known: [String: Schema], _ release: LocalCluster.Release, isPointer: Bool = true,
        isAtomic: Bool = false,
        isAlwaysPresent: Bool = false, defaultValue: JSON? = nil
    ) -> Schema {
        func make(_ shape: Schema.Shape, properties: [String: Schema] = [:], required: [String] = [], drops: Bool)
            -> Schema
        {
            Schema(
                shape, properties: properties, isAtomic: isAtomic, defaultValue: defaultValue, required: required,
                dropsZero: drops && !isPointer, isAlwaysPresent: isAlwaysPresent)
        }
        if type.hasPrefix("[") {
            let parts = type.dropFirst().split(separator: "]", omittingEmptySubsequences: false)
            let isWhole = parts[0].last == "^"
            let item = schema(
                String(isWhole ? parts[0].dropLast() : parts[0]), known, release,
                isAtomic: isWhole && release != .kubernetes120)
            let keys = parts[1].dropFirst().split(separator: ",").map(String.init)
            let kind: Schema.ListKind = parts[1].isEmpty ? .atomic : keys.isEmpty ? .set : .map(keys: keys)
            return make(.list(item, kind), drops: true)
        }
        if type.hasPrefix("{") {
            return make(.map(schema(String(type.dropFirst().dropLast()), known, release)), drops: true)
        }
        switch type {
        case "string": return make(.string, drops: true)
        case "int": return make(.integer, drops: true)
        case "bool": return make(.boolean, drops: true)
        case "quantity": return make(.quantity, drops: false)
        case "intstr": return make(.intOrString, drops: false)
        case "microtime": return make(.microTime, drops: false)
        case "any": return make(.any, drops: false)
        default:
            guard let named = known[type] else { preconditionFailure("type \(type) is used before its definition") }
            return make(.object, properties: named.properties, required: named.required, drops: false)
        }
    }
}
