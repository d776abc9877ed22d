import KubernetesModel

/// What a Lease says about leadership (coordination.k8s.io/v1).
struct LeaseRecord: Hashable, Sendable {
    /// Empty when nobody holds it.
    var holder: String
    var durationSeconds: Int
    var acquireTime: Timestamp?
    var renewTime: Timestamp?
    var transitions: Int
    /// Nil in a record that was not stored yet.
    var resourceVersion: String?

    static let type = ResourceType(
        group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases")

    init(
        holder: String, durationSeconds: Int, acquireTime: Timestamp?, renewTime: Timestamp?, transitions: Int,
        resourceVersion: String?
    ) {
        self.holder = holder
        self.durationSeconds = durationSeconds
        self.acquireTime = acquireTime
        self.renewTime = renewTime
        self.transitions = transitions
        self.resourceVersion = resourceVersion
    }

    init(_ object: KubernetesObject) {
        let spec = object.spec
        self.init(
            holder: spec?["holderIdentity"]?.string ?? "", durationSeconds: spec?["leaseDurationSeconds"]?.int ?? 1,
            acquireTime: spec?["acquireTime"]?.string.flatMap { Timestamp($0) },
            renewTime: spec?["renewTime"]?.string.flatMap { Timestamp($0) },
            transitions: spec?["leaseTransitions"]?.int ?? 0, resourceVersion: object.resourceVersion)
    }

    /// The object to write. - Parameter base: what is there, whose other fields stay; nil to create one.
    func object(namespace: String, name: String, base: KubernetesObject?) -> KubernetesObject {
        var object = base ?? KubernetesObject(Self.type, namespace: namespace, name: name)
        object.json["metadata"]?["managedFields"] = nil
        object.json[path: ["metadata", "resourceVersion"]] = resourceVersion.map { .string($0) }
        object.json[path: ["spec", "holderIdentity"]] = .string(holder)
        object.json[path: ["spec", "leaseDurationSeconds"]] = JSON(durationSeconds)
        object.json[path: ["spec", "acquireTime"]] = acquireTime.map { .string($0.microTime) }
        object.json[path: ["spec", "renewTime"]] = renewTime.map { .string($0.microTime) }
        object.json[path: ["spec", "leaseTransitions"]] = JSON(transitions)
        return object
    }
}
