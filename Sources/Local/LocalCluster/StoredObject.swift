import KubernetesModel

/// One object as it lies in the store. Never changed: each write makes a new one.
struct StoredObject: Sendable {
    /// The object in its storage version, without `managedFields`.
    let json: JSON
    let managed: ManagedFields
    let revision: Int
    /// The object as JSON but for `apiVersion` and `kind`, managed fields included: lists of built-in kinds have it so,
    /// and it serves every version of the API.
    let payload: [UInt8]

    init(json: JSON, managed: ManagedFields, revision: Int) {
        var json = json
        json[path: ["metadata", "resourceVersion"]] = .string(String(revision))
        self.json = json
        self.managed = managed
        self.revision = revision
        var members = json.object ?? JSONObject()
        members["apiVersion"] = nil
        members["kind"] = nil
        if !managed.entries.isEmpty, var metadata = members["metadata"] {
            metadata["managedFields"] = managed.json
            members["metadata"] = metadata
        }
        payload = JSON.object(members).bytes
    }

    var object: KubernetesObject { KubernetesObject(json) }
    var uid: String { object.uid ?? "" }
    var name: String { object.name }
    var namespace: String { object.namespace ?? "" }
    var isDeleting: Bool { object.isDeleting }

    /// The object as JSON with managed fields, in the storage version.
    var fullJSON: JSON {
        var json = json
        if !managed.entries.isEmpty { json[path: ["metadata", "managedFields"]] = managed.json }
        return json
    }

    /// The whole object as the bytes of one answer.
    func bytes(apiVersion: String, kind: String) -> [UInt8] {
        var bytes = Array("{\"kind\":\(JSON(kind).text),\"apiVersion\":\(JSON(apiVersion).text)".utf8)
        if payload.count > 2 {
            bytes.append(UInt8(ascii: ","))
            bytes += payload.dropFirst()
        } else {
            bytes.append(UInt8(ascii: "}"))
        }
        return bytes
    }

    /// Only the metadata, as `PartialObjectMetadata`.
    var partial: JSON {
        [
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": fullJSON["metadata"] ?? .object(JSONObject()),
        ]
    }
}

/// One change in the history of a kind.
struct StoreEvent: Sendable {
    let revision: Int
    /// Nil when the object is new.
    let old: StoredObject?
    /// What the object is now; of a deletion, what it was at last.
    let new: StoredObject
    let isDeletion: Bool
}

/// All objects of one kind, and their history as far as it is kept.
struct ResourceStore: Sendable {
    private(set) var objects: [ObjectKey: StoredObject] = [:]
    private(set) var events: [StoreEvent] = []
    /// The number of the first event kept, counted from the start of the store.
    private(set) var firstEvent = 0
    /// Watches that start before this revision are refused.
    private(set) var compactedRevision = 0

    var endOfEvents: Int { firstEvent + events.count }

    mutating func record(_ object: StoredObject, at key: ObjectKey, historyLimit: Int) {
        append(
            StoreEvent(revision: object.revision, old: objects[key], new: object, isDeletion: false), historyLimit)
        objects[key] = object
    }

    mutating func remove(_ key: ObjectKey, last: StoredObject, historyLimit: Int) {
        append(StoreEvent(revision: last.revision, old: objects[key], new: last, isDeletion: true), historyLimit)
        objects[key] = nil
    }

    /// Forgets all events up to `revision`.
    mutating func compact(to revision: Int) {
        firstEvent += events.count
        events = []
        compactedRevision = max(compactedRevision, revision)
    }

    /// The number of the first event after `revision`; nil when that part of the history is gone.
    func event(after revision: Int) -> Int? {
        guard revision >= compactedRevision else { return nil }
        // Events are in the order of their revisions.
        var low = 0
        var high = events.count
        while low < high {
            let middle = (low + high) / 2
            if events[middle].revision <= revision { low = middle + 1 } else { high = middle }
        }
        return firstEvent + low
    }

    private mutating func append(_ event: StoreEvent, _ limit: Int) {
        events.append(event)
        // Cut in halves, so that the cost of moving the rest is small on average.
        guard events.count > 2 * limit else { return }
        let surplus = events.count - limit
        compactedRevision = events[surplus - 1].revision
        events.removeFirst(surplus)
        firstEvent += surplus
    }
}
