package import WireValues

/// What a relay got to publish.
package struct OutboxBatch: Sendable {
    package struct Claimed: Sendable {
        /// The row's number, for `published`.
        package let id: Int64
        package let row: OutboxRow
        package let createdAt: Timestamp
    }

    /// In the order in which they are to arrive at the broker, as far as they have the same key.
    package let rows: [Claimed]
    /// Later than this after the claim, another relay may have begun with them.
    package let startWithin: Duration
    /// Nothing is here for this relay, but others hold rows that wait: look again after this time, in case they died.
    package let lookAgainAfter: Duration?
    /// For the next claim.
    package let hold: LaneHold

    package init(
        rows: [Claimed], startWithin: Duration, lookAgainAfter: Duration?, hold: LaneHold = LaneHold(lanes: [])
    ) {
        self.rows = rows
        self.startWithin = startWithin
        self.lookAgainAfter = lookAgainAfter
        self.hold = hold
    }
}

/// The lanes that a relay has for itself, as it found or took them in one claim. For a second the next claims go by it;
/// then it is time to look who else is there, and to renew it.
package struct LaneHold: Sendable {
    static let term: Duration = .seconds(1)

    package let lanes: [Int]
    let since: ContinuousClock.Instant

    package init(lanes: [Int], since: ContinuousClock.Instant = .now) {
        self.lanes = lanes
        self.since = since
    }

    var isValid: Bool { !lanes.isEmpty && ContinuousClock.now - since < Self.term }
    /// How long from now publishing may begin: half a lease from when it was taken.
    var startWithin: Duration { LanePlan.term / 2 - (ContinuousClock.now - since) }
}

extension Outbox {
    /// Marks `published` and returns what comes next.
    ///
    /// Several relays share the work by lanes of keys. One that dies loses its lanes after 5 s; its rows are then
    /// published by another, some of them again. Rows that could not be published are left out of `published` and come
    /// again with a later claim; until then no later row of the same key may be published, which the caller sees to.
    /// - Parameters:
    ///   - relay: a name that no other process has, such as the pod's.
    ///   - limit: at most so many rows.
    ///   - keys: rows of these stay where they are, and count for nothing.
    ///   - hold: of this relay's last claim; nil has all looked up anew.
    package func claim(
        by relay: String, limit: Int, published: [Int64] = [], leavingOut keys: [String] = [],
        holding hold: LaneHold? = nil, in transaction: any Transaction
    ) throws(DatabaseError) -> OutboxBatch {
        let valid = hold.flatMap { $0.isValid ? $0 : nil }
        if !published.isEmpty || valid == nil { try waitForNoDisk(transaction) }
        try mark(published, in: transaction)
        let hold = if let valid { valid } else { try takeLanes(for: relay, in: transaction) }
        let rows = try rows(of: hold.lanes, leavingOut: keys, limit: limit, in: transaction)
        var lookAgainAfter: Duration?
        if rows.isEmpty, hold.lanes.count < Self.lanes,
            try !transaction.query("SELECT 1 FROM \(table)_pending LIMIT 1").isEmpty
        {
            lookAgainAfter = .seconds(1)
        }
        return OutboxBatch(
            rows: rows, startWithin: hold.startWithin, lookAgainAfter: lookAgainAfter, hold: hold)
    }

    /// Looks who else is there, and takes this relay's share of the lanes or renews it.
    private func takeLanes(for relay: String, in transaction: any Transaction) throws(DatabaseError) -> LaneHold {
        let dialect = transaction.dialect
        let now = ContinuousClock.now
        if dialect == .postgresql {
            // One relay at a time decides. Held until this short transaction ends.
            try transaction.send("SELECT pg_advisory_xact_lock($1)", [.integer(lockNumber)])
        }
        try transaction.send(
            """
            INSERT INTO \(table)_relays VALUES ($1, \(dialect.now))
            ON CONFLICT (relay) DO UPDATE SET seen_at = excluded.seen_at
            """, [.text(relay)])
        let plan = try plan(relay, in: transaction)
        try take(plan.lanes, for: relay, in: transaction)
        if !plan.surplus.isEmpty {
            try transaction.send(
                "UPDATE \(table)_lanes SET until_at = 0 WHERE relay = $1 AND lane \(dialect.isIn(2))",
                [.text(relay), .list(plan.surplus.map { Int64($0) })])
        }
        return LaneHold(lanes: plan.lanes, since: now)
    }

