package import ServiceKit

/// How long entries are kept.
package enum AuditRetention: Hashable, Sendable {
    case forever
    case limited(Duration)

    /// `TODO_AUDIT_RETENTION_SECONDS` (number of seconds from a day to 100 years, or `forever`; default `forever`).
    package init(_ settings: SettingsReader) {
        let name = "TODO_AUDIT_RETENTION_SECONDS"
        switch settings.optional(name) {
        case nil, "forever": self = .forever
        case let text?:
            guard let seconds = Int64(text), (86_400...3_155_760_000).contains(seconds) else {
                settings.problem(
                    name, "is '\(text)'", remedy: "give a number of seconds from 86400 to 3155760000, or 'forever'")
                self = .forever
                return
            }
            self = .limited(.seconds(seconds))
        }
    }
}
