import KubernetesModel

extension ClusterState {
    private static let foreground = "foregroundDeletion"
    private static let orphan = "orphan"
    static let customResourceCleanup = "customresourcecleanup.apiextensions.k8s.io"

    /// Deletes one object, at once or, with finalizers, by marking it.
    mutating func delete(_ call: ObjectCall, options: JSON) throws(APIStatus) -> WriteResult {
        guard let old = object(call.key) else { throw call.notFound() }
        let preconditions = options["preconditions"]
        if let uid = preconditions?["uid"]?.string, uid != old.uid {
            throw .conflict(
                call.definition, name: call.name,
                "Precondition failed: UID in precondition: \(uid), UID in object meta: \(old.uid)")
        }
        if let version = preconditions?["resourceVersion"]?.string, version != String(old.revision) {
            throw .conflict(
                call.definition, name: call.name,
                "Precondition failed: ResourceVersion in precondition: \(version), ResourceVersion in object meta: "
                    + "\(old.revision)")
        }
        let asked = options["propagationPolicy"]?.string ?? call.query["propagationPolicy"]
        let propagation = asked.flatMap(KubernetesRequest.Propagation.init) ?? call.definition.defaultPropagation
        if call.isDryRun { return WriteResult(object: old, isGone: old.object.finalizers.isEmpty) }
        beginDeletion(call.key, propagation, now: call.now)
        settle(now: call.now)
        let left = object(call.key)
        return WriteResult(object: left ?? old, isGone: left == nil)
    }

    /// Marks an object as going, or drops it when nothing holds it.
    private mutating func beginDeletion(
        _ key: ObjectKey, _ propagation: KubernetesRequest.Propagation, now: Timestamp
    ) {
        guard let old = object(key) else { return }
        var finalizers = old.object.finalizers
        // Asking again with another policy changes the policy; asking again with none leaves it.
        if !old.isDeleting || propagation != .background {
            finalizers.removeAll { $0 == Self.foreground || $0 == Self.orphan }
            if propagation == .foreground { finalizers.append(Self.foreground) }
            if propagation == .orphan { finalizers.append(Self.orphan) }
        }
        if finalizers.isEmpty, !isHeldByContents(old, key) {
            drop(key)
            return
        }
        var json = old.json
        json[path: ["metadata", "finalizers"]] = finalizers.isEmpty ? nil : .array(finalizers.map { .string($0) })
        if !old.isDeleting {
            json[path: ["metadata", "deletionTimestamp"]] = .string(now.rfc3339)
            json[path: ["metadata", "deletionGracePeriodSeconds"]] = 0
            if let generation = old.object.generation { json[path: ["metadata", "generation"]] = JSON(generation + 1) }
            if key.kind == ResourceDefinition.namespace { json[path: ["status", "phase"]] = "Terminating" }
        }
        if json != old.json { _ = put(json, managed: old.managed, at: key) }
    }

    /// Whether a namespace still has objects in it. (A CustomResourceDefinition is held by a finalizer instead.)
    func isHeldByContents(_ object: StoredObject, _ key: ObjectKey) -> Bool {
        key.kind == ResourceDefinition.namespace
            && stores.values.contains { $0.objects.keys.contains { $0.namespace == key.name } }
    }

    /// Does what the garbage collector and the namespace controller of a real cluster do, until nothing is left to do.
    mutating func settle(now: Timestamp) {
        while let key = unsettled.popLast() { settle(key, now: now) }
    }

    private mutating func settle(_ key: ObjectKey, now: Timestamp) {
        guard let object = object(key) else { return }
        if object.isDeleting {
            if key.kind == ResourceDefinition.namespace { return settleNamespace(key, now: now) }
            if object.object.finalizers.contains(Self.customResourceCleanup) {
                return settleKind(object, key, now: now)
            }
            if object.object.finalizers.contains(Self.foreground) { return settleForeground(object, key, now: now) }
            if object.object.finalizers.contains(Self.orphan) {
                for dependent in dependents[object.uid] ?? [] { removeOwners([object.uid], of: dependent) }
                return removeFinalizer(Self.orphan, of: key)
            }
        }
        settleOwners(object, key, now: now)
    }

