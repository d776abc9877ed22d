import Logging
import ServiceLifecycle
import TaskStorage
import WireValues

/// Takes away, once an hour, what nobody needs any more: rows of the outbox that were published eight days ago, a day more
/// than topics keep them, inbox entries of events that even dead letters have forgotten, and what the service itself names.
struct Housekeeping: Service {
    static let interval = Duration.seconds(3_600)
    static let outboxAge = Duration.seconds(8 * 86_400)
    static let inboxAge = Duration.seconds(35 * 86_400)
    static let batch = 1_000

    let outbox: Outbox?
    let hasInbox: Bool
    /// `TodoService.tidy`.
    let own: @Sendable () async throws -> Void
    let database: any Database
    let clock: any Clock<Duration>
    let now: @Sendable () -> Timestamp
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await clock.sleep(for: Self.interval)
                    try await self.tidy()
                } catch is CancellationError {
                    return
                } catch {
                    logger.notice("old rows not removed; in an hour again", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    func tidy() async throws {
        if let outbox {
            let limit = now().advanced(by: .zero - Self.outboxAge)
            var after: Int64? = 0
            while let start = after {
                after = try await database.transaction { transaction in
                    try outbox.purge(publishedBefore: limit, after: start, limit: Self.batch, in: transaction)
                }
            }
        }
        if hasInbox {
            let limit = now().advanced(by: .zero - Self.inboxAge)
            var removed = Self.batch
            while removed >= Self.batch {
                removed = try await database.transaction { transaction in
                    try Inbox.purge(before: limit, limit: Self.batch, in: transaction)
                }
            }
        }
        try await own()
    }
}
