import Logging
import ServiceLifecycle
import TaskStorage
import WireValues

/// Forgets, once an hour, the requests whose keys may be used anew.
struct Forgetting: Service {
    let database: any Database
    let clock: any Clock<Duration>
    let now: @Sendable () -> Timestamp
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await clock.sleep(for: .seconds(3_600))
                    let limit = now().advanced(by: .zero - RememberedRequests.memory)
                    try await database.transaction { try RememberedRequests.forget(before: limit, in: $0) }
                } catch is CancellationError {
                    return
                } catch {
                    logger.notice("old idempotency keys not removed; in an hour again", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
