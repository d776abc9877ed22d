package import KubernetesModel

/// One object of the cluster as the cache knows it.
package struct ObservedObject: Sendable {
    package let key: ObjectKey
    package let uid: String
    package let resourceVersion: String
    package let isDeleting: Bool
    /// Compact JSON without `managedFields`; decoded only when something about the object changed.
    package let bytes: [UInt8]

    package init(key: ObjectKey, uid: String, resourceVersion: String, isDeleting: Bool, bytes: [UInt8]) {
        self.key = key
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.isDeleting = isDeleting
        self.bytes = bytes
    }

    package init(_ object: KubernetesObject) {
        self.init(
            key: object.key, uid: object.uid ?? "", resourceVersion: object.resourceVersion ?? "",
            isDeleting: object.isDeleting, bytes: object.json.bytes)
    }

    /// The object; an empty one if the cache held bytes that are no JSON, which then differs from every intent.
    ///
    /// - Parameter skipping: members with these keys are left out wherever they stand.
    package func decoded(skipping: [StaticString] = []) -> KubernetesObject {
        // The cache only stores what its own writer produced; should that ever break, the object is applied anew.
        KubernetesObject((try? JSON(parsing: bytes, skipping: skipping)) ?? .object(JSONObject()))
    }
}

/// Everything that one step looks at, beside the resource itself.
package struct Observation: Sendable {
    /// The children by key: every object that carries the platform's label.
    package var children: [ObjectKey: ObservedObject]
    package var apis: ServedAPIs
    /// Digests of the values of the Secrets that the platform refers to, by name and key; a missing entry is a
    /// missing Secret or key.
    package var secretDigests: [SecretKey: String]
    /// Secrets that the operator may not read: whether they exist is not known.
    package var forbiddenSecrets: Set<NamespacedName>
    /// The Kafka of somebody else that the platform names; nil when it names none, or it was not looked at.
    package var existingKafka: ExistingKafka?
    /// Kinds that are served and that the operator may not list: what is missing from `children` may be there.
    package var unseen: Set<GroupKind>
    package var now: Timestamp

    package init(
        children: [ObjectKey: ObservedObject] = [:], apis: ServedAPIs, secretDigests: [SecretKey: String] = [:],
        forbiddenSecrets: Set<NamespacedName> = [], existingKafka: ExistingKafka? = nil, unseen: Set<GroupKind> = [],
        now: Timestamp
    ) {
        self.children = children
        self.apis = apis
        self.secretDigests = secretDigests
        self.forbiddenSecrets = forbiddenSecrets
        self.existingKafka = existingKafka
        self.unseen = unseen
        self.now = now
    }
}
