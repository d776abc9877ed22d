import KubernetesModel

/// The content of the cache and the rules by which it changes. Pure state: no lock, no clock.
///
/// What a server's watch says is older than our own last write until it has said that write too. So an own write is
/// shown at once, and what the watch says about that object is set aside until the written version comes by. Resource
/// versions are opaque: they are compared for equality alone, so "older" is known only by what was seen in which order.
struct ObjectTable {
    /// An own write that the watch has not confirmed yet.
    private struct OwnWrite {
        enum Expected {
            /// The object with this resource version, and the uid it has there.
            case version(String, uid: String)
            /// The end of the object with this uid.
            case end(uid: String)
        }
        let expected: Expected
        let time: Duration
        /// Counts all own writes; tells whether a list began before or after this one.
        let sequence: UInt64
        /// The object as the server last described it, which does not show; nil when there was none.
        var said: CachedObject?
        /// Whether the server has described the object as others made it since the write: our answer may hold changes
        /// that nobody has heard of.
        var hasNews = false
    }

    /// A kind has an entry once it was listed for the first time.
    private var kinds: [GroupKind: [NamespacedName: CachedObject]] = [:]
    private var owned: [NamespacedName: Set<ObjectKey>] = [:]
    private var writes: [ObjectKey: OwnWrite] = [:]
    /// Versions that the server's watch has left behind, and those that an own write took the place of.
    private var passed = RecentVersions(capacity: 4_096)
    private var overwritten = RecentVersions(capacity: 1_024)
    /// How many own writes were recorded.
    private(set) var writeSequence: UInt64 = 0

    var count: Int { kinds.values.reduce(0) { $0 + $1.count } }
    /// How many own writes wait for their confirmation.
    var unconfirmedCount: Int { writes.count }

    func object(_ key: ObjectKey) -> CachedObject? {
        kinds[key.kind]?[NamespacedName(namespace: key.namespace, name: key.name)]
    }

    func objects(of owner: NamespacedName) -> [CachedObject] {
        (owned[owner] ?? []).compactMap(object)
    }

    func objects(kind: GroupKind) -> [CachedObject] {
        kinds[kind].map { Array($0.values) } ?? []
    }

    // MARK: What the server says

    /// The watch reported `object` as added or modified.
    mutating func serverSent(_ object: CachedObject) -> ObjectStoreChange? {
        let key = object.key
        if let write = writes[key] {
            let isConfirmed =
                switch write.expected {
                case .version(let version, _): object.resourceVersion == version
                // Still there, because a finalizer holds it.
                case .end(let uid): object.uid == uid && object.isDeleting
                }
            guard isConfirmed else {
                setAside(object, key)
                return nil
            }
            writes[key] = nil
            let shown = self.object(key)
            let change = put(object, key)
            if write.hasNews, change == nil, let shown { return ObjectStoreChange(key: key, old: shown, new: object) }
            return change
        }
        return put(object, key)
    }

    /// The watch reported the end of the object `key` with `uid`.
    mutating func serverDeleted(_ key: ObjectKey, uid: String) -> ObjectStoreChange? {
        if let write = writes[key] {
            let expected =
                switch write.expected {
                case .version(_, let uid): uid
                case .end(let uid): uid
                }
            guard uid == expected else {
                // An earlier object of the same name.
                setAside(nil, key)
                return nil
            }
            writes[key] = nil
        }
        return put(nil, key)
    }

    /// A complete list of `kind` in `namespace` (nil: all) has come.
    ///
    /// - Parameter began: `writeSequence` from before the list was asked for. It contains all own writes up to there;
    ///   of later ones it may show the state before.
    mutating func replace(
        _ kind: GroupKind, namespace: String?, with listed: [NamespacedName: CachedObject], began: UInt64
    ) -> [ObjectStoreChange] {
        var changes: [ObjectStoreChange] = []
        for (key, write) in writes where key.kind == kind && covers(namespace, key.namespace) {
            if write.sequence <= began { writes[key] = nil }
        }
        let missing = kinds[kind, default: [:]].keys.filter { covers(namespace, $0.namespace) && listed[$0] == nil }
        for (key, _) in writes where key.kind == kind && covers(namespace, key.namespace) {
            if listed[NamespacedName(namespace: key.namespace, name: key.name)] == nil { setAside(nil, key) }
        }
        for name in missing {
            let key = ObjectKey(kind, namespace: name.namespace, name: name.name)
            if writes[key] == nil, let change = put(nil, key) {
                changes.append(change)
            }
        }
        if kinds[kind] == nil { kinds[kind] = [:] }
        for object in listed.values {
            if let change = serverSent(object) { changes.append(change) }
        }
        return changes
    }

