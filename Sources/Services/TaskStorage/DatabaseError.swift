/// What a database, or the way to it, refused.
package struct DatabaseError: Error, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        case uniqueViolation, foreignKeyViolation, notNullViolation, checkViolation
        /// A parameter that cannot be stored: text with a NUL character, a number out of range, too large.
        case badValue
        case statementTimeout
        /// Another transaction held what this one needed for too long.
        case lockTimeout
        /// Deadlocks or serialization failures, again and again.
        case contention
        /// It cannot be reached, or the connection was lost before COMMIT: nothing was changed.
        case unavailable
        /// The connection was lost after COMMIT was sent: the change is there, or it is not.
        case outcomeUnknown
        case poolExhausted
        case diskFull
        case readOnly
        /// The server refuses this login or this encryption, or the role lacks a right.
        case refused
        /// The URL, or what it names, cannot be right.
        case misconfigured
        /// A table or column is missing: older migrations than the program's.
        case schema
        case closed
        case other
    }

    package let code: Code
    /// What was wrong and where; never a password or a parameter's value.
    package let message: String
    package let sqlState: String?
    /// The violated constraint's name as the database gives it; the databases name them differently.
    package let constraint: String?

    package init(_ code: Code, _ message: String, sqlState: String? = nil, constraint: String? = nil) {
        self.code = code
        self.message = message
        self.sqlState = sqlState
        self.constraint = constraint
    }

    package var isUniqueViolation: Bool { code == .uniqueViolation }

    /// Whether the same call may succeed later without anybody changing anything. The only place that decides it.
    package var isTransient: Bool {
        switch code {
        case .statementTimeout, .lockTimeout, .contention, .unavailable, .outcomeUnknown, .poolExhausted, .diskFull,
            .readOnly, .closed:
            true
        case .uniqueViolation, .foreignKeyViolation, .notNullViolation, .checkViolation, .badValue, .refused,
            .misconfigured, .schema, .other:
            false
        }
    }

    /// What the reader can do about it.
    package var remedy: String {
        switch code {
        case .uniqueViolation, .foreignKeyViolation, .notNullViolation, .checkViolation: "change the values"
        case .badValue: "change the value"
        case .statementTimeout: "try again; if it stays, look for a missing index or a server that is too small"
        case .lockTimeout, .contention: "try again; if it stays, look for a transaction that does not end"
        case .unavailable: "check that the database runs and that its address can be reached from here"
        case .outcomeUnknown: "look whether the change is there before making it again"
        case .poolExhausted: "try again; if it stays, raise pool_size in the database URL or start more replicas"
        case .diskFull: "give the database more space"
        case .readOnly: "point the URL to the database that accepts writes"
        case .refused: "check user, password, certificate and rights of the database role"
        case .misconfigured: "correct the database URL"
        case .schema: "run 'todo-services migrate' of this version"
        case .closed: "the service is shutting down; try another replica"
        case .other: "see the message"
        }
    }

    package var description: String {
        "database: \(message)\(sqlState.map { " (SQLSTATE \($0))" } ?? ""); \(remedy)"
    }
}

extension DatabaseError {
    /// Of a pool.
    init(_ error: PoolError) {
        switch error {
        case .exhausted: self.init(.poolExhausted, error.description)
        case .closed: self.init(.closed, error.description)
        case .noThread: self.init(.unavailable, error.description)
        }
    }
}

/// Runs `body`, with a pool's errors as the database's.
func translatingPoolErrors<R>(_ body: () async throws -> R) async throws -> R {
    do {
        return try await body()
    } catch let error as PoolError {
        throw DatabaseError(error)
    }
}

extension Database {
    /// `statement` for `ping`, which throws nothing but `DatabaseError`.
    func answerOnce(_ sql: String) async throws(DatabaseError) {
        do {
            _ = try await statement(sql, [])
        } catch let error as DatabaseError {
            throw error
        } catch {
            throw DatabaseError(.unavailable, "\(error)")
        }
    }
}
