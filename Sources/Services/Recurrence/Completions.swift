package import ServiceKit
package import TaskDomain
package import TaskStorage
package import WireValues

/// Turns completions into commands, each once.
package struct Completions: Sendable {
    static let consumer = "recurrence"

    private let database: any Database
    private let outbox: Outbox
    private let now: @Sendable () -> Timestamp

    package init(database: any Database, outbox: Outbox, now: @escaping @Sendable () -> Timestamp) {
        self.database = database
        self.outbox = outbox
        self.now = now
    }

    /// The inbox row and the command are one transaction, so that a delivery repeated at any moment asks once.
    package func handle(_ delivery: Delivery) async throws -> Outcome {
        // Most events are no completions: they are told by their type, before anything else is read.
        guard delivery.event.typeWithoutVersion == "task.completed" else { return .ignored }
        let event = try TaskEvent(delivery.event)
        guard let command = Self.command(after: event, at: now(), trace: delivery.cause) else { return .ignored }
        let row = OutboxRow(
            role: TopicRole.taskCommands.rawValue, key: command.userID, eventID: command.id,
            bytes: command.cloudEvent.bytes)
        let (outbox, now, type) = (outbox, command.timestamp, delivery.event.type)
        return try await database.transaction { transaction in
            guard
                try Inbox.firstTime(
                    consumer: Self.consumer, eventType: type, id: event.id, at: now, in: transaction)
            else { return .duplicate }
            try outbox.append([row], at: now, in: transaction)
            return .success
        }
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