    /// What a relay notes down may be lost with the server: rows are published again then, which consumers bear. So its
    /// commits need not wait for the disk.
    private func waitForNoDisk(_ transaction: any Transaction) throws(DatabaseError) {
        if transaction.dialect == .postgresql { try transaction.send("SET LOCAL synchronous_commit = off", []) }
    }

    private func rows(
        of lanes: [Int], leavingOut keys: [String], limit: Int, in transaction: any Transaction
    ) throws(DatabaseError) -> [OutboxBatch.Claimed] {
        let dialect = transaction.dialect
        // Most of the time none is left out, and what waits need not be looked at row by row.
        let waiting =
            keys.isEmpty
            ? "SELECT id FROM \(table)_pending WHERE lane \(dialect.isIn(1)) ORDER BY id LIMIT $2"
            : """
            SELECT w.id FROM \(table)_pending w JOIN \(table) k ON k.id = w.id
            WHERE w.lane \(dialect.isIn(1)) AND k.key \(dialect.isNotInTexts(3)) ORDER BY w.id LIMIT $2
            """
        let parameters = [.list(lanes.map { Int64($0) }), .of(limit)] + (keys.isEmpty ? [] : [SQLValue.list(keys)])
        let late = Int64(Self.late / .microseconds(1))
        let rows = try transaction.query(
            """
            SELECT o.id, o.role, o.key, o.event_id, o.body, o.created_at,
            CASE WHEN o.created_at < \(dialect.now) - \(late) THEN 1 ELSE 0 END
            FROM (\(waiting)) p JOIN \(table) o ON o.id = p.id ORDER BY o.id
            """, parameters)
        let waitedLong = rows.filter { $0.flag(6) }.map { $0.int(0) }
        if !waitedLong.isEmpty {
            try transaction.send(
                """
                UPDATE \(table) SET published_at = \(dialect.now) WHERE id \(dialect.isIn(1))
                AND (published_at IS NULL OR published_at < \(dialect.now) - \(late))
                """, [.list(waitedLong)])
        }
        return rows.map { row in
            OutboxBatch.Claimed(
                id: row.int(0),
                row: OutboxRow(role: row.text(1), key: row.text(2), eventID: row.text(3), bytes: row.blob(4)),
                createdAt: Timestamp(microseconds: row.int(5)))
        }
    }

    /// Marks `published` and leaves all lanes to the others: at shutdown.
    package func release(
        by relay: String, published: [Int64], in transaction: any Transaction
    ) throws(DatabaseError) {
        try mark(published, in: transaction)
        try transaction.send("UPDATE \(table)_lanes SET until_at = 0 WHERE relay = $1", [.text(relay)])
        try transaction.send("DELETE FROM \(table)_relays WHERE relay = $1", [.text(relay)])
        try transaction.notify(channel)
    }

    /// How many committed events the broker does not have yet, and since when the oldest waits.
    package func backlog(in transaction: any Transaction) throws(DatabaseError) -> (count: Int, oldest: Timestamp?) {
        let row = try transaction.query("SELECT count(*), min(created_at) FROM \(table)_pending")[0]
        return (Int(row.int(0)), row.intOrNil(1).map { Timestamp(microseconds: $0) })
    }

    /// Deletes a few old rows. Called again and again with what it returned, it deletes all of them.
    /// - Parameters:
    ///   - moment: rows published before it go.
    ///   - after: the number where the call before stopped; 0 for the first.
    ///   - limit: looks at so many rows at most.
    /// - Returns: where to go on; nil when the rest is younger.
    package func purge(
        publishedBefore moment: Timestamp, after: Int64, limit: Int = 500, in transaction: any Transaction
    ) throws(DatabaseError) -> Int64? {
        try excludeReplayOrPurge(transaction)
        let written = moment.advanced(by: .zero - Self.late)
        // In the order of their numbers, which is near enough that of their times: no index is kept for this.
        let rows = try transaction.query(
            "SELECT id, created_at FROM \(table) WHERE id > $1 ORDER BY id LIMIT $2", [.integer(after), .of(limit)])
        let old = rows.prefix { $0.int(1) < written.microseconds }
        guard let last = old.last?.int(0) else { return nil }
        try transaction.send(
            """
            DELETE FROM \(table) WHERE id > $1 AND id <= $2 AND (published_at IS NULL OR published_at < $3)
            AND NOT EXISTS (SELECT 1 FROM \(table)_pending p WHERE p.id = \(table).id)
            """, [.integer(after), .integer(last), .integer(moment.microseconds)])
        try transaction.send(
            "DELETE FROM \(table)_relays WHERE seen_at < \(transaction.dialect.now) - 3600000000", [])
        return old.count == limit ? last : nil
    }

