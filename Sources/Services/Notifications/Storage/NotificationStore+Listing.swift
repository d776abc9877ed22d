import TaskDomain
import TaskStorage
import WireValues

extension NotificationStore {
    /// A page of a user's notifications, the newest first.
    ///
    /// - Parameter before: only those with a smaller id.
    /// - Returns: the page, whether more follow, and how many are unread altogether.
    func page(
        _ user: String, before: Int64?, unreadOnly: Bool, limit: Int
    ) async throws -> (items: [JSON], hasMore: Bool, unread: Int64) {
        try await database.read { transaction in
            let rows = try transaction.query(
                """
                SELECT id, task_id, event_id, event, state, created_at, read_at FROM notifications
                WHERE user_id = $1 AND id < $2\(unreadOnly ? " AND read_at IS NULL" : "") ORDER BY id DESC LIMIT $3
                """, [.text(user), .integer(before ?? .max), .of(limit + 1)])
            let shown = rows.prefix(limit)
            let deliveries = try transaction.query(
                """
                SELECT notification_id, channel, state, attempts, last_error, delivered_at FROM notification_deliveries
                WHERE notification_id \(transaction.dialect.isIn(1)) ORDER BY notification_id, channel
                """, [.list(shown.map { $0.int(0) })])
            let unread = try transaction.query(
                "SELECT count(*) FROM notifications WHERE user_id = $1 AND read_at IS NULL", [.text(user)])[0].int(0)
            let items = try shown.map { row in
                try Self.json(row, deliveries: deliveries.filter { $0.int(0) == row.int(0) })
            }
            return (items, rows.count > limit, unread)
        }
    }

    /// What became of reminders, by the ids of their events: of those that are settled.
    func outcomes(of events: [String], user: String) async throws -> [String: DeliveryState] {
        let rows = try await database.read { transaction in
            try transaction.query(
                """
                SELECT n.event_id, d.state FROM notifications n
                JOIN notification_deliveries d ON d.notification_id = n.id
                WHERE n.user_id = $1 AND n.event_id \(transaction.dialect.isInTexts(2))
                """, [.text(user), .list(events)])
        }
        return Dictionary(grouping: rows) { $0.text(0) }.compactMapValues { rows in
            let states = Set(rows.map { $0.text(1) })
            // One channel that worked is enough; what is still to be tried may work yet.
            return [DeliveryState.delivered, .pending, .failed, .cancelled].first { states.contains($0.rawValue) }
                .flatMap { $0 == .pending ? nil : $0 }
        }
    }

    /// Marks one notification as read, or as unread again.
    /// - Returns: false when the user has no such notification.
    func mark(_ id: Int64, of user: String, isRead: Bool, at now: Timestamp) async throws -> Bool {
        let rows =
            if isRead {
                try await database.statement(
                    "UPDATE notifications SET read_at = COALESCE(read_at, $3) WHERE id = $1 AND user_id = $2 RETURNING id",
                    [.integer(id), .text(user), .integer(now.microseconds)])
            } else {
                try await database.statement(
                    "UPDATE notifications SET read_at = NULL WHERE id = $1 AND user_id = $2 RETURNING id",
                    [.integer(id), .text(user)])
            }
        return !rows.isEmpty
    }

    /// Marks everything up to `id` as read.
    /// - Returns: how many were unread.
    func markAll(upTo id: Int64, of user: String, at now: Timestamp) async throws -> Int {
        try await database.transaction { transaction in
            try transaction.execute(
                "UPDATE notifications SET read_at = $3 WHERE user_id = $1 AND id <= $2 AND read_at IS NULL",
                [.text(user), .integer(id), .integer(now.microseconds)])
        }
    }

    private static func json(_ row: Row, deliveries: [Row]) throws -> JSON {
        let reminder = try reminder(row.blob(3), eventID: row.text(2))
        let readAt = row.intOrNil(6).map { Timestamp(microseconds: $0) }
        return [
            "id": .integer(row.int(0)), "task_id": .integer(row.int(1)), "event_id": .string(row.text(2)),
            "title": .string(reminder.title), "due_at": reminder.dueAt.map { .string($0.shortText) } ?? .null,
            "remind_at": .string(reminder.remindAt.shortText), "all_day": .bool(reminder.allDay),
            "time_zone": .string(reminder.timeZone), "state": .string(row.text(4)),
            "created_at": .string(Timestamp(microseconds: row.int(5)).eventText), "read": .bool(readAt != nil),
            "read_at": readAt.map { .string($0.eventText) } ?? .null,
            "deliveries": .array(
                deliveries.map { delivery in
                    [
                        "channel": .string(delivery.text(1)), "state": .string(delivery.text(2)),
                        "attempts": .integer(delivery.int(3)),
                        "last_error": delivery.textOrNil(4).map { .string($0) } ?? .null,
                        "delivered_at": delivery.intOrNil(5)
                            .map { .string(Timestamp(microseconds: $0).eventText) } ?? .null,
                    ]
                }),
        ]
    }
}
