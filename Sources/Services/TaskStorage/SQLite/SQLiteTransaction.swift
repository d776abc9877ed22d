import SQLite

/// One body's view of an SQLite connection that is in a transaction.
final class SQLiteTransaction: Transaction {
    private let connection: SQLiteConnection
    private(set) var channels: Set<String> = []
    private(set) var failure: DatabaseError?
    private var isOver = false

    init(_ connection: SQLiteConnection) { self.connection = connection }

    var dialect: Dialect { .sqlite }

    func query(_ sql: String, _ parameters: [SQLValue]) throws(DatabaseError) -> [Row] {
        try run { () throws(SQLiteError) in try connection.query(sql, parameters) }
    }

    func execute(_ sql: String, _ parameters: [SQLValue]) throws(DatabaseError) -> Int {
        try run { () throws(SQLiteError) in try connection.execute(sql, parameters) }
    }

    func send(_ sql: String, _ parameters: [SQLValue]) throws(DatabaseError) { _ = try execute(sql, parameters) }

    func notify(_ channel: String) throws(DatabaseError) { channels.insert(channel) }

    /// Runs `body`; an error of a statement counts, even when `body` passes over it, as on PostgreSQL.
    func finish<R>(_ body: (any Transaction) throws -> R) throws -> R {
        defer { isOver = true }
        let result = try body(self)
        if let failure { throw failure }
        return result
    }

    private func run<R>(_ statement: () throws(SQLiteError) -> R) throws(DatabaseError) -> R {
        precondition(!isOver, "a transaction is used after its end")
        if let failure { throw failure }
        do {
            return try statement()
        } catch {
            let failure = DatabaseError(error)
            self.failure = failure
            throw failure
        }
    }
}
