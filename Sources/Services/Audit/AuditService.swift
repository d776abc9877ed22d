import Logging
package import ServiceKit
package import ServiceLifecycle
import Synchronization
import TaskDomain
package import TaskStorage
package import Telemetry
import WireValues

/// Keeps every task event for as long as retention says, and shows users theirs.
///
/// Events come by subscription and are appended once each, a whole delivery in one transaction. Entries outlive their
/// tasks. Each user's entries form a chain (`ChainLink`), so that a missing or altered one shows.
package final class AuditService: TodoService {
    package static let name = "audit"
    package static let migrations = [AuditLog.migrations]
    /// The log knows its events itself.
    package static let usesInbox = false

    /// For how long after a full disk the service says that it is not ready.
    static let fullDiskMemory: Duration = .seconds(30)

    private let context: ServiceContext
    private let retention: Retention
    private let recorded: Counter
    private let purged: Counter
    private let diskWasFullAt = Mutex<Timestamp?>(nil)

    package static func check(_ settings: SettingsReader) { _ = retention(settings) }

    /// `TODO_AUDIT_RETENTION_SECONDS` (a day to 100 years, or `forever`; `forever`): how long entries are kept.
    private static func retention(_ settings: SettingsReader) -> Retention {
        settings.retention("TODO_AUDIT_RETENTION_SECONDS", default: .forever)
    }

    package init(context: ServiceContext) throws {
        self.context = context
        retention = Self.retention(context.settings)
        recorded = context.metrics.counter("todo_audit_entries_total", help: "Entries appended.")
        purged = context.metrics.counter("todo_audit_purged_total", help: "Entries that retention took away.")
        recorded.declare()
        purged.declare()
    }

    package func routes(_ routes: Routes) {
        routes.eventBatches(.taskEvents) { deliveries in try await self.append(deliveries) }
        routes.jobs { call in try await self.run(call) }
        routes.user(.get, "/api/{user_id}/audit") { request, identity in try await self.list(request, identity) }
        routes.user(.get, "/api/{user_id}/audit/verify") { request, identity in
            try await self.verify(request, identity)
        }
    }

    package var backgroundTasks: [any ServiceLifecycle.Service] {
        [RetentionSchedule(retention: retention, dapr: context.dapr, clock: context.clock, logger: context.logger)]
    }

    package func readiness() async -> [HealthProblem] {
        // A time in the future comes from before the clock was set back: it says nothing.
        guard let moment = diskWasFullAt.withLock({ $0 }),
            (.zero..<Self.fullDiskMemory).contains(context.now().since(moment))
        else { return [] }
        return [
            HealthProblem(
                check: "disk", message: "the database's disk is full: events wait at the broker; give it more space")
        ]
    }

    // MARK: - Events

    /// Appends what can be read of a delivery in one transaction; throws, and so has all of it delivered again, when the
    /// database cannot take it.
    private func append(_ deliveries: [Delivery]) async throws -> [Outcome] {
        var outcomes = [Outcome](repeating: .duplicate, count: deliveries.count)
        var entries: [(index: Int, entry: AuditEntry)] = []
        for (index, delivery) in deliveries.enumerated() {
            do throws(EventProblem) {
                entries.append((index, try AuditEntry(delivery.event)))
            } catch {
                switch error {
                case .unknownType: outcomes[index] = .ignored
                case .malformed: outcomes[index] = .drop("\(error)")
                }
            }
        }
        guard !entries.isEmpty else { return outcomes }
        let now = context.now()
        let wanted = entries.map(\.entry)
        let isNew: [Bool]
        do {
            isNew = try await context.database.transaction { transaction in
                try AuditLog.append(wanted, at: now, in: transaction)
            }
            diskWasFullAt.withLock { $0 = nil }
        } catch {
            if let error = error as? DatabaseError, error.code == .diskFull { diskWasFullAt.withLock { $0 = now } }
            throw error
        }
        for ((index, _), isNew) in zip(entries, isNew) where isNew { outcomes[index] = .success }
        recorded.increment(by: Double(isNew.count { $0 }))
        return outcomes
    }

    // MARK: - Reading

    private func list(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        let parameters = try AuditParameters(request.query)
        let userID = identity.userID
        // One more than asked for tells whether there is more.
        let found = try await context.database.read { transaction in
            try AuditLog.page(
                of: userID, parameters.filter, after: parameters.position, limit: parameters.limit + 1, in: transaction)
        }
        let page = found.prefix(parameters.limit)
        var next = JSON.null
        if found.count > page.count, let last = page.last { next = .string(AuditLog.Position(last).text) }
        return .json(["entries": .array(page.map { AuditJSON.entry($0) }), "next_cursor": next])
    }

    private func verify(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        let known = try VerificationParameters(request.query).known
        let userID = identity.userID
        let result = try await context.database.read { transaction in
            try AuditLog.verify(userID, against: known, in: transaction)
        }
        if let fault = result.fault {
            context.logger.error(
                "audit chain broken", metadata: ["place": "\(fault.place)", "kind": "\(fault.kind.rawValue)"])
        }
        return .json(AuditJSON.verification(result))
    }

    // MARK: - Retention

    /// Entries that go in one transaction, and transactions in one call; what is left then waits for the next call.
    private static let biteSize = 500
    private static let bites = 200

    private func run(_ call: JobCall) async throws -> JobOutcome {
        guard call.name == RetentionSchedule.job, let moment = retention.limit(at: context.now()) else { return .done }
        var left = Self.bites
        var user = ""
        while true {
            let last = user
            let users = try await context.database.read { transaction in
                try AuditLog.usersToPurge(before: moment, after: last, limit: 100, in: transaction)
            }
            guard let next = users.last else { return .done }
            user = next
            for name in users {
                var gone = Self.biteSize
                while gone == Self.biteSize {
                    guard left > 0 else { return .retry("more entries are to go than one call takes away") }
                    left -= 1
                    gone = try await context.database.transaction { transaction in
                        try AuditLog.purge(name, before: moment, limit: Self.biteSize, in: transaction)
                    }
                    purged.increment(by: Double(gone))
                }
            }
        }
    }
}
