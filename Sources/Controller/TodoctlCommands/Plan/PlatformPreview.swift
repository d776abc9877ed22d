import KubernetesModel
import PlatformPlan
import TodoPlatformAPI

/// Everything that the operator will write for one platform if nothing goes wrong.
///
/// Runs the operator's own step on a copy of the cluster's objects in memory, again and again, as the operator would:
/// each write is carried out on the copy, and what was written is taken to become ready at once. So stages that wait for
/// others are in the preview too. Pure.
package struct PlatformPreview: Sendable {
    /// In the order in which the operator touches the objects; one entry for each.
    package var changes: [ObjectChange] = []
    /// What the operator waits for now, or cannot do, and what the preview took for granted.
    package var notes: [String] = []

    /// More rounds than this no platform needs: there are eight stages, and a few hand-overs.
    private static let maximumRounds = 40

    /// Nothing to change.
    package init() {}

    package init(_ snapshot: PlanSnapshot) {
        var simulation = Simulation(snapshot)
        var settled = false
        for round in 1...Self.maximumRounds where !settled {
            let situation = simulation.advance()
            if round == 1 { notes = Self.notes(situation, snapshot) }
            settled = simulation.isSettled
        }
        if !settled {
            notes.append("The plan does not come to an end: objects are written again and again. Please report this.")
        }
        changes = simulation.changes(since: snapshot)
    }

    private static func notes(_ situation: Situation, _ snapshot: PlanSnapshot) -> [String] {
        var notes: [String] = []
        switch situation.phase {
        case .invalid: notes += situation.problems
        case .paused:
            let end = situation.pausedUntil.map { "until \($0.rfc3339)" } ?? "until spec.maintenance.paused is false"
            notes.append("Maintenance: nothing is written \(end).")
        case .deleting:
            notes.append("The platform is being deleted.")
            if situation.isDeletionProtected { notes.append("It is protected: set spec.deletion.protection to false.") }
            notes += situation.deletionBlockers.map { "Waits for \($0) to go." }
        case .active: break
        }
        notes += situation.missing.map(\.message)
        if let problem = situation.kafkaProblem { notes.append(problem.message) }
        let missing = situation.missingSecrets.filter { !snapshot.unreadableSecrets.contains($0.key.secret) }
        for (key, uses) in Dictionary(grouping: missing, by: \.key).sorted(by: { $0.key < $1.key }) {
            notes.append(
                "Secret \(key.secret) with key \(key.key) is missing: \(uses.map(\.purpose).joined(separator: ", ")). "
                    + "Until it is there, only the broker and what stands on nothing else is made.")
        }
        for secret in snapshot.unreadableSecrets.sorted() {
            notes.append("Secret \(secret) may not be read: whether a new value restarts pods is not known.")
        }
        let rollout = situation.rollout
        if rollout.isRolledBack, let failed = rollout.failed {
            notes.append("Version \(failed.version) (\(failed.image)) failed; \(rollout.effective.image) runs instead.")
        }
        if situation.blockedAt != nil {
            for child in snapshot.children {
                switch Readiness.of(child) {
                case .ready: continue
                case .progressing(let text), .failed(_, let text):
                    notes.append("\(child.key) \(text.printable): what comes after it waits.")
                }
            }
        }
        return notes
    }
}

/// A cluster in memory with the operator at work on it.
private struct Simulation {
    private var platform: KubernetesObject
    private var objects: [ObjectKey: KubernetesObject] = [:]
    private let apis: ServedAPIs
    private var secretDigests: [SecretKey: String]
    private let existingKafka: ExistingKafka?
    private var now: Timestamp
    private var memory = PlanMemory()
    private var version = 0
    private(set) var isSettled = false

    /// Keys in the order in which they were first written.
    private var order: [ObjectKey] = []
    private var types: [ObjectKey: ResourceType] = [:]
    private var applied: [ObjectKey: Action.Apply] = [:]
    private var deletions: [ObjectKey: Action.DeletionCause] = [:]
    private var drift: Set<ObjectKey> = []
    private var handedOver: [ObjectKey: Int] = [:]
    private var released: [ObjectKey: String] = [:]
    private var finalizer: Bool?
    private var secretsAreAssumed = false

    init(_ snapshot: PlanSnapshot) {
        platform = snapshot.platform
        platform.json[path: ["metadata", "managedFields"]] = nil
        apis = snapshot.apis
        secretDigests = snapshot.secretDigests
        existingKafka = snapshot.existingKafka
        now = snapshot.now
        for child in snapshot.children {
            var object = child
            object.json[path: ["metadata", "managedFields"]] = nil
            objects[object.key] = object
        }
    }

    /// One round of the operator. - Returns: what it found.
    mutating func advance() -> Situation {
        let step = PlatformStep(
            platform: PlatformResource(platform),
            observation: Observation(
                children: objects.mapValues(ObservedObject.init), apis: apis, secretDigests: secretDigests,
                existingKafka: existingKafka, now: now))
        let plan = step.plan(&memory)
        let results = plan.actions.map { (action: $0, result: ActionResult.done(perform($0))) }
        let conclusion = step.conclude(plan, results: results, &memory)
        if let status = conclusion.status {
            platform.json["status"] = status
            platform = touched(platform)
        }
        // Later than any bound on how often something is written.
        now = now.advanced(by: .seconds(120))
        let waits = plan.situation.phase == .active && assumeProgress()
        let isGone = platform.isDeleting && platform.finalizers.isEmpty
        isSettled = isGone || (plan.actions.isEmpty && !waits)
        return plan.situation
    }

