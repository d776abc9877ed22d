package import KubernetesModel

/// What a step found, in the words that status and events are made of.
package struct Situation: Sendable {
    package enum Phase: Sendable { case invalid, paused, active, deleting }

    package var phase: Phase = .active
    /// Nothing differs from the last step, which left nothing to do.
    package var isUnchanged = false
    /// What is wrong with the spec, each with path and remedy.
    package var problems: [String] = []
    package var missing: [MissingSystem] = []
    /// Secrets that the spec names and that are not there.
    package var missingSecrets: [SecretUse] = []
    /// Secrets that the spec names and that the operator may not read.
    package var forbiddenSecrets: [SecretUse] = []
    /// What keeps the Kafka of somebody else from being used.
    package var kafkaProblem: KafkaProblem?
    /// Whether any Secret is not there, also those that Strimzi is to make; and the first such.
    package var awaitsSecrets = false
    package var awaitedSecret: SecretUse?
    /// The first stage that is not ready; later ones wait for it.
    package var blockedAt: Stage?
    /// Keys of desired objects that wait for an earlier stage.
    package var withheld: Set<ObjectKey> = []
    /// Objects whose correction is suspended because somebody else keeps changing them.
    package var contested: Set<ObjectKey> = []
    package var rollout: Rollout = Rollout()
    /// Until when maintenance lasts, if it has an end.
    package var pausedUntil: Timestamp?
    /// What the deletion waits for.
    package var deletionBlockers: [ObjectKey] = []
    package var isDeletionProtected = false
}

/// Why a Kafka that the platform only uses cannot be used.
package enum KafkaProblem: Hashable, Sendable {
    case missing(ObjectKey)
    case forbidden(ObjectKey)
    /// It has no listener of the name that the spec gives.
    case noListener(ObjectKey, String, present: [String])

    /// For people, with the remedy.
    package var message: String {
        let field = "spec.messaging.strimzi.existingCluster"
        switch self {
        case .missing(let key):
            return "Kafka \(key.name), which \(field) names, does not exist in namespace \(key.namespace). "
                + "Make it, or leave the field out for a Kafka of the platform's own."
        case .forbidden(let key):
            return "The operator may not read Kafka \(key.name), which \(field) names. It needs the verbs get and "
                + "watch on kafkas.kafka.strimzi.io in namespace \(key.namespace): see config/rbac."
        case .noListener(let key, let name, let present) where present.isEmpty:
            return "Kafka \(key.name) has not said yet where its listener \(name) is reached."
        case .noListener(let key, let name, let present):
            return "Kafka \(key.name) has no listener \(name), only \(present.joined(separator: ", ")). "
                + "Set spec.messaging.strimzi.listener to one with TLS and SCRAM-SHA-512."
        }
    }
}

/// Which image runs and why.
package struct Rollout: Hashable, Sendable {
    /// What the spec asks for.
    package var target = RolloutVersion()
    /// What the Deployments are told to run.
    package var effective = RolloutVersion()
    /// The last one that was ready everywhere.
    package var current: RolloutVersion?
    package var previous: RolloutVersion?
    /// The one that did not come up.
    package var failed: RolloutVersion?

    package var isRolledBack: Bool { effective != target }
}

/// A version and the image that stands for it.
package struct RolloutVersion: Hashable, Sendable {
    package var version = ""
    package var image = ""

    package init(version: String = "", image: String = "") {
        self.version = version
        self.image = image
    }

    /// Reads `<role>` and `<role>Image` of `status.version`; nil when the image was never recorded.
    init?(_ status: JSON?, _ role: String) {
        guard let image = status?["\(role)Image"]?.string, !image.isEmpty else { return nil }
        self.init(version: status?[role]?.string ?? "", image: image)
    }
}
