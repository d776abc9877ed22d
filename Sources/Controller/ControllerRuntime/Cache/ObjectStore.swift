package import KubernetesModel
import Synchronization

/// The cache of everything that is watched, of all kinds together.
///
/// Watches fill it; reconciles read it, and record in it what they wrote, so that the next read sees it even when the
/// watch lags behind. Reads cost no request. All functions may be called from any thread.
package final class ObjectStore: Sendable {
    private let labels: OwnerLabels
    private let now: @Sendable () -> Duration
    private let table = Mutex(ObjectTable())
    private let strings = Mutex(StringPool())
    private let observers = Mutex<[@Sendable (ObjectStoreChange) -> Void]>([])

    /// - Parameters:
    ///   - ownerLabel: the label whose value is the name of the resource that an object belongs to.
    ///   - ownerNamespaceLabel: the label with that resource's namespace, on objects in other namespaces.
    package init(ownerLabel: String, ownerNamespaceLabel: String? = nil, surroundings: Surroundings = .system) {
        labels = OwnerLabels(name: ownerLabel, namespace: ownerNamespaceLabel)
        now = surroundings.now
    }

    /// Calls `observer` after every change that a server reported, outside any lock, on the task that brought the change.
    /// Own writes are no news and are not reported, neither when they are recorded nor when the watch confirms them,
    /// unless others wrote in between.
    package func onChange(_ observer: @escaping @Sendable (ObjectStoreChange) -> Void) {
        observers.withLock { $0.append(observer) }
    }

    package func object(_ key: ObjectKey) -> CachedObject? { table.withLock { $0.object(key) } }

    /// What belongs to `owner` by its labels, in no order.
    package func objects(of owner: NamespacedName) -> [CachedObject] { table.withLock { $0.objects(of: owner) } }

    /// All objects of `kind`, sorted by namespace and name.
    package func objects(kind: GroupKind) -> [CachedObject] {
        Self.sorted(table.withLock { $0.objects(kind: kind) })
    }

    /// All objects of `kind` in `namespace`, sorted by name.
    package func objects(kind: GroupKind, namespace: String) -> [CachedObject] {
        objects(kind: kind).filter { $0.key.namespace == namespace }
    }

    package var count: Int { table.withLock { $0.count } }

    /// Own writes that the watches have not confirmed yet; 0 when the cache is level with all that was written.
    package var unconfirmedWriteCount: Int { table.withLock { $0.unconfirmedCount } }

    /// Makes `object`, the server's answer to a create, update or apply, visible at once. Until the watch reports this
    /// very version, what it says about the object is older and does not show.
    ///
    /// Only for objects that a watch covers; of kinds that are not watched nothing is recorded. Writes to one object
    /// must be recorded in the order in which the server answered them.
    package func recordWrite(_ object: KubernetesObject) {
        // An answer without name or version is no object; the watch will tell what there is.
        guard let entry = try? entry(object.json, kind: object.groupKind, apiVersion: object.apiVersion) else { return }
        report(table.withLock { $0.recordWrite(entry, now: now()) }.map { [$0] } ?? [])
    }

    /// Hides the object `key` at once after the server accepted its deletion. It comes back if the server reports it as
    /// being deleted (finalizers), or reports another one of that name.
    package func recordDelete(_ key: ObjectKey, uid: String?) {
        table.withLock { $0.recordDelete(key, uid: uid, now: now()) }
    }

    private static func sorted(_ objects: [CachedObject]) -> [CachedObject] {
        objects.sorted {
            ($0.key.kind.group, $0.key.kind.kind, $0.key.namespace, $0.key.name)
                < ($1.key.kind.group, $1.key.kind.kind, $1.key.namespace, $1.key.name)
        }
    }
}

/// For the watches.
extension ObjectStore {
    /// How long after an own write a sign that the watch is level settles it.
    static let settlingTime: Duration = .seconds(30)

    /// Makes a cache entry of an object as the server wrote it.
    func entry(_ json: JSON, type: ResourceType) throws(UndecodableObject) -> CachedObject {
        try entry(json, kind: type.groupKind, apiVersion: type.apiVersion)
    }

    private func entry(_ json: JSON, kind: GroupKind, apiVersion: String) throws(UndecodableObject) -> CachedObject {
        var json = json
        if json["metadata"]?["managedFields"] != nil { json[path: ["metadata", "managedFields"]] = nil }
        return try CachedObject.make(
            json, kind: kind, apiVersion: apiVersion, labels: labels,
            known: { name in object(ObjectKey(kind, namespace: name.namespace, name: name.name)) },
            share: { text in strings.withLock { $0.shared(text) } })
    }

    /// How many own writes were recorded; to be taken before a list is asked for.
    var writeSequence: UInt64 { table.withLock { $0.writeSequence } }

    func serverSent(_ object: CachedObject) { report(table.withLock { $0.serverSent(object) }.map { [$0] } ?? []) }

    func serverDeleted(_ key: ObjectKey, uid: String) {
        report(table.withLock { $0.serverDeleted(key, uid: uid) }.map { [$0] } ?? [])
    }

    /// Swaps all objects of `kind` in `namespace` (nil: all) for `listed` at once. Those that are missing are deleted.
    func replace(_ kind: GroupKind, namespace: String?, with listed: [NamespacedName: CachedObject], began: UInt64) {
        report(table.withLock { $0.replace(kind, namespace: namespace, with: listed, began: began) })
    }

    /// The watch of `kind` in `namespace` is level with the server.
    func settle(_ kind: GroupKind, namespace: String?) {
        let limit = now() - Self.settlingTime
        report(table.withLock { $0.settle(kind, namespace: namespace, writtenBefore: limit) })
    }

    func remove(_ kind: GroupKind, keeping namespaces: Set<String> = []) {
        report(table.withLock { $0.remove(kind, keeping: namespaces) })
    }

    private func report(_ changes: [ObjectStoreChange]) {
        guard !changes.isEmpty else { return }
        let observers = observers.withLock { $0 }
        for change in changes {
            for observer in observers { observer(change) }
        }
    }
}

/// Equal strings share their memory. Short ones need none of their own.
private struct StringPool {
    private static let maximumCount = 10_000
    private var known: Set<String> = []

    mutating func shared(_ text: String) -> String {
        guard text.utf8.count > 15 else { return text }
        // Namespaces and owners come and go in a long life; starting over loses nothing but some sharing.
        if known.count >= Self.maximumCount { known.removeAll() }
        return known.insert(text).memberAfterInsert
    }
}
