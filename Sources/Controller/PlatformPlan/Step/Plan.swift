package import KubernetesModel

/// One write to the cluster.
package enum Action: Sendable {
    /// Server-side apply of the complete intent.
    case apply(Apply)
    /// Writes `spec.replicas` under a field manager of its own, so that the count stays when the main intent gives it
    /// up to an autoscaler.
    case handOverReplicas(ObjectKey, ResourceType, replicas: Int)
    case delete(ObjectKey, ResourceType, uid: String, DeletionCause)
    /// Takes a finalizer off an object whose keeper is gone for good.
    case release(ObjectKey, ResourceType, finalizer: String)
    /// Adds or removes our finalizer on the platform.
    case setFinalizer(present: Bool)

    package struct Apply: Sendable {
        package let object: KubernetesObject
        package let type: ResourceType
        package let stage: Stage
        package let digest: IntentDigest
        package let cause: ApplyCause
        package var key: ObjectKey { object.key }
    }

    package enum ApplyCause: Hashable, Sendable {
        /// It does not exist.
        case missing
        /// The intent changed since it was last applied.
        case changed
        /// Somebody changed fields that are ours.
        case drifted([FieldDifference])
    }

    package enum DeletionCause: String, Sendable {
        /// The spec no longer asks for it.
        case unwanted
        /// An autoscaler that must go before its target gets a fixed count again.
        case handBack
        /// The platform is being deleted.
        case platformDeleted
        /// It failed and is made anew because its template cannot be changed.
        case replaced
    }

    /// For logs: what is done to which object and why. Names fields, never their values.
    package var summary: String {
        switch self {
        case .apply(let apply):
            switch apply.cause {
            case .missing: "create \(apply.key)"
            case .changed: "change \(apply.key)"
            case .drifted(let fields): "correct \(apply.key): \(fields.prefix(5).map(\.path).joined(separator: ", "))"
            }
        case .handOverReplicas(let key, _, let replicas): "hand \(replicas) replicas of \(key) over to its autoscaler"
        case .delete(let key, _, _, let cause): "delete \(key) (\(cause.rawValue))"
        case .release(let key, _, let finalizer): "take finalizer \(finalizer) off \(key)"
        case .setFinalizer(let present): present ? "add our finalizer" : "remove our finalizer"
        }
    }

    package var key: ObjectKey? {
        switch self {
        case .apply(let apply): apply.key
        case .handOverReplicas(let key, _, _), .delete(let key, _, _, _), .release(let key, _, _): key
        case .setFinalizer: nil
        }
    }
}

/// What one step decided: the writes, in order, and what the status will say if they succeed.
package struct Plan: Sendable {
    package var actions: [Action]
    /// What holds the next stage back.
    package var situation: Situation
    /// When to look again though nothing changed: a deadline. Nil when only a change can bring anything new.
    package var wakeAfter: Duration?
}

/// How one action went.
package enum ActionResult: Sendable {
    /// The object as the API server returned it; nil after a deletion.
    case done(KubernetesObject?)
    case failed(KubernetesError)
}
