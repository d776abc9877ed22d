import KubernetesModel
import TodoPlatformAPI

/// Puts a step's findings into the resource's status. Pure: the same findings and the same old status give the same
/// new one, byte for byte.
struct StatusComposer {
    let platform: PlatformResource
    let observation: Observation
    let situation: Situation
    let memory: PlanMemory
    /// The Deployments of the services, each decoded once, as far as the status tells of them.
    private let deployments: [ObjectKey: KubernetesObject]

    init(platform: PlatformResource, observation: Observation, situation: Situation, memory: PlanMemory) {
        self.platform = platform
        self.observation = observation
        self.situation = situation
        self.memory = memory
        let keys = (memory.desired?.services ?? []).map(\.deployment)
        deployments = Dictionary(
            uniqueKeysWithValues: keys.compactMap { key in
                observation.children[key].map { (key, $0.decoded(skipping: Self.untold)) }
            })
    }

    /// Most of a Deployment's text.
    private static let untold: [StaticString] = [
        "metadata", "env", "resources", "securityContext", "livenessProbe", "readinessProbe", "startupProbe", "volumes",
        "volumeMounts", "topologySpreadConstraints",
    ]

    /// How many corrections the status remembers.
    static let driftLimit = 10

    /// The complete status, with transition times carried over from the present one.
    func compose() -> JSON {
        let summary = summarise()
        var status: JSON = [:]
        status["observedGeneration"] = JSON(platform.generation)
        status["conditions"] = .array(conditions(summary).map(\.json))
        guard let desired = memory.desired, situation.phase == .active || situation.phase == .paused else {
            // Nothing new is known of the children: keep what was said.
            for (key, value) in platform.object.status?.object ?? JSONObject() where status[key] == nil {
                status[key] = value
            }
            return status
        }
        let ready = desired.services.filter { serviceIsReady($0) }.count
        status["summary"] = JSON("\(ready)/\(desired.services.count)")
        if let url = desired.url { status["url"] = JSON(url) }
        status["version"] = versionStatus()
        if let api = desired.services.first(where: { $0.name == "api" }) {
            status["replicas"] = JSON(replicas(of: api).total)
            status["selector"] = JSON(selector(of: api))
        }
        status["services"] = .array(desired.services.map(serviceLine))
        status["topics"] = .array(desired.topics.map(topicLine))
        status["resources"] = resources(desired.resources)
        if let job = completedMigration(desired) { status["migration"] = ["job": .string(job)] }
        if let id = kafkaIdentity(desired) { status["kafka"] = ["clusterId": .string(id)] }
        let drift = memory.unreportedDrift + (platform.object.status?["drift"]?.array ?? [])
        if !drift.isEmpty { status["drift"] = .array(Array(drift.prefix(Self.driftLimit))) }
        return status
    }

    /// The migration that ran last. It stays until another one has run, or migrations are switched off.
    private func completedMigration(_ desired: DesiredState) -> String? {
        if let job = desired.migrationJob, memory.children[job]?.readiness.isReady == true { return job.name }
        guard desired.migrationJob != nil || situation.rollout.isRolledBack else { return nil }
        return platform.completedMigration
    }

    /// The identity on the brokers' volumes; kept from the last status while Kafka is away, for that is when it is
    /// needed.
    private func kafkaIdentity(_ desired: DesiredState) -> String? {
        desired.kafka.flatMap { observation.children[$0]?.decoded().status?["clusterId"]?.string }
            ?? platform.object.status?["kafka"]?["clusterId"]?.string
    }

    // MARK: - Conditions

    private struct Summary {
        var ready: Bool
        var reason: Reason
        var message: String
        var isStalled: Bool
        var isReconciling: Bool
    }

