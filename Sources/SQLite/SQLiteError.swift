import CSQLite

/// What SQLite refused.
package struct SQLiteError: Error, Equatable, CustomStringConvertible {
    package enum Kind: Sendable {
        case unique, foreignKey, notNull, check
        /// Another process writes and did not end within the busy timeout.
        case busy
        /// The disk is full.
        case full
        case readOnly
        /// The file is damaged, or no database.
        case corrupt
        case cannotOpen
        /// A statement ran longer than allowed.
        case interrupted
        /// A parameter that cannot be stored: text with a NUL character, or something too large.
        case badValue
        /// No such table or column, or no valid SQL.
        case statement
        /// The storage below failed: an I/O error.
        case storage
        case other
    }

    package let kind: Kind
    /// SQLite's extended result code.
    package let code: Int32
    /// What was wrong, with the statement's text where it helps; never a parameter's value.
    package let message: String
    /// The columns of a violated constraint (`tasks.user_id, tasks.key`), or the name of a check.
    package let constraint: String?

    package init(kind: Kind, code: Int32, message: String, constraint: String? = nil) {
        self.kind = kind
        self.code = code
        self.message = message
        self.constraint = constraint
    }

    init(code: Int32, message: String, constraint: String? = nil) {
        self.init(kind: Self.kind(code), code: code, message: message, constraint: constraint)
    }

    package var description: String { "SQLite: \(message) (code \(code))" }

    private static func kind(_ code: Int32) -> Kind {
        // The extended codes of constraints are SQLITE_CONSTRAINT and a number in the second byte.
        switch code {
        case constraint(8), constraint(6), constraint(10): return .unique
        case constraint(3): return .foreignKey
        case constraint(5): return .notNull
        case constraint(1): return .check
        default: break
        }
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED: return .busy
        case SQLITE_FULL: return .full
        case SQLITE_READONLY: return .readOnly
        case SQLITE_CORRUPT, SQLITE_NOTADB: return .corrupt
        case SQLITE_CANTOPEN: return .cannotOpen
        case SQLITE_INTERRUPT: return .interrupted
        case SQLITE_TOOBIG, SQLITE_MISMATCH, SQLITE_RANGE: return .badValue
        case SQLITE_CONSTRAINT: return .check
        case SQLITE_ERROR: return .statement
        case SQLITE_IOERR: return .storage
        default: return .other
        }
    }

    /// SQLITE_CONSTRAINT_ROWID 10, _UNIQUE 8, _PRIMARYKEY 6, _NOTNULL 5, _FOREIGNKEY 3, _CHECK 1: macros with a shift,
    /// which Swift does not import.
    private static func constraint(_ number: Int32) -> Int32 { SQLITE_CONSTRAINT | number << 8 }
}
