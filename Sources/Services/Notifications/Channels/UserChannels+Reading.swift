import TaskDomain
import WireValues

extension UserChannels {
    static let maximumURLCharacters = 2_048
    static let secretCharacters = 16...128

    /// Reads settings as a user sends them. A channel that is left out is off.
    ///
    /// - Parameters:
    ///   - old: what holds now; the webhook keeps its secret unless another is sent.
    ///   - newSecret: makes one where there is none.
    /// - Returns: the settings, and the secret if it was made here, to be shown this once.
    /// - Throws: `FieldProblems` with everything that is not acceptable.
    static func reading(
        _ json: JSON, old: UserChannels, available: [Channel], allowsPrivateWebhooks: Bool, newSecret: () -> String
    ) throws(FieldProblems) -> (channels: UserChannels, newSecret: String?) {
        var problems: [FieldProblem] = []
        guard let members = json.object else {
            throw FieldProblems([FieldProblem("wrong_type", "", "must be an object with the member channels")])
        }
        for key in members.keys where !["channels", "available"].contains(key) {
            problems.append(FieldProblem("unknown_field", "/\(pointer(key))", "is not known here; known is channels"))
        }
        guard let channels = members["channels"]?.object else {
            problems.append(FieldProblem("wrong_type", "/channels", "must be an object with a member for each channel"))
            throw FieldProblems(problems)
        }
        var result = UserChannels()
        result.log = false
        result.inApp = false
        var made: String?
        for (name, value) in channels {
            let path = "/channels/\(pointer(name))"
            guard let channel = Channel(rawValue: name) else {
                let known = Channel.allCases.map(\.rawValue).joined(separator: ", ")
                problems.append(FieldProblem("unknown_field", path, "is no channel; known are \(known)"))
                continue
            }
            guard let fields = value.object else {
                problems.append(FieldProblem("wrong_type", path, "must be an object such as {\"enabled\": true}"))
                continue
            }
            guard let isEnabled = fields["enabled"]?.bool else {
                problems.append(FieldProblem("wrong_type", path + "/enabled", "must be true or false"))
                continue
            }
            for key in fields.keys where !channel.fields.contains(key) {
                problems.append(
                    FieldProblem(
                        "unknown_field", "\(path)/\(pointer(key))",
                        "is not known here; known are \(channel.fields.joined(separator: ", "))"))
            }
            if let known = fields["has_secret"], known.bool == nil {
                problems.append(FieldProblem("wrong_type", path + "/has_secret", "must be true or false"))
            }
            if isEnabled, !available.contains(channel) {
                problems.append(
                    FieldProblem("not_available", path + "/enabled", "this platform does not offer \(name)"))
            }
            switch channel {
            case .log: result.log = isEnabled
            case .inApp: result.inApp = isEnabled
            case .webhook:
                result.webhook = webhook(
                    fields, isEnabled: isEnabled, path: path, old: old.webhook,
                    allowsPrivate: allowsPrivateWebhooks, made: &made, newSecret: newSecret, &problems)
            case .email: result.email = email(fields, isEnabled: isEnabled, path: path, &problems)
            }
        }
        guard problems.isEmpty else { throw FieldProblems(problems) }
        return (result, made)
    }

    private static func webhook(
        _ fields: JSONObject, isEnabled: Bool, path: String, old: Webhook?, allowsPrivate: Bool, made: inout String?,
        newSecret: () -> String, _ problems: inout [FieldProblem]
    ) -> Webhook? {
        guard let value = fields["url"], !value.isNull else {
            if isEnabled { problems.append(FieldProblem("required", path + "/url", "a webhook needs an address")) }
            return nil
        }
        guard let text = value.string, text.count <= maximumURLCharacters,
            let url = WebhookURL(text, allowsHTTP: allowsPrivate)
        else {
            problems.append(
                FieldProblem(
                    "invalid_url", path + "/url",
                    "must be an https URL without user and fragment, of at most \(maximumURLCharacters) characters"))
            return nil
        }
        let secret: String
        switch fields["secret"] {
        case nil, .null?:
            if let old, old.url == url.text, old.secret != nil || old.sealed != nil {
                // Also one that cannot be read: what its receiver knows stays right if the key comes back.
                return Webhook(isEnabled: isEnabled, url: url.text, secret: old.secret, sealed: old.sealed)
            } else {
                // Another address is another receiver: it does not inherit what the last one knows.
                secret = newSecret()
                made = secret
            }
        case .string(let given)?
        where secretCharacters.contains(given.count)
            && given.unicodeScalars.allSatisfy({ (0x21...0x7E).contains($0.value) }):
            secret = given
        default:
            problems.append(
                FieldProblem(
                    "invalid_secret", path + "/secret",
                    "must be \(secretCharacters.lowerBound) to \(secretCharacters.upperBound) printable ASCII characters, or be left out to have one made"
                ))
            return nil
        }
        return Webhook(isEnabled: isEnabled, url: url.text, secret: secret)
    }

    private static func email(
        _ fields: JSONObject, isEnabled: Bool, path: String, _ problems: inout [FieldProblem]
    ) -> Email? {
        guard let value = fields["address"], !value.isNull else {
            if isEnabled { problems.append(FieldProblem("required", path + "/address", "mail needs an address")) }
            return nil
        }
        guard let address = value.string, isAddress(address) else {
            problems.append(FieldProblem("invalid_address", path + "/address", "must be one mail address: name@host"))
            return nil
        }
        return Email(isEnabled: isEnabled, address: address)
    }

    /// One address and nothing else: no list, no name, nothing that could begin a header of its own.
    static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard text.utf8.count <= 254, parts.count == 2, (1...64).contains(parts[0].utf8.count), parts[1].contains("."),
            !parts[1].hasPrefix("."), !parts[1].hasSuffix("."), !parts[1].contains(".."),
            !parts[0].hasPrefix("."), !parts[0].hasSuffix(".")
        else { return false }
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-".utf8)
        return parts[1].utf8.allSatisfy(allowed.contains)
            && parts[0].utf8.allSatisfy { allowed.contains($0) || "!#$%&'*+/=?^_`{|}~".utf8.contains($0) }
    }

    /// A member's name within a JSON pointer (RFC 6901).
    private static func pointer(_ name: String) -> String {
        name.reduce(into: "") { $0 += $1 == "~" ? "~0" : $1 == "/" ? "~1" : String($1) }
    }
}
