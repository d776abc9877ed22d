import KubernetesModel
import TodoPlatformAPI

/// A status report as a tree for people.
package struct StatusTree: Sendable {
    package let lines: [String]

    package init(_ report: StatusReport, style: TextStyle = .plain) {
        let painter = Painter(style: style)
        var branches: [Branch] = []
        if let staleness = report.staleness { branches.append(Branch(style.warn(staleness))) }
        if !report.conditions.isEmpty {
            branches.append(Branch("Conditions", report.conditions.map(painter.line)))
        }
        if !report.services.isEmpty {
            let ready = report.services.filter {
                $0.state == .ready || $0.state == .disabled || $0.state == .rolledBack
            }
            let width = report.services.map(\.name.count).max() ?? 0
            branches.append(
                Branch(
                    "Services \(ready.count)/\(report.services.count)", report.services.map { painter.line($0, width) })
            )
        }
        if !report.topics.isEmpty {
            let unready = report.topics.filter { !$0.ready }
            // Topics that are well are many and say nothing.
            branches.append(
                Branch(
                    "Topics \(report.topics.count - unready.count)/\(report.topics.count)", unready.map(painter.line)))
        }
        if let resources = report.resources { branches.append(Branch(painter.line(resources))) }
        if let blocker = report.blockedBy, !blocker.isEmpty {
            branches.append(Branch("\(style.bad("Blocked by")) \(Redaction.scrubbed(blocker).printable)"))
        }
        lines = [painter.heading(report)] + Self.drawn(branches)
    }

    package var text: String { lines.joined(separator: "\n") + "\n" }

    private struct Branch {
        let title: String
        let leaves: [String]

        init(_ title: String, _ leaves: [String] = []) {
            self.title = title
            self.leaves = leaves
        }
    }

    private static func drawn(_ branches: [Branch]) -> [String] {
        var lines: [String] = []
        for (index, branch) in branches.enumerated() {
            let isLast = index == branches.count - 1
            lines.append((isLast ? "└─ " : "├─ ") + branch.title)
            for (place, leaf) in branch.leaves.enumerated() {
                lines.append((isLast ? "   " : "│  ") + (place == branch.leaves.count - 1 ? "└─ " : "├─ ") + leaf)
            }
        }
        return lines
    }
}

/// Writes the single lines of the tree.
private struct Painter {
    let style: TextStyle

    func heading(_ report: StatusReport) -> String {
        let state: String
        if report.isDeleting {
            state = style.warn("Deleting")
        } else if report.isReady {
            state = style.good("Ready")
        } else {
            let reason = report.ready.map { $0.isTrue ? "Outdated" : $0.reason } ?? "Unknown"
            state = style.bad("Not ready: \(reason.printable)")
        }
        var parts = [style.bold("\(TodoPlatform.type.kind) \(report.name)"), state, "version \(report.version)"]
        if let url = report.url { parts.append(url) }
        if !report.age.isEmpty { parts.append(style.dim("\(report.age) old")) }
        return parts.joined(separator: "  ")
    }

    func line(_ condition: Condition) -> String {
        // Of these, True is the bad news.
        let isAlarm = condition.type == "Paused" || condition.type == "DeletionBlocked"
        let mark =
            switch condition.status {
            case .isTrue: isAlarm ? style.warn("!") : style.good("✔")
            case .isFalse: style.bad("✘")
            case .unknown: style.warn("?")
            }
        let text = "\(mark) \(condition.type.padded(to: 16))  \(condition.reason)"
        return condition.isTrue && !isAlarm ? text : text + detail(condition.message)
    }

    func line(_ service: ServiceStatus, _ width: Int) -> String {
        let mark: String
        switch service.state {
        case .ready: mark = style.good("✔")
        case .disabled: mark = style.dim("-")
        case .failed: mark = style.bad("✘")
        case .pending, .progressing, .rolledBack: mark = style.warn("…")
        }
        return
            "\(mark) \(service.name.padded(to: width))  \(service.ready)/\(service.desired)  \(service.state.rawValue)"
            + detail(service.message ?? "")
    }

    func line(_ topic: TopicStatus) -> String { "\(style.bad("✘")) \(topic.name)\(detail(topic.message ?? ""))" }

    func line(_ resources: ResourcesStatus) -> String {
        func amounts(_ amounts: ResourceAmounts) -> [String] {
            [amounts.cpu.map { "cpu \($0)" }, amounts.memory.map { "memory \($0)" }].compactMap { $0 }
        }
        let asked = amounts(resources.requests).joined(separator: ", ")
        let budget = amounts(resources.budget).joined(separator: ", ")
        let text = "Resources \(asked)" + (budget.isEmpty ? "" : " of \(budget)")
        return resources.withinBudget ? text : text + "  " + style.bad("over budget")
    }

    private func detail(_ message: String) -> String {
        message.isEmpty ? "" : "  \(style.dim(Redaction.scrubbed(message).printable))"
    }
}
