package import KubernetesModel

/// What is to be done after the actions of a plan: the status to write, the events to record, when to look again.
package struct Conclusion: Sendable {
    /// The complete new status; nil when the present one says it all, or when a write can wait a little.
    package var status: JSON?
    package var events: [EventDraft] = []
    package var wakeAfter: Duration?
    /// The worst failure among the actions that is worth another try.
    package var retry: KubernetesError?
}

/// One event about the platform, to be recorded.
package struct EventDraft: Hashable, Sendable {
    package let isWarning: Bool
    package let reason: Reason
    /// What the operator did or tried, one CamelCase word.
    package let action: String
    package let note: String
}

extension PlatformStep {
    /// Counts and texts may lag behind by this much; a change of a condition's status never does.
    static let statusInterval: Duration = .seconds(5)

    /// Takes in how the actions of `plan` went and says what the status becomes.
    package func conclude(
        _ plan: Plan, results: [(action: Action, result: ActionResult)], _ memory: inout PlanMemory
    ) -> Conclusion {
        var conclusion = Conclusion(wakeAfter: plan.wakeAfter)
        let version = platform.object.resourceVersion
        if plan.situation.isUnchanged, results.isEmpty, version != nil, memory.concludedVersion == version {
            return conclusion
        }
        memory.concludedVersion = nil
        for (action, result) in results { note(action, result, &memory, &conclusion) }
        // What was planned and not performed is still to come.
        var situation = plan.situation
        if results.count < plan.actions.count {
            situation.withheld.formUnion(
                Set(plan.actions.compactMap(\.key)).subtracting(results.compactMap(\.action.key)))
        }
        let composer = StatusComposer(
            platform: platform, observation: observed(after: results), situation: situation, memory: memory)
        let old = platform.object.status
        let new = composer.compose()
        memory.isSettled =
            situation.phase == .active && plan.actions.isEmpty && situation.blockedAt == nil
            && situation.withheld.isEmpty
        memory.settledCount = observation.children.count
        guard new != old else {
            memory.concludedVersion = version
            return conclusion
        }
        if let last = memory.lastStatusWrite, !isUrgent(old, new) {
            let elapsed = observation.now.since(last)
            if elapsed >= .zero, elapsed < Self.statusInterval {
                let rest = Self.statusInterval - elapsed
                conclusion.wakeAfter = min(conclusion.wakeAfter ?? rest, rest)
                return conclusion
            }
        }
        memory.lastStatusWrite = observation.now
        memory.unreportedDrift = []
        conclusion.status = new
        conclusion.events += transitions(old, new)
        return conclusion
    }

    /// The children as they are after the actions, so that the status does not speak of what was just replaced.
    private func observed(after results: [(action: Action, result: ActionResult)]) -> Observation {
        var observation = observation
        // Of all others the status tells only how ready they are, which the memory knows.
        for case (_, .done(let object?)) in results where object.kind == "Deployment" || object.kind == "Kafka" {
            observation.children[object.key] = ObservedObject(object)
        }
        return observation
    }

