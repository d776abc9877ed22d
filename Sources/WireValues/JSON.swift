/// A JSON value (RFC 8259) that keeps the order of its keys.
///
/// Kubernetes objects, tasks and events travel through this type instead of `Codable` or `JSONSerialization`: parsing is
/// several times faster, and nothing is lost of the parts that no Swift type describes. Read with subscripts and the
/// typed views (`string`, `int`, …), build with literals:
///
///     let body: JSON = ["kind": "Deployment", "spec": ["paused": false]]
///     body["spec"]?["paused"]?.bool  // false
package enum JSON: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number that is no 64-bit integer. Never NaN or infinite when it came from the parser.
    case number(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

extension JSON {
    /// The text, or nil when this is no string.
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The integer; also for a number without fraction that fits. Nil for anything else.
    package var int: Int? {
        switch self {
        case .integer(let value): Int(exactly: value)
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The number as floating point, or nil when this is no number.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The truth value, or nil when this is none.
    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The elements, or nil when this is no array.
    package var array: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members, or nil when this is no object.
    package var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// Whether this is `null`.
    package var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The member `key`. Reading: nil when this is no object or has no such member. Writing: nil removes the member;
    /// a value that is no object becomes one.
    package subscript(key: String) -> JSON? {
        get { object?[key] }
        set {
            var members: JSONObject
            if case .object(let present) = self {
                // Give up our own reference first, so that the write below does not copy all members.
                members = present
                self = .null
            } else {
                members = JSONObject()
            }
            members[key] = newValue
            self = .object(members)
        }
    }

    /// The value found by following `path` through objects, or nil.
    package subscript(path path: [String]) -> JSON? {
        get {
            var current = self
            for key in path {
                guard let next = current[key] else { return nil }
                current = next
            }
            return current
        }
        set {
            guard let first = path.first else {
                self = newValue ?? .null
                return
            }
            if path.count == 1 {
                self[first] = newValue
            } else {
                var child = self[first] ?? .object(JSONObject())
                child[path: Array(path.dropFirst())] = newValue
                self[first] = child
            }
        }
    }

    /// The element at `index`, or nil when this is no array or has no such element.
    package subscript(index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// Every member whose value is a string, for labels, annotations and selectors.
    package var stringDictionary: [String: String] {
        var result: [String: String] = [:]
        for (key, value) in object ?? JSONObject() {
            if case .string(let text) = value { result[key] = text }
        }
        return result
    }

    /// An object with the given strings, keys in alphabetical order so that output never changes by chance.
    package static func strings(_ values: [String: String]) -> JSON {
        .object(JSONObject(values.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
}

/// The members of a JSON object, in the order in which they were written. A key occurs once.
///
/// Lookup is linear: objects on the wire have few keys per level, and a short scan beats hashing there.
package struct JSONObject: Sendable {
    package private(set) var keys: [String] = []
    package private(set) var values: [JSON] = []

    package init() {}

    /// The members in the given order; of equal keys the last value counts, at the first one's place.
    package init(_ members: some Sequence<(String, JSON)>) {
        for (key, value) in members { self[key] = value }
    }

    /// The members in the given order, without looking for equal keys.
    init(distinct members: [(String, JSON)]) {
        assert(Set(members.map(\.0)).count == members.count, "a key stands twice in \(members.map(\.0))")
        keys.reserveCapacity(members.count)
        values.reserveCapacity(members.count)
        for (key, value) in members { appendUnchecked(key, value) }
    }

    package var count: Int { keys.count }
    package var isEmpty: Bool { keys.isEmpty }

    /// The member `key`; writing nil removes it, writing a new key appends it.
    package subscript(key: String) -> JSON? {
        get {
            guard let index = keys.firstIndex(of: key) else { return nil }
            return values[index]
        }
        set {
            let index = keys.firstIndex(of: key)
            switch (index, newValue) {
            case (let index?, let value?): values[index] = value
            case (let index?, nil):
                keys.remove(at: index)
                values.remove(at: index)
            case (nil, let value?):
                keys.append(key)
                values.append(value)
            case (nil, nil): break
            }
        }
    }

    /// Appends without looking for an equal key. Only for keys known to be new.
    mutating func appendUnchecked(_ key: String, _ value: JSON) {
        keys.append(key)
        values.append(value)
    }
}

extension JSONObject: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { keys.count }
    package subscript(position: Int) -> (key: String, value: JSON) { (keys[position], values[position]) }
}

/// Equality ignores the order of members; 1 equals 1.0.
extension JSON: Hashable {
    package static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.integer(let a), .number(let b)), (.number(let b), .integer(let a)): Double(a) == b
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(Double(value))
        case .number(let value): hasher.combine(value)
        case .string(let value): hasher.combine(value)
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        }
    }
}

extension JSONObject: Hashable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }

    package func hash(into hasher: inout Hasher) {
        // Members are combined without regard to order, as equality does.
        var sum = 0
        for (key, value) in self {
            var member = Hasher()
            member.combine(key)
            member.combine(value)
            sum &+= member.finalize()
        }
        hasher.combine(sum)
    }
}

// No literal for null: `condition ? value : nil` would then mean null where an absent member is meant.
extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
    ExpressibleByStringInterpolation
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// The keys of a literal are our own, and it is our mistake if one stands there twice.
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(distinct: elements)) }

    package init(_ value: String) { self = .string(value) }
    package init(_ value: Int) { self = .integer(Int64(value)) }
    package init(_ value: Bool) { self = .bool(value) }
    package init(_ value: Double) { self = .number(value) }
    package init(_ value: [String]) { self = .array(value.map { .string($0) }) }
}
