import TaskStorage

/// The service's tables.
enum NotificationTables {
    static let migrations = Migrations(
        component: "notifications",
        [
            Migration(1, "notifications, deliveries and settings") { dialect in
                [
                    """
                    CREATE TABLE notification_settings (user_id \(dialect.text) PRIMARY KEY,
                    settings \(dialect.text) NOT NULL, version \(dialect.integer) NOT NULL,
                    updated_at \(dialect.integer) NOT NULL)\(dialect.strict)
                    """,
                    """
                    CREATE TABLE notifications (id \(dialect.identity), user_id \(dialect.text) NOT NULL,
                    event_id \(dialect.text) NOT NULL UNIQUE, task_id \(dialect.integer) NOT NULL,
                    event \(dialect.blob) NOT NULL, state \(dialect.text) NOT NULL,
                    created_at \(dialect.integer) NOT NULL, read_at \(dialect.integer))\(dialect.strict)
                    """,
                    "CREATE INDEX notifications_of_user ON notifications (user_id, id)",
                    "CREATE INDEX notifications_unread ON notifications (user_id, id) WHERE read_at IS NULL",
                    """
                    CREATE TABLE notification_deliveries (notification_id \(dialect.integer) NOT NULL
                    REFERENCES notifications (id) ON DELETE CASCADE, channel \(dialect.text) NOT NULL,
                    state \(dialect.text) NOT NULL, attempts \(dialect.integer) NOT NULL,
                    next_at \(dialect.integer) NOT NULL, last_error \(dialect.text),
                    delivered_at \(dialect.integer), PRIMARY KEY (notification_id, channel))\(dialect.strict)
                    """,
                    """
                    CREATE INDEX notification_deliveries_waiting ON notification_deliveries (channel, next_at)
                    WHERE state = 'pending'
                    """,
                ]
            }
        ])

    /// Wakes whoever delivers by a channel.
    static func wakes(_ channel: Channel) -> String { "notification_\(channel.rawValue)" }
}
