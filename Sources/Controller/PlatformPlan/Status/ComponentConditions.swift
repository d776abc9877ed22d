import KubernetesModel

/// The conditions that report one part of the platform each.
enum ComponentCondition: String, CaseIterable {
    case messaging = "MessagingReady"
    case dapr = "DaprReady"
    case database = "DatabaseReady"
    case workloads = "WorkloadsReady"
    case autoscaling = "AutoscalingReady"
    case exposure = "ExposureReady"
    case monitoring = "MonitoringReady"

    var stages: Set<Stage> {
        switch self {
        case .messaging: [.messaging]
        case .dapr: [.components]
        case .database: [.migration]
        case .workloads: [.foundation, .workloads]
        case .autoscaling: [.autoscaling]
        case .exposure: [.exposure]
        case .monitoring: [.monitoring]
        }
    }

    var systems: Set<MissingSystem.System> {
        switch self {
        case .messaging: [.strimzi]
        case .dapr: [.dapr]
        case .database, .workloads: []
        case .autoscaling: [.keda]
        case .exposure: [.gatewayAPI, .certManager]
        case .monitoring: [.prometheusOperator]
        }
    }
}

/// The state of one part: a status word for its condition.
struct ComponentState {
    var status: Condition.Status
    var reason: Reason
    var message: String
    /// Whether somebody has to do something before it can go on.
    var needsHelp = false
}

extension StatusComposer {
    /// Judges one part from what is missing, what was refused and how ready its objects are.
    func state(of component: ComponentCondition) -> ComponentState {
        let missing = situation.missing.filter { component.systems.contains($0.system) }
        if let first = missing.first {
            return ComponentState(
                status: first.isBlocking ? .isFalse : .unknown, reason: .dependencyMissing,
                message: missing.map(\.message).joined(separator: " "), needsHelp: first.isBlocking)
        }
        if component == .messaging, let problem = situation.kafkaProblem { return Self.state(for: problem) }
        if component == .database, !situation.forbiddenSecrets.isEmpty {
            return ComponentState(
                status: .isFalse, reason: .forbidden, message: Self.describe(forbidden: situation.forbiddenSecrets),
                needsHelp: true)
        }
        if component == .database, !situation.missingSecrets.isEmpty {
            return ComponentState(
                status: .isFalse, reason: .secretMissing,
                message: Self.describe(missing: situation.missingSecrets), needsHelp: true)
        }
        if component == .dapr, let secret = situation.awaitedSecret, situation.missingSecrets.isEmpty {
            return ComponentState(
                status: .isFalse, reason: .progressing, message: "Waits for Secret \(secret.key.secret.name).")
        }
        let entries = memory.entries.filter { component.stages.contains($0.stage) }
        if entries.isEmpty {
            return ComponentState(status: .isTrue, reason: .notRequested, message: "The spec asks for nothing here.")
        }
        for entry in entries {
            if let failure = memory.children[entry.key]?.failure {
                let reason = Self.reason(for: failure)
                return ComponentState(
                    status: .isFalse, reason: reason, message: failure.message, needsHelp: reason != .writeFailed)
            }
        }
        if let key = entries.first(where: { situation.contested.contains($0.key) })?.key {
            return ComponentState(
                status: .isFalse, reason: .contested,
                message: "Somebody else keeps changing fields of \(key) that the operator sets; corrections are "
                    + "suspended for a minute. Find the other writer in the object's managedFields.",
                needsHelp: true)
        }
        var waiting: [String] = []
        for entry in entries {
            switch memory.children[entry.key]?.readiness ?? .progressing("is not made yet") {
            case .ready: continue
            case .progressing(let text): waiting.append("\(entry.key.kind.kind) \(entry.key.name) \(text)")
            case .failed(let reason, let text) where entry.key.kind.kind == "HorizontalPodAutoscaler":
                let lacksMetrics = reason.hasPrefix("FailedGet") && reason.hasSuffix("Metric")
                let hint =
                    lacksMetrics
                    ? " Until it has numbers the replicas stay as they are; if that lasts, see whether metrics-server runs."
                    : ""
                return ComponentState(
                    status: .isFalse, reason: lacksMetrics ? .metricsUnavailable : .componentFailed,
                    message: "HorizontalPodAutoscaler \(entry.key.name) does not scale (\(reason)): \(text)\(hint)",
                    needsHelp: true)
            case .failed(let reason, let text):
                let failed: Reason =
                    entry.stage == .migration
                    ? .migrationFailed
                    : entry.key.kind.kind == "Deployment" ? .rolloutFailed : .componentFailed
                let hint =
                    entry.stage == .migration
                    ? " Read its log, correct the cause, then delete the Job: it is made anew." : ""
                return ComponentState(
                    status: .isFalse, reason: failed,
                    message: "\(entry.key.kind.kind) \(entry.key.name) failed (\(reason)): \(text)\(hint)",
                    needsHelp: true)
            }
        }
        if waiting.isEmpty {
            return ComponentState(
                status: .isTrue, reason: .ready,
                message: entries.count == 1
                    ? "One object, as it should be." : "\(entries.count) objects, all as they should be.")
        }
        let more = waiting.count > 3 ? " and \(waiting.count - 3) more" : ""
        return ComponentState(
            status: .isFalse, reason: .progressing, message: waiting.prefix(3).joined(separator: "; ") + more + ".")
    }

    /// One sentence for each value, with everything that it is for.
    static func describe(missing uses: [SecretUse]) -> String {
        var purposes: [SecretKey: [String]] = [:]
        for use in uses {
            purposes[use.key, default: []].append(use.field.isEmpty ? use.purpose : "\(use.purpose) (\(use.field))")
        }
        return purposes.sorted { $0.key < $1.key }.map { key, purposes in
            "Secret \(key.secret.name) with key \(key.key) is missing: it holds the "
                + "\(purposes.joined(separator: " and the ")). Create it in namespace \(key.secret.namespace)."
        }.joined(separator: " ")
    }

    /// One sentence for each Secret, with the rule that is missing.
    static func describe(forbidden uses: [SecretUse]) -> String {
        var purposes: [NamespacedName: [String]] = [:]
        for use in uses {
            let purpose = use.field.isEmpty ? use.purpose : "\(use.purpose) (\(use.field))"
            if purposes[use.key.secret]?.contains(purpose) == true { continue }
            purposes[use.key.secret, default: []].append(purpose)
        }
        return purposes.sorted { $0.key < $1.key }.map { secret, purposes in
            "The operator may not read Secret \(secret.name), which holds the \(purposes.joined(separator: " and the ")). "
                + "It needs the verbs get and watch on secrets in namespace \(secret.namespace): see config/rbac."
        }.joined(separator: " ")
    }

    static func state(for problem: KafkaProblem) -> ComponentState {
        let reason: Reason =
            switch problem {
            case .missing: .dependencyMissing
            case .forbidden: .forbidden
            case .noListener(_, _, let present): present.isEmpty ? .progressing : .componentFailed
            }
        return ComponentState(
            status: .isFalse, reason: reason, message: problem.message, needsHelp: reason != .progressing)
    }

    static func reason(for failure: PlanMemory.Failure) -> Reason {
        switch failure.code {
        case .forbidden: .forbidden
        case .alreadyExists: .nameTaken
        case .invalid: .writeRefused
        case .notFound, .conflict, .expired, .throttled, .unavailable, .transport, .undecodable, .unauthorized,
            .configuration:
            .writeFailed
        }
    }
}
