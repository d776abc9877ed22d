import TaskDomain
import TaskStorage
import WireValues

/// A delivery whose turn has come.
struct DueDelivery: Sendable {
    let notificationID: Int64
    let channel: Channel
    /// Which attempt this is, from 1.
    let attempt: Int
    let userID: String
    /// The reminder event's id.
    let eventID: String
    let reminder: ReminderDue
}

extension NotificationStore {
    /// Who took a delivery and did not come back is given up after this long, and another tries it.
    static let lease = Duration.seconds(60)

    /// Takes deliveries whose time has come, so that nobody else does.
    ///
    /// - Returns: them, and when the next one is due; nil when none waits.
    func claim(
        _ channel: Channel, limit: Int, at now: Timestamp
    ) async throws -> (due: [DueDelivery], next: Timestamp?) {
        try await database.transaction { transaction in
            let rows = try transaction.query(
                """
                SELECT notification_id, attempts FROM notification_deliveries
                WHERE state = 'pending' AND channel = $1 AND next_at <= $2
                ORDER BY next_at LIMIT $3\(transaction.dialect.forUpdateSkipLocked)
                """, [.text(channel.rawValue), .integer(now.microseconds), .of(limit)])
            let until = now.advanced(by: Self.lease).microseconds
            for row in rows {
                try transaction.send(
                    """
                    UPDATE notification_deliveries SET attempts = attempts + 1, next_at = $3
                    WHERE notification_id = $1 AND channel = $2
                    """, [.integer(row.int(0)), .text(channel.rawValue), .integer(until)])
            }
            let attempts = Dictionary(uniqueKeysWithValues: rows.map { ($0.int(0), Int($0.int(1)) + 1) })
            let notices = try transaction.query(
                "SELECT id, user_id, event_id, event FROM notifications WHERE id \(transaction.dialect.isIn(1)) ORDER BY id",
                [.list(rows.map { $0.int(0) })])
            let due = try notices.map { row in
                DueDelivery(
                    notificationID: row.int(0), channel: channel, attempt: attempts[row.int(0)] ?? 1,
                    userID: row.text(1), eventID: row.text(2),
                    reminder: try Self.reminder(row.blob(3), eventID: row.text(2)))
            }
            let next = try transaction.query(
                "SELECT min(next_at) FROM notification_deliveries WHERE state = 'pending' AND channel = $1",
                [.text(channel.rawValue)])[0]
            return (due, next.intOrNil(0).map { Timestamp(microseconds: $0) })
        }
    }

    /// Writes down what became of an attempt. One that took longer than its lease, so that another began, changes nothing.
    func settle(
        _ delivery: DueDelivery, _ state: DeliveryState, error: String? = nil, nextAt: Timestamp? = nil,
        at now: Timestamp
    ) async throws {
        _ = try await database.statement(
            """
            UPDATE notification_deliveries SET state = $4, last_error = $5, next_at = $6, delivered_at = $7
            WHERE notification_id = $1 AND channel = $2 AND attempts = $3 AND state = 'pending'
            """,
            [
                .integer(delivery.notificationID), .text(delivery.channel.rawValue), .of(delivery.attempt),
                .text(state.rawValue), .optional(error), .integer((nextAt ?? now).microseconds),
                state == .delivered ? .integer(now.microseconds) : .null,
            ])
    }

    /// The reminder as its event's data told it.
    static func reminder(_ data: [UInt8], eventID: String) throws -> ReminderDue {
        let json = try JSON(parsing: data)
        return try ReminderDue(
            CloudEvent(
                id: eventID, source: ReminderDue.source, type: ReminderDue.type, subject: "",
                time: Timestamp(json["timestamp"]?.string ?? "") ?? Timestamp(seconds: 0), dataSchema: "",
                partitionKey: "", data: json))
    }
}
