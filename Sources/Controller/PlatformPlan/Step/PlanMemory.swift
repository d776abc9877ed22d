package import KubernetesModel

/// What the operator remembers of one platform between two steps.
///
/// Only ever a shortcut: with an empty memory the same plan comes out, after more work. Nothing that must survive a
/// restart lives here; that stands in the resource's status and on the objects themselves.
package struct PlanMemory: Sendable {
    /// What the entries below were built from.
    struct Basis: Hashable, Sendable {
        let uid: String
        let generation: Int
        let image: String
        let version: String
        let apis: ServedAPIs
        let secretDigests: [SecretKey: String]
        let kafkaBootstrapServers: String?
        let isRolledBack: Bool
    }

    /// A desired object without its body, which is rebuilt when it is needed.
    struct Entry: Sendable {
        let key: ObjectKey
        let type: ResourceType
        let stage: Stage
        let digest: IntentDigest
        /// Stays when the platform goes.
        let isRetained: Bool
    }

    /// What is known of one live child.
    struct Child: Sendable {
        /// The intent that the child was last found to meet, or that was last applied.
        var digest: IntentDigest?
        /// The version of the live object for which that was found.
        var resourceVersion: String?
        var readiness: Readiness = .ready
        /// What tells a change of the spec or of the metadata from one of the status alone; nil while it is not right.
        var shape: Shape?
        /// What remained different right after our own apply: the API server's own way to write our values, or a
        /// mutating webhook. Sending the same again would not change it.
        var residue: [FieldDifference] = []
        /// When we last corrected it, newest last; at most `correctionLimit`.
        var corrections: [Timestamp] = []
        /// Why the last write failed, if it did.
        var failure: Failure?
    }

    /// The parts of a live object that we may own, without holding them: while they stay, only its status changed.
    struct Shape: Hashable, Sendable {
        private let generation: Int?
        private let content: Int

        init(_ object: KubernetesObject) {
            generation = object.generation
            var hasher = Hasher()
            for field in ["labels", "annotations", "ownerReferences", "finalizers"] {
                hasher.combine(object.metadata[field])
            }
            if generation == nil {
                // Autoscalers and others count no generations; their status changes all the time.
                for (key, value) in object.json.object ?? JSONObject() where key != "metadata" && key != "status" {
                    hasher.combine(key)
                    hasher.combine(value)
                }
            }
            content = hasher.finalize()
        }
    }

    package struct Failure: Hashable, Sendable {
        package let code: KubernetesError.Code
        package let message: String
        /// The API server refused the intent itself: the same is not sent again.
        package var isFinal: Bool { code == .invalid }
        /// The intent that was refused.
        let digest: IntentDigest?
        /// The live object's version that it was refused on; nil when there was none.
        var refusedVersion: String?
    }

    /// So many corrections of one object within `correctionWindow` mean that somebody else writes the same fields.
    static let correctionLimit = 10
    static let correctionWindow: Duration = .seconds(60)

    var basis: Basis?
    /// The desired state of `basis` with its `objects` left out.
    var desired: DesiredState?
    var entries: [Entry] = []
    var children: [ObjectKey: Child] = [:]
    var lastStatusWrite: Timestamp?
    /// Corrections that no status has told of yet, newest first.
    var unreportedDrift: [JSON] = []
    /// Whether the last step found nothing to do and nothing to wait for, and how many children there were then.
    var isSettled = false
    var settledCount = 0
    /// The version of the resource whose status was last found complete.
    var concludedVersion: String?

    package init() {}
}

extension PlanMemory {
    package var hasDesiredState: Bool { desired != nil }

    /// The Kafka of somebody else that the platform uses; nil when it uses none.
    package var existingKafka: ObjectKey? {
        guard let desired, !desired.ownsKafka else { return nil }
        return desired.kafka
    }

    /// The secret values that the platform refers to.
    package var secrets: [SecretKey] { desired?.secrets.map(\.key) ?? [] }

    /// The status that was to be written did not arrive: the next step writes it without delay.
    package mutating func forgetStatusWrite() {
        lastStatusWrite = nil
        concludedVersion = nil
    }
}
