import KubernetesModel
import TodoPlatformAPI

extension PlatformStep {
    /// How long each part of a deletion may take before the next one starts without it.
    static let deletionDeadline: Duration = .seconds(600)

    /// Deletes the platform's objects against the order of their making, then lets the platform go.
    ///
    /// Topics go before users and users before Kafka: the Topic Operator, which holds a finalizer on every topic, dies
    /// with its Kafka. Each group is waited for; what does not go within the deadline is named in a condition and no
    /// longer waited for. Without our finalizer there is nothing to do: garbage collection follows the owner
    /// references.
    func planDeletion(_ memory: inout PlanMemory) -> Plan {
        var situation = Situation()
        situation.phase = .deleting
        guard platform.object.finalizers.contains(Self.finalizer) else {
            return Plan(actions: [], situation: situation, wakeAfter: nil)
        }
        if platform.isProtected {
            situation.isDeletionProtected = true
            return Plan(actions: [], situation: situation, wakeAfter: nil)
        }
        // What cannot be seen may still be there: the platform stays until the right is back.
        guard observation.unseen.isEmpty else { return Plan(actions: [], situation: situation, wakeAfter: nil) }
        var actions: [Action] = []
        for group in deletionGroups() where !group.isEmpty {
            actions += group.filter { !$0.isDeleting }.compactMap { deletion(of: $0, .platformDeleted) }
            let stuck = group.filter { $0.isDeleting || memory.children[$0.key]?.failure != nil }
            situation.deletionBlockers += stuck.map(\.key)
            actions += group.compactMap(release)
            // Each group has its own time, from the first deletion in it: the platform's may have been long refused.
            let begin = group.compactMap { $0.decoded().deletionTimestamp.flatMap(Timestamp.init) }.min()
            let elapsed = begin.map { observation.now.since($0) } ?? .zero
            if elapsed <= Self.deletionDeadline {
                // Watches tell when the group is gone; the timer is only the deadline.
                let rest = Self.deletionDeadline - elapsed
                return Plan(actions: actions, situation: situation, wakeAfter: max(rest, .seconds(1)))
            }
        }
        actions.append(.setFinalizer(present: false))
        return Plan(actions: actions, situation: situation, wakeAfter: nil)
    }

    /// A topic on its way out whose Kafka is gone, as when a whole namespace is deleted: nobody is left who could take
    /// the Topic Operator's finalizer off, and the data went with the brokers.
    private func release(_ child: ObservedObject) -> Action? {
        let finalizer = "strimzi.io/topic-operator"
        guard child.key.kind.kind == "KafkaTopic", child.isDeleting,
            !observation.children.keys.contains(where: { $0.kind.kind == "Kafka" }),
            platform.platform?.spec.messaging.strimzi.existingCluster == nil,
            child.decoded().finalizers.contains(finalizer), let type = servedType(child.key.kind)
        else { return nil }
        return .release(child.key, type, finalizer: finalizer)
    }

    /// What this platform controls, in the order in which it goes.
    private func deletionGroups() -> [[ObservedObject]] {
        var groups: [[ObservedObject]] = [[], [], [], [], []]
        for child in observation.children.values.sorted(by: { $0.key.description < $1.key.description }) {
            guard child.decoded().controller?.uid == platform.uid else { continue }
            switch (child.key.kind.group, child.key.kind.kind) {
            case ("kafka.strimzi.io", "KafkaTopic"): groups[2].append(child)
            case ("kafka.strimzi.io", "KafkaUser"): groups[3].append(child)
            case ("kafka.strimzi.io", _): groups[4].append(child)
            case ("dapr.io", _): groups[1].append(child)
            default: groups[0].append(child)
            }
        }
        return groups
    }
}
