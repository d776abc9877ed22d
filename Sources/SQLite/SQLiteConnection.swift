import CSQLite

/// One connection to an SQLite database in WAL mode. It lives on one thread: `ConnectionPool` gives it one.
///
/// Parameters are written `$1`, `$2` … (or `?1`), as PostgreSQL has them. LIKE tells upper from lower case, foreign keys
/// are checked, double-quoted text is no string.
package final class SQLiteConnection {
    package enum Mode: Sendable {
        /// Makes the file when it is not there.
        case readWrite
        /// The file has to be there. Every write is refused.
        case readOnly
    }

    /// How much a commit waits for.
    package enum Synchronous: Sendable {
        /// A commit survives a power failure.
        case full
        /// A commit survives the end of the process; the last ones may be gone after a power failure.
        case normal
    }

    let handle: OpaquePointer
    private var statements = StatementCache()
    private let watch: StatementWatch?

    /// - Parameters:
    ///   - path: of the file, or `:memory:`.
    ///   - busyTimeout: how long a statement waits for another process that writes.
    ///   - statementTimeout: a statement that runs longer fails with `interrupted`; nil for no limit.
    package init(
        path: String, mode: Mode = .readWrite, busyTimeout: Duration = .seconds(5),
        synchronous: Synchronous = .full, statementTimeout: Duration? = nil
    ) throws(SQLiteError) {
        let access =
            switch mode {
            case .readWrite: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .readOnly: SQLITE_OPEN_READONLY
            }
        var opened: OpaquePointer?
        // No mutex of SQLite's own: the connection stays on one thread.
        let code = sqlite3_open_v2(path, &opened, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, let opened else {
            let reason = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(opened)
            throw SQLiteError(
                code: code,
                message: "cannot open \(path): \(reason); does the folder exist and may this user write to it?")
        }
        handle = opened
        watch = statementTimeout.map { StatementWatch(limit: $0) }
        sqlite3_busy_timeout(handle, Int32(clamping: Int64(busyTimeout / .milliseconds(1))))
        watch?.attach(to: handle)
        do {
            if mode == .readWrite { try useWriteAheadLog(path) }
            try script(
                """
                PRAGMA synchronous = \(synchronous == .full ? "FULL" : "NORMAL");
                PRAGMA foreign_keys = ON;
                PRAGMA case_sensitive_like = ON;
                PRAGMA trusted_schema = OFF;
                PRAGMA temp_store = MEMORY;
                """)
        } catch {
            close()
            throw error
        }
    }

    /// Writers and readers of a database in WAL mode do not wait for each other. The mode stays with the file.
    private func useWriteAheadLog(_ path: String) throws(SQLiteError) {
        let mode = try query("PRAGMA journal_mode = WAL").first?.text(0)
        guard mode == "wal" || path == ":memory:" else {
            throw SQLiteError(
                kind: .cannotOpen, code: SQLITE_CANTOPEN,
                message: "\(path) cannot have a write-ahead log; is it on a network file system?")
        }
        // A log that once grew large is cut back.
        try script("PRAGMA journal_size_limit = 67108864")
    }

    deinit { close() }

    private var isClosed = false

    /// Ends the connection; further calls are mistakes. A second `close` does nothing.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        statements.removeAll()
        sqlite3_close_v2(handle)
    }

    /// Runs one statement and returns all of its rows.
    package func query(_ sql: String, _ parameters: [SQLValue] = []) throws(SQLiteError) -> [Row] {
        let statement = try prepared(sql)
        defer { statement.reset() }
        try statement.bind(parameters, on: self)
        var cells: [SQLValue] = []
        let columns = Int(statement.columnCount)
        watch?.start()
        while try step(statement) {
            for column in 0..<columns { cells.append(statement.value(column)) }
        }
        return Row.rows(of: cells, columns: columns)
    }

    /// Runs one statement to its end.
    /// - Returns: how many rows it inserted, updated or deleted, not counting triggers and cascades.
    @discardableResult
    package func execute(_ sql: String, _ parameters: [SQLValue] = []) throws(SQLiteError) -> Int {
        let statement = try prepared(sql)
        defer { statement.reset() }
        try statement.bind(parameters, on: self)
        let before = sqlite3_total_changes64(handle)
        watch?.start()
        while try step(statement) {}
        // Of a statement that changes no rows, sqlite3_changes gives what the one before changed.
        return sqlite3_total_changes64(handle) == before ? 0 : Int(sqlite3_changes64(handle))
    }

    /// Runs several statements without parameters; rows are not returned.
    package func script(_ sql: String) throws(SQLiteError) {
        watch?.start()
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(code, sql) }
    }

    /// Runs `body` in one transaction that holds the database's write lock from its beginning; when `body` throws,
    /// nothing of it stays.
    package func transaction<R>(_ body: () throws -> R) throws -> R {
        try execute("BEGIN IMMEDIATE")
        do {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            try rollBack()
            throw error
        }
    }

    /// Whether a transaction is open. Some errors (a full disk, for one) end it on their own.
    package var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Ends the open transaction, if there is one, with none of its changes.
    package func rollBack() throws(SQLiteError) {
        if isInTransaction { try execute("ROLLBACK") }
    }

    package var lastInsertedRowID: Int64 { sqlite3_last_insert_rowid(handle) }

    /// What is wrong with the file, from a look at all of it; empty when it is sound.
    package func integrityProblems() throws(SQLiteError) -> [String] {
        try query("PRAGMA quick_check").map { $0.text(0) }.filter { $0 != "ok" }
    }

    private func step(_ statement: PreparedStatement) throws(SQLiteError) -> Bool {
        switch sqlite3_step(statement.handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw failure(code, statement.sql)
        }
    }

    private func prepared(_ sql: String) throws(SQLiteError) -> PreparedStatement {
        if let statement = statements[sql] { return statement }
        var handle: OpaquePointer?
        var code = SQLITE_OK
        var hasMore = false
        var text = sql
        text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                var rest: UnsafePointer<CChar>?
                code = sqlite3_prepare_v3(
                    self.handle, characters.baseAddress, Int32(clamping: characters.count),
                    UInt32(SQLITE_PREPARE_PERSISTENT), &handle, &rest)
                if let rest, let start = characters.baseAddress {
                    hasMore = characters[(rest - start)...].contains {
                        !" \n\t\r;".utf8.contains(UInt8(bitPattern: $0))
                    }
                }
            }
        }
        guard code == SQLITE_OK else { throw failure(code, sql) }
        guard let handle, !hasMore else {
            sqlite3_finalize(handle)
            throw SQLiteError(
                kind: .statement, code: SQLITE_MISUSE,
                message: "not exactly one statement, use script() for several: \(Self.excerpt(sql))")
        }
        let statement = PreparedStatement(handle: handle, sql: sql)
        statements.insert(statement)
        return statement
    }

    func failure(_ code: Int32, _ sql: String) -> SQLiteError {
        let reason = String(cString: sqlite3_errmsg(handle))
        if code & 0xFF == SQLITE_INTERRUPT, let watch, watch.isOver {
            return SQLiteError(
                code: code, message: "ran longer than \(watch.limit), in: \(Self.excerpt(sql))")
        }
        var constraint: String?
        if code & 0xFF == SQLITE_CONSTRAINT, let colon = reason.firstIndex(of: ":") {
            constraint = String(reason[colon...].dropFirst(2))
        }
        return SQLiteError(code: code, message: "\(reason), in: \(Self.excerpt(sql))", constraint: constraint)
    }

    private static func excerpt(_ sql: String) -> String {
        sql.utf8.count <= 200 ? sql : String(sql.prefix(200)) + "…"
    }
}
