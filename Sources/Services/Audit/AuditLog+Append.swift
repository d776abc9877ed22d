import TaskDomain
package import TaskStorage
package import WireValues

extension AuditLog {
    /// Appends the entries that are not there yet, in their order.
    /// - Returns: for each entry whether it is new.
    package static func append(
        _ entries: [AuditEntry], at now: Timestamp, in transaction: any Transaction
    ) throws(DatabaseError) -> [Bool] {
        guard !entries.isEmpty else { return [] }
        var chains = try lockChains(Set(entries.map { UserKey($0.userID) }), in: transaction)
        // Asked only now: whoever had one of these chains before us has committed.
        var known = Set(
            try transaction.query(
                "SELECT event_id FROM audit_entries WHERE event_id \(transaction.dialect.isInTexts(1))",
                [.list(entries.map(\.eventID))]
            ).map { $0.text(0) })
        var rows: [[SQLValue]] = []
        var changed: Set<UserKey> = []
        let isNew = entries.map { entry in
            let user = UserKey(entry.userID)
            guard known.insert(entry.eventID).inserted, var chain = chains[user] else { return false }
            chain.lastPlace += 1
            chain.lastLink = chain.lastLink.following(entry, place: chain.lastPlace, recordedAt: now)
            chains[user] = chain
            changed.insert(user)
            rows.append([
                .text(entry.userID), .integer(chain.lastPlace), .text(entry.eventID), .text(entry.eventType),
                .integer(entry.taskID), .integer(entry.taskVersion), .integer(entry.occurredAt.microseconds),
                .integer(now.microseconds), .blob(entry.body), .blob(chain.lastLink.bytes),
            ])
            return true
        }
        try transaction.insert(rows, into: "audit_entries")
        let ends = changed.sorted().compactMap { user in
            chains[user].map { chain -> [SQLValue] in
                [
                    .text(user.id), .integer(chain.lastPlace), .blob(chain.lastLink.bytes), .integer(chain.purgedPlace),
                    .blob(chain.purgedLink.bytes), .integer(now.microseconds),
                ]
            }
        }
        try transaction.insert(
            ends, into: "audit_chains",
            """
            ON CONFLICT (user_id) DO UPDATE SET last_place = excluded.last_place, last_link = excluded.last_link,
            oldest_at = COALESCE(audit_chains.oldest_at, excluded.oldest_at)
            """)
        return isNew
    }

    /// The chains of `users`, made where there are none, and ours until the transaction ends. Always taken in the order
    /// of their names, so that two who want the same ones do not block each other.
    private static func lockChains(
        _ users: Set<UserKey>, in transaction: any Transaction
    ) throws(DatabaseError) -> [UserKey: Chain] {
        let names = users.sorted().map(\.id)
        let select = """
            SELECT \(Chain.columns), user_id FROM audit_chains WHERE user_id \(transaction.dialect.isInTexts(1))
            ORDER BY user_id\(transaction.dialect.forUpdate)
            """
        var rows = try transaction.query(select, [.list(names)])
        if rows.count < users.count {
            let missing = users.subtracting(rows.map { UserKey($0.text(4)) }).sorted()
            let empty = SQLValue.blob(ChainLink.first.bytes)
            try transaction.insert(
                missing.map { [.text($0.id), 0, empty, 0, empty, nil] }, into: "audit_chains", "ON CONFLICT DO NOTHING")
            rows = try transaction.query(select, [.list(names)])
        }
        return Dictionary(rows.map { (UserKey($0.text(4)), Chain($0)) }) { first, _ in first }
    }
}
