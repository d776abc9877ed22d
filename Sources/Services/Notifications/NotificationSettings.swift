import ServiceKit

/// What the platform allows.
///
/// - `TODO_NOTIFICATION_CHANNELS` (list of log, in-app, webhook, email; log,in-app): what users may choose from.
/// - `TODO_SMTP_BINDING` (text): the Dapr output binding that sends mail; needed for email.
/// - `TODO_WEBHOOK_ALLOW_PRIVATE` (true, false; false): webhooks may go to this machine and to private networks, and without
///   TLS. For one's own machine, and for clusters whose users may reach everything that the service reaches.
/// - `TODO_NOTIFICATION_MAX_ATTEMPTS` (1 to 20, 9): how often a delivery is tried.
/// - `TODO_NOTIFICATION_RETENTION_SECONDS` (a day to 100 years, or `forever`; 90 days): how long notifications are kept,
///   read or not.
/// - `TODO_ENCRYPTION_SECRET_NAME` (text), `TODO_ENCRYPTION_SECRET_KEY` (text, `key`): the secret in the secret store whose
///   members are keys, each 32 bytes in base64, and which of them encrypts webhooks' secrets; the others decrypt.
struct NotificationSettings: Sendable {
    var channels: [Channel]
    var smtpBinding: String?
    var allowsPrivateWebhooks: Bool
    var maximumAttempts: Int
    var retention: Retention
    var encryptionSecret: (name: String, key: String)?

    init(_ reader: SettingsReader) {
        let names = reader.list(
            "TODO_NOTIFICATION_CHANNELS", default: [Channel.log.rawValue, Channel.inApp.rawValue],
            allowed: Channel.allCases.map(\.rawValue))
        channels = Channel.allCases.filter { names.contains($0.rawValue) }
        smtpBinding = reader.optional("TODO_SMTP_BINDING")
        allowsPrivateWebhooks = reader.flag("TODO_WEBHOOK_ALLOW_PRIVATE", default: false)
        maximumAttempts = reader.integer("TODO_NOTIFICATION_MAX_ATTEMPTS", default: 9, in: 1...20)
        retention = reader.retention(
            "TODO_NOTIFICATION_RETENTION_SECONDS", default: .limited(.seconds(90 * 86_400)))
        if let name = reader.optional("TODO_ENCRYPTION_SECRET_NAME") {
            encryptionSecret = (name, reader.string("TODO_ENCRYPTION_SECRET_KEY", default: "key"))
            if reader.optional("TODO_SECRET_STORE") == nil {
                reader.problem(
                    "TODO_SECRET_STORE", "is not set",
                    remedy: "name the Dapr secret store that holds the secret \(name)")
            }
        }
        if channels.contains(.email), smtpBinding == nil {
            reader.problem(
                "TODO_SMTP_BINDING", "is not set",
                remedy: "name the SMTP binding, or take email out of TODO_NOTIFICATION_CHANNELS")
        }
    }
}
