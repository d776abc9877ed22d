/// A value on its way into or out of a database: the storage classes that SQLite and PostgreSQL have in common.
package enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case double(Double)
    /// Without NUL characters: PostgreSQL cannot store them, so that both drivers refuse them.
    case text(String)
    case blob([UInt8])
}

extension SQLValue {
    @inlinable package static func of(_ value: some BinaryInteger) -> SQLValue { .integer(Int64(value)) }

    /// Truth values are stored as the integers 0 and 1.
    package static func flag(_ value: Bool) -> SQLValue { .integer(value ? 1 : 0) }

    /// Null when `value` is nil.
    package static func optional(_ value: String?) -> SQLValue { value.map { .text($0) } ?? .null }

    /// Null when `value` is nil.
    @inlinable package static func optional(_ value: (some BinaryInteger)?) -> SQLValue {
        value.map { .of($0) } ?? .null
    }

    /// Integers as one parameter: a JSON array, to be unpacked by the statement (`json_each($1)` in SQLite).
    package static func list(_ values: [Int64]) -> SQLValue {
        .text("[" + values.map(String.init).joined(separator: ",") + "]")
    }
}

extension SQLValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByNilLiteral {
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(nilLiteral: ()) { self = .null }
}
