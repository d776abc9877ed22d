package import WireValues

/// How an outbox stands, for people who look into it.
package struct OutboxStatus: Sendable {
    /// Rows that wait one behind the other, because their keys share a lane.
    package struct Queue: Sendable {
        package let waiting: Int
        /// The first of them, which holds up those of its key.
        package let first: OutboxBatch.Claimed
    }

    /// The one that waits longest comes first.
    package let queues: [Queue]
    /// When the oldest row that is kept was written: from there on all can be published again. Nil when there is none.
    package let keptSince: Timestamp?
    /// Relays, and how long ago each last spoke.
    package let relays: [(name: String, silence: Duration)]

    package var waiting: Int { queues.reduce(0) { $0 + $1.waiting } }
}

extension Outbox {
    /// Whether this database has the outbox's tables.
    package func exists(on database: any Database) async throws -> Bool {
        try await Migrations.pending([migrations], on: database).isEmpty
    }

    package func status(in transaction: any Transaction) throws(DatabaseError) -> OutboxStatus {
        let queues = try transaction.query(
            """
            SELECT p.waiting, o.id, o.role, o.key, o.event_id, o.created_at FROM
            (SELECT lane, count(*) AS waiting, min(id) AS id FROM \(table)_pending GROUP BY lane) p
            JOIN \(table) o ON o.id = p.id ORDER BY o.id
            """
        ).map { row in
            OutboxStatus.Queue(
                waiting: Int(row.int(0)),
                first: .init(
                    id: row.int(1),
                    row: OutboxRow(role: row.text(2), key: row.text(3), eventID: row.text(4), bytes: []),
                    createdAt: Timestamp(microseconds: row.int(5))))
        }
        let oldest = try transaction.query("SELECT created_at FROM \(table) ORDER BY id LIMIT 1")
        let relays = try transaction.query(
            "SELECT relay, \(transaction.dialect.now) - seen_at FROM \(table)_relays ORDER BY relay")
        return OutboxStatus(
            queues: queues, keptSince: oldest.first.map { Timestamp(microseconds: $0.int(0)) },
            relays: relays.map { ($0.text(0), .microseconds($0.int(1))) })
    }
}
