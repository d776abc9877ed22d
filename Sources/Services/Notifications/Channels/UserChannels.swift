import TaskDomain
import WireValues

/// Which channels a user chose, and where they lead.
struct UserChannels: Hashable, Sendable {
    struct Webhook: Hashable, Sendable {
        var isEnabled: Bool
        var url: String
        /// What signs; shown to nobody once it is stored.
        var secret: String
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

    // MARK: As it is stored

    var stored: JSON {
        var members: JSON = ["log": .bool(log), "in_app": .bool(inApp)]
        if let webhook {
            members["webhook"] = [
                "enabled": .bool(webhook.isEnabled), "url": .string(webhook.url), "secret": .string(webhook.secret),
            ]
        }
        if let email { members["email"] = ["enabled": .bool(email.isEnabled), "address": .string(email.address)] }
        return members
    }

    init() {}

    init(stored: JSON) {
        log = stored["log"]?.bool ?? true
        inApp = stored["in_app"]?.bool ?? true
        if let members = stored["webhook"], let url = members["url"]?.string, let secret = members["secret"]?.string {
            webhook = Webhook(isEnabled: members["enabled"]?.bool ?? false, url: url, secret: secret)
        }
        if let members = stored["email"], let address = members["address"]?.string {
            email = Email(isEnabled: members["enabled"]?.bool ?? false, address: address)
        }
    }

    // MARK: As its user sees it

    func json(available: [Channel]) -> JSON {
        var channels: JSON = ["log": ["enabled": .bool(log)], "in-app": ["enabled": .bool(inApp)]]
        if let webhook {
            channels["webhook"] = [
                "enabled": .bool(webhook.isEnabled), "url": .string(webhook.url), "has_secret": true,
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
