package import KubernetesModel
import PlatformPlan
import TodoPlatformAPI

/// A preview as text for people.
package struct PlanText: Sendable {
    package let lines: [String]

    package init(_ preview: PlatformPreview, of platform: NamespacedName, style: TextStyle = .plain) {
        var lines = [style.bold("\(TodoPlatform.type.kind) \(platform)"), ""]
        for change in preview.changes { lines += Self.lines(change, style) }
        if !preview.changes.isEmpty { lines.append("") }
        for note in preview.notes { lines.append("\(style.warn("Note:")) \(Redaction.scrubbed(note))") }
        let restarts = preview.changes.compactMap { change in
            change.restartedPods.map { "\(change.key.name) (\(counted($0, "pod")))" }
        }
        if !restarts.isEmpty { lines.append("\(style.bold("Restarts:")) \(restarts.joined(separator: ", "))") }
        if preview.changes.contains(where: Self.mayRestartBrokers) {
            lines.append("\(style.bold("Restarts:")) Strimzi decides whether its brokers restart, one at a time")
        }
        lines.append(Self.summary(preview.changes))
        self.lines = lines
    }

    package var text: String { lines.joined(separator: "\n") + "\n" }

    private static func summary(_ changes: [ObjectChange]) -> String {
        guard !changes.isEmpty else { return "Nothing to change." }
        func count(_ word: String, _ matches: (ObjectChange.Kind) -> Bool) -> String? {
            let count = changes.filter { matches($0.kind) }.count
            return count > 0 ? "\(count) to \(word)" : nil
        }
        let parts = [
            count("create") { $0 == .create }, count("change") { $0 == .change }, count("correct") { $0 == .correct },
            count("replace") { $0 == .replace }, count("delete") { if case .delete = $0 { true } else { false } },
        ].compactMap { $0 }
        let restarts = changes.filter { $0.restartedPods != nil }.count
        let tail = restarts > 0 ? "\(counted(restarts, "Deployment")) to restart" : "no pod restarts"
        return "Plan: \(parts.joined(separator: ", ")); \(tail)."
    }

    private static func mayRestartBrokers(_ change: ObjectChange) -> Bool {
        change.key.kind.group == "kafka.strimzi.io" && ["Kafka", "KafkaNodePool"].contains(change.key.kind.kind)
            && change.kind != .create && change.fields.contains { $0.path.hasPrefix("spec") }
    }

    private static func lines(_ change: ObjectChange, _ style: TextStyle) -> [String] {
        let name = change.key.description
        switch change.kind {
        case .create: return [style.good("+ create  \(name)")]
        case .replace: return [style.warn("± replace \(name)") + style.dim("  it failed, and is made anew")]
        case .delete(let cause): return [style.bad("- delete  \(name)") + style.dim("  \(reason(cause))")]
        case .change, .correct:
            let why = change.kind == .correct ? style.dim("  somebody else changed it") : ""
            let word = change.kind == .correct ? "correct" : "change "
            var lines = [style.warn("~ \(word) \(name)") + why]
            if let replicas = change.handedOverReplicas {
                lines.append("    ~ spec.replicas: \(replicas), from now on decided by the autoscaler")
            }
            for field in change.fields { lines += self.lines(field, style) }
            if lines.count == 1 { lines.append(style.dim("    no field; the operator notes what it wants")) }
            return lines
        }
    }

    private static func reason(_ cause: Action.DeletionCause) -> String {
        switch cause {
        case .unwanted: "the spec no longer asks for it"
        case .handBack: "the count of replicas is fixed again"
        case .platformDeleted: "the platform is being deleted"
        case .replaced: "it failed, and is made anew"
        }
    }

    private static func lines(_ field: FieldChange, _ style: TextStyle) -> [String] {
        let isHidden = Redaction.hides(field.path)
        let (old, new) = excerpts(field.old, field.new)
        func shown(_ text: String) -> String { isHidden ? Redaction.mask : text }
        switch (field.old, field.new) {
        case (nil, _): return [style.good("    + \(field.path): \(shown(new))")]
        case (_, nil): return [style.bad("    - \(field.path): \(shown(old))")]
        default:
            if old.count + new.count <= 90 {
                return [style.warn("    ~ \(field.path): ") + "\(shown(old)) → \(shown(new))"]
            }
            return [
                style.warn("    ~ \(field.path):"), style.bad("        - \(shown(old))"),
                style.good("        + \(shown(new))"),
            ]
        }
    }

    private static let longest = 300

    /// Both values as compact JSON; of long ones the part around the first difference.
    private static func excerpts(_ old: JSON?, _ new: JSON?) -> (String, String) {
        let before = Array(Redaction.scrubbed(old?.text ?? "").unicodeScalars)
        let after = Array(Redaction.scrubbed(new?.text ?? "").unicodeScalars)
        let same = zip(before, after).prefix { $0 == $1 }.count
        func excerpt(_ text: [Unicode.Scalar]) -> String {
            guard text.count > longest else { return string(text[...]) }
            let start = max(0, min(same - 40, text.count - longest))
            let end = min(text.count, start + longest)
            return (start > 0 ? "…" : "") + string(text[start..<end]) + (end < text.count ? "…" : "")
        }
        return (excerpt(before), excerpt(after))
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text).printable
    }
}
