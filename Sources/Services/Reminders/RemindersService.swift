import DaprClient
import Logging
package import ServiceKit
package import ServiceLifecycle
import TaskDomain
package import TaskStorage
import Telemetry
import WireValues

/// Has each reminder's event on `reminders` when its time comes, once, and never for a task that is done, gone or
/// moved.
///
/// Time is kept by the Dapr scheduler, one job for each pending reminder; nothing here ever looks for due reminders.
package struct RemindersService: TodoService {
    package static let name = "reminders"
    package static let migrations = [ReminderTables.migrations]
    package static let usesOutbox = true
    /// The tasks' versions tell which events were seen.
    package static let usesInbox = false

    /// A job that comes this much before its instant by our clock is waited for: clocks of two machines differ a
    /// little.
    static let clockTolerance = Duration.seconds(2)
    /// Less than half an outbox's lease, in whose first half a call begins.
    static let jobTimeout = Duration.milliseconds(2_400)

    private let context: ServiceContext
    private let ledger: ReminderLedger
    private let lateness: Histogram
    private let comparisons: (requests: AsyncStream<Void>, request: AsyncStream<Void>.Continuation)

    package init(context: ServiceContext) {
        self.context = context
        ledger = ReminderLedger(database: context.database, outbox: context.outbox, now: context.now)
        lateness = context.metrics.histogram(
            "todo_reminder_lateness_seconds", help: "From the time a reminder was asked for to its event.")
        lateness.declare()
        let (requests, request) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        comparisons = (requests, request)
    }

    package func routes(_ routes: Routes) {
        let listing = ReminderListing(
            database: context.database,
            look: DeliveryLook(dapr: context.dapr, app: context.configuration.notificationsAppID))
        routes.user(.get, "/api/{user_id}/reminders") { try await listing.pending($0, $1) }
        routes.user(.get, "/api/{user_id}/tasks/{id}/reminders") { try await listing.ofTask($0, $1) }
        let ledger = ledger
        routes.eventBatches(.taskEvents) { try await ledger.follow($0) }
        routes.jobs { call in try await fire(call) }
    }

    private func fire(_ call: JobCall) async throws -> JobOutcome {
        guard let job = ReminderJob(data: call.data) else {
            call.logger.warning("a job that is no reminder's; ended")
            return .done
        }
        var firing = try await ledger.fire(job, trace: call.trace.traceparent)
        if case .early(let duration) = firing, duration <= Self.clockTolerance {
            try await context.clock.sleep(for: duration)
            firing = try await ledger.fire(job, trace: call.trace.traceparent)
        }
        switch firing {
        case .void: return .done
        case .due(let late):
            lateness.observe(late)
            return .done
        case .early(let duration):
            // Ended now, the reminder would never come: the scheduler has no other job for it.
            return .retry("by this clock it comes \(duration) too early")
        }
    }

    package func publisher(_ standard: any OutboxPublisher) -> any OutboxPublisher {
        let request = comparisons.request
        return JobPublisher(
            scheduler: context.dapr.hurried(timeout: Self.jobTimeout), events: standard, logger: context.logger,
            schedulerIsBack: { request.yield() })
    }

    package var backgroundTasks: [any ServiceLifecycle.Service] {
        [
            JobComparison(
                ledger: ledger, scheduler: context.dapr, requests: comparisons.requests, clock: context.clock,
                now: context.now, logger: context.logger)
        ]
    }
}
