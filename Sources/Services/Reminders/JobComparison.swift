import DaprClient
package import Logging
import ServiceLifecycle
package import WireValues

/// Compares pending reminders with the scheduler's jobs: once after the start, and once whenever the scheduler was
/// away. What it lacks is wished for anew. Also forgets tasks closed long ago.
///
/// Jobs without a reminder need no search: they fire and do nothing.
package struct JobComparison: Service {
    static let page = 200
    static let concurrency = 8
    /// Topics keep events for 7 days, dead letters for 30.
    static let memory = Duration.seconds(35 * 86_400)
    static let forgetInterval = Duration.seconds(3_600)
    static let longestPause = Duration.seconds(30)

    private let ledger: ReminderLedger
    private let scheduler: any JobScheduler
    private let requests: AsyncStream<Void>
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Timestamp
    private let logger: Logger

    /// - Parameter requests: an element for each further comparison, beside the first.
    package init(
        ledger: ReminderLedger, scheduler: any JobScheduler, requests: AsyncStream<Void>, clock: any Clock<Duration>,
        now: @escaping @Sendable () -> Timestamp, logger: Logger
    ) {
        self.ledger = ledger
        self.scheduler = scheduler
        self.requests = requests
        self.clock = clock
        self.now = now
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await compareUntilDone()
                    for await _ in requests { await compareUntilDone() }
                }
                group.addTask { await forget() }
            }
        }
    }

    /// Tries again where it stopped, with pauses from one second to 30.
    private func compareUntilDone() async {
        var position: (taskID: Int64, reminderID: Int64) = (0, 0)
        var pause = Duration.seconds(1)
        var missing = 0
        while !Task.isCancelled {
            do {
                let jobs = try await ledger.pendingJobs(after: position, limit: Self.page)
                missing += try await compare(jobs)
                guard let last = jobs.last, jobs.count == Self.page else { break }
                position = (last.taskID, last.reminderID)
                pause = .seconds(1)
            } catch {
                logger.notice("jobs not compared; to be tried again", metadata: ["error": "\(error)"])
                // Cancelled: the loop ends.
                try? await clock.sleep(for: pause)
                pause = min(pause * 2, Self.longestPause)
            }
        }
        logger.info("pending reminders compared with jobs", metadata: ["missing": "\(missing)"])
    }

    /// - Returns: How many the scheduler did not have.
    package func compare(_ jobs: [ReminderJob]) async throws -> Int {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            var waiting = jobs.makeIterator()
            func startNext() {
                guard let job = waiting.next() else { return }
                group.addTask {
                    if try await scheduler.holds(job) { return false }
                    try await ledger.wishAgain(job)
                    return true
                }
            }
            for _ in 0..<Self.concurrency { startNext() }
            var missing = 0
            for try await isMissing in group {
                if isMissing { missing += 1 }
                startNext()
            }
            return missing
        }
    }

    private func forget() async {
        while !Task.isCancelled {
            do {
                try await clock.sleep(for: Self.forgetInterval)
                let moment = now().advanced(by: .zero - Self.memory)
                while try await ledger.forget(closedBefore: moment, limit: 500) == 500 {}
            } catch is CancellationError {
                return
            } catch {
                logger.notice("closed tasks not forgotten; in an hour again", metadata: ["error": "\(error)"])
            }
        }
    }
}