    /// The server has sent all that happened up to about now: own writes from before `time` that were not confirmed
    /// never will be, because a list took their place. What the server said since then counts.
    mutating func settle(_ kind: GroupKind, namespace: String?, writtenBefore time: Duration) -> [ObjectStoreChange] {
        var changes: [ObjectStoreChange] = []
        for (key, write) in writes where key.kind == kind && covers(namespace, key.namespace) && write.time < time {
            writes[key] = nil
            if let change = put(write.said, key) { changes.append(change) }
        }
        return changes
    }

    /// Forgets the objects of `kind`, but for those in the namespaces `keeping`.
    mutating func remove(_ kind: GroupKind, keeping: Set<String> = []) -> [ObjectStoreChange] {
        var changes: [ObjectStoreChange] = []
        let leaving = kinds[kind, default: [:]].keys.filter { !keeping.contains($0.namespace) }
        for name in leaving {
            let key = ObjectKey(kind, namespace: name.namespace, name: name.name)
            if let change = put(nil, key) { changes.append(change) }
        }
        for key in writes.keys where key.kind == kind && !keeping.contains(key.namespace) { writes[key] = nil }
        if keeping.isEmpty { kinds[kind] = nil }
        return changes
    }

    // MARK: What we wrote

    /// The server answered `object` to a write of ours.
    ///
    /// - Parameter now: for `settle`.
    /// - Returns: what others changed, if the answer showed that the watch knows better.
    mutating func recordWrite(_ object: CachedObject, now: Duration) -> ObjectStoreChange? {
        let key = object.key
        // A kind that is not followed would keep what is written for ever.
        guard kinds[key.kind] != nil else { return nil }
        let present = self.object(key)
        if let present, present.resourceVersion == object.resourceVersion { return nil }
        let said = writes[key].map(\.said) ?? present
        if passed.contains(key, object.resourceVersion) || said?.resourceVersion == object.resourceVersion {
            // The watch was faster than the answer, and may have gone on since: what it said is not older.
            writes[key] = nil
            return put(said, key)
        }
        if overwritten.contains(key, object.resourceVersion) { return nil }
        show(object, key)
        writeSequence += 1
        writes[key] = OwnWrite(
            expected: .version(object.resourceVersion, uid: object.uid), time: now, sequence: writeSequence, said: said)
        return nil
    }

    /// The server accepted our delete of `key`. - Parameter uid: of the object that was deleted, if known.
    mutating func recordDelete(_ key: ObjectKey, uid: String?, now: Duration) {
        guard let present = object(key), uid == nil || present.uid == uid, !present.isDeleting else { return }
        let said = writes[key].map(\.said) ?? present
        show(nil, key)
        writeSequence += 1
        writes[key] = OwnWrite(expected: .end(uid: present.uid), time: now, sequence: writeSequence, said: said)
    }

    // MARK: Parts

    private func covers(_ scope: String?, _ namespace: String) -> Bool { scope == nil || scope == namespace }

    private mutating func setAside(_ object: CachedObject?, _ key: ObjectKey) {
        if let earlier = writes[key]?.said, earlier.resourceVersion != object?.resourceVersion {
            passed.insert(key, earlier.resourceVersion)
        }
        writes[key]?.said = object
        // What was shown before, or was written by us, is no news.
        guard let object, !overwritten.contains(key, object.resourceVersion) else { return }
        writes[key]?.hasNews = true
    }

    /// Shows what we wrote.
    private mutating func show(_ object: CachedObject?, _ key: ObjectKey) {
        if let old = set(object, key) { overwritten.insert(key, old.resourceVersion) }
    }

    /// Shows what the server said. Returns nil when that is no news.
    private mutating func put(_ object: CachedObject?, _ key: ObjectKey) -> ObjectStoreChange? {
        let old = set(object, key)
        guard old?.resourceVersion != object?.resourceVersion || old?.uid != object?.uid else { return nil }
        if let old { passed.insert(key, old.resourceVersion) }
        return ObjectStoreChange(key: key, old: old, new: object)
    }

    /// Makes `object` what the cache shows for `key`. Returns what it showed before.
    private mutating func set(_ object: CachedObject?, _ key: ObjectKey) -> CachedObject? {
        let name = NamespacedName(namespace: key.namespace, name: key.name)
        let old: CachedObject?
        if let object {
            old = kinds[key.kind, default: [:]].updateValue(object, forKey: name)
        } else {
            old = kinds[key.kind]?.removeValue(forKey: name)
        }
        if let owner = old?.owner, owner != object?.owner {
            owned[owner]?.remove(key)
            if owned[owner]?.isEmpty == true { owned[owner] = nil }
        }
        if let owner = object?.owner, owner != old?.owner { owned[owner, default: []].insert(key) }
        return old
    }
}
