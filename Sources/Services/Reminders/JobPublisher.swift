import DaprClient
package import Logging
package import ServiceKit
package import TaskStorage

/// Carries out wishes for jobs; events go the usual way.
package struct JobPublisher: OutboxPublisher {
    /// Calls to the scheduler at the same time.
    static let concurrency = 32

    private let scheduler: any JobScheduler
    private let events: any OutboxPublisher
    private let logger: Logger
    /// Called when the scheduler answers again after it did not.
    private let schedulerIsBack: @Sendable () -> Void
    private let isAway: SchedulerAbsence

    package init(
        scheduler: any JobScheduler, events: any OutboxPublisher, logger: Logger,
        schedulerIsBack: @escaping @Sendable () -> Void = {}
    ) {
        self.scheduler = scheduler
        self.events = events
        self.logger = logger
        self.schedulerIsBack = schedulerIsBack
        isAway = SchedulerAbsence()
    }

    package func publish(_ rows: [OutboxBatch.Claimed], before deadline: ContinuousClock.Instant) async -> [Int64] {
        let wishes = rows.filter { $0.row.role == JobWish.role }
        let others = rows.filter { $0.row.role != JobWish.role }
        guard !wishes.isEmpty else { return await events.publish(others, before: deadline) }
        async let published = others.isEmpty ? [] : events.publish(others, before: deadline)
        let done = await carryOut(wishes, before: deadline)
        return await published + done
    }

    /// Several tasks at once, the wishes of each in order: behind one that failed none of its task is tried.
    private func carryOut(_ wishes: [OutboxBatch.Claimed], before deadline: ContinuousClock.Instant) async -> [Int64] {
        let tasks = Array(Dictionary(grouping: wishes, by: \.row.key).values)
        return await withTaskGroup(of: [Int64].self) { group in
            var waiting = tasks.makeIterator()
            func startNext() {
                guard let task = waiting.next() else { return }
                group.addTask {
                    var done: [Int64] = []
                    for row in task {
                        guard ContinuousClock.now < deadline, await carryOut(row) else { break }
                        done.append(row.id)
                    }
                    return done
                }
            }
            for _ in 0..<Self.concurrency { startNext() }
            var done: [Int64] = []
            for await ids in group {
                done += ids
                startNext()
            }
            return done
        }
    }

    /// - Returns: Whether the row is done with.
    private func carryOut(_ row: OutboxBatch.Claimed) async -> Bool {
        guard let wish = JobWish(row.row.bytes) else {
            logger.error("row of the outbox is no wish for a job; passed over", metadata: ["row": "\(row.id)"])
            return true
        }
        do throws(DaprError) {
            switch wish {
            case .set(let job): try await scheduler.set(job)
            case .delete(let name): try await scheduler.delete(name)
            }
            if isAway.ends() { schedulerIsBack() }
            return true
        } catch  where error.status == 400 || error.status == 413 {
            // It will never be taken, and must not hold up what comes after it.
            logger.error(
                "the scheduler refuses a job; passed over", metadata: ["job": "\(wish.name)", "error": "\(error)"])
            return true
        } catch {
            if isAway.begins() {
                logger.notice(
                    "job not set or deleted; to be tried again", metadata: ["job": "\(wish.name)", "error": "\(error)"])
            }
            return false
        }
    }
}
