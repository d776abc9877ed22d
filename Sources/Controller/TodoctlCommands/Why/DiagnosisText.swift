package import KubernetesModel
import TodoPlatformAPI

/// A diagnosis as text for people.
package struct DiagnosisText: Sendable {
    package let lines: [String]

    package init(_ diagnosis: Diagnosis, now: Timestamp, style: TextStyle = .plain) {
        let report = diagnosis.report
        let name = style.bold("\(TodoPlatform.type.kind) \(report.name)")
        var lines: [String] = []
        if report.isReady {
            lines.append("\(name) is \(style.good("ready")).")
            for condition in report.conditions where condition.status != .isTrue {
                lines.append("  \(Self.text(condition))")
            }
        } else {
            let reason = report.ready.map { $0.isTrue ? "" : ": \($0.reason)" } ?? ""
            lines.append("\(name) is \(style.bad("not ready"))\(Self.safe(reason))")
            if let staleness = report.staleness {
                lines.append("  \(staleness)")
            } else if let message = report.ready?.message, !message.isEmpty {
                lines.append("  \(Self.safe(message))")
            }
            if let part = report.blockedBy, part != report.ready?.message,
                !part.hasSuffix(report.ready?.message ?? part)
            {
                lines.append("  \(Self.safe(part))")
            }
            lines += Self.events(diagnosis.events, now, style)
        }
        if let blocker = diagnosis.blocker {
            lines.append("")
            lines.append("\(style.bold("Blocked by \(blocker.key)")): \(Self.safe(blocker.text))")
            lines += blocker.conditions.map { "  \(Self.text($0))" }
            lines += blocker.pods.map { "  Pod \($0.pod) \(Self.safe($0.text))" }
            lines += Self.events(blocker.events, now, style)
        }
        if !diagnosis.notes.isEmpty { lines.append("") }
        lines += diagnosis.notes.map { "\(style.warn("Note:")) \(Self.safe($0))" }
        if !diagnosis.remedy.isEmpty {
            lines.append("")
            lines.append("\(style.bold("Remedy:")) \(diagnosis.remedy)")
        }
        self.lines = lines
    }

    package var text: String { lines.joined(separator: "\n") + "\n" }

    private static let longest = 400

    /// A stranger's text: no secrets, no control characters, not too long.
    private static func safe(_ text: String) -> String {
        let text = Redaction.scrubbed(text).printable
        return text.count > longest ? text.prefix(longest) + "…" : text
    }

    private static func text(_ condition: Condition) -> String {
        let reason = condition.reason.isEmpty ? "" : "  \(safe(condition.reason))"
        return "\(condition.type)=\(condition.status.rawValue)\(reason)"
            + (condition.message.isEmpty ? "" : ": \(safe(condition.message))")
    }

    private static func events(_ events: [EventLine], _ now: Timestamp, _ style: TextStyle) -> [String] {
        guard !events.isEmpty else { return [] }
        return [style.dim("  Events")]
            + events.map { event in
                let age = Age.text(since: event.time, now: now)
                let type = event.isWarning ? style.warn("Warning") : "Normal "
                let times = event.count > 1 ? " (\(event.count) times)" : ""
                return "    \(age.padded(to: 4)) \(type)  \(safe(event.reason)): \(safe(event.note))\(times)"
            }
    }
}
