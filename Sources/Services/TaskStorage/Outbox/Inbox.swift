package import WireValues

/// Which events a consumer has dealt with: what makes delivery at least once have its effect exactly once.
package enum Inbox {
    package static let migrations = Migrations(
        component: "inbox",
        [
            Migration(1, "handled events") { dialect in
                [
                    """
                    CREATE TABLE inbox (consumer \(dialect.text) NOT NULL, event_type \(dialect.text) NOT NULL,
                    event_id \(dialect.text) NOT NULL, handled_at \(dialect.integer) NOT NULL,
                    PRIMARY KEY (consumer, event_type, event_id))\(dialect.strict)
                    """,
                    "CREATE INDEX inbox_handled_at ON inbox (handled_at)",
                ]
            }
        ])

    /// Records the event in the transaction of its effect. False when its effect is there already, and nothing is to be
    /// done; a second delivery that comes while the first is being handled waits for its end.
    /// - Parameter eventType: the envelope's; a version at its end (`.v2`) is cut off, since versions of an event share
    ///   its id.
    package static func firstTime(
        consumer: String, eventType: String, id: String, at now: Timestamp, in transaction: any Transaction
    ) throws(DatabaseError) -> Bool {
        try transaction.execute(
            "INSERT INTO inbox VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            [.text(consumer), .text(withoutVersion(eventType)), .text(id), .integer(now.microseconds)]) == 1
    }

    /// The same for several events of one type, in one statement for many.
    /// - Returns: for each whether it is the first time; false for the second of two that are equal.
    package static func firstTimes(
        consumer: String, eventType: String, ids: [String], at now: Timestamp, in transaction: any Transaction
    ) throws(DatabaseError) -> [Bool] {
        let type = withoutVersion(eventType)
        // In one order, so that two replicas with the same events do not block each other.
        let rows: [[SQLValue]] = ids.sorted().map {
            [.text(consumer), .text(type), .text($0), .integer(now.microseconds)]
        }
        var new = Set(
            try transaction.insert(rows, into: "inbox", "ON CONFLICT DO NOTHING RETURNING event_id").map { $0.text(0) })
        return ids.map { new.remove($0) != nil }
    }

    /// Forgets some of the events handled before `moment`.
    /// - Returns: how many; fewer than `limit` when none is left.
    package static func purge(
        before moment: Timestamp, limit: Int = 500, in transaction: any Transaction
    ) throws(DatabaseError) -> Int {
        // SQLite's DELETE has no LIMIT as Debian builds it.
        try transaction.execute(
            """
            DELETE FROM inbox WHERE (consumer, event_type, event_id) IN
            (SELECT consumer, event_type, event_id FROM inbox WHERE handled_at < $1 ORDER BY handled_at LIMIT $2)
            """, [.integer(moment.microseconds), .of(limit)])
    }

    static func withoutVersion(_ type: String) -> String {
        guard let dot = type.lastIndex(of: ".") else { return type }
        let last = type[type.index(after: dot)...]
        return last.hasPrefix("v") && Int(last.dropFirst()) != nil ? String(type[..<dot]) : type
    }
}
