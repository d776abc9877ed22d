import KubernetesModel

/// What a value of an API type may look like: one node of a tree that both built-in kinds and custom resources have.
///
/// From it follow pruning, defaulting, validation, and how server-side apply merges.
final class Schema: Sendable {
    enum Shape: Sendable {
        /// Members by `properties`; others only when `isOpen`.
        case object
        /// Any keys, values of one kind.
        case map(Schema)
        case list(Schema, ListKind)
        case string, integer, number, boolean
        case intOrString
        /// An amount that the server rewrites in its canonical form (built-in kinds only).
        case quantity
        /// RFC 3339 with exactly six fraction digits (built-in kinds only).
        case microTime
        /// Anything: objects merge member by member, lists are replaced.
        case any
    }

    /// How a list merges under server-side apply.
    enum ListKind: Hashable, Sendable {
        case atomic
        case set
        case map(keys: [String])
    }

    let shape: Shape
    let properties: [String: Schema]
    let isOpen: Bool
    /// An object or map that has one owner as a whole.
    let isAtomic: Bool
    let isNullable: Bool
    let defaultValue: JSON?
    let required: [String]
    let rules: Rules
    /// Built-in kinds: a zero value is not written, as with Go's `omitempty` on a field that is no pointer.
    let dropsZero: Bool
    /// Built-in kinds: an object that is written even when it is empty.
    let isAlwaysPresent: Bool
    /// The members that are written even when nobody names them.
    let defaultedKeys: [String]

    /// The bounds of JSON Schema that structural schemas may use.
    struct Rules: Sendable {
        var minimum: Double?
        var maximum: Double?
        var isMinimumExclusive = false
        var isMaximumExclusive = false
        var pattern: String?
        var minLength: Int?
        var maxLength: Int?
        var minItems: Int?
        var maxItems: Int?
        var minProperties: Int?
        var maxProperties: Int?
        var allowed: [JSON]?
        var format: String?
    }

    init(
        _ shape: Shape, properties: [String: Schema] = [:], isOpen: Bool = false, isAtomic: Bool = false,
        isNullable: Bool = false, defaultValue: JSON? = nil, required: [String] = [], rules: Rules = Rules(),
        dropsZero: Bool = false, isAlwaysPresent: Bool = false
    ) {
        self.shape = shape
        self.properties = properties
        self.isOpen = isOpen
        self.isAtomic = isAtomic
        self.isNullable = isNullable
        self.defaultValue = defaultValue
        self.required = required
        self.rules = rules
        self.dropsZero = dropsZero
        self.isAlwaysPresent = isAlwaysPresent
        defaultedKeys = properties.filter { $0.value.defaultValue != nil || $0.value.isAlwaysPresent }.keys.sorted()
    }

    static let any = Schema(.any)

    /// The schema of the member `key`, or nil when this schema knows no such member.
    func member(_ key: String) -> Schema? {
        switch shape {
        case .object: properties[key] ?? (isOpen ? .any : nil)
        case .map(let value): value
        case .any: .any
        default: nil
        }
    }

    /// Whether `key` is a declared member, as opposed to a key of the user's.
    func declares(_ key: String) -> Bool { properties[key] != nil }

    /// How server-side apply looks at `value`.
    enum Treatment {
        /// Owned as a whole.
        case leaf
        /// Owned member by member.
        case members
        /// Owned item by item.
        case items(Schema, ListKind)
    }

    func treatment(of value: JSON) -> Treatment {
        switch (shape, value) {
        case (.object, .object), (.map, .object), (.any, .object): isAtomic ? .leaf : .members
        case (.list(let item, let kind), .array): kind == .atomic ? .leaf : .items(item, kind)
        default: .leaf
        }
    }

    /// The path element that names `item` in a list that merges, in the notation of FieldsV1.
    ///
    /// - Throws: `SchemaProblem` when the item lacks a key that has no default.
    static func element(of item: JSON, schema: Schema, kind: ListKind) throws(SchemaProblem) -> String {
        switch kind {
        case .atomic, .set: return "v:" + item.text
        case .map(let keys):
            var key = JSONObject()
            for name in keys.sorted() {
                guard let value = item[name] ?? schema.properties[name]?.defaultValue else {
                    throw SchemaProblem(
                        "",
                        "element: associative list with keys has an element that omits key field \"\(name)\" "
                            + "(and doesn't have default value)")
                }
                key[name] = value
            }
            return "k:" + JSON.object(key).text
        }
    }
}

/// Why a value does not fit its schema, as server-side apply words it.
struct SchemaProblem: Error, Sendable {
    /// `.spec.replicas`; empty at the place that is being looked at.
    let path: String
    let message: String

    init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }

    func under(_ element: String) -> SchemaProblem { SchemaProblem(element + path, message) }
    var text: String { path.isEmpty ? message : "\(path): \(message)" }
}

extension Schema {
    /// Every reason why `value` is no value of this type: unknown fields, wrong types, repeated list keys.
    func problems(_ value: JSON, path: String = "") -> [SchemaProblem] {
        func wrong(_ expected: String) -> [SchemaProblem] {
            [SchemaProblem(path, "expected \(expected), got \(Self.word(for: value))")]
        }
        if value.isNull { return [] }
        switch shape {
        case .any: return []
        case .object, .map:
            guard let members = value.object else { return wrong("map") }
            var result: [SchemaProblem] = []
            for (key, inner) in members {
                guard let schema = member(key) else {
                    result.append(SchemaProblem("\(path).\(key)", "field not declared in schema"))
                    continue
                }
                result += schema.problems(inner, path: "\(path).\(key)")
            }
            return result
        case .list(let item, let kind):
            guard let elements = value.array else { return wrong("list") }
            var result: [SchemaProblem] = []
            var seen: Set<String> = []
            for (index, element) in elements.enumerated() {
                var place = "\(path)[\(index)]"
                if kind != .atomic {
                    do throws(SchemaProblem) {
                        let name = try Self.element(of: element, schema: item, kind: kind)
                        place = "\(path)\(Self.readable(name))"
                        if !seen.insert(name).inserted {
                            result.append(SchemaProblem(path, "duplicate entries for key \(Self.readable(name))"))
                        }
                    } catch {
                        result.append(SchemaProblem(place, error.message))
                        continue
                    }
                }
                result += item.problems(element, path: place)
            }
            return result
        case .string, .microTime: return value.string == nil ? wrong("string") : []
        case .boolean: return value.bool == nil ? wrong("boolean") : []
        case .integer, .number: return value.double == nil ? wrong("numeric (int or float)") : []
        case .intOrString, .quantity: return value.string == nil && value.double == nil ? wrong("scalar") : []
        }
    }

    /// `k:{"name":"a"}` as `[name="a"]`, `f:spec` as `.spec`.
    static func readable(_ element: String) -> String {
        let rest = element.dropFirst(2)
        switch element.prefix(2) {
        case "f:": return ".\(rest)"
        case "k:":
            // Our own writer made the text, so it parses; if it did not, the raw form is still readable.
            guard let key = try? JSON(parsing: String(rest)).object else { return "[\(rest)]" }
            return "[" + key.map { "\($0.key)=\($0.value.text)" }.joined(separator: ",") + "]"
        default: return "[=\(rest)]"
        }
    }

    private static func word(for value: JSON) -> String {
        switch value {
        case .null: "null"
        case .bool: "boolean"
        case .integer, .number: "numeric"
        case .string: "string"
        case .array: "list"
        case .object: "map"
        }
    }
}
