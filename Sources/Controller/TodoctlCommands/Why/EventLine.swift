import KubernetesModel

/// One Event as far as people care.
struct EventLine: Hashable, Sendable {
    /// RFC 3339; when it was seen last.
    let time: String
    let isWarning: Bool
    let reason: String
    let note: String
    /// How often it was seen.
    let count: Int

    init(_ event: KubernetesObject) {
        let json = event.json
        // Events made through the older API carry their times in the fields marked as deprecated.
        let candidates = [
            json["series"]?["lastObservedTime"], json["eventTime"], json["deprecatedLastTimestamp"],
            json["metadata"]?["creationTimestamp"],
        ]
        time = candidates.lazy.compactMap { $0?.string }.first ?? ""
        isWarning = json["type"]?.string == "Warning"
        reason = json["reason"]?.string ?? ""
        note = json["note"]?.string ?? ""
        count = json["series"]?["count"]?.int ?? json["deprecatedCount"]?.int ?? 1
    }
}
