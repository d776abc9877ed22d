import TaskDomain
import TaskStorage
import WireValues

/// Requests that came with an `Idempotency-Key`, and what was answered: for 24 hours, the same request gets the same
/// answer and does nothing.
enum RememberedRequests {
    static let memory: Duration = .seconds(24 * 3_600)
    static let keyCharacters = 255

    /// A request as far as it has to be the same.
    struct Request: Sendable {
        let key: String
        /// Of what was asked for.
        let fingerprint: String

        /// - Parameter action: tells requests for different things apart.
        init(key: String, action: String, body: JSON) {
            self.key = key
            fingerprint = UUIDText.v5(action + " " + String(decoding: body.canonicalBytes, as: UTF8.self))
        }
    }

    enum Memory {
        case new
        /// The answer that was given.
        case known(String)
        /// The key was used for something else.
        case other
    }

    /// To be asked with the user's row locked.
    static func look(_ request: Request, _ userID: String, now: Timestamp, in transaction: any Transaction) throws
        -> Memory
    {
        let rows = try transaction.query(
            "SELECT fingerprint, created_at, answer FROM task_requests WHERE user_id = $1 AND key = $2",
            [.text(userID), .text(request.key)])
        guard let row = rows.first, Timestamp(microseconds: row.int(1)).advanced(by: memory) > now else { return .new }
        return row.text(0) == request.fingerprint ? .known(row.text(2)) : .other
    }

    static func remember(
        _ request: Request, _ userID: String, answer: String, now: Timestamp, in transaction: any Transaction
    ) throws {
        try transaction.send(
            """
            INSERT INTO task_requests (user_id, key, fingerprint, created_at, answer) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (user_id, key) DO UPDATE
            SET fingerprint = excluded.fingerprint, created_at = excluded.created_at, answer = excluded.answer
            """,
            [
                .text(userID), .text(request.key), .text(request.fingerprint), .integer(now.microseconds),
                .text(answer),
            ])
    }

    static func forget(before instant: Timestamp, in transaction: any Transaction) throws {
        try transaction.execute("DELETE FROM task_requests WHERE created_at < $1", [.integer(instant.microseconds)])
    }
}
