/// One row of a result. All rows of a result share one array of values.
///
/// The typed readers take the type for granted: a column that holds something else is a mistake of the statement or of
/// the schema, which STRICT tables and PostgreSQL's types rule out, and stops the program.
package struct Row: Sendable {
    private let cells: [SQLValue]
    private let start: Int
    /// How many columns it has.
    package let count: Int

    /// The rows of a result whose values stand in `cells`, row after row.
    package static func rows(of cells: [SQLValue], columns: Int) -> [Row] {
        guard columns > 0 else { return [] }
        return stride(from: 0, to: cells.count, by: columns).map { Row(cells: cells, start: $0, count: columns) }
    }

    package subscript(column: Int) -> SQLValue {
        precondition((0..<count).contains(column), "column \(column) of a row with \(count)")
        return cells[start + column]
    }

    package func isNull(_ column: Int) -> Bool { self[column] == .null }

    package func int(_ column: Int) -> Int64 { required(intOrNil(column), column, "integer") }

    package func intOrNil(_ column: Int) -> Int64? {
        switch self[column] {
        case .null: nil
        case .integer(let value): value
        case let other: mismatch(other, column, "integer")
        }
    }

    /// True for every integer but 0.
    package func flag(_ column: Int) -> Bool { int(column) != 0 }

    /// Integers are read as well: SQLite gives a whole number computed from reals back as one.
    package func double(_ column: Int) -> Double { required(doubleOrNil(column), column, "number") }

    package func doubleOrNil(_ column: Int) -> Double? {
        switch self[column] {
        case .null: nil
        case .double(let value): value
        case .integer(let value): Double(value)
        case let other: mismatch(other, column, "number")
        }
    }

    package func text(_ column: Int) -> String { required(textOrNil(column), column, "text") }

    package func textOrNil(_ column: Int) -> String? {
        switch self[column] {
        case .null: nil
        case .text(let value): value
        case let other: mismatch(other, column, "text")
        }
    }

    package func blob(_ column: Int) -> [UInt8] { required(blobOrNil(column), column, "bytes") }

    package func blobOrNil(_ column: Int) -> [UInt8]? {
        switch self[column] {
        case .null: nil
        case .blob(let value): value
        case let other: mismatch(other, column, "bytes")
        }
    }

    private func required<Value>(_ value: Value?, _ column: Int, _ wanted: String) -> Value {
        guard let value else { mismatch(.null, column, wanted) }
        return value
    }

    private func mismatch(_ value: SQLValue, _ column: Int, _ wanted: String) -> Never {
        // The kind alone: a value may be somebody's text.
        let kind =
            switch value {
            case .null: "NULL"
            case .integer: "an integer"
            case .double: "a real number"
            case .text: "text"
            case .blob: "bytes"
            }
        preconditionFailure("column \(column) holds \(kind), asked for was \(wanted)")
    }
}
