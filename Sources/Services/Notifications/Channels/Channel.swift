/// The ways in which a reminder reaches somebody, by the words of settings and resources.
package enum Channel: String, CaseIterable, Hashable, Sendable {
    /// A line in the service's log.
    case log
    /// An event for the user's open clients.
    case inApp = "in-app"
    /// A signed request to an address of the user's.
    case webhook
    case email

    /// Whether it is delivered with the notification itself, in its transaction, and so cannot fail by itself.
    var isImmediate: Bool { self == .log || self == .inApp }

    /// What a user's settings can say of it. `has_secret` says nothing, but is in the answers that people send back.
    var fields: [String] {
        switch self {
        case .log, .inApp: ["enabled"]
        case .webhook: ["enabled", "url", "secret", "has_secret"]
        case .email: ["enabled", "address"]
        }
    }
}
