package import KubernetesModel
import PlatformPlan
package import TodoPlatformAPI

/// Everything that is wrong with one platform, found without a cluster.
package struct Validation: Sendable {
    package let platform: TodoPlatform
    package let problems: [Problem]

    /// - Parameters:
    ///   - old: the spec that this one replaces, for rules about change.
    ///   - apis: the cluster to judge by; warnings only.
    package init(_ object: KubernetesObject, replacing old: TodoPlatformSpec? = nil, apis: ServedAPIs) {
        let decoded = TodoPlatform.decode(object, replacing: old)
        platform = decoded.platform
        var problems = decoded.problems
        if !problems.contains(where: { $0.severity == .error }) {
            // What only the builder sees. It says itself where, and what to do.
            let desired = DesiredState.build(
                PlanInput(
                    platform: platform, apis: apis, image: platform.effective.image, version: platform.spec.version))
            problems += desired.warnings.map { Problem(path: "", message: $0, remedy: "", severity: .warning) }
        }
        self.problems = problems
    }

    package var errors: [Problem] { problems.filter { $0.severity == .error } }
}

/// The findings of `todoctl validate` on some manifests.
package struct ValidationReport: Sendable {
    package private(set) var lines: [String] = []
    package private(set) var hasErrors = false

    /// - Parameter isStrict: whether a warning makes a platform invalid.
    package init(_ platforms: [Manifest], apis: ServedAPIs, isStrict: Bool = false, style: TextStyle = .plain) {
        // Files may be alternatives to each other; one file is applied as a whole.
        var seen: [String: String] = [:]
        for manifest in platforms {
            let validation = Validation(manifest.object, apis: apis)
            var problems = validation.problems
            let name = validation.platform.namespacedName
            let identity = "\(manifest.source) \(name)"
            if let first = seen[identity] {
                problems.append(
                    Problem(
                        path: "metadata.name", message: "\(name) is at \(first) as well", remedy: "rename one of them"))
            }
            seen[identity] = manifest.place()
            let inOrder = problems.enumerated().sorted {
                (manifest.line(of: $0.element.path), $0.offset) < (manifest.line(of: $1.element.path), $1.offset)
            }
            for (_, problem) in inOrder { lines.append(Self.line(problem, manifest, style)) }
            if isStrict ? !problems.isEmpty : problems.contains(where: { $0.severity == .error }) {
                hasErrors = true
                continue
            }
            let warnings = problems.count
            lines.append(
                "\(manifest.place()): \(style.good("valid")): \(TodoPlatform.type.kind) \(name)"
                    + (warnings > 0 ? ", \(counted(warnings, "warning"))" : ""))
        }
    }

    private static func line(_ problem: Problem, _ manifest: Manifest, _ style: TextStyle) -> String {
        let severity = problem.severity == .error ? style.bad("error") : style.warn("warning")
        let text = [problem.path, problem.message, problem.remedy].filter { !$0.isEmpty }.joined(separator: ": ")
        return "\(manifest.place(of: problem.path)): \(severity): \(text)"
    }
}