    /// Deletes what has lost its owners.
    private mutating func settleOwners(_ object: StoredObject, _ key: ObjectKey, now: Timestamp) {
        let references = object.object.ownerReferences
        guard !references.isEmpty else { return }
        var hasSolid = false
        var hasWaiting = false
        var stale: [String] = []
        for reference in references {
            guard let ownerKey = keysByUID[reference.uid], let owner = self.object(ownerKey),
                ownerKey.namespace.isEmpty || ownerKey.namespace == key.namespace
            else {
                stale.append(reference.uid)
                continue
            }
            if owner.isDeleting, owner.object.finalizers.contains(Self.foreground) {
                hasWaiting = true
                stale.append(reference.uid)
            } else {
                hasSolid = true
            }
        }
        if hasSolid {
            if !stale.isEmpty { removeOwners(stale, of: key) }
        } else if !object.isDeleting {
            // A child in foreground deletion takes its own children along first.
            let hasDependents = !(dependents[object.uid] ?? []).isEmpty
            beginDeletion(key, hasWaiting && hasDependents ? .foreground : .background, now: now)
        }
    }

    private mutating func settleForeground(_ object: StoredObject, _ key: ObjectKey, now: Timestamp) {
        let children = (dependents[object.uid] ?? []).sorted { $0.description < $1.description }
        let isBlocked = children.contains { child in
            self.object(child)?.object.ownerReferences.contains { $0.uid == object.uid && $0.blocksOwnerDeletion }
                ?? false
        }
        if !isBlocked { return removeFinalizer(Self.foreground, of: key) }
        for child in children where self.object(child)?.isDeleting == false { unsettled.append(child) }
    }

    private mutating func settleNamespace(_ key: ObjectKey, now: Timestamp) {
        var isEmpty = true
        for kind in stores.keys.sorted(by: { $0.description < $1.description }) {
            for content in (stores[kind]?.objects.keys ?? [:].keys).filter({ $0.namespace == key.name })
                .sorted(by: { $0.name < $1.name })
            {
                if self.object(content)?.isDeleting == false { beginDeletion(content, .background, now: now) }
                if self.object(content) != nil { isEmpty = false }
            }
        }
        if isEmpty, object(key)?.object.finalizers.isEmpty ?? false { drop(key) }
    }

    /// Deletes the objects of a kind whose definition goes, then the definition.
    private mutating func settleKind(_ object: StoredObject, _ key: ObjectKey, now: Timestamp) {
        guard let definition = ResourceDefinition(crd: object.json, release: release) else {
            return removeFinalizer(Self.customResourceCleanup, of: key)
        }
        for instance in (stores[definition.groupKind]?.objects.keys ?? [:].keys).sorted(by: {
            $0.description < $1.description
        }) {
            if self.object(instance)?.isDeleting == false { beginDeletion(instance, .background, now: now) }
        }
        if stores[definition.groupKind]?.objects.isEmpty ?? true {
            removeFinalizer(Self.customResourceCleanup, of: key)
        }
    }

    private mutating func removeFinalizer(_ name: String, of key: ObjectKey) {
        guard let old = object(key) else { return }
        let rest = old.object.finalizers.filter { $0 != name }
        if rest.isEmpty, old.isDeleting {
            drop(key)
        } else {
            var json = old.json
            json[path: ["metadata", "finalizers"]] = rest.isEmpty ? nil : .array(rest.map { .string($0) })
            _ = put(json, managed: old.managed, at: key)
        }
    }

    private mutating func removeOwners(_ uids: [String], of key: ObjectKey) {
        guard let old = object(key) else { return }
        var json = old.json
        let rest = json["metadata"]?["ownerReferences"]?.array?.filter { !uids.contains($0["uid"]?.string ?? "") } ?? []
        json[path: ["metadata", "ownerReferences"]] = rest.isEmpty ? nil : .array(rest)
        if json != old.json { _ = put(json, managed: old.managed, at: key) }
    }
}
