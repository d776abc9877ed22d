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
