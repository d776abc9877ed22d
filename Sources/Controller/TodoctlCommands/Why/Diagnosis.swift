package import KubernetesModel
import PlatformPlan
import TodoPlatformAPI

/// Why a platform is not ready: from its own conditions down to the object that blocks, and to that object's pods and
/// Events. Needs no right but to read, and makes do with what it may read.
package struct Diagnosis: Sendable {
    let report: StatusReport
    private(set) var blocker: Blocker?
    /// About the platform itself.
    private(set) var events: [EventLine] = []
    private(set) var remedy: String
    private(set) var notes: [String] = []

    /// The first object, in the order of stages, that is not as it should be.
    struct Blocker: Sendable {
        let key: ObjectKey
        /// Completes a sentence about the object.
        let text: String
        var conditions: [Condition] = []
        var pods: [PodTrouble] = []
        var events: [EventLine] = []
    }

    package var isReady: Bool { report.isReady }

    private static let maximumPods = 3
    private static let maximumEvents = 5

    /// - Throws: when the platform cannot be read or is not there.
    package static func make(_ name: NamespacedName, from cluster: ClusterReader, now: Timestamp)
        async throws(CommandError)
        -> Diagnosis
    {
        let object = try await cluster.platform(name)
        var diagnosis = Diagnosis(object, now: now)
        guard !diagnosis.isReady else { return diagnosis }
        let message = diagnosis.report.ready?.message
        diagnosis.events = await cluster.events(
            about: TodoPlatform.type.kind, namespace: name.namespace, name: name.name
        ).filter { $0.note != message }.suffix(maximumEvents)
        if diagnosis.report.staleness == nil, !diagnosis.messageSaysAll { await diagnosis.findBlocker(object, cluster) }
        return diagnosis
    }

    init(_ object: KubernetesObject, now: Timestamp) {
        let report = StatusReport(object, now: now)
        self.report = report
        let reason = report.ready.flatMap { Reason(rawValue: $0.reason) }
        let blocked = report.conditions.first { $0.type == "DeletionBlocked" }.flatMap { Reason(rawValue: $0.reason) }
        if report.isReady {
            remedy = ""
        } else if report.staleness != nil {
            remedy =
                "Look at the operator: kubectl -n todo-system get pods; kubectl -n todo-system logs deploy/todo-operator."
        } else {
            remedy =
                (blocked ?? reason).map { Remedy.text(for: $0, name: report.name) }
                ?? "\"kubectl describe todoplatform \(report.name.name) -n \(report.name.namespace)\" shows everything."
        }
    }

    /// Whether the cause lies outside of the platform's objects, so that the platform's own message names it.
    private var messageSaysAll: Bool {
        switch report.ready.flatMap({ Reason(rawValue: $0.reason) }) {
        case .invalidSpec, .dependencyMissing, .secretMissing, .forbidden, .nameTaken, .writeRefused, .contested,
            .rolledBack:
            true
        case .deleting: report.conditions.contains { $0.reason == Reason.deletionProtected.rawValue }
        default: false
        }
    }

    private mutating func findBlocker(_ object: KubernetesObject, _ cluster: ClusterReader) async {
        let children: [KubernetesObject]
        let desired: DesiredState
        do throws(CommandError) {
            let apis = try await cluster.servedAPIs()
            let (found, forbidden) = try await cluster.children(of: report.name, apis)
            children = found
            let platform = TodoPlatform.decode(object).platform
            // The image is of no matter here: keys are compared, not contents.
            desired = DesiredState.build(
                PlanInput(
                    platform: platform, apis: apis, image: platform.effective.image, version: platform.spec.version))
            if !forbidden.isEmpty {
                notes.append(
                    "Not looked at, because the right to list is missing: \(forbidden.map(\.kind).joined(separator: ", "))."
                )
            }
            let hidden = Set(forbidden)
            blocker =
                object.isDeleting
                ? Self.deletionBlocker(children)
                : Self.blocker(desired.objects.filter { !hidden.contains($0.key.kind) }, children)
        } catch {
            notes.append("The platform's objects could not be read: \(error.what).")
            return
        }
        guard let key = blocker?.key, let live = children.first(where: { $0.key == key }) else { return }
        blocker?.conditions = Self.badConditions(live)
        var lines = await cluster.events(about: key.kind.kind, namespace: key.namespace, name: key.name)
        if ["Deployment", "Job"].contains(key.kind.kind) {
            let labels = live.spec?["selector"]?["matchLabels"]?.stringDictionary ?? [:]
            let pods = await cluster.pods(namespace: key.namespace, labels: labels)
            let troubles = pods.compactMap(PodTrouble.init)
            blocker?.pods = Array(troubles.prefix(Self.maximumPods))
            if let first = troubles.first {
                lines += await cluster.events(about: "Pod", namespace: key.namespace, name: first.pod)
                remedy = first.remedy
            }
        }
        blocker?.events = lines.sorted { $0.time < $1.time }.suffix(Self.maximumEvents)
    }

    /// The first desired object that is missing or not ready; what failed counts before what is merely on its way.
    static func blocker(_ desired: [DesiredObject], _ children: [KubernetesObject]) -> Blocker? {
        let live = Dictionary(children.map { ($0.key, $0) }) { first, _ in first }
        var waiting: Blocker?
        for object in desired {
            let readiness = live[object.key].map(Readiness.of) ?? .progressing("is not made yet")
            switch readiness {
            case .ready: continue
            case .failed(let reason, let text): return Blocker(key: object.key, text: "failed (\(reason)): \(text)")
            case .progressing(let text): waiting = waiting ?? Blocker(key: object.key, text: text)
            }
        }
        return waiting
    }

    private static func deletionBlocker(_ children: [KubernetesObject]) -> Blocker? {
        guard
            let child = children.filter(\.isDeleting).min(by: {
                $0.deletionTimestamp ?? "" < $1.deletionTimestamp ?? ""
            })
        else { return nil }
        let finalizers = child.finalizers.joined(separator: ", ")
        return Blocker(
            key: child.key,
            text: finalizers.isEmpty ? "is being deleted" : "is being deleted and waits for \(finalizers)")
    }

    private static func badConditions(_ object: KubernetesObject) -> [Condition] {
        (object.status?["conditions"]?.array ?? []).compactMap(Condition.init).filter { condition in
            switch condition.type {
            case "NotReady", "Failed", "ReplicaFailure", "FailureTarget", "Warning": condition.isTrue
            case "Progressing": condition.status == .isFalse
            case "Suspended", "ReconciliationPaused": condition.isTrue
            default: !condition.isTrue
            }
        }
    }
}
