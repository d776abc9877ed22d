import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// PostgreSQL as the services' database: a pool of sessions, and one more for wake-ups between replicas.
final class PostgresDatabase: Database {
    /// Deadlocks and serialization failures in a row until a call gives up.
    private static let contentionLimit = 20

    private let settings: PostgresSettings
    private let options: DatabaseOptions
    private let pool: ConnectionPool<PostgresConnection>
    private let hub: NotificationHub
    /// Nil behind a pooler that cannot be gone around: wake-ups stay within the process.
    private let listener: PostgresListener?
    private let isClosing = Atomic(false)

    init(settings: PostgresSettings, options: DatabaseOptions, logger: Logger) {
        self.settings = settings
        self.options = options
        pool = ConnectionPool(
            name: "the PostgreSQL pool", size: settings.poolSize ?? options.poolSize, waitLimit: options.waitLimit,
            idleLimit: options.idleLimit
        ) {
            try PostgresConnection(settings, options)
        }
        let hub = NotificationHub()
        self.hub = hub
        listener = settings.direct.map { PostgresListener($0, options, hub, logger) }
    }

    var dialect: Dialect { .postgresql }
    var statistics: PoolStatistics { pool.statistics }

    func transaction<R: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> R) async throws -> R {
        try await translatingPoolErrors {
            try await pool.schedule { slot, reply in
                reply.answer(
                    Result {
                        try self.attempting(slot) { connection in
                            let transaction = PostgresTransaction(
                                connection, beginning: self.beginning(isReading: false))
                            do {
                                let result = try transaction.run(body)
                                try transaction.commit()
                                self.announce(transaction.channels)
                                return result
                            } catch {
                                transaction.rollBack()
                                // Whatever the body made of it: the statement's own failure decides about a retry.
                                if let failure = transaction.failure, failure.isWorthAnotherAttempt { throw failure }
                                throw error
                            }
                        }
                    })
            }
        }
    }

    func read<R: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> R) async throws -> R {
        try await translatingPoolErrors {
            try await pool.schedule { slot, reply in
                let result = Result {
                    try self.attempting(slot) { connection in
                        let transaction = PostgresTransaction(connection, beginning: self.beginning(isReading: true))
                        do {
                            let result = try transaction.run(body)
                            // There is nothing to commit: the reader need not wait for the end's round trip.
                            reply.answer(.success(result))
                            transaction.rollBack()
                            return result
                        } catch {
                            transaction.rollBack()
                            if let failure = transaction.failure, failure.isWorthAnotherAttempt { throw failure }
                            throw error
                        }
                    }
                }
                reply.answer(result)
            }
        }
    }

    func statement(_ sql: String, _ parameters: [SQLValue]) async throws -> [Row] {
        let command = PostgresCommand(sql, parameters, isKept: true)
        let isReading = sql.hasPrefix("SELECT")
        return try await translatingPoolErrors {
            try await pool.schedule { slot, reply in
                reply.answer(
                    Result {
                        try self.attempting(slot) { connection in
                            if self.settings.isPooled {
                                let transaction = PostgresTransaction(
                                    connection, beginning: self.beginning(isReading: isReading))
                                defer { transaction.rollBack() }
                                let rows = try transaction.query(sql, parameters)
                                try transaction.commit()
                                return rows
                            }
                            do throws(DatabaseError) {
                                return try connection.exchange([command]).last?.rows ?? []
                            } catch {
                                // Without a transaction nobody knows how far a lost statement came.
                                guard connection.isLost, !isReading else { throw error }
                                throw DatabaseError(.outcomeUnknown, error.message, sqlState: error.sqlState)
                            }
                        }
                    })
            }
        }
    }

    func notifications(_ channel: String) -> AsyncStream<Void> {
        listener?.listen(channel)
        return hub.stream(channel)
    }

    func ping() async throws(DatabaseError) { try await answerOnce("SELECT 1") }

    func close() async {
        isClosing.store(true, ordering: .relaxed)
        hub.finish()
        await pool.close()
        await listener?.close()
    }

    // MARK: - Attempts

    private func beginning(isReading: Bool) -> [PostgresCommand] {
        var commands = [
            PostgresCommand(
                isReading ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" : "BEGIN ISOLATION LEVEL READ COMMITTED",
                isKept: true)
        ]
        if settings.isPooled {
            // The session is somebody else's a moment later.
            commands += PostgresConnection.limits(options).map { PostgresCommand("SET LOCAL \($0)") }
        }
        return commands
    }

    /// Runs `body` on the slot's connection, and again where that can help: on another connection when this one is
    /// lost or its plans are stale, after a short random wait when transactions stood in each other's way.
    private func attempting<R>(
        _ slot: PoolSlot<PostgresConnection>, _ body: (PostgresConnection) throws -> R
    ) throws -> R {
        var contentions = 0
        var stalePlans = 0
        var firstOutage: ContinuousClock.Instant?
        var outages = 0
        while true {
            do {
                if slot.isConnected, try !slot.connection().isAlive { slot.drop() }
                let connection = try slot.connection()
                defer { if connection.isLost { slot.drop() } }
                return try body(connection)
            } catch let error as DatabaseError {
                switch error.code {
                case .contention:
                    contentions += 1
                    guard contentions < Self.contentionLimit else { throw error }
                    Self.pause(.milliseconds(Int.random(in: 1...(5 << min(contentions, 4)))))
                case .unavailable:
                    let start = firstOutage ?? .now
                    firstOutage = start
                    outages += 1
                    guard .now - start < options.outageLimit, !isClosing.load(ordering: .relaxed) else { throw error }
                    // The first time at once: a session that was lost says nothing about the server.
                    if outages > 1 { Self.pause(.milliseconds(Int.random(in: 10...(25 << min(outages, 4))))) }
                default:
                    guard error.isStalePlan, stalePlans < 2 else { throw error }
                    stalePlans += 1
                    slot.drop()
                }
            }
        }
    }

    /// Blocks the connection's own thread.
    private static func pause(_ duration: Duration) { usleep(UInt32(clamping: Int64(duration / .microseconds(1)))) }

    /// Wakes who listens in this process now, and others by the session for it: a NOTIFY within the transaction would
    /// make all commits of the database wait for each other.
    private func announce(_ channels: Set<String>) {
        guard !channels.isEmpty else { return }
        hub.wake(channels)
        listener?.announce(channels)
    }
}

extension DatabaseError {
    /// Whether the same transaction may go well on a second attempt at once.
    fileprivate var isWorthAnotherAttempt: Bool { code == .contention || code == .unavailable || isStalePlan }
}
