import Logging
import ServiceKit
import TaskDomain
import TaskStorage
import WireValues

/// The feed of each user's changes: numbered without gaps, read in order, and forgotten from its beginning.
enum TaskFeed {
    struct Page: Sendable {
        /// Each as JSON text.
        let changes: [String]
        /// The number of the last of them; `since` when there is none.
        let last: Int64
        /// The number of the user's newest change at that moment.
        let newest: Int64
    }

    /// The user's changes after number `since`, in order.
    ///
    /// - Throws: `Problem` 410 when some of them are not kept any more.
    static func page(of userID: String, since: Int64, limit: Int, in transaction: any Transaction) throws -> Page {
        let users = try transaction.query("SELECT seq FROM task_users WHERE user_id = $1", [.text(userID)])
        let newest = users.first?.int(0) ?? 0
        let rows = try transaction.query(
            "SELECT data, seq FROM task_changes WHERE user_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            [.text(userID), .integer(since), .of(limit)])
        // Numbers have no gaps, so what does not follow at once was taken away by retention.
        if since < newest, rows.first?.int(1) != since + 1 { throw gone(newest: newest, oldest: rows.first?.int(1)) }
        return Page(changes: rows.map { $0.text(0) }, last: rows.last?.int(1) ?? since, newest: newest)
    }

    private static func gone(newest: Int64, oldest: Int64?) -> Problem {
        Problem(
            410, "changes_gone",
            "Changes up to number \((oldest ?? newest + 1) - 1) are not kept any more. Read all tasks anew, then go on "
                + "with since=\(newest), the user_seq of this answer.",
            members: JSONObject([("user_seq", .integer(newest))]))
    }

    // MARK: - Forgetting

    /// Users that are looked at in one transaction, and changes that go in one.
    private static let users = 200
    private static let bite = 500

    /// Takes away the beginnings of feeds: changes from before `moment`, up to the first that is younger.
    /// A feed that cannot be read stays, and keeps nobody else's from going.
    static func forget(before moment: Timestamp, in database: any Database, _ logger: Logger) async throws {
        var user: String? = ""
        while let start = user {
            // The oldest change that is kept of each user, by the primary keys: no index is kept for this.
            let rows = try await database.read { transaction in
                try transaction.query(
                    """
                    SELECT u.user_id,
                    (SELECT c.data FROM task_changes c WHERE c.user_id = u.user_id ORDER BY c.seq LIMIT 1)
                    FROM task_users u WHERE u.user_id > $1 ORDER BY u.user_id LIMIT $2
                    """, [.text(start), .of(users)])
            }
            for row in rows {
                let userID = row.text(0)
                do {
                    guard let oldest = row.textOrNil(1), try time(of: oldest) < moment else { continue }
                    var isMore = true
                    while isMore {
                        isMore = try await database.transaction { try forgetSome(of: userID, before: moment, in: $0) }
                    }
                } catch let error where error is TaskReading.Corrupt || error is JSONParseError {
                    logger.error(
                        "a row of a user's feed cannot be read; what is old stays",
                        metadata: ["user.id": "\(userID)", "error": "\(error)"])
                }
            }
            user = rows.count == users ? rows.last?.text(0) : nil
        }
    }

    /// - Returns: whether there may be more to take away.
    private static func forgetSome(of userID: String, before moment: Timestamp, in transaction: any Transaction) throws
        -> Bool
    {
        let rows = try transaction.query(
            "SELECT seq, data FROM task_changes WHERE user_id = $1 ORDER BY seq LIMIT $2", [.text(userID), .of(bite)])
        let old = try rows.prefix { try time(of: $0.text(1)) < moment }
        guard let last = old.last?.int(0) else { return false }
        try transaction.send(
            "DELETE FROM task_changes WHERE user_id = $1 AND seq <= $2", [.text(userID), .integer(last)])
        return old.count == bite
    }

    private static func time(of change: String) throws -> Timestamp {
        guard let time = try JSON(parsing: change)["timestamp"]?.string.flatMap({ Timestamp($0) }) else {
            throw TaskReading.Corrupt(description: "a row of task_changes has no timestamp")
        }
        return time
    }
}
