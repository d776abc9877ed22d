package import KubernetesModel
package import TodoPlatformAPI

/// One `TodoPlatform` as read from the cluster: the raw object, and the decoded platform if its spec can be followed.
///
/// Decoded once per version of the resource and then used by every step.
package struct PlatformResource: Sendable {
    /// The object without its spec, which is in `platform`: as JSON it would be the larger part of what is held.
    package let object: KubernetesObject
    /// Nil when the spec is invalid; `problems` then says why.
    package let platform: TodoPlatform?
    package let problems: [Problem]
    /// What the spec asks to run.
    let target: RolloutVersion
    let budget: Budget?

    /// Read from the raw spec, so that protection holds even while the rest of the spec is invalid.
    let isProtected: Bool

    /// - Parameter earlier: another version of the resource: what was read of the same spec is not read again.
    package init(_ object: KubernetesObject, after earlier: PlatformResource? = nil) {
        var rest = object
        rest.json["spec"] = nil
        self.object = rest
        if let earlier, let generation = object.generation, generation == earlier.object.generation,
            let uid = object.uid, uid == earlier.object.uid
        {
            platform = earlier.platform
            problems = earlier.problems
            target = earlier.target
            budget = earlier.budget
            isProtected = earlier.isProtected
            return
        }
        isProtected = object.spec?["deletion"]?["protection"]?.bool ?? false
        let decoded = TodoPlatform.decode(object)
        var found = decoded.problems
        if !found.contains(where: { $0.severity == .error }) { found += decoded.platform.spec.problems() }
        problems = found.filter { $0.severity == .error }
        platform = problems.isEmpty ? decoded.platform : nil
        let effective = decoded.platform.effective
        target = RolloutVersion(version: decoded.platform.spec.version, image: effective.image)
        budget = effective.budget
    }

    /// The migration Job that completed last, by name.
    var completedMigration: String? { object.status?["migration"]?["job"]?.string }

    var generation: Int { object.generation ?? 0 }
    var uid: String { object.uid ?? "" }
    var isDeleting: Bool { object.isDeleting }
    var deletionTime: Timestamp? { object.deletionTimestamp.flatMap(Timestamp.init) }

    /// Whether deletion takes topics with it, which must then happen in order.
    var deletesTopics: Bool {
        guard let spec = platform?.spec, spec.messaging.type == .strimzi else { return false }
        return spec.deletion.topics == .delete || spec.deletion.data == .delete
    }

    var rollsBack: Bool { platform?.spec.upgrade.automaticRollback ?? false }

    /// When maintenance ends by itself; nil when it does not.
    var pausedUntil: Timestamp? { platform?.spec.maintenance.until }

    func isPaused(at now: Timestamp) -> Bool {
        guard let maintenance = platform?.spec.maintenance, maintenance.paused else { return false }
        return maintenance.until.map { now < $0 } ?? true
    }

    var maintenanceReason: String { platform?.spec.maintenance.reason ?? "" }
}
