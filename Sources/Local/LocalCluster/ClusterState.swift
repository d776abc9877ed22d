import KubernetesModel

/// Everything that the cluster knows: kinds, objects, history. A value without clock, lock or task; `LocalCluster` keeps
/// it behind a lock.
struct ClusterState: Sendable {
    let release: LocalCluster.Release
    let historyLimit: Int
    private(set) var definitions: [GroupKind: ResourceDefinition] = [:]
    /// Kinds by `group/version/plural`.
    private(set) var routes: [String: GroupKind] = [:]
    private(set) var stores: [GroupKind: ResourceStore] = [:]
    /// The resource version of the last change.
    private(set) var revision = 100
    private(set) var keysByUID: [String: ObjectKey] = [:]
    /// The objects that name a UID as their owner.
    private(set) var dependents: [String: Set<ObjectKey>] = [:]
    /// Objects that the garbage collector has yet to look at.
    var unsettled: [ObjectKey] = []
    private var random: SplitMix64
    private var lastClusterIP = 10
    private var lastNodePort = 30_000

    init(release: LocalCluster.Release, historyLimit: Int, seed: UInt64, now: Timestamp) {
        self.release = release
        self.historyLimit = historyLimit
        random = SplitMix64(state: seed)
        for definition in ResourceDefinition.builtIns(release) { serve(definition) }
        for name in ["default", "kube-system"] {
            guard let definition = definitions[ResourceDefinition.namespace] else { continue }
            let call = ObjectCall(
                definition: definition, version: definition.versions[0], namespace: "", name: name, subresource: nil,
                query: [:], now: now)
            let object: JSON = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
            do {
                _ = try create(call, object)
            } catch {
                preconditionFailure("the first namespaces are valid: \(error.message)")
            }
        }
    }

    // MARK: Kinds

    mutating func serve(_ definition: ResourceDefinition) {
        let kind = definition.groupKind
        routes = routes.filter { $0.value != kind }
        for version in definition.versions { routes["\(definition.group)/\(version.name)/\(definition.plural)"] = kind }
        definitions[kind] = definition
        if stores[kind] == nil {
            var store = ResourceStore()
            store.compact(to: revision)
            stores[kind] = store
        }
    }

    /// The store stays, so that open watches still see the last deletions.
    mutating func stopServing(_ kind: GroupKind) {
        routes = routes.filter { $0.value != kind }
        definitions[kind] = nil
    }

    // MARK: Objects

    func object(_ key: ObjectKey) -> StoredObject? { stores[key.kind]?.objects[key] }

    func objects(_ kind: GroupKind, namespace: String?) -> [StoredObject] {
        guard let store = stores[kind] else { return [] }
        return store.objects.filter { namespace == nil || $0.key.namespace == namespace }
            .sorted { ($0.key.namespace, $0.key.name) < ($1.key.namespace, $1.key.name) }.map(\.value)
    }

    /// Stores the next version of an object.
    mutating func put(_ json: JSON, managed: ManagedFields, at key: ObjectKey) -> StoredObject {
        revision += 1
        let object = StoredObject(json: json, managed: managed, revision: revision)
        if let old = self.object(key) { unindex(old, key) }
        stores[key.kind, default: ResourceStore()].record(object, at: key, historyLimit: historyLimit)
        keysByUID[object.uid] = key
        for owner in object.object.ownerReferences { dependents[owner.uid, default: []].insert(key) }
        if key.kind == ResourceDefinition.customResourceDefinition,
            let definition = ResourceDefinition(crd: json, release: release)
        {
            serve(definition)
        }
        unsettled.append(key)
        return object
    }

    /// Takes an object away for good.
    mutating func drop(_ key: ObjectKey) {
        guard let old = object(key) else { return }
        revision += 1
        let last = StoredObject(json: old.json, managed: old.managed, revision: revision)
        stores[key.kind]?.remove(key, last: last, historyLimit: historyLimit)
        unindex(old, key)
        keysByUID[old.uid] = nil
        unsettled += (dependents[old.uid] ?? []).sorted { $0.description < $1.description }
        // Those who wait for this object to go: owners deleted in the foreground, its namespace, its kind.
        unsettled += old.object.ownerReferences.compactMap { keysByUID[$0.uid] }
        if !key.namespace.isEmpty { unsettled.append(ObjectKey(ResourceDefinition.namespace, name: key.namespace)) }
        if let definition = definitions[key.kind], !definition.isBuiltIn {
            unsettled.append(ObjectKey(ResourceDefinition.customResourceDefinition, name: definition.qualifiedName))
        }
        if key.kind == ResourceDefinition.customResourceDefinition,
            let definition = ResourceDefinition(crd: old.json, release: release)
        {
            stopServing(definition.groupKind)
        }
    }

    private mutating func unindex(_ object: StoredObject, _ key: ObjectKey) {
        for owner in object.object.ownerReferences {
            dependents[owner.uid]?.remove(key)
            if dependents[owner.uid]?.isEmpty == true { dependents[owner.uid] = nil }
        }
    }

    mutating func compact() {
        for kind in stores.keys { stores[kind]?.compact(to: revision) }
    }

    // MARK: What the server hands out

    mutating func newUID() -> String {
        func hex(_ value: UInt64, _ digits: Int) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text.suffix(digits)
        }
        let (high, low) = (random.next(), random.next())
        // Version 4, variant 1.
        return [
            hex(high >> 32, 8), hex(high >> 16 & 0xFFFF, 4), hex(0x4000 | high & 0xFFF, 4),
            hex(0x8000 | low >> 48 & 0x3FFF, 4), hex(low & 0xFFFF_FFFF_FFFF, 12),
        ].joined(separator: "-")
    }

    mutating func newNameSuffix() -> String {
        let letters = Array("bcdfghjklmnpqrstvwxz2456789")
        return String((0..<5).map { _ in letters[Int(random.next() % UInt64(letters.count))] })
    }

    mutating func newClusterIP() -> String {
        lastClusterIP += 1
        return "10.96.\(lastClusterIP / 250 % 250).\(lastClusterIP % 250 + 1)"
    }

    mutating func newNodePort() -> Int {
        lastNodePort += 1
        return lastNodePort
    }
}

/// A small generator of random numbers with a seed (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators").
struct SplitMix64: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
