package import TaskStorage
package import WireValues

extension AuditLog {
    /// Users after `user` in the order of names whose chains may begin with entries recorded before `moment`.
    package static func usersToPurge(
        before moment: Timestamp, after user: String, limit: Int, in transaction: any Transaction
    ) throws(DatabaseError) -> [String] {
        try transaction.query(
            "SELECT user_id FROM audit_chains WHERE user_id > $1 AND oldest_at < $2 ORDER BY user_id LIMIT $3",
            [.text(user), .integer(moment.microseconds), .of(limit)]
        ).map { $0.text(0) }
    }

    /// Takes away the beginning of a chain: entries recorded before `moment`, of events before `moment`, up to the first
    /// that is younger in either way.
    /// - Returns: how many went; fewer than `limit` when no more can.
    package static func purge(
        _ userID: String, before moment: Timestamp, limit: Int, in transaction: any Transaction
    ) throws(DatabaseError) -> Int {
        guard
            let chain = try transaction.query(
                "SELECT \(Chain.columns) FROM audit_chains WHERE user_id = $1\(transaction.dialect.forUpdate)",
                [.text(userID)]
            ).first.map({ Chain($0) })
        else { return 0 }
        let rows = try transaction.query(
            """
            SELECT place, recorded_at, occurred_at, link FROM audit_entries
            WHERE user_id = $1 AND place > $2 ORDER BY place LIMIT $3
            """, [.text(userID), .integer(chain.purgedPlace), .of(limit + 1)])
        let old = rows.prefix(limit).prefix {
            $0.int(1) < moment.microseconds && $0.int(2) < moment.microseconds
        }
        guard let last = old.last else { return 0 }
        try transaction.send(
            "DELETE FROM audit_entries WHERE user_id = $1 AND place <= $2", [.text(userID), .integer(last.int(0))])
        try transaction.send(
            "UPDATE audit_chains SET purged_place = $2, purged_link = $3, oldest_at = $4 WHERE user_id = $1",
            [
                .text(userID), .integer(last.int(0)), .blob(last.blob(3)),
                rows.count > old.count ? .integer(rows[old.count].int(1)) : .null,
            ])
        return old.count
    }
}
