import Logging
import TaskStorage
import WireValues

extension NotificationStore {
    private static let bite = 500

    /// Takes away notifications that were made before `moment`, with their deliveries. One that is still to be delivered
    /// stays until that has worked or was given up.
    func forget(before moment: Timestamp) async throws {
        var after: Int64? = 0
        while let start = after {
            after = try await database.transaction { try Self.forgetSome(before: moment, after: start, in: $0) }
        }
    }

    /// Encrypts with the vault's own key what is not: secrets from before there was a vault, and those of older keys.
    /// Settings that cannot be read stay as they are, and keep nobody else's from it.
    func resealSecrets(_ logger: Logger) async throws {
        guard let vault else { return }
        var user: String? = ""
        while let start = user {
            let rows = try await database.read { transaction in
                try transaction.query(
                    "SELECT user_id, settings FROM notification_settings WHERE user_id > $1 ORDER BY user_id LIMIT $2",
                    [.text(start), .of(Self.bite)])
            }
            for row in rows {
                let owner = row.text(0)
                do {
                    guard UserChannels.needsSealing(try JSON(parsing: row.text(1)), vault) else { continue }
                    try await database.transaction { try Self.reseal(owner, vault, in: $0) }
                } catch let error as JSONParseError {
                    logger.error(
                        "a user's notification settings cannot be read; not encrypted anew",
                        metadata: ["user.id": "\(owner)", "error": "\(error)"])
                }
            }
            user = rows.count == Self.bite ? rows.last?.text(0) : nil
        }
    }

    private static func reseal(_ user: String, _ vault: SecretVault, in transaction: any Transaction) throws {
        let rows = try transaction.query(
            "SELECT settings FROM notification_settings WHERE user_id = $1\(transaction.dialect.forUpdate)",
            [.text(user)])
        guard let row = rows.first else { return }
        let channels = UserChannels(stored: try JSON(parsing: row.text(0)), of: user, vault)
        // One whose key is not here stays as it is: the key may come back.
        guard channels.webhook?.secret != nil else { return }
        // The version stays: for its user nothing changed.
        try transaction.send(
            "UPDATE notification_settings SET settings = $2 WHERE user_id = $1",
            [.text(user), .text(channels.stored(of: user, vault).text)])
    }

    /// - Returns: where to go on; nil when the rest is younger.
    private static func forgetSome(before moment: Timestamp, after: Int64, in transaction: any Transaction) throws
        -> Int64?
    {
        // In the order of their numbers, which is near enough that of their times: no index is kept for this.
        let rows = try transaction.query(
            "SELECT id, created_at FROM notifications WHERE id > $1 ORDER BY id LIMIT $2", [.integer(after), .of(bite)])
        let old = rows.prefix { $0.int(1) < moment.microseconds }
        guard let last = old.last?.int(0) else { return nil }
        let chosen = """
            SELECT n.id FROM notifications n WHERE n.id > $1 AND n.id <= $2 AND NOT EXISTS (SELECT 1
            FROM notification_deliveries d WHERE d.notification_id = n.id AND d.state = 'pending')
            """
        // The deliveries go with them.
        try transaction.send(
            "DELETE FROM notifications WHERE id IN (\(chosen))", [.integer(after), .integer(last)])
        return old.count == bite ? last : nil
    }
}
