package import WireValues

/// One event on its way out. Written once, never changed.
package struct OutboxRow: Sendable, Equatable {
    /// Where it goes: the role of a topic (`task-events`), or what else the relay understands.
    package let role: String
    /// What orders it: rows of one key go out in the order of their commits. The user id.
    package let key: String
    package let eventID: String
    /// The whole event as it is published.
    package let bytes: [UInt8]

    package init(role: String, key: String, eventID: String, bytes: [UInt8]) {
        self.role = role
        self.key = key
        self.eventID = eventID
        self.bytes = bytes
    }
}

/// What a service has committed and not yet published, and what it published in the last days.
///
/// A change and its rows go into one transaction, so that committed means: will be published. Rows are numbered in the
/// order of their insertion; transactions of one key have to come one after the other (they lock the key's row before
/// they append), and then that is the order of their commits.
///
/// Each producing service has a table of its own, since its relay publishes under its own name.
package struct Outbox: Sendable {
    /// Rows that wait longer than this have the time of publishing recorded, as it is tried; of others, it is their time
    /// of writing.
    static let late: Duration = .seconds(3_600)
    /// Keys are spread over these; relays divide the lanes among themselves.
    static let lanes = 16

    let table: String

    /// - Parameter name: the service's, in small letters.
    package init(name: String) {
        precondition(
            !name.isEmpty && name.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == 95 },
            "'\(name)' is no name for an outbox")
        table = "outbox_\(name)"
    }

    /// For `Database.notifications`: something was appended.
    package var channel: String { table }

    package var migrations: Migrations {
        let table = self.table
        return Migrations(
            component: table,
            [
                Migration(1, "events, the unpublished among them, lanes and relays") { dialect in
                    var statements = [
                        """
                        CREATE TABLE \(table) (id \(dialect.identity), role \(dialect.text) NOT NULL,
                        key \(dialect.text) NOT NULL, event_id \(dialect.text) NOT NULL, body \(dialect.blob) NOT NULL,
                        lane \(dialect.integer) NOT NULL, created_at \(dialect.integer) NOT NULL,
                        published_at \(dialect.integer))\(dialect.strict)
                        """,
                        // What waits is a small table of its own: marking deletes a few bytes and leaves the event be.
                        """
                        CREATE TABLE \(table)_pending (id \(dialect == .sqlite ? "INTEGER" : "BIGINT") PRIMARY KEY,
                        lane \(dialect.integer) NOT NULL, created_at \(dialect.integer) NOT NULL)\(dialect.strict)
                        """,
                        """
                        CREATE TABLE \(table)_lanes (lane \(dialect.integer) PRIMARY KEY, relay \(dialect.text) NOT NULL,
                        until_at \(dialect.integer) NOT NULL)\(dialect.strict)
                        """,
                        """
                        CREATE TABLE \(table)_relays (relay \(dialect.text) PRIMARY KEY,
                        seen_at \(dialect.integer) NOT NULL)\(dialect.strict)
                        """,
                    ]
                    switch dialect {
                    case .sqlite:
                        statements.append(
                            """
                            CREATE TRIGGER \(table)_appended AFTER INSERT ON \(table) BEGIN
                            INSERT INTO \(table)_pending VALUES (NEW.id, NEW.lane, NEW.created_at); END
                            """)
                    case .postgresql:
                        // Rows live for milliseconds there: their remains are swept often.
                        statements.append(
                            """
                            ALTER TABLE \(table)_pending SET (autovacuum_vacuum_scale_factor = 0,
                            autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0)
                            """)
                    }
                    return statements
                }
            ])
    }

    /// Appends `rows` in their order, as a part of the transaction of the change that they tell of, and wakes the relays
    /// once it is committed. No round trip of its own.
    /// - Parameter now: when the change was made.
    package func append(
        _ rows: [OutboxRow], at now: Timestamp, in transaction: any Transaction
    ) throws(DatabaseError) {
        guard !rows.isEmpty else { return }
        let columns = "role, key, event_id, body, lane, created_at"
        // A bound on one statement's parameters.
        for start in stride(from: 0, to: rows.count, by: 500) {
            let part = rows[start..<min(start + 500, rows.count)]
            var parameters: [SQLValue] = []
            for row in part {
                parameters += [
                    .text(row.role), .text(row.key), .text(row.eventID), .blob(row.bytes),
                    .of(Self.lane(of: row.key)), .integer(now.microseconds),
                ]
            }
            let insert =
                "INSERT INTO \(table) (\(columns)) VALUES \(transaction.dialect.values(rows: part.count, columns: 6))"
            switch transaction.dialect {
            case .sqlite: try transaction.send(insert, parameters)
            case .postgresql:
                try transaction.send(
                    """
                    WITH added AS (\(insert) RETURNING id, lane, created_at)
                    INSERT INTO \(table)_pending SELECT id, lane, created_at FROM added
                    """, parameters)
            }
        }
        try transaction.notify(channel)
    }

    static func lane(of key: String) -> Int { Int(StableHash.of(key).value % UInt64(lanes)) }
}
