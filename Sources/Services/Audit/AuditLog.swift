package import TaskStorage
package import WireValues

/// The append-only log: one chain of entries for each user.
///
/// Entries of a chain have places 1, 2, 3 … without gaps, in the order in which they arrived, and each is linked to the
/// one before it (`ChainLink`). Retention takes entries away from a chain's beginning only; the chain's row keeps the link
/// of the last one that went, so that what stays can be checked as before.
package enum AuditLog {
    package static let migrations = Migrations(
        component: "audit",
        [
            Migration(1, "chains and entries") { dialect in
                [
                    """
                    CREATE TABLE audit_chains (user_id \(dialect.text) PRIMARY KEY, last_place \(dialect.integer) NOT NULL,
                    last_link \(dialect.blob) NOT NULL, purged_place \(dialect.integer) NOT NULL,
                    purged_link \(dialect.blob) NOT NULL, oldest_at \(dialect.integer))\(dialect.strict)
                    """,
                    """
                    CREATE TABLE audit_entries (user_id \(dialect.text) NOT NULL, place \(dialect.integer) NOT NULL,
                    event_id \(dialect.text) NOT NULL UNIQUE, event_type \(dialect.text) NOT NULL,
                    task_id \(dialect.integer) NOT NULL, task_version \(dialect.integer) NOT NULL,
                    occurred_at \(dialect.integer) NOT NULL, recorded_at \(dialect.integer) NOT NULL,
                    body \(dialect.blob) NOT NULL, link \(dialect.blob) NOT NULL,
                    PRIMARY KEY (user_id, place))\(dialect.strict)
                    """,
                    // The order of reading, and what it is filtered by.
                    """
                    CREATE INDEX audit_entries_chronological ON audit_entries
                    (user_id, occurred_at, task_version, place, task_id, event_type)
                    """,
                ]
            }
        ])

    /// An entry where it stands.
    package struct Stored: Sendable {
        package let entry: AuditEntry
        package let place: Int64
        package let recordedAt: Timestamp
        package let link: ChainLink

        /// The columns of `columns`, in their order.
        init(_ row: Row, userID: String) {
            place = row.int(0)
            entry = AuditEntry(
                userID: userID, eventID: row.text(1), eventType: row.text(2), taskID: row.int(3),
                taskVersion: row.int(4), occurredAt: Timestamp(microseconds: row.int(5)), body: row.blob(7))
            recordedAt = Timestamp(microseconds: row.int(6))
            link = ChainLink(bytes: row.blob(8))
        }

        static let columns =
            "place, event_id, event_type, task_id, task_version, occurred_at, recorded_at, body, link"
    }

    /// Where a chain ends, and where what is kept of it begins.
    struct Chain: Sendable {
        var lastPlace: Int64
        var lastLink: ChainLink
        let purgedPlace: Int64
        let purgedLink: ChainLink

        init() {
            lastPlace = 0
            lastLink = .first
            purgedPlace = 0
            purgedLink = .first
        }

        /// The columns of `columns`, in their order.
        init(_ row: Row) {
            lastPlace = row.int(0)
            lastLink = ChainLink(bytes: row.blob(1))
            purgedPlace = row.int(2)
            purgedLink = ChainLink(bytes: row.blob(3))
        }

        static let columns = "last_place, last_link, purged_place, purged_link"
    }
}