    private mutating func perform(_ action: Action) -> KubernetesObject? {
        switch action {
        case .apply(let apply):
            note(apply.key, apply.type)
            if applied[apply.key] == nil, case .drifted = apply.cause { drift.insert(apply.key) }
            applied[apply.key] = apply
            var object = objects[apply.key] ?? KubernetesObject(["metadata": ["uid": .string("new \(apply.key)")]])
            let spec = object.spec
            object.json = Self.merged(apply.object.json, over: object.json)
            if object.spec != spec {
                object.json[path: ["metadata", "generation"]] = JSON((object.generation ?? 0) + 1)
            }
            object = AssumedStatus.ready(touched(object))
            objects[apply.key] = object
            return object
        case .handOverReplicas(let key, let type, let replicas):
            note(key, type)
            handedOver[key] = replicas
            return nil
        case .delete(let key, let type, _, let cause):
            note(key, type)
            if applied[key] == nil { deletions[key] = cause }
            objects[key] = nil
            return nil
        case .release(let key, let type, let finalizer):
            note(key, type)
            released[key] = finalizer
            objects[key] = nil
            return nil
        case .setFinalizer(let present):
            finalizer = present
            let others = platform.finalizers.filter { $0 != PlatformStep.finalizer }
            platform.json[path: ["metadata", "finalizers"]] = JSON(others + (present ? [PlatformStep.finalizer] : []))
            platform = touched(platform)
            return platform
        }
    }

    private mutating func note(_ key: ObjectKey, _ type: ResourceType) {
        if types[key] == nil { order.append(key) }
        types[key] = type
    }

    /// Lets every object become ready and every Secret appear. - Returns: whether anything was still waited for.
    private mutating func assumeProgress() -> Bool {
        var changed = false
        for (key, object) in objects {
            let ready = AssumedStatus.ready(object)
            if ready == object { continue }
            objects[key] = touched(ready)
            changed = true
        }
        for secret in memory.secrets where secretDigests[secret] == nil {
            secretDigests[secret] = "unknown"
            secretsAreAssumed = true
            changed = true
        }
        return changed
    }

    /// `object` as a new version of itself.
    private mutating func touched(_ object: KubernetesObject) -> KubernetesObject {
        version += 1
        var object = object
        object.json[path: ["metadata", "resourceVersion"]] = .string("preview-\(version)")
        return object
    }

    private static func merged(_ new: JSON, over old: JSON) -> JSON {
        guard case .object(let members) = new, case .object(var result) = old else { return new }
        for (key, value) in members { result[key] = result[key].map { merged(value, over: $0) } ?? value }
        return .object(result)
    }

    // MARK: - The outcome

    func changes(since snapshot: PlanSnapshot) -> [ObjectChange] {
        let before = Dictionary(snapshot.children.map { ($0.key, $0) }) { first, _ in first }
        var changes: [ObjectChange] = []
        if let finalizer {
            let value = JSON([PlatformStep.finalizer])
            changes.append(
                ObjectChange(
                    key: snapshot.platform.key, type: TodoPlatform.type, kind: .change,
                    fields: [
                        FieldChange(
                            path: "metadata.finalizers", old: finalizer ? nil : value, new: finalizer ? value : nil)
                    ]))
        }
        for key in order {
            guard let type = types[key], let change = change(of: key, type, before[key]) else { continue }
            changes.append(change)
        }
        return changes
    }

    private func change(of key: ObjectKey, _ type: ResourceType, _ live: KubernetesObject?) -> ObjectChange? {
        guard let live else {
            // Made and deleted again within the preview: nothing remains of it.
            guard let apply = applied[key], objects[key] != nil else { return nil }
            return ObjectChange(key: key, type: type, kind: .create, object: apply.object)
        }
        guard let apply = applied[key] else {
            if let finalizer = released[key] {
                let field = FieldChange(path: "metadata.finalizers", old: JSON([finalizer]), new: nil)
                return ObjectChange(key: key, type: type, kind: .change, fields: [field])
            }
            if let cause = deletions[key] { return ObjectChange(key: key, type: type, kind: .delete(cause)) }
            return handedOver[key].map { ObjectChange(key: key, type: type, kind: .change, handedOverReplicas: $0) }
        }
        if deletions[key] != nil { return ObjectChange(key: key, type: type, kind: .replace, object: apply.object) }
        var fields = Comparison.differences(desired: apply.object.json, live: live.json).map(FieldChange.init)
        fields += OwnedFields.abandoned(
            by: FieldManager.objects, live: live, desired: apply.object.json)
        fields = fields.filter { !$0.isBookkeeping }
        if secretsAreAssumed {
            // The digest of a value that we do not know says nothing.
            fields = fields.filter { !$0.isConfigDigest }
            if fields.isEmpty { return nil }
        }
        return ObjectChange(
            key: key, type: type, kind: drift.contains(key) ? .correct : .change, fields: fields, object: apply.object,
            live: live, handedOverReplicas: handedOver[key])
    }
}
