import SQLite

/// The writing connection. Transactions that wait while one runs are committed together with it: one wait for the disk
/// serves them all. Each is a savepoint, so that one can fail alone; nobody hears of success before the commit.
final class SQLiteWriter {
    private static let groupLimit = 64

    private let connection: SQLiteConnection
    /// What to tell each member of the group: its own result, or the group's failure.
    private var members: [(DatabaseError?) -> Void] = []
    private var groupFailure: DatabaseError?
    /// Whether the connection is in a state that nobody foresaw.
    private(set) var isBroken = false

    init(_ connection: SQLiteConnection) { self.connection = connection }

    /// Whether what has just run is the first of its group.
    var isLeading: Bool { members.count == 1 }
    var hasRoom: Bool { groupFailure == nil && members.count < Self.groupLimit }

    /// Runs `body` as the next member of the group.
    func run<R: Sendable>(
        _ body: (any Transaction) throws -> R, _ hub: NotificationHub, _ reply: Reply<R>
    ) {
        do {
            if members.isEmpty { try connection.execute("BEGIN IMMEDIATE") }
            try connection.execute("SAVEPOINT member")
        } catch {
            groupFailure = groupFailure ?? DatabaseError(error)
            members.append { reply.answer(.failure($0 ?? DatabaseError(error))) }
            return
        }
        let transaction = SQLiteTransaction(connection)
        let result = Result { try transaction.finish(body) }
        do {
            if connection.isInTransaction {
                if case .failure = result { try connection.execute("ROLLBACK TO member") }
                try connection.execute("RELEASE member")
            } else {
                // A full disk, for one, ends the whole transaction.
                groupFailure = groupFailure ?? transaction.failure ?? DatabaseError(.other, "the transaction was lost")
            }
        } catch {
            groupFailure = groupFailure ?? DatabaseError(error)
        }
        let channels = transaction.channels
        members.append { failure in
            switch (result, failure) {
            case (.success, let failure?): reply.answer(.failure(failure))
            case (.success, nil):
                hub.wake(channels)
                reply.answer(result)
            case (.failure, _): reply.answer(result)
            }
        }
    }

    /// Commits the group and tells its members.
    func commit() {
        do {
            if groupFailure == nil { try connection.execute("COMMIT") }
        } catch {
            groupFailure = DatabaseError(error)
        }
        do {
            try connection.rollBack()
        } catch {
            isBroken = true
        }
        let told = members
        let failure = groupFailure
        members = []
        groupFailure = nil
        for member in told { member(failure) }
    }
}
