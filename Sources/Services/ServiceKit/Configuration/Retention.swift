package import WireValues

/// How long something is kept.
package enum Retention: Hashable, Sendable {
    case forever
    case limited(Duration)

    /// What is older than this may go; nil: nothing may.
    package func limit(at now: Timestamp) -> Timestamp? {
        switch self {
        case .forever: nil
        case .limited(let span): now.advanced(by: .zero - span)
        }
    }
}

extension SettingsReader {
    /// A number of seconds from a day to 100 years, or `forever`.
    package func retention(_ name: String, default fallback: Retention) -> Retention {
        guard let text = optional(name) else { return fallback }
        if text == "forever" { return .forever }
        guard let seconds = Int64(text), (86_400...3_155_760_000).contains(seconds) else {
            problem(name, "is '\(text)'", remedy: "give a number of seconds from 86400 to 3155760000, or 'forever'")
            return fallback
        }
        return .limited(.seconds(seconds))
    }
}
