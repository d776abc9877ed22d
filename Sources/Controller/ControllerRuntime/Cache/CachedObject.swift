package import KubernetesModel

/// One object of the cache: what is asked of every object as properties, all the rest as compact text.
///
/// A class of constants, so that handing an object on costs one retain. 4,000 objects as parsed values would take five
/// times the memory of their text, and most are read rarely.
package final class CachedObject: Sendable {
    package let key: ObjectKey
    /// The version that the object was read in.
    package let apiVersion: String
    package let uid: String
    /// Opaque: two of them are equal or not, no more.
    package let resourceVersion: String
    package let generation: Int?
    package let isDeleting: Bool
    /// Whom the object belongs to by its labels: its namespace (or what the label for it says) and the owner label's
    /// value. Nil without that label.
    package let owner: NamespacedName?
    /// Compact JSON with `apiVersion` and `kind`, without `managedFields`.
    package let bytes: [UInt8]

    init(
        key: ObjectKey, apiVersion: String, uid: String, resourceVersion: String, generation: Int?, isDeleting: Bool,
        owner: NamespacedName?, bytes: [UInt8]
    ) {
        self.key = key
        self.apiVersion = apiVersion
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.generation = generation
        self.isDeleting = isDeleting
        self.owner = owner
        self.bytes = bytes
    }

    /// The whole object, parsed anew each time.
    ///
    /// - Throws: `JSONParseError`, which only a defect of ours can cause: the bytes were written by our own writer.
    package func decoded() throws(JSONParseError) -> KubernetesObject {
        KubernetesObject(try JSON(parsing: bytes))
    }

    var namespacedName: NamespacedName { NamespacedName(namespace: key.namespace, name: key.name) }
}

/// Why something that a server sent is no object.
struct UndecodableObject: Error, CustomStringConvertible {
    let description: String
}

/// The labels that say whom an object belongs to.
struct OwnerLabels: Sendable {
    /// Its value is the owner's name.
    let name: String
    /// Its value is the owner's namespace, for objects in other namespaces than their owner's. Without this label the
    /// owner is in the object's own namespace.
    let namespace: String?

    func owner(labels: JSON?, namespace: String) -> NamespacedName? {
        guard let name = labels?[name]?.string, !name.isEmpty else { return nil }
        let stated = self.namespace.flatMap { labels?[$0]?.string }
        return NamespacedName(namespace: stated ?? namespace, name: name)
    }
}

extension CachedObject {
    /// Makes a cache entry of `json`, an object of `type`. Its `apiVersion` and `kind` are set to the type's: items of
    /// lists come without them, metadata-only objects with others.
    ///
    /// - Parameters:
    ///   - known: what the cache holds for this key; returned itself when it has the same version, so that a relist
    ///     does not hold everything twice.
    ///   - share: returns an equal string that is already in memory.
    /// - Throws: `UndecodableObject` when there is no name or no resource version.
    static func make(
        _ json: JSON, kind: GroupKind, apiVersion: String, labels: OwnerLabels,
        known: (NamespacedName) -> CachedObject?, share: (String) -> String
    ) throws(UndecodableObject) -> CachedObject {
        guard var members = json.object, let metadata = members["metadata"], let name = metadata["name"]?.string,
            !name.isEmpty
        else { throw UndecodableObject(description: "a \(kind) without metadata.name") }
        let namespace = metadata["namespace"]?.string ?? ""
        guard let resourceVersion = metadata["resourceVersion"]?.string, !resourceVersion.isEmpty else {
            throw UndecodableObject(description: "\(kind) \(namespace)/\(name) has no metadata.resourceVersion")
        }
        let uid = metadata["uid"]?.string ?? ""
        let sharedNamespace = share(namespace)
        if let present = known(NamespacedName(namespace: namespace, name: name)),
            present.resourceVersion == resourceVersion, present.uid == uid, present.apiVersion == apiVersion
        {
            return present
        }
        if members["apiVersion"]?.string != apiVersion || members["kind"]?.string != kind.kind {
            members = JSONObject(
                [("apiVersion", .string(apiVersion)), ("kind", .string(kind.kind))]
                    + members.filter { $0.key != "apiVersion" && $0.key != "kind" }.map { ($0.key, $0.value) })
        }
        let owner = labels.owner(labels: metadata["labels"], namespace: sharedNamespace)
        return CachedObject(
            key: ObjectKey(kind, namespace: sharedNamespace, name: name), apiVersion: apiVersion, uid: uid,
            resourceVersion: resourceVersion, generation: metadata["generation"]?.int,
            isDeleting: metadata["deletionTimestamp"]?.string != nil,
            owner: owner.map { NamespacedName(namespace: share($0.namespace), name: share($0.name)) },
            bytes: exactCopy(JSON.object(members).bytes))
    }

    /// The writer's buffer grows by doubling; the cache keeps no spare room.
    private static func exactCopy(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
            count = target.initialize(fromContentsOf: bytes)
        }
    }
}
