import TaskDomain
import WireValues

/// Which channels a user chose, and where they lead.
struct UserChannels: Hashable, Sendable {
    struct Webhook: Hashable, Sendable {
        var isEnabled: Bool
        var url: String
        /// What signs; shown to nobody once it is stored. Nil when it cannot be read: its key is not here.
        var secret: String?
        /// The encrypted secret that cannot be read, as it is stored: its key may come back. Shown to nobody.
        var sealed: JSON?
    }

    struct Email: Hashable, Sendable {
        var isEnabled: Bool
        var address: String
    }

    /// The usual: what needs nothing from the user.
    var log = true
    var inApp = true
    var webhook: Webhook?
    var email: Email?

    /// Whether reminders go by `channel`.
    func uses(_ channel: Channel) -> Bool {
        switch channel {
        case .log: log
        case .inApp: inApp
        case .webhook: webhook?.isEnabled ?? false
        case .email: email?.isEnabled ?? false
        }
    }

    // MARK: As its user sees it

    func json(available: [Channel]) -> JSON {
        var channels: JSON = ["log": ["enabled": .bool(log)], "in-app": ["enabled": .bool(inApp)]]
        if let webhook {
            channels["webhook"] = [
                "enabled": .bool(webhook.isEnabled), "url": .string(webhook.url),
                "has_secret": .bool(webhook.secret != nil),
            ]
        } else {
            channels["webhook"] = ["enabled": false, "url": .null, "has_secret": false]
        }
        channels["email"] = [
            "enabled": .bool(email?.isEnabled ?? false), "address": email.map { .string($0.address) } ?? .null,
        ]
        return ["channels": channels, "available": JSON(available.map(\.rawValue))]
    }
}