    /// Puts rows written between two moments back among what is to be published, in their order.
    /// - Parameters:
    ///   - role, key, eventID: only these; nil for all.
    /// - Returns: how many; those that wait already are not counted.
    package func replay(
        from start: Timestamp, to end: Timestamp, role: String? = nil, key: String? = nil, eventID: String? = nil,
        in transaction: any Transaction
    ) throws(DatabaseError) -> Int {
        if transaction.dialect == .postgresql {
            // Whoever asks for many rows waits for them.
            try transaction.execute("SET LOCAL statement_timeout = 0")
        }
        try excludeReplayOrPurge(transaction)
        let count = try transaction.execute(
            """
            INSERT INTO \(table)_pending SELECT id, lane, \(transaction.dialect.now) FROM \(table)
            WHERE created_at >= $1 AND created_at < $2
            AND (CAST($3 AS TEXT) IS NULL OR role = $3) AND (CAST($4 AS TEXT) IS NULL OR key = $4)
            AND (CAST($5 AS TEXT) IS NULL OR event_id = $5)
            ON CONFLICT (id) DO NOTHING
            """,
            [
                .integer(start.microseconds), .integer(end.microseconds), .optional(role), .optional(key),
                .optional(eventID),
            ])
        try transaction.notify(channel)
        return count
    }

    // MARK: - Parts

    /// Neither sees what the other has not committed: side by side, one would delete events that the other has just put
    /// among what waits, and a relay would look for them for ever. Held until the transaction ends.
    private func excludeReplayOrPurge(_ transaction: any Transaction) throws(DatabaseError) {
        if transaction.dialect == .postgresql {
            try transaction.send("SELECT pg_advisory_xact_lock($1)", [.integer(lockNumber &+ 1)])
        }
    }

    private var lockNumber: Int64 { Int64(bitPattern: StableHash.of(table).value) }

    private func mark(_ published: [Int64], in transaction: any Transaction) throws(DatabaseError) {
        guard !published.isEmpty else { return }
        try transaction.send(
            "DELETE FROM \(table)_pending WHERE id \(transaction.dialect.isIn(1))", [.list(published)])
    }

    private func plan(_ relay: String, in transaction: any Transaction) throws(DatabaseError) -> LanePlan {
        let rows = try transaction.query(
            """
            SELECT -1, relay, seen_at, \(transaction.dialect.now) FROM \(table)_relays
            UNION ALL SELECT lane, relay, until_at, 0 FROM \(table)_lanes
            """)
        let relays = rows.filter { $0.int(0) < 0 }
        return LanePlan(
            me: relay, now: relays.map { $0.int(3) }.max() ?? 0,
            relays: relays.map { ($0.text(1), $0.int(2)) },
            leases: rows.filter { $0.int(0) >= 0 }.map {
                LanePlan.Lease(lane: Int($0.int(0)), relay: $0.text(1), until: $0.int(2))
            })
    }

    private func take(_ lanes: [Int], for relay: String, in transaction: any Transaction) throws(DatabaseError) {
        guard !lanes.isEmpty else { return }
        let now = transaction.dialect.now
        let term = Int64(LanePlan.term / .microseconds(1))
        let rows = lanes.map { "(\($0), $1, \(now) + \(term))" }.joined(separator: ", ")
        try transaction.send(
            """
            INSERT INTO \(table)_lanes VALUES \(rows)
            ON CONFLICT (lane) DO UPDATE SET relay = excluded.relay, until_at = excluded.until_at
            """, [.text(relay)])
    }
}
