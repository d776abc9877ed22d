/// One body's transaction. BEGIN and what needs no answer travel with the next statement that does.
final class PostgresTransaction: Transaction {
    private let connection: PostgresConnection
    private let beginning: [PostgresCommand]
    /// What was not sent yet.
    private var outgoing: [PostgresCommand] = []
    private var hasBegun = false
    private var isOver = false
    private(set) var failure: DatabaseError?
    private(set) var channels: Set<String> = []

    /// - Parameter beginning: BEGIN and what belongs to it.
    init(_ connection: PostgresConnection, beginning: [PostgresCommand]) {
        self.connection = connection
        self.beginning = beginning
    }

    var dialect: Dialect { .postgresql }

    func query(_ sql: String, _ parameters: [SQLValue]) throws(DatabaseError) -> [Row] {
        try exchange(PostgresCommand(sql, parameters, isKept: true)).rows
    }

    func execute(_ sql: String, _ parameters: [SQLValue]) throws(DatabaseError) -> Int {
        try exchange(PostgresCommand(sql, parameters, isKept: true)).changed
    }

    func send(_ sql: String, _ parameters: [SQLValue]) throws(DatabaseError) {
        precondition(!isOver, "a transaction is used after its end")
        if let failure { throw failure }
        outgoing.append(PostgresCommand(sql, parameters, isKept: true))
        // A bound, so that a body that only sends does not pile up memory.
        if outgoing.count >= 64 { _ = try exchange(PostgresCommand("SELECT 1")) }
    }

    func notify(_ channel: String) throws(DatabaseError) { channels.insert(channel) }

    /// Runs `body`; a statement's error counts, even when `body` passes over it: the server has given up as well.
    func run<R>(_ body: (any Transaction) throws -> R) throws -> R {
        let result = try body(self)
        if let failure { throw failure }
        return result
    }

    /// Makes the changes last. Nothing is sent when the body did nothing.
    func commit() throws(DatabaseError) {
        defer { isOver = true }
        guard hasBegun || !outgoing.isEmpty else { return }
        do {
            _ = try exchange(PostgresCommand("COMMIT", isKept: true))
        } catch {
            throw connection.isLost
                ? DatabaseError(.outcomeUnknown, "no answer to COMMIT: \(error.message)", sqlState: error.sqlState)
                : error
        }
    }

    /// Gives the changes up; a lost connection has done so already.
    func rollBack() {
        isOver = true
        guard hasBegun, !connection.isLost else { return }
        do {
            _ = try connection.exchange([PostgresCommand("ROLLBACK")])
        } catch {
            // The connection counts as lost then, and the server rolls back with its end.
        }
    }

    private func exchange(_ command: PostgresCommand) throws(DatabaseError) -> PostgresAnswer {
        precondition(!isOver, "a transaction is used after its end")
        if let failure { throw failure }
        let commands = (hasBegun ? [] : beginning) + outgoing + [command]
        outgoing = []
        hasBegun = true
        do throws(DatabaseError) {
            guard let answer = try connection.exchange(commands).last else {
                throw DatabaseError(.other, "no answer to: \(command.sql)")
            }
            return answer
        } catch {
            failure = error
            throw error
        }
    }
}
