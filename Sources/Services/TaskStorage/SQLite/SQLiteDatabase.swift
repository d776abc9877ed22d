import SQLite

/// SQLite as a service's database: one writer, readers beside it that never wait for it, wake-ups within the process.
final class SQLiteDatabase: Database {
    private let writer: ConnectionPool<SQLiteWriter>
    private let readers: ConnectionPool<SQLiteConnection>
    private let hub = NotificationHub()
    private let path: String

    /// Opens the file, so that what is wrong with it is known at once.
    static func open(_ location: SQLiteLocation, options: DatabaseOptions) async throws(DatabaseError) -> SQLiteDatabase
    {
        let database = SQLiteDatabase(location, options)
        do {
            // The writer makes the file and gives it its mode; readers cannot.
            try await database.transaction { _ in }
            return database
        } catch {
            await database.close()
            throw DatabaseError(anyOfSQLite: error)
        }
    }

    private init(_ location: SQLiteLocation, _ options: DatabaseOptions) {
        let path = location.path
        self.path = path
        writer = ConnectionPool(
            name: "the SQLite writer", size: 1, waitLimit: options.waitLimit, idleLimit: options.idleLimit
        ) {
            SQLiteWriter(
                try SQLiteConnection(
                    path: path, mode: .readWrite, busyTimeout: options.lockTimeout,
                    synchronous: location.synchronous, statementTimeout: options.statementTimeout))
        }
        readers = ConnectionPool(
            name: "the SQLite readers", size: location.poolSize ?? options.poolSize, waitLimit: options.waitLimit,
            idleLimit: options.idleLimit
        ) {
            try SQLiteConnection(
                path: path, mode: .readOnly, busyTimeout: options.lockTimeout,
                statementTimeout: options.statementTimeout)
        }
    }

    var dialect: Dialect { .sqlite }

    var statistics: PoolStatistics {
        let (writing, reading) = (writer.statistics, readers.statistics)
        return PoolStatistics(
            size: writing.size + reading.size, busy: writing.busy + reading.busy,
            waiting: writing.waiting + reading.waiting)
    }

    func transaction<R: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> R) async throws -> R {
        let hub = self.hub
        return try await translatingPoolErrors {
            try await writer.schedule { slot, reply in
                let connected: SQLiteWriter
                do {
                    connected = try slot.connection()
                } catch {
                    reply.answer(.failure(DatabaseError(anyOfSQLite: error)))
                    return
                }
                connected.run(body, hub, reply)
                guard connected.isLeading else { return }
                while connected.hasRoom, slot.runNextWaiting() {}
                connected.commit()
                if connected.isBroken { slot.drop() }
            }
        }
    }

    func read<R: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> R) async throws -> R {
        try await translatingPoolErrors {
            try await readers.schedule { slot, reply in
                do {
                    let connection = try slot.connection()
                    try connection.execute("BEGIN")
                    let transaction = SQLiteTransaction(connection)
                    let result = Result { try transaction.finish(body) }
                    reply.answer(result)
                    do { try connection.execute("COMMIT") } catch { slot.drop() }
                } catch {
                    slot.drop()
                    reply.answer(.failure(DatabaseError(anyOfSQLite: error)))
                }
            }
        }
    }

    func statement(_ sql: String, _ parameters: [SQLValue]) async throws -> [Row] {
        // The writer is for those who write.
        sql.hasPrefix("SELECT")
            ? try await read { try $0.query(sql, parameters) }
            : try await transaction { try $0.query(sql, parameters) }
    }

    func notifications(_ channel: String) -> AsyncStream<Void> { hub.stream(channel) }

    func ping() async throws(DatabaseError) { try await answerOnce("SELECT count(*) FROM sqlite_schema") }

    func close() async {
        hub.finish()
        // The writer last: the last connection writes the log back into the file, which a reader may not.
        await readers.close()
        await writer.close()
    }
}

extension DatabaseError {
    init(_ error: SQLiteError) {
        let code: Code =
            switch error.kind {
            case .unique: .uniqueViolation
            case .foreignKey: .foreignKeyViolation
            case .notNull: .notNullViolation
            case .check: .checkViolation
            case .busy: .lockTimeout
            case .full: .diskFull
            case .readOnly: .readOnly
            case .cannotOpen: .misconfigured
            case .interrupted: .statementTimeout
            case .badValue: .badValue
            case .statement: error.message.contains("no such ") ? .schema : .other
            case .storage: .unavailable
            case .corrupt, .other: .other
            }
        self.init(code, error.message, constraint: error.constraint)
    }

    init(anyOfSQLite error: any Error) {
        switch error {
        case let error as DatabaseError: self = error
        case let error as SQLiteError: self.init(error)
        default: self.init(.other, "\(error)")
        }
    }
}
