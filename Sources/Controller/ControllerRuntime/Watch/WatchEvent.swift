import KubernetesModel

/// One line of a watch (Kubernetes API concepts, "Efficient detection of changes").
enum WatchEvent {
    /// ADDED or MODIFIED.
    case present(JSON)
    case deleted(JSON)
    /// Only a place to resume from. - Parameter endsInitialEvents: all that was there at the start has now been sent.
    case bookmark(resourceVersion: String, endsInitialEvents: Bool)
    case failure(KubernetesError)
    /// A type that we do not know; newer servers may send some.
    case unknown

    /// What an object can hold beside the text that says which one it is and in which version.
    private static let content: [StaticString] = [
        "managedFields", "labels", "annotations", "ownerReferences", "finalizers", "spec", "status", "data", "rules",
        "subjects",
    ]

    /// Which object an event tells of, and in which version, found without building the rest of it: half of all events
    /// only confirm what we wrote ourselves. Nil when the event is of another sort.
    static func identity(in line: ArraySlice<UInt8>) -> (name: NamespacedName, uid: String, resourceVersion: String)? {
        // What is no JSON is told when it is read in full.
        guard let json = try? JSON(parsing: line, skipping: content),
            ["ADDED", "MODIFIED"].contains(json["type"]?.string),
            let metadata = json["object"]?["metadata"], let name = metadata["name"]?.string,
            let uid = metadata["uid"]?.string, let version = metadata["resourceVersion"]?.string
        else { return nil }
        return (NamespacedName(namespace: metadata["namespace"]?.string ?? "", name: name), uid, version)
    }

    /// - Throws: `UndecodableObject` when the line is no event.
    init(parsing line: ArraySlice<UInt8>, kind: GroupKind) throws(UndecodableObject) {
        let json: JSON
        do throws(JSONParseError) {
            json = try JSON(parsing: line, skipping: ["managedFields"])
        } catch {
            throw UndecodableObject(description: "a watch event of \(kind): \(error.description)")
        }
        guard let type = json["type"]?.string, let object = json["object"] else {
            throw UndecodableObject(description: "a watch event of \(kind) without type or object")
        }
        switch type {
        case "ADDED", "MODIFIED": self = .present(object)
        case "DELETED": self = .deleted(object)
        case "BOOKMARK":
            guard let version = object["metadata"]?["resourceVersion"]?.string else {
                throw UndecodableObject(description: "a bookmark of \(kind) without a resource version")
            }
            let annotations = object["metadata"]?["annotations"]
            self = .bookmark(
                resourceVersion: version,
                endsInitialEvents: annotations?["k8s.io/initial-events-end"]?.string == "true")
        case "ERROR":
            let code = object["code"]?.int ?? 500
            self = .failure(
                KubernetesError(doing: "watch \(kind)", status: max(400, code), body: object.bytes))
        default: self = .unknown
        }
    }
}
