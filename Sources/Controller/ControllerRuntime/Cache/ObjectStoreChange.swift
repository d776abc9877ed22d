package import KubernetesModel

/// What became different in the cache about one object.
package struct ObjectStoreChange: Sendable {
    package enum Action: String, Sendable { case added, updated, deleted }

    package let key: ObjectKey
    /// What the cache held before; nil when it is new.
    package let old: CachedObject?
    /// What it holds now; nil when it is gone.
    package let new: CachedObject?

    package var action: Action {
        if new == nil { .deleted } else if old == nil { .added } else { .updated }
    }

    /// Whom the object belongs to and belonged to, each once: all of them have something to look at.
    package var owners: [NamespacedName] {
        var result: [NamespacedName] = []
        if let owner = new?.owner { result.append(owner) }
        if let owner = old?.owner, !result.contains(owner) { result.append(owner) }
        return result
    }
}
