@_exported public import SQLite

/// Where a service keeps what it must not lose: PostgreSQL, or SQLite on one machine, with the same SQL text for both.
///
/// Bodies run on a connection's own thread and are synchronous: nothing can await inside a transaction. All calls throw
/// `DatabaseError`, `CancellationError` when cancelled while they wait for a connection, or what the body throws.
package protocol Database: Sendable {
    /// Runs `body` in one transaction and commits; when it throws, nothing of it stays.
    ///
    /// READ COMMITTED on PostgreSQL; on SQLite one after the other. `body` may run more than once (deadlocks,
    /// serialization failures, a connection that was lost before COMMIT), so it must have no effect outside the
    /// database. After an error of a statement the transaction can only be given up, on both databases: what may
    /// conflict is written with ON CONFLICT.
    func transaction<R: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> R) async throws -> R

    /// Runs `body` on one unchanging view of the database. Writes are refused.
    func read<R: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> R) async throws -> R

    /// Runs one statement that stands for itself, in a single round trip. RETURNING tells what it changed.
    func statement(_ sql: String, _ parameters: [SQLValue]) async throws -> [Row]

    /// An element for every commit since the last one that called `notify(channel)`, in this process at once and in
    /// others where the database can tell; also one at the beginning and whenever notifications may have been missed.
    /// Several become one. It ends when the database is closed.
    func notifications(_ channel: String) -> AsyncStream<Void>

    /// Whether the database answers now.
    func ping() async throws(DatabaseError)

    var dialect: Dialect { get }
    var statistics: PoolStatistics { get }

    /// Waits for what runs and closes all connections; what still waits fails.
    func close() async
}

/// What a body can do with its connection. It is valid only until the body returns.
///
/// Parameters are `$1`, `$2` …; text with NUL characters is refused.
package protocol Transaction: AnyObject {
    func query(_ sql: String, _ parameters: [SQLValue]) throws(DatabaseError) -> [Row]

    /// - Returns: how many rows it inserted, updated or deleted.
    @discardableResult
    func execute(_ sql: String, _ parameters: [SQLValue]) throws(DatabaseError) -> Int

    /// Like `execute`, but without a round trip of its own: it travels with the next statement or with COMMIT, whose
    /// call then throws its error.
    func send(_ sql: String, _ parameters: [SQLValue]) throws(DatabaseError)

    /// Wakes those who listen on `channel` once this transaction is committed.
    func notify(_ channel: String) throws(DatabaseError)

    var dialect: Dialect { get }
}

extension Transaction {
    package func query(_ sql: String) throws(DatabaseError) -> [Row] { try query(sql, []) }

    @discardableResult
    package func execute(_ sql: String) throws(DatabaseError) -> Int { try execute(sql, []) }

    /// Inserts rows of equal width, by statements of few different sizes, so that the server knows them by heart.
    /// - Parameters:
    ///   - table: a table's name, with columns if the rows have not all of them.
    ///   - rest: what follows the values. With RETURNING, what it returns comes back; else nothing waits for an answer.
    @discardableResult
    package func insert(
        _ rows: [[SQLValue]], into table: String, _ rest: String = ""
    ) throws(DatabaseError) -> [Row] {
        var left = rows[...]
        var returned: [Row] = []
        while let first = left.first {
            let size = [64, 16, 4, 1].first { $0 <= left.count } ?? 1
            let sql = "INSERT INTO \(table) VALUES \(dialect.values(rows: size, columns: first.count)) \(rest)"
            let parameters = Array(left.prefix(size).joined())
            left = left.dropFirst(size)
            if rest.contains("RETURNING") {
                returned += try query(sql, parameters)
            } else {
                try send(sql, parameters)
            }
        }
        return returned
    }
}

/// How a database is used. The bounds keep one slow or lost statement from taking the service with it.
package struct DatabaseOptions: Sendable {
    /// How many connections at most; on SQLite how many readers beside the one writer. `pool_size` in the URL counts
    /// more.
    package var poolSize = 6
    /// How long a call waits for a connection.
    package var waitLimit: Duration = .seconds(5)
    package var statementTimeout: Duration = .seconds(15)
    /// How long a statement waits for a row or table that another transaction holds.
    package var lockTimeout: Duration = .seconds(5)
    /// A transaction that does nothing for this long is ended by the server.
    package var idleInTransactionTimeout: Duration = .seconds(30)
    package var connectTimeout: Duration = .seconds(5)
    /// How long a call tries again while the database cannot be reached, from its first failure.
    package var outageLimit: Duration = .seconds(5)
    /// A connection without work for this long is closed.
    package var idleLimit: Duration = .seconds(60)
    /// For whoever looks at the server's sessions.
    package var applicationName = "todo-services"

    package init() {}
}