    private func summarise() -> Summary {
        switch situation.phase {
        case .invalid:
            return Summary(
                ready: false, reason: .invalidSpec, message: situation.problems.joined(separator: " "),
                isStalled: true, isReconciling: false)
        case .deleting:
            return Summary(
                ready: false, reason: .deleting, message: deletionMessage, isStalled: false, isReconciling: true)
        case .active, .paused: break
        }
        let states = ComponentCondition.allCases.map { ($0, state(of: $0)) }
        let optional: Set<ComponentCondition> = [.autoscaling, .monitoring]
        if let (_, state) = states.first(where: { $0.1.needsHelp && !optional.contains($0.0) }) {
            return Summary(
                ready: false, reason: state.reason, message: state.message, isStalled: true, isReconciling: false)
        }
        if situation.rollout.isRolledBack, let failed = situation.rollout.failed {
            return Summary(
                ready: false, reason: .rolledBack, message: rolledBackMessage(failed), isStalled: true,
                isReconciling: false)
        }
        if let (_, state) = states.first(where: { $0.1.reason == .writeFailed }) {
            return Summary(
                ready: false, reason: state.reason, message: state.message, isStalled: false, isReconciling: true)
        }
        if let (component, state) = states.first(where: { $0.1.status != .isTrue && !optional.contains($0.0) }),
            state.reason != .dependencyMissing
        {
            let reason: Reason =
                switch component {
                case .messaging: .waitingForMessaging
                case .dapr: .waitingForComponents
                case .database: .migrating
                case .workloads: .rollingOut
                case .exposure: .waitingForExposure
                case .autoscaling, .monitoring: .applying
                }
            return Summary(
                ready: false, reason: reason, message: state.message, isStalled: false, isReconciling: true)
        }
        let isApplying = !situation.withheld.isEmpty
        return Summary(
            ready: !isApplying, reason: isApplying ? .applying : .reconciled,
            message: isApplying ? "Objects are still to be made." : "All parts are as the spec asks.",
            isStalled: false, isReconciling: isApplying)
    }

    private func conditions(_ summary: Summary) -> [Condition] {
        var list: [Condition] = []
        func add(_ type: String, _ status: Condition.Status, _ reason: Reason, _ message: String) {
            list.append(
                Condition(
                    type: type, status: status, reason: reason.rawValue, message: String(message.prefix(2048)),
                    observedGeneration: platform.generation))
        }
        add("Ready", summary.ready ? .isTrue : .isFalse, summary.reason, summary.message)
        // The two names that kstatus looks for; they are there only while they hold.
        if summary.isReconciling { add("Reconciling", .isTrue, summary.reason, summary.message) }
        if summary.isStalled { add("Stalled", .isTrue, summary.reason, summary.message) }
        add(
            "Progressing", summary.isReconciling ? .isTrue : .isFalse, summary.isReconciling ? summary.reason : .idle,
            summary.isReconciling ? summary.message : "")
        let isDegraded = summary.isStalled || summary.reason == .writeFailed
        add(
            "Degraded", isDegraded ? .isTrue : .isFalse, isDegraded ? summary.reason : .healthy,
            isDegraded ? summary.message : "")
        if situation.phase == .paused {
            let end = situation.pausedUntil.map { " until \($0.rfc3339)" } ?? " until spec.maintenance.paused is false"
            add("Paused", .isTrue, .paused, "Nothing is written\(end). \(platform.maintenanceReason)".trimmed)
        }
        switch situation.phase {
        case .active, .paused:
            for component in ComponentCondition.allCases {
                let state = state(of: component)
                add(component.rawValue, state.status, state.reason, state.message)
            }
        case .invalid, .deleting:
            // Not looked at now: say so on the first visit, keep the last finding afterwards.
            for component in ComponentCondition.allCases {
                if let known = platform.object.condition(component.rawValue) {
                    list.append(known)
                } else {
                    add(component.rawValue, .unknown, summary.reason, "")
                }
            }
        }
        if situation.isDeletionProtected {
            add("DeletionBlocked", .isTrue, .deletionProtected, deletionMessage)
        } else if !situation.deletionBlockers.isEmpty {
            add("DeletionBlocked", .isTrue, .deletionBlocked, deletionMessage)
        }
        return list.map(carryTransition)
    }

    /// `lastTransitionTime` changes only when the status word does.
    private func carryTransition(_ condition: Condition) -> Condition {
        var condition = condition
        if let old = platform.object.condition(condition.type), old.status == condition.status,
            let time = old.lastTransitionTime
        {
            condition.lastTransitionTime = time
        } else {
            condition.lastTransitionTime = observation.now.rfc3339
        }
        return condition
    }