    private func note(
        _ action: Action, _ result: ActionResult, _ memory: inout PlanMemory, _ conclusion: inout Conclusion
    ) {
        switch (action, result) {
        case (.apply(let apply), .done(let object?)):
            var child = memory.children[apply.key] ?? PlanMemory.Child()
            let stamped = apply.object.json
            child.digest = apply.digest
            child.resourceVersion = object.resourceVersion
            child.readiness = Readiness.of(object)
            child.shape = PlanMemory.Shape(object)
            child.residue = Comparison.differences(desired: stamped, live: object.json)
            child.failure = nil
            memory.children[apply.key] = child
            if case .drifted(let fields) = apply.cause {
                let entries = fields.prefix(3).map { field -> JSON in
                    [
                        "time": .string(observation.now.rfc3339),
                        "object": .string("\(apply.key.kind.kind)/\(apply.key.name)"),
                        "field": .string(String(field.path.prefix(200))),
                    ]
                }
                memory.unreportedDrift = Array((entries + memory.unreportedDrift).prefix(StatusComposer.driftLimit))
                let names = fields.prefix(3).map(\.path).joined(separator: ", ")
                conclusion.events.append(
                    EventDraft(
                        isWarning: false, reason: .driftCorrected, action: "Correct",
                        note: "Set \(names) of \(apply.key) back to what the platform asks for."))
            }
        case (.apply(let apply), .failed(let error)):
            var child = memory.children[apply.key] ?? PlanMemory.Child()
            let failure = PlanMemory.Failure(
                code: error.code, message: error.message, digest: apply.digest,
                refusedVersion: observation.children[apply.key]?.resourceVersion)
            child.failure = failure
            memory.children[apply.key] = child
            // Nothing tells us when rights are given or a name becomes free: come back for it, slowly.
            if !failure.isFinal { conclusion.retry = conclusion.retry ?? error }
        case (.delete(let key, _, _, .unwanted), .done):
            conclusion.events.append(
                EventDraft(
                    isWarning: false, reason: .pruned, action: "Delete",
                    note: "Deleted \(key): the platform no longer asks for it."))
        case (.delete(let key, _, _, .platformDeleted), .failed(let error)):
            memory.children[key, default: PlanMemory.Child()].failure = PlanMemory.Failure(
                code: error.code, message: error.message, digest: nil)
            conclusion.retry = conclusion.retry ?? error
        case (_, .failed(let error)):
            conclusion.retry = conclusion.retry ?? error
        case (_, .done): break
        }
    }

    /// Whether somebody may be waiting for this very change.
    private func isUrgent(_ old: JSON?, _ new: JSON) -> Bool {
        guard let old, old["observedGeneration"] == new["observedGeneration"] else { return true }
        for type in ["Ready", "Stalled", "Paused", "DeletionBlocked"] {
            let before = KubernetesObject(["status": old]).condition(type)
            let after = KubernetesObject(["status": new]).condition(type)
            if before?.status != after?.status || (type != "Ready" && before?.reason != after?.reason) { return true }
        }
        // The way back waits for this one to be recorded.
        return old["version"]?["failedImage"] != new["version"]?["failedImage"]
    }

    /// One event for each turn that a person would want to know of; none while nothing turns.
    private func transitions(_ old: JSON?, _ new: JSON) -> [EventDraft] {
        let before = KubernetesObject(["status": old ?? .object(JSONObject())])
        let after = KubernetesObject(["status": new])
        var events: [EventDraft] = []
        if let ready = after.condition("Ready"), let reason = Reason(rawValue: ready.reason) {
            let was = before.condition("Ready")
            if ready.isTrue, was?.isTrue != true {
                events.append(
                    EventDraft(isWarning: false, reason: .ready, action: "Reconcile", note: "The platform is ready."))
            } else if let stalled = after.condition("Stalled"), before.condition("Stalled")?.reason != stalled.reason {
                events.append(
                    EventDraft(isWarning: true, reason: reason, action: "Reconcile", note: ready.message))
            } else if was?.isTrue == true, !ready.isTrue, reason != .deleting {
                events.append(EventDraft(isWarning: false, reason: reason, action: "Reconcile", note: ready.message))
            }
        }
        if let blocked = after.condition("DeletionBlocked"), blocked.reason == Reason.deletionProtected.rawValue,
            before.condition("DeletionBlocked") == nil
        {
            events.append(
                EventDraft(isWarning: true, reason: .deletionProtected, action: "Delete", note: blocked.message))
        }
        if (after.condition("Paused") != nil) != (before.condition("Paused") != nil) {
            let isPaused = after.condition("Paused") != nil
            events.append(
                EventDraft(
                    isWarning: false, reason: isPaused ? .paused : .resumed, action: "Maintain",
                    note: isPaused ? "Maintenance began; nothing is written." : "Maintenance is over."))
        }
        let current = RolloutVersion(new["version"], "current")
        if let current, let previous = RolloutVersion(old?["version"], "current"), current != previous {
            events.append(
                EventDraft(
                    isWarning: false, reason: .upgraded, action: "Upgrade",
                    note: "Version \(current.version) runs everywhere; it was \(previous.version)."))
        }
        return events
    }
}
