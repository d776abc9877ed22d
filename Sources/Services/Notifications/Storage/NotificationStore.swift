import TaskDomain
import TaskStorage
import WireValues

/// Notifications and settings in the database.
struct NotificationStore: Sendable {
    static let consumer = "notifications"

    let database: any Database
    let outbox: Outbox
    /// Nil: secrets are stored as they are.
    var vault: SecretVault?

    // MARK: Settings

    func settings(_ user: String) async throws -> (channels: UserChannels, version: Int64) {
        try await database.read { try settings(user, in: $0) }
    }

    func settings(_ user: String, in transaction: any Transaction) throws -> (
        channels: UserChannels, version: Int64
    ) {
        let rows = try transaction.query(
            "SELECT settings, version FROM notification_settings WHERE user_id = $1", [.text(user)])
        guard let row = rows.first else { return (UserChannels(), 0) }
        return (UserChannels(stored: try JSON(parsing: row.text(0)), of: user, vault), row.int(1))
    }

    /// - Parameter change: what is to hold, from what holds.
    /// - Returns: what holds now, and its version.
    /// - Throws: what `change` throws; nil `version` matches any.
    func changeSettings(
        _ user: String, ifVersion version: Int64?, at now: Timestamp,
        _ change: @escaping @Sendable (UserChannels) throws -> UserChannels
    ) async throws -> (channels: UserChannels, version: Int64)? {
        try await database.transaction { transaction in
            // The row is there before it is read, so that two who write at once do so one after the other.
            try transaction.execute(
                "INSERT INTO notification_settings VALUES ($1, $2, 0, $3) ON CONFLICT (user_id) DO NOTHING",
                [.text(user), .text(UserChannels().stored(of: user, nil).text), .integer(now.microseconds)])
            let row = try transaction.query(
                "SELECT settings, version FROM notification_settings WHERE user_id = $1\(transaction.dialect.forUpdate)",
                [.text(user)])[0]
            if let version, row.int(1) != version { return nil }
            let channels = try change(UserChannels(stored: try JSON(parsing: row.text(0)), of: user, vault))
            try transaction.execute(
                "UPDATE notification_settings SET settings = $2, version = $3, updated_at = $4 WHERE user_id = $1",
                [
                    .text(user), .text(channels.stored(of: user, vault).text), .integer(row.int(1) + 1),
                    .integer(now.microseconds),
                ])
            return (channels, row.int(1) + 1)
        }
    }

    // MARK: Recording

    enum Recorded: Sendable {
        /// The event was recorded before.
        case before
        case now(channels: [Channel])
    }

    /// Records a reminder once, with a delivery for each channel that its user chose. In-app goes out with it; what is
    /// sent elsewhere waits for its turn.
    ///
    /// - Parameter obsolete: why nobody wants it any more; nil when somebody does.
    func record(
        _ reminder: ReminderDue, event: CloudEvent, cause: EventTrace, available: [Channel], obsolete: String?,
        at now: Timestamp
    ) async throws -> Recorded {
        let outbox = outbox
        return try await database.transaction { transaction in
            guard
                try Inbox.firstTime(
                    consumer: Self.consumer, eventType: event.type, id: event.id, at: now, in: transaction)
            else { return .before }
            let chosen = try settings(reminder.userID, in: transaction).channels
            let channels = available.filter { chosen.uses($0) }
            let rows = try transaction.query(
                """
                INSERT INTO notifications (user_id, event_id, task_id, event, state, created_at)
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (event_id) DO NOTHING RETURNING id
                """,
                [
                    .text(reminder.userID), .text(event.id), .integer(reminder.taskID), .blob(event.data.bytes),
                    .text(obsolete == nil ? "active" : "obsolete"), .integer(now.microseconds),
                ])
            guard let id = rows.first?.int(0) else { return .before }
            for channel in channels {
                let isDelivered = channel.isImmediate && obsolete == nil
                let state: DeliveryState = obsolete != nil ? .cancelled : isDelivered ? .delivered : .pending
                try transaction.send(
                    "INSERT INTO notification_deliveries VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    [
                        .integer(id), .text(channel.rawValue), .text(state.rawValue), .integer(isDelivered ? 1 : 0),
                        .integer(now.microseconds), .optional(obsolete),
                        isDelivered ? .integer(now.microseconds) : .null,
                    ])
                if state == .pending { try transaction.notify(NotificationTables.wakes(channel)) }
            }
            if obsolete == nil, channels.contains(.inApp) {
                let notice = NotificationCreated(notificationID: id, reminder: reminder, timestamp: now, trace: cause)
                try outbox.append([notice.outboxRow], at: now, in: transaction)
            }
            return .now(channels: obsolete == nil ? channels : [])
        }
    }
}
