package import ControllerRuntime
package import KubernetesClient
package import KubernetesModel
package import Logging
import PlatformPlan
import Synchronization
import TodoPlatformAPI

/// Brings one platform at a time to what its resource asks for: reads the cache, plans, performs, reports.
///
/// Holds no decision of its own; those are in `PlatformStep`. One key is never reconciled twice at once (the run loop
/// sees to that), so a platform's memory is taken out, used, and put back.
package final class PlatformReconciler: Sendable {
    private struct Known: Sendable {
        var resource: PlatformResource
        var memory = PlanMemory()
    }

    let client: KubernetesClient
    let store: ObjectStore
    let secrets: ReferenceWatch
    let kafkas: ReferenceWatch
    let events: EventRecorder
    let apis: ClusterAPIs
    let metrics: ReconcileMetrics?
    let surroundings: Surroundings
    let logger: Logger
    /// Asked before each write: a lost lease stops a reconcile in the middle.
    let mayWrite: @Sendable () -> Bool
    /// Whether every kind that is served has been listed: what is not in the cache is then not in the cluster.
    let seesAll: @Sendable () -> Bool
    /// Served kinds that cannot be listed for want of rights.
    let unseen: @Sendable () -> Set<GroupKind>
    /// Kinds that cannot be created by an apply that names a version; the API server says so at the first try.
    let versionlessKinds = Mutex<Set<GroupKind>>([])
    private let known = Mutex<[NamespacedName: Known]>([:])

    package init(
        client: KubernetesClient, store: ObjectStore, secrets: ReferenceWatch, kafkas: ReferenceWatch,
        events: EventRecorder, apis: ClusterAPIs,
        metrics: ReconcileMetrics? = nil, surroundings: Surroundings, logger: Logger,
        mayWrite: @escaping @Sendable () -> Bool = { true }, seesAll: @escaping @Sendable () -> Bool = { true },
        unseen: @escaping @Sendable () -> Set<GroupKind> = { [] }
    ) {
        self.client = client
        self.store = store
        self.secrets = secrets
        self.kafkas = kafkas
        self.events = events
        self.apis = apis
        self.metrics = metrics
        self.surroundings = surroundings
        self.logger = logger
        self.mayWrite = mayWrite
        self.seesAll = seesAll
        self.unseen = unseen
    }

    /// Reconciles the platform `key` once. Never throws: what went wrong is in the outcome, in the status and in the log.
    package func reconcile(_ key: NamespacedName) async -> ReconcileOutcome {
        // The first complete lists bring every platform here.
        guard seesAll() else { return .done }
        let type = TodoPlatform.type
        guard
            let cached = store.object(ObjectKey(type.groupKind, namespace: key.namespace, name: key.name)),
            let object = try? cached.decoded()  // what the cache cannot decode it reports itself; nothing to do here
        else {
            forget(key)
            return .done
        }
        var known = take(key, object)
        defer { self.known.withLock { $0[key] = known } }

        if !known.memory.hasDesiredState {
            // Only a plan tells which Secrets matter.
            let observation = observe(key, References(secretDigests: [:]))
            PlatformStep(platform: known.resource, observation: observation).lookAhead(&known.memory)
        }
        setReferences(known.memory, of: key)
        // What was not read yet is not missing: its first reading brings this platform back here.
        guard let references = references(known.memory) else { return .done }
        let step = PlatformStep(platform: known.resource, observation: observe(key, references))
        let plan = step.plan(&known.memory)
        // The new spec may refer to others than the one before.
        setReferences(known.memory, of: key)
        if self.references(known.memory) != references {
            return self.references(known.memory) == nil ? .done : .again(after: .zero)
        }
        for action in plan.actions {
            logger.debug("planned", metadata: ["platform": "\(key)", "action": "\(action.summary)"])
        }

        let results = await perform(plan.actions, of: known.resource)
        let conclusion = step.conclude(plan, results: results, &known.memory)
        var failure: KubernetesError? = conclusion.retry
        // The answer to a write brings an edit along before its watch event does, which then is no news any more.
        var hasNewSpec = false
        guard mayWrite() else {
            known.memory.forgetStatusWrite()
            return .again(after: .seconds(1))
        }
        if let status = conclusion.status {
            do {
                let written = try await write(status, of: known.resource)
                hasNewSpec = written.generation != object.generation || written.isDeleting != object.isDeleting
                for draft in conclusion.events { record(draft, about: object) }
            } catch {
                known.memory.forgetStatusWrite()
                // A platform that was deleted meanwhile needs no status.
                if error.code != .notFound, error.code != .conflict { failure = failure ?? error }
                if error.code == .conflict { failure = failure ?? error }
            }
        } else {
            for draft in conclusion.events { record(draft, about: object) }
        }
        report(plan, results, key)
        if hasNewSpec { return .again(after: .zero) }
        if let failure { return .failed(failure, within: conclusion.wakeAfter) }
        if results.contains(where: \.result.isSuccess) { return .again(after: .zero) }
        if let wake = conclusion.wakeAfter { return .again(after: wake) }
        return .done
    }

    // MARK: - Memory

    private func take(_ key: NamespacedName, _ object: KubernetesObject) -> Known {
        let present = known.withLock { $0.removeValue(forKey: key) }
        guard var present, present.resource.object.uid == object.uid else {
            return Known(resource: PlatformResource(object))
        }
        if present.resource.object.resourceVersion != object.resourceVersion {
            present.resource = PlatformResource(object, after: present.resource)
        }
        return present
    }

    private func forget(_ key: NamespacedName) {
        _ = known.withLock { $0.removeValue(forKey: key) }
        secrets.setReferences([], of: key)
        kafkas.setReferences([], of: key)
    }

    /// How many platforms are known and how many of them are ready, for metrics.
    package var platformCount: Int { known.withLock { $0.count } }

    // MARK: - Observation

    /// What was read of the objects that a platform refers to.
    private struct References: Hashable {
        /// The digests of what the platform's Secrets hold.
        var secretDigests: [SecretKey: String]
        var forbiddenSecrets: Set<NamespacedName> = []
        var existingKafka: ExistingKafka?
    }

    private func observe(_ key: NamespacedName, _ references: References) -> Observation {
        var children: [ObjectKey: ObservedObject] = [:]
        for child in store.objects(of: key) where child.key.kind != TodoPlatform.type.groupKind {
            children[child.key] = ObservedObject(
                key: child.key, uid: child.uid, resourceVersion: child.resourceVersion, isDeleting: child.isDeleting,
                bytes: child.bytes)
        }
        return Observation(
            children: children, apis: apis.served, secretDigests: references.secretDigests,
            forbiddenSecrets: references.forbiddenSecrets, existingKafka: references.existingKafka, unseen: unseen(),
            now: surroundings.wallTime())
    }

    private func setReferences(_ memory: PlanMemory, of key: NamespacedName) {
        secrets.setReferences(Set(memory.secrets.map(\.secret)), of: key)
        let kafka = memory.existingKafka.map { NamespacedName(namespace: $0.namespace, name: $0.name) }
        kafkas.setReferences(kafka.map { [$0] } ?? [], of: key)
    }

    /// What is known of everything that the platform refers to; nil while some of it was not read yet.
    private func references(_ memory: PlanMemory) -> References? {
        var references = References(secretDigests: [:])
        for key in memory.secrets {
            switch secrets.state(of: key.secret) {
            case .unknown: return nil
            case .missing: break
            case .forbidden: references.forbiddenSecrets.insert(key.secret)
            case .present(_, let digests): references.secretDigests[key] = digests[key.key]
            }
        }
        if let kafka = memory.existingKafka {
            switch kafkas.state(of: NamespacedName(namespace: kafka.namespace, name: kafka.name)) {
            case .unknown: return nil
            case .missing: references.existingKafka = .missing
            case .forbidden: references.existingKafka = .forbidden
            case .present(_, let listeners): references.existingKafka = .present(listeners: listeners)
            }
        }
        return references
    }

    private func record(_ draft: EventDraft, about object: KubernetesObject) {
        events.record(
            EventNote(
                regarding: ObjectReference(object), kind: draft.isWarning ? .warning : .normal,
                reason: draft.reason.rawValue, action: draft.action, note: draft.note))
    }

    private func report(
        _ plan: Plan, _ results: [(action: Action, result: ActionResult)], _ key: NamespacedName
    ) {
        for (action, result) in results {
            metrics?.count(action, result)
            if case .failed(let error) = result {
                logger.warning(
                    "a write failed",
                    metadata: [
                        "platform": "\(key)", "object": "\(action.key?.description ?? "TodoPlatform")",
                        "error": "\(error.message)",
                    ])
            }
        }
    }
}

extension ActionResult {
    var isSuccess: Bool {
        if case .done = self { true } else { false }
    }
}
