import CPostgreSQL

extension DatabaseError {
    /// What a result says that is an error.
    init(_ result: OpaquePointer?, redacting settings: PostgresSettings) {
        // The letters of PG_DIAG_SQLSTATE, _MESSAGE_PRIMARY and _CONSTRAINT_NAME, which are macros of characters.
        func field(_ letter: Character) -> String? {
            guard let result, let code = letter.asciiValue, let text = PQresultErrorField(result, Int32(code)) else {
                return nil
            }
            return String(cString: text)
        }
        let state = field("C")
        let reason =
            field("M") ?? result.map { String(cString: PQresultErrorMessage($0)).oneLine } ?? "no answer"
        // The primary message names tables and columns; values stand in the detail, which is left out.
        self.init(
            state.map { Self.code(sqlState: $0) } ?? .unavailable, settings.redacted(reason), sqlState: state,
            constraint: field("n"))
    }

    /// "PostgreSQL Error Codes", appendix A of its documentation.
    private static func code(sqlState state: String) -> Code {
        switch state {
        case "23505": return .uniqueViolation
        case "23503": return .foreignKeyViolation
        case "23502": return .notNullViolation
        case "23514", "23P01": return .checkViolation
        case "57014", "25P03": return .statementTimeout
        case "55P03": return .lockTimeout
        case "40001", "40P01": return .contention
        case "53100": return .diskFull
        case "25006": return .readOnly
        case "42501": return .refused
        case "3D000", "3F000": return .misconfigured
        case "42P01", "42703", "42883", "42P02": return .schema
        case "57P01", "57P02", "57P03", "57P05", "53300", "53200", "53400": return .unavailable
        default: break
        }
        switch state.prefix(2) {
        case "22", "54": return .badValue
        case "08": return .unavailable
        case "28": return .refused
        case "58": return .unavailable
        default: return .other
        }
    }

    /// The plan that the session kept no longer fits the schema, or is gone: a new session has none.
    var isStalePlan: Bool {
        sqlState == "26000" || sqlState == "0A000" && message.contains("cached plan")
    }

    /// The session's last word before it ended, whatever it was: it can be tried on another.
    var asLost: DatabaseError {
        code == .statementTimeout ? self : DatabaseError(.unavailable, message, sqlState: sqlState)
    }
}
