import CSQLite

/// One compiled statement of one connection.
final class PreparedStatement {
    let handle: OpaquePointer
    let sql: String
    let columnCount: Int32
    /// For each of SQLite's parameters, in its order, the position in the caller's list. SQLite numbers `$2` by where it
    /// first stands in the text, not by its name.
    private let positions: [Int]
    private let parameterCount: Int
    var lastUse: UInt64 = 0

    init(handle: OpaquePointer, sql: String) {
        self.handle = handle
        self.sql = sql
        columnCount = sqlite3_column_count(handle)
        let count = sqlite3_bind_parameter_count(handle)
        positions = (0..<count).map { index in
            guard let name = sqlite3_bind_parameter_name(handle, index + 1) else { return Int(index) }
            return Int(String(cString: name).dropFirst()).map { $0 - 1 } ?? Int(index)
        }
        parameterCount = positions.reduce(0) { max($0, $1 + 1) }
    }

    deinit { sqlite3_finalize(handle) }

    func reset() {
        sqlite3_reset(handle)
        // Lets go of what may be large.
        sqlite3_clear_bindings(handle)
    }

    func bind(_ parameters: [SQLValue], on connection: SQLiteConnection) throws(SQLiteError) {
        guard parameters.count == parameterCount else {
            throw SQLiteError(
                kind: .statement, code: SQLITE_RANGE,
                message: "\(parameters.count) parameters for a statement that takes \(parameterCount): \(sql)")
        }
        for (index, position) in positions.enumerated() {
            let code = try bind(parameters[position], at: Int32(index + 1), position)
            guard code == SQLITE_OK else { throw connection.failure(code, sql) }
        }
    }

    private func bind(_ value: SQLValue, at index: Int32, _ position: Int) throws(SQLiteError) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(handle, index)
        case .integer(let value): return sqlite3_bind_int64(handle, index, value)
        case .double(let value): return sqlite3_bind_double(handle, index, value)
        case .text(var value):
            let code: Int32? = value.withUTF8 { bytes in
                if bytes.contains(0) { return nil }
                // An empty text has no address, which SQLite would take for NULL.
                guard let start = bytes.baseAddress, !bytes.isEmpty else {
                    return sqlite3_bind_text(handle, index, "", 0, Self.copied)
                }
                return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                    sqlite3_bind_text64(
                        handle, index, $0, UInt64(bytes.count), Self.copied, UInt8(SQLITE_UTF8))
                }
            }
            guard let code else {
                throw SQLiteError(
                    kind: .badValue, code: SQLITE_MISMATCH,
                    message: "parameter $\(position + 1) holds a NUL character, which text cannot have, in: \(sql)")
            }
            return code
        case .blob(let bytes):
            guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(handle, index, 0) }
            return bytes.withUnsafeBytes {
                sqlite3_bind_blob64(handle, index, $0.baseAddress, UInt64($0.count), Self.copied)
            }
        }
    }

    func value(_ column: Int) -> SQLValue {
        let column = Int32(column)
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, column))
        case SQLITE_FLOAT: return .double(sqlite3_column_double(handle, column))
        case SQLITE_TEXT:
            guard let start = sqlite3_column_text(handle, column) else { return .text("") }
            let count = Int(sqlite3_column_bytes(handle, column))
            return .text(String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            guard let start = sqlite3_column_blob(handle, column) else { return .blob([]) }
            let count = Int(sqlite3_column_bytes(handle, column))
            return .blob([UInt8](UnsafeRawBufferPointer(start: start, count: count)))
        default: return .null
        }
    }

    /// SQLITE_TRANSIENT, the macro (destructor) -1: SQLite makes its own copy before the call returns.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}

/// The statements of one connection by their text, the least recently used dropped first.
struct StatementCache {
    private static let limit = 256
    private var statements: [String: PreparedStatement] = [:]
    private var uses: UInt64 = 0

    subscript(sql: String) -> PreparedStatement? {
        mutating get {
            guard let statement = statements[sql] else { return nil }
            uses += 1
            statement.lastUse = uses
            return statement
        }
    }

    mutating func insert(_ statement: PreparedStatement) {
        if statements.count >= Self.limit {
            // Half at once, so that the search for the oldest is paid for rarely.
            let oldest = statements.values.sorted { $0.lastUse < $1.lastUse }.prefix(Self.limit / 2)
            for old in oldest { statements[old.sql] = nil }
        }
        uses += 1
        statement.lastUse = uses
        statements[statement.sql] = statement
    }

    mutating func removeAll() { statements.removeAll() }
}
