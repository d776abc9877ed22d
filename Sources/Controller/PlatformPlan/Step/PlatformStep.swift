import KubernetesModel
import TodoPlatformAPI

/// The reconcile step: from one resource and what is observed of its cluster to a plan of writes. Pure: no clock, no
/// network, no randomness; the same input gives the same plan.
///
/// Flow: `plan` → the shell performs the actions in order → `conclude` turns their results into the next status. Both
/// may be repeated at any time, and after a crash between any two writes the next `plan` continues from what it finds.
package struct PlatformStep: Sendable {
    package static let finalizer = "todoplatform.dev/ordered-deletion"
    /// The annotation that tells who decides about a Deployment's replicas.
    static let replicasOwner = "todoplatform.dev/replicas-owner"

    /// Its values.
    private enum ReplicasOwner {
        static let `operator` = "operator"
        static let autoscaler = "autoscaler"
        /// The autoscaler, but the count of the first day is still among the fields that we applied: the next apply
        /// leaves it out, and before that it has to be handed over.
        static let autoscalerFromNowOn = "autoscaler-from-now-on"
    }

    let platform: PlatformResource
    let observation: Observation

    package init(platform: PlatformResource, observation: Observation) {
        self.platform = platform
        self.observation = observation
    }

    /// Decides what to write now.
    ///
    /// - Parameter memory: what the previous step of this platform left behind; saves work, changes nothing.
    package func plan(_ memory: inout PlanMemory) -> Plan {
        var situation = Situation()
        if platform.isDeleting { return planDeletion(&memory) }
        guard let spec = platform.platform else {
            situation.phase = .invalid
            situation.problems = platform.problems.map(\.description)
            return Plan(actions: [], situation: situation, wakeAfter: nil)
        }
        situation.rollout = decideRollout()
        let built = rebuild(&memory, spec, situation.rollout)
        guard let desired = memory.desired else { preconditionFailure("rebuild always leaves a desired state") }
        situation.missing = desired.missing
        let absent = desired.secrets.filter { observation.secretDigests[$0.key] == nil }
        situation.awaitsSecrets = !absent.isEmpty
        situation.forbiddenSecrets = absent.filter { observation.forbiddenSecrets.contains($0.key.secret) }
        situation.missingSecrets = absent.filter {
            !$0.isProvided && !observation.forbiddenSecrets.contains($0.key.secret)
        }
        situation.kafkaProblem = kafkaProblem(spec, desired)
        situation.awaitedSecret = absent.first

        var wake: Duration?
        if platform.isPaused(at: observation.now) {
            situation.phase = .paused
            situation.pausedUntil = platform.pausedUntil
            wake = situation.pausedUntil.map { max($0.since(observation.now), .seconds(1)) }
            observeReadiness(&memory)
            return Plan(actions: [], situation: situation, wakeAfter: wake)
        }
        if let failed = situation.rollout.failed, RolloutVersion(platform.object.status?["version"], "failed") != failed
        {
            // The way back is recorded before it is gone: a crash in between must not try the failed version again.
            observeReadiness(&memory)
            return Plan(actions: [], situation: situation, wakeAfter: .zero)
        }
        var actions: [Action] = []
        if needsFinalizer != platform.object.finalizers.contains(Self.finalizer) {
            actions.append(.setFinalizer(present: needsFinalizer))
        }
        actions += planChildren(spec, built, &memory, &situation, &wake)
        return Plan(actions: actions, situation: situation, wakeAfter: wake)
    }

    /// Finds out what the platform refers to: a plan without what is read there would be made in vain.
    package func lookAhead(_ memory: inout PlanMemory) {
        guard !platform.isDeleting, let spec = platform.platform else { return }
        memory.desired = DesiredState.outline(input(spec, decideRollout()))
        memory.basis = nil
    }

    /// A finalizer is only worth its risk where deletion must be ordered or can be refused; everything else is left to
    /// garbage collection.
    var needsFinalizer: Bool { platform.isProtected || platform.deletesTopics }

    // MARK: - The desired state

    /// Builds the desired state anew when anything it depends on changed; else keeps it.
    ///
    /// - Returns: the objects, if they were built.
    private func rebuild(_ memory: inout PlanMemory, _ spec: TodoPlatform, _ rollout: Rollout) -> [DesiredObject]? {
        let basis = PlanMemory.Basis(
            uid: platform.uid, generation: platform.generation, image: rollout.effective.image,
            version: rollout.effective.version, apis: observation.apis, secretDigests: observation.secretDigests,
            kafkaBootstrapServers: kafkaBootstrapServers(spec), isRolledBack: rollout.isRolledBack)
        guard memory.basis != basis || memory.desired == nil else { return nil }
        var desired = build(spec, rollout)
        memory.entries = desired.objects.map {
            PlanMemory.Entry(
                key: $0.key, type: $0.type, stage: $0.stage, digest: IntentDigest(of: $0.object.json),
                isRetained: $0.retention == .retained)
        }
        let objects = desired.objects
        desired.objects = []
        memory.desired = desired
        memory.basis = basis
        memory.isSettled = false
        let wanted = Set(memory.entries.map(\.key))
        memory.children = memory.children.filter { wanted.contains($0.key) }
        return objects
    }

    private func build(_ spec: TodoPlatform, _ rollout: Rollout) -> DesiredState {
        var state = DesiredState.build(input(spec, rollout))
        state.objects = state.objects.map { markReplicasOwner($0, state.services) }
        return state
    }

    private func input(_ spec: TodoPlatform, _ rollout: Rollout) -> PlanInput {
        // The way back runs no migration: the database stays at the newer version, which the older one must bear.
        PlanInput(
            platform: spec, apis: observation.apis, secretDigests: observation.secretDigests,
            image: rollout.effective.image, version: rollout.effective.version,
            kafkaBootstrapServers: kafkaBootstrapServers(spec), runsMigration: !rollout.isRolledBack)
    }

    private func markReplicasOwner(_ object: DesiredObject, _ services: [DesiredService]) -> DesiredObject {
        guard let service = services.first(where: { $0.deployment == object.key }) else { return object }
        var marked = object.object
        marked.json[path: ["metadata", "annotations", Self.replicasOwner]] =
            .string(service.autoscaler == nil ? ReplicasOwner.operator : ReplicasOwner.autoscaler)
        return DesiredObject(
            object: marked, type: object.type, stage: object.stage, retention: object.retention,
            isCreateOnly: object.isCreateOnly)
    }

    // MARK: - Existing Kafka

    private func kafkaBootstrapServers(_ spec: TodoPlatform) -> String? {
        guard case .present(let listeners)? = observation.existingKafka else { return nil }
        return listeners[spec.spec.messaging.strimzi.listener]
    }

    private func kafkaProblem(_ spec: TodoPlatform, _ desired: DesiredState) -> KafkaProblem? {
        guard let key = desired.kafka, !desired.ownsKafka else { return nil }
        switch observation.existingKafka {
        case nil: return nil
        case .missing: return .missing(key)
        case .forbidden: return .forbidden(key)
        case .present(let listeners):
            let name = spec.spec.messaging.strimzi.listener
            return listeners[name] == nil ? .noListener(key, name, present: listeners.keys.sorted()) : nil
        }
    }

    // MARK: - Children

    private func planChildren(
        _ spec: TodoPlatform, _ built: [DesiredObject]?, _ memory: inout PlanMemory, _ situation: inout Situation,
        _ wake: inout Duration?
    ) -> [Action] {
        var hasNewStatus = false
        var stale: Set<ObjectKey> = []
        for entry in memory.entries where needsAttention(entry, memory) {
            if takeStatus(entry, &memory) { hasNewStatus = true } else { stale.insert(entry.key) }
        }
        // The usual case by far: all is as it was when nothing was left to do.
        if stale.isEmpty, !hasNewStatus, memory.isSettled, memory.settledCount == observation.children.count {
            situation.isUnchanged = true
            return []
        }
        // A stage's are built when the first one is needed: what only waits for its stage needs none.
        var bodies: [Stage: [ObjectKey: DesiredObject]] = [:]
        func body(of entry: PlanMemory.Entry) -> DesiredObject? {
            if let known = bodies[entry.stage] { return known[entry.key] }
            let objects =
                built?.filter { $0.stage == entry.stage }
                ?? DesiredState.objects(input(spec, situation.rollout), of: entry.stage)
                .map { markReplicasOwner($0, memory.desired?.services ?? []) }
            let known = Dictionary(
                uniqueKeysWithValues: objects.lazy.filter { stale.contains($0.key) }.map { ($0.key, $0) })
            bodies[entry.stage] = known
            return known[entry.key]
        }
        var actions: [Action] = []
        var handBacks: [Action] = []
        var isOpen = true
        for stage in Stage.allCases {
            let entries = memory.entries.filter { $0.stage == stage }
            let blocked = !isOpen || isBlocked(stage, situation)
            for entry in entries where stale.contains(entry.key) {
                if blocked || !isOpen, waits(entry, &memory) {
                    situation.withheld.insert(entry.key)
                    continue
                }
                guard let body = body(of: entry) else { continue }
                plan(
                    entry, body, mayCreate: isOpen && !blocked, stageIsBlocked: blocked, &memory, &situation, &wake,
                    &actions, &handBacks)
            }
            if !blocked, entries.isEmpty || isStageReady(entries, memory, pending: actions) { continue }
            if isOpen, stage.holdsBackLaterOnes {
                isOpen = false
                situation.blockedAt = stage
            }
        }
        // An autoscaler that goes must be gone before its target carries a count again.
        if !handBacks.isEmpty {
            situation.withheld.formUnion(actions.compactMap(\.key))
            return handBacks
        }
        if situation.blockedAt == nil, situation.withheld.isEmpty { actions += prune(memory, situation) }
        return actions
    }

    /// Whether `entry` has nothing to do but to wait for its stage: it is not there, and nothing is known against it.
    private func waits(_ entry: PlanMemory.Entry, _ memory: inout PlanMemory) -> Bool {
        guard observation.children[entry.key] == nil, !observation.unseen.contains(entry.key.kind), !hasRun(entry),
            memory.children[entry.key]?.failure == nil
        else { return false }
        memory.children[entry.key, default: PlanMemory.Child()].resourceVersion = nil
        memory.children[entry.key]?.readiness = .progressing("is not made yet")
        return true
    }

    /// Takes in a change of nothing but the status: the usual news of a child, and no reason to build what it should be.
    ///
    /// - Returns: false when more than the status may have changed.
    private func takeStatus(_ entry: PlanMemory.Entry, _ memory: inout PlanMemory) -> Bool {
        guard !observation.unseen.contains(entry.key.kind), var child = memory.children[entry.key],
            child.failure == nil, child.digest == entry.digest, let shape = child.shape,
            let live = observation.children[entry.key], !live.isDeleting
        else { return false }
        let object = live.decoded()
        guard PlanMemory.Shape(object) == shape else { return false }
        child.resourceVersion = live.resourceVersion
        child.readiness = Readiness.of(object)
        memory.children[entry.key] = child
        return true
    }

    /// Whether an entry has to be looked at in full: its live object or its intent is not the one last found right.
    private func needsAttention(_ entry: PlanMemory.Entry, _ memory: PlanMemory) -> Bool {
        guard !observation.unseen.contains(entry.key.kind), let child = memory.children[entry.key],
            child.failure == nil, child.digest == entry.digest
        else { return true }
        guard let live = observation.children[entry.key] else { return !hasRun(entry) }
        return child.resourceVersion != live.resourceVersion
    }

    /// Whether `entry` is the migration that completed last: its Job has done its work, also when somebody deleted it.
    private func hasRun(_ entry: PlanMemory.Entry) -> Bool {
        entry.stage == .migration && entry.key.name == platform.completedMigration
    }

    private func plan(
        _ entry: PlanMemory.Entry, _ body: DesiredObject, mayCreate: Bool, stageIsBlocked: Bool,
        _ memory: inout PlanMemory, _ situation: inout Situation, _ wake: inout Duration?, _ actions: inout [Action],
        _ handBacks: inout [Action]
    ) {
        var child = memory.children[entry.key] ?? PlanMemory.Child()
        defer { memory.children[entry.key] = child }
        guard !observation.unseen.contains(entry.key.kind) else {
            child.failure = PlanMemory.Failure(
                code: .forbidden,
                message:
                    "\(entry.key.kind) was not listed yet. If that lasts, the operator lacks the right to: see config/rbac.",
                digest: nil)
            return
        }
        if let failure = child.failure, failure.isFinal, failure.digest == entry.digest,
            failure.refusedVersion == observation.children[entry.key]?.resourceVersion
        {
            return
        }

        let stamped = entry.digest.stamp(body.object)
        func apply(_ cause: Action.ApplyCause, _ object: KubernetesObject) {
            actions.append(
                .apply(
                    Action.Apply(
                        object: object, type: entry.type, stage: entry.stage, digest: entry.digest,
                        cause: cause)))
        }
        guard let live = observation.children[entry.key] else {
            child.resourceVersion = nil
            if hasRun(entry) {
                child.digest = entry.digest
                child.readiness = .ready
                return
            }
            child.readiness = .progressing("is not made yet")
            if mayCreate {
                apply(.missing, asMade(stamped, memory))
            } else {
                situation.withheld.insert(entry.key)
            }
            return
        }
        let object = live.decoded()
        child.readiness = Readiness.of(object)
        // Nothing can be done about an object on its way out; when it is gone it is made anew.
        if live.isDeleting {
            child.resourceVersion = nil
            return
        }
        let appliedDigest = object.annotations[IntentDigest.annotation]
        var desired = stamped
        if object.annotations[Self.replicasOwner] == ReplicasOwner.autoscalerFromNowOn,
            desired.annotations[Self.replicasOwner] == ReplicasOwner.autoscaler
        {
            // The same to everybody but `handOver`.
            desired = asMade(desired, memory, withReplicas: false)
        }
        let differences = Comparison.differences(desired: desired.json, live: object.json)
        if differences.isEmpty || (appliedDigest == entry.digest.description && differences == child.residue) {
            child.digest = entry.digest
            child.resourceVersion = live.resourceVersion
            child.shape = PlanMemory.Shape(object)
            child.failure = nil
            return
        }
        child.shape = nil
        let isChange = appliedDigest != entry.digest.description
        // Workloads wait for what they stand on; a broken start must not replace a running version. And where a Kafka is
        // not to be seen just now, its address is a guess, for which nothing that runs is rewritten.
        if isChange,
            situation.kafkaProblem != nil
                || (entry.stage == .workloads && entry.key.kind.kind == "Deployment" && stageIsBlocked)
        {
            situation.withheld.insert(entry.key)
            return
        }
        // A digest that does not stay is the same fight: something strips our annotation.
        if !isChange || child.digest == entry.digest, let pause = contest(&child) {
            situation.contested.insert(entry.key)
            wake = min(wake ?? pause, pause)
            return
        }
        if body.isCreateOnly, isChange {
            // A Job's template cannot change. Its name carries the version, so this is an edit of the same version:
            // what is finished stays finished; what failed is made anew.
            if case .failed = child.readiness {
                actions.append(.delete(entry.key, entry.type, uid: live.uid, .replaced))
            } else {
                child.digest = entry.digest
                child.resourceVersion = live.resourceVersion
            }
            return
        }
        if entry.key.kind.kind == "Deployment" {
            let was = object.annotations[Self.replicasOwner]
            let becomes = stamped.annotations[Self.replicasOwner]
            if becomes == ReplicasOwner.autoscaler, was != becomes, let count = object.spec?["replicas"]?.int {
                actions.append(.handOverReplicas(entry.key, entry.type, replicas: count))
            } else if becomes == ReplicasOwner.operator, let was, was != becomes {
                handBacks += autoscalers(of: entry.key)
            }
        }
        apply(isChange ? .changed : .drifted(differences), stamped)
    }

    /// `object` as it is first made: a Deployment that an autoscaler will govern starts with the autoscaler's lower bound,
    /// for without a count the API server would start one pod.
    private func asMade(
        _ object: KubernetesObject, _ memory: PlanMemory, withReplicas: Bool = true
    ) -> KubernetesObject {
        guard let service = memory.desired?.services.first(where: { $0.deployment == object.key }),
            service.autoscaler != nil
        else { return object }
        var made = object
        made.json[path: ["metadata", "annotations", Self.replicasOwner]] = .string(ReplicasOwner.autoscalerFromNowOn)
        if withReplicas { made.json[path: ["spec", "replicas"]] = JSON(service.replicas) }
        return made
    }

    /// Notes one more correction; when there were too many lately, how long to leave the object alone.
    private func contest(_ child: inout PlanMemory.Child) -> Duration? {
        child.corrections.removeAll { observation.now.since($0) > PlanMemory.correctionWindow }
        if child.corrections.count >= PlanMemory.correctionLimit, let oldest = child.corrections.first {
            return max(PlanMemory.correctionWindow - observation.now.since(oldest), .seconds(1))
        }
        child.corrections.append(observation.now)
        return nil
    }

    /// Whether something outside the objects themselves keeps `stage` from starting.
    private func isBlocked(_ stage: Stage, _ situation: Situation) -> Bool {
        switch stage {
        case .foundation, .messaging: false
        case .components, .migration, .workloads, .autoscaling, .exposure, .monitoring:
            // A pod that starts before its Secret would start again when the Secret comes.
            situation.missing.contains(where: \.isBlocking) || situation.awaitsSecrets
                || situation.kafkaProblem != nil
        }
    }

    private func isStageReady(_ entries: [PlanMemory.Entry], _ memory: PlanMemory, pending: [Action]) -> Bool {
        let touched = Set(pending.compactMap(\.key))
        return entries.allSatisfy { entry in
            memory.children[entry.key]?.readiness.isReady == true
                && (!touched.contains(entry.key) || !Readiness.isReported(by: entry.key.kind))
        }
    }

    // MARK: - Removal

    /// Deletes what carries our labels and is in no desired state any more. Data that the deletion policy retains
    /// stays, even when the spec stops using it.
    private func prune(_ memory: PlanMemory, _ situation: Situation) -> [Action] {
        let wanted = Set(memory.entries.map(\.key))
        return observation.children.values
            // After the way back the migrations that ran are history: to delete them would be to run them again.
            .filter { !(situation.rollout.isRolledBack && $0.key.kind.kind == "Job") }
            .filter { !wanted.contains($0.key) && !$0.isDeleting && isOurs($0) }
            .sorted { ($0.key.kind.kind, $0.key.name) < ($1.key.kind.kind, $1.key.name) }
            .compactMap { deletion(of: $0, .unwanted) }
    }

    /// Whether we may delete `child`: only what this very platform controls. Kept data has no owner and never is.
    private func isOurs(_ child: ObservedObject) -> Bool {
        let object = child.decoded()
        return object.controller?.uid == platform.uid
    }

    func deletion(of child: ObservedObject, _ cause: Action.DeletionCause) -> Action? {
        servedType(child.key.kind).map { .delete(child.key, $0, uid: child.uid, cause) }
    }

    /// `kind` in the version that we write, or else in any that is served: all that a deletion needs. An older version
    /// may have to pass a conversion webhook that is not there.
    func servedType(_ kind: GroupKind) -> ResourceType? {
        guard let entry = observation.apis.entries[kind] else { return nil }
        let own = ResourceType.platformKinds.first { $0.groupKind == kind }.map { [$0.version] } ?? []
        return observation.apis.type(kind, preferring: own + entry.versions.sorted())
    }

    private func autoscalers(of deployment: ObjectKey) -> [Action] {
        observation.children.values
            .filter { child in
                guard ["HorizontalPodAutoscaler", "ScaledObject"].contains(child.key.kind.kind), !child.isDeleting
                else {
                    return false
                }
                return child.decoded().spec?["scaleTargetRef"]?["name"]?.string == deployment.name
            }
            .compactMap { deletion(of: $0, .handBack) }
    }

    /// Reads the readiness of changed children without planning anything: status goes on while maintenance lasts.
    private func observeReadiness(_ memory: inout PlanMemory) {
        for entry in memory.entries {
            var child = memory.children[entry.key] ?? PlanMemory.Child()
            if let live = observation.children[entry.key] {
                if child.resourceVersion != live.resourceVersion || child.digest == nil {
                    child.readiness = Readiness.of(live.decoded())
                }
            } else {
                child.readiness = hasRun(entry) ? .ready : .progressing("is not made yet")
            }
            memory.children[entry.key] = child
        }
    }
}

extension Stage {
    /// Whether later stages wait until this one is ready. Autoscalers, routes and monitors keep nobody waiting.
    var holdsBackLaterOnes: Bool {
        switch self {
        case .foundation, .messaging, .components, .migration, .workloads: true
        case .autoscaling, .exposure, .monitoring: false
        }
    }
}