    private var deletionMessage: String {
        if situation.isDeletionProtected {
            return "The platform is protected from deletion: set spec.deletion.protection to false to let it go."
        }
        guard let first = situation.deletionBlockers.first else { return "The platform's objects are being deleted." }
        let more = situation.deletionBlockers.count > 1 ? " and \(situation.deletionBlockers.count - 1) more" : ""
        return "Waits for \(first)\(more) to go; look at its finalizers if it does not."
    }

    private func rolledBackMessage(_ failed: RolloutVersion) -> String {
        let good = situation.rollout.effective
        return "Version \(failed.version) (\(failed.image)) did not become ready within the progress deadline; "
            + "version \(good.version) (\(good.image)) runs again. Change spec.version or spec.image to try another one."
    }

    // MARK: - Lines

    private var recordedRollout: Rollout {
        var next = situation.rollout
        guard situation.phase == .active, state(of: .workloads).status == .isTrue, situation.withheld.isEmpty,
            next.effective != next.current
        else { return next }
        if let current = next.current, current.image != next.effective.image { next.previous = current }
        next.current = next.effective
        return next
    }

    private func versionStatus() -> JSON {
        let rollout = recordedRollout
        var json: JSON = [:]
        for (role, version) in [
            ("current", rollout.current), ("previous", rollout.previous), ("failed", rollout.failed),
        ] {
            guard let version else { continue }
            json[role] = .string(version.version)
            json["\(role)Image"] = .string(version.image)
        }
        return json
    }

    private func serviceIsReady(_ service: DesiredService) -> Bool {
        memory.children[service.deployment]?.readiness.isReady == true
    }

    private func replicas(of service: DesiredService) -> (total: Int, ready: Int) {
        guard let live = deployments[service.deployment] else { return (0, 0) }
        return (live.status?["replicas"]?.int ?? 0, live.status?["readyReplicas"]?.int ?? 0)
    }

    private func selector(of service: DesiredService) -> String {
        let labels =
            deployments[service.deployment]?.spec?["selector"]?["matchLabels"]?.stringDictionary ?? [:]
        return labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    private func serviceLine(_ service: DesiredService) -> JSON {
        let live = deployments[service.deployment]
        let wanted = live?.spec?["replicas"]?.int ?? service.replicas
        let (state, message): (ServiceState, String?) =
            switch memory.children[service.deployment]?.readiness ?? .progressing("is not made yet") {
            case .ready where wanted == 0: (.disabled, nil)
            case .ready where situation.rollout.isRolledBack: (.rolledBack, nil)
            case .ready: (.ready, nil)
            case .progressing(let text): (live == nil ? .pending : .progressing, text)
            case .failed(_, let text): (.failed, text)
            }
        var line: JSON = [
            "name": .string(service.name), "state": .string(state.rawValue),
            "ready": JSON(replicas(of: service).ready), "desired": JSON(wanted),
        ]
        if let image = live?.spec?["template"]?["spec"]?["containers"]?[0]?["image"] { line["image"] = image }
        if let message { line["message"] = .string(String(message.prefix(512))) }
        return line
    }

    private func topicLine(_ topic: DesiredTopic) -> JSON {
        var line: JSON = ["name": .string(topic.name), "ready": true, "partitions": JSON(topic.partitions)]
        switch topic.object.map({ memory.children[$0]?.readiness ?? .progressing("is not made yet") }) {
        case nil, .ready?: break
        case .progressing(let text)?, .failed(_, let text)?:
            line["ready"] = false
            line["message"] = .string(String(text.prefix(512)))
        }
        return line
    }

    private func resources(_ total: ResourceSum) -> JSON {
        var json: JSON = [
            "requests": [
                "cpu": .string(total.cpuRequests.description), "memory": .string(total.memoryRequests.description),
            ],
            "limits": ["memory": .string(total.memoryLimits.description)],
            "withinBudget": true,
        ]
        if let budget = platform.budget {
            json["budget"] = [
                "cpu": .string(budget.cpuRequests.description), "memory": .string(budget.memoryRequests.description),
            ]
            json["withinBudget"] = .bool(
                total.cpuRequests <= budget.cpuRequests && total.memoryRequests <= budget.memoryRequests
                    && total.memoryLimits <= budget.memoryLimits)
        }
        return json
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
