package import ServiceKit
package import TaskDomain
package import TaskStorage
package import WireValues

/// Turns completions into commands, each once.
package struct Completions: Sendable {
    static let consumer = "recurrence"
    static let eventType = "task.completed"

    private let database: any Database
    private let outbox: Outbox
    private let now: @Sendable () -> Timestamp

    package init(database: any Database, outbox: Outbox, now: @escaping @Sendable () -> Timestamp) {
        self.database = database
        self.outbox = outbox
        self.now = now
    }

    /// The inbox rows and the commands of a delivery are one transaction, so that a delivery repeated at any moment asks
    /// once. Most events are no completions of a series, and cost nothing.
    package func handle(_ deliveries: [Delivery]) async throws -> [Outcome] {
        var outcomes = [Outcome](repeating: .ignored, count: deliveries.count)
        var wanted: [(index: Int, eventID: String, row: OutboxRow)] = []
        let now = now().truncatedToMilliseconds
        for (index, delivery) in deliveries.enumerated() {
            do throws(EventProblem) {
                // One may come in another envelope, which hid its type.
                guard delivery.event.typeWithoutVersion == Self.eventType else { continue }
                let event = try TaskEvent(delivery.event)
                guard let command = Self.command(after: event, at: now, trace: delivery.cause) else { continue }
                let row = OutboxRow(
                    role: TopicRole.taskCommands.rawValue, key: command.userID, eventID: command.id,
                    bytes: command.cloudEvent.bytes)
                wanted.append((index, event.id, row))
            } catch {
                switch error {
                case .unknownType: break
                case .malformed: outcomes[index] = .drop("\(error)")
                }
            }
        }
        guard !wanted.isEmpty else { return outcomes }
        let (outbox, ids, rows) = (outbox, wanted.map(\.eventID), wanted.map(\.row))
        let isNew = try await database.transaction { transaction in
            let isNew = try Inbox.firstTimes(
                consumer: Self.consumer, eventType: Self.eventType, ids: ids, at: now, in: transaction)
            try outbox.append(zip(rows, isNew).filter(\.1).map(\.0), at: now, in: transaction)
            return isNew
        }
        for ((index, _, _), isNew) in zip(wanted, isNew) { outcomes[index] = isNew ? .success : .duplicate }
        return outcomes
    }

    /// What a completion asks for; nil when nothing follows: a one-off task, or a series at its end.
    package static func command(after event: TaskEvent, at now: Timestamp, trace: EventTrace) -> CreateTaskCommand? {
        let task = event.task
        guard event.kind == .completed, event.reason != .seriesEnded, let rule = task.recurrence,
            let seriesID = task.seriesID, let seriesVersion = task.seriesVersion,
            let scheduled = task.scheduledLocal
        else { return nil }
        let position = SeriesPosition(
            rule: rule, anchorLocal: task.anchorLocal ?? scheduled, zone: task.zone, scheduledLocal: scheduled,
            index: task.occurrenceIndex ?? 1)
        // The completion counts, not the moment at which we hear of it.
        switch RecurrenceRule.successor(of: position, completedAt: task.completedAt ?? event.timestamp) {
        case .ended: return nil
        case .slot(let local, let dueAt, let index, let skipped):
            return CreateTaskCommand(
                seriesID: seriesID, seriesVersion: seriesVersion, previousTaskID: task.id, userID: task.userID,
                timestamp: now.truncatedToMilliseconds,
                slot: .init(scheduledLocal: local, dueAt: dueAt, index: index, skipped: skipped), trace: trace)
        }
    }
}
