import WireValues

/// A user's channels as their row holds them.
extension UserChannels {
    /// - Parameter vault: encrypts the webhook's secret; without one it stands in the row as it is.
    func stored(of user: String, _ vault: SecretVault?) throws -> JSON {
        var members: JSON = ["log": .bool(log), "in_app": .bool(inApp)]
        if let webhook {
            var stored: JSON = ["enabled": .bool(webhook.isEnabled), "url": .string(webhook.url)]
            if let secret = webhook.secret {
                if let vault {
                    stored["sealed"] = try vault.sealed(secret, of: user)
                } else {
                    stored["secret"] = .string(secret)
                }
            } else if let sealed = webhook.sealed {
                stored["sealed"] = sealed
            }
            members["webhook"] = stored
        }
        if let email { members["email"] = ["enabled": .bool(email.isEnabled), "address": .string(email.address)] }
        return members
    }

    init(stored: JSON, of user: String, _ vault: SecretVault?) {
        self.init()
        log = stored["log"]?.bool ?? true
        inApp = stored["in_app"]?.bool ?? true
        if let members = stored["webhook"], let url = members["url"]?.string {
            let secret = members["secret"]?.string ?? members["sealed"].flatMap { vault?.opened($0, of: user) }
            webhook = Webhook(
                isEnabled: members["enabled"]?.bool ?? false, url: url, secret: secret,
                sealed: secret == nil ? members["sealed"] : nil)
        }
        if let members = stored["email"], let address = members["address"]?.string {
            email = Email(isEnabled: members["enabled"]?.bool ?? false, address: address)
        }
    }

    /// Whether the secret in `stored` is in the clear, or encrypted with another key than new ones are.
    static func needsSealing(_ stored: JSON, _ vault: SecretVault) -> Bool {
        guard let webhook = stored["webhook"] else { return false }
        return webhook["secret"] != nil || webhook["sealed"].map { $0["key"]?.string != vault.current } ?? false
    }
}
