import NIOPosix
import SQLite
import Synchronization

/// The state file: everything that outlives the process. One connection on one thread; what comes while a transaction
/// is under way goes into the next one together, so that many writers share one commit.
final class Store: Sendable {
    private struct Work: Sendable {
        let body: @Sendable (SQLiteConnection) throws -> Void
        let completion: @Sendable (Result<Void, any Error>) -> Void
    }

    private enum Failure: Error, CustomStringConvertible {
        case closed
        var description: String { "the state file is closed" }
    }

    private struct Queue {
        var waiting: [Work] = []
        var isDraining = false
        var isClosed = false
    }

    /// How much goes into one transaction.
    private static let batchSize = 4_096

    private let connection: Mutex<SQLiteConnection>
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let queue = Mutex(Queue())

    /// - Parameter path: `:memory:` for one that ends with the process.
    /// - Throws: `SQLiteError`, also for a file of a newer version.
    init(path: String, synchronous: SQLiteConnection.Synchronous) throws {
        let opened = try SQLiteConnection(path: path, synchronous: synchronous)
        try Schema.prepare(opened)
        connection = Mutex(opened)
        thread.start()
    }

    /// Runs `body` in a transaction that it shares with others; if it throws, only its own changes are undone.
    ///
    /// - Returns: when the transaction is committed. - Throws: what `body` throws, or `SQLiteError` of the commit.
    @discardableResult
    func write<R: Sendable>(_ body: @escaping @Sendable (SQLiteConnection) throws -> R) async throws -> R {
        let value = Mutex<R?>(nil)
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            submit { connection in
                let result = try body(connection)
                value.withLock { $0 = result }
            } completion: {
                continuation.resume(with: $0)
            }
        }
        guard let result = value.withLock({ $0 }) else { throw Failure.closed }
        return result
    }

    /// The same for what only reads.
    func read<R: Sendable>(_ body: @escaping @Sendable (SQLiteConnection) throws -> R) async throws -> R {
        try await write(body)
    }

    /// - Parameter completion: called on the store's thread after the commit.
    func submit(
        _ body: @escaping @Sendable (SQLiteConnection) throws -> Void,
        completion: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) {
        enum Next { case nothing, drain, refuse }
        let next: Next = queue.withLock { queue in
            guard !queue.isClosed else { return .refuse }
            queue.waiting.append(Work(body: body, completion: completion))
            if queue.isDraining { return .nothing }
            queue.isDraining = true
            return .drain
        }
        switch next {
        case .nothing: break
        case .refuse: completion(.failure(Failure.closed))
        case .drain: thread.submit { [self] _ in drain() }
        }
    }

    /// Runs what waits, batch after batch, until nothing does.
    private func drain() {
        while true {
            let batch = queue.withLock { queue in
                let batch = Array(queue.waiting.prefix(Self.batchSize))
                queue.waiting.removeFirst(batch.count)
                if batch.isEmpty { queue.isDraining = false }
                return batch
            }
            guard !batch.isEmpty else { return }
            let results = connection.withLock { connection in Self.commit(batch, on: connection) }
            for (work, result) in zip(batch, results) { work.completion(result) }
        }
    }

    private static func commit(_ batch: [Work], on connection: SQLiteConnection) -> [Result<Void, any Error>] {
        do {
            return try connection.transaction {
                try batch.map { work in
                    try connection.execute("SAVEPOINT work")
                    do {
                        try work.body(connection)
                        try connection.execute("RELEASE work")
                        return .success(())
                    } catch {
                        // A full disk ends the transaction by itself; then the whole batch fails.
                        guard connection.isInTransaction else { throw error }
                        try connection.execute("ROLLBACK TO work")
                        try connection.execute("RELEASE work")
                        return .failure(error)
                    }
                }
            }
        } catch {
            return batch.map { _ in .failure(error) }
        }
    }

    /// Ends the store after what waits. Nothing is taken any more.
    func close() async throws {
        let isFirst = queue.withLock { queue in
            defer { queue.isClosed = true }
            return !queue.isClosed
        }
        guard isFirst else { return }
        // The thread ends what it has begun, in order, before it stops.
        try await thread.shutdownGracefully()
        connection.withLock { $0.close() }
    }

    /// Blocks the calling thread: only for the time before anything runs.
    func readAtStart<R: Sendable>(_ body: @Sendable (SQLiteConnection) throws -> R) throws -> R {
        try connection.withLock { try body($0) }
    }
}
