import Synchronization

/// Reads settings from the environment, once, and gathers everything that is wrong with them, so that a service that is
/// refused is refused once.
///
/// Nothing is thrown while reading: a setting that is wrong reads as its default, and `problems` tells of it. A variable
/// that is empty counts as not set. No value that could be a secret is ever repeated.
package final class SettingsReader: Sendable {
    private let environment: [String: String]
    private let found = Mutex<[SettingProblem]>([])

    package init(environment: [String: String]) { self.environment = environment }

    /// What is wrong, in the order of the names.
    package var problems: [SettingProblem] {
        found.withLock { Set($0) }.sorted { ($0.name, $0.what) < ($1.name, $1.what) }
    }

    package func problem(_ name: String, _ what: String, remedy: String) {
        found.withLock { $0.append(SettingProblem(name: name, what: what, remedy: remedy)) }
    }

    /// The value, or nil when it is not set.
    package func optional(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// The value; without a default it must be set.
    package func string(_ name: String, default fallback: String? = nil) -> String {
        if let value = optional(name) ?? fallback { return value }
        problem(name, "is not set", remedy: "set it; the operator does so for the services that it deploys")
        return ""
    }

    package func integer(_ name: String, default fallback: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = optional(name) else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            problem(
                name, "is no integer from \(range.lowerBound) to \(range.upperBound)",
                remedy: "set one, or leave it out for \(fallback)")
            return fallback
        }
        return value
    }

    /// A time in whole seconds.
    package func seconds(_ name: String, default fallback: Duration, in range: ClosedRange<Duration>) -> Duration {
        let bounds = Int(range.lowerBound.components.seconds)...Int(range.upperBound.components.seconds)
        return .seconds(integer(name, default: Int(fallback.components.seconds), in: bounds))
    }

    /// `true` or `false`.
    package func flag(_ name: String, default fallback: Bool) -> Bool {
        switch optional(name) {
        case nil: return fallback
        case "true": return true
        case "false": return false
        default:
            problem(name, "is neither true nor false", remedy: "set one of them, or leave it out for \(fallback)")
            return fallback
        }
    }

    /// Texts between commas; of a closed set if `allowed` is given.
    package func list(_ name: String, default fallback: [String], allowed: [String]? = nil) -> [String] {
        guard let text = optional(name) else { return fallback }
        let items = text.split(separator: ",").map { $0.trimmingSpaces }.filter { !$0.isEmpty }
        if let allowed, let unknown = items.first(where: { !allowed.contains($0) }) {
            problem(
                name, "names \(unknown), which is not known", remedy: "use some of \(allowed.joined(separator: ", "))")
            return fallback
        }
        return items
    }

    /// One of a closed set.
    package func choice(_ name: String, default fallback: String, of allowed: [String]) -> String {
        guard let text = optional(name) else { return fallback }
        guard allowed.contains(text) else {
            problem(name, "is not known", remedy: "set one of \(allowed.joined(separator: ", "))")
            return fallback
        }
        return text
    }
}

/// One thing that is wrong with the settings.
package struct SettingProblem: Hashable, Sendable, CustomStringConvertible {
    /// The variable, or `secret NAME` for what comes from the secret store.
    package let name: String
    package let what: String
    package let remedy: String

    package var description: String { "\(name) \(what): \(remedy)" }
}

/// Why a service does not start: everything that is wrong.
package struct SettingsRefused: Error, Sendable, CustomStringConvertible {
    package let problems: [SettingProblem]

    package var description: String {
        "the service cannot start, \(problems.count == 1 ? "one setting is" : "\(problems.count) settings are") wrong:\n"
            + problems.map { "  - \($0)" }.joined(separator: "\n")
    }
}

extension Substring {
    var trimmingSpaces: String {
        var rest = self
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}
