/// One entry of `status.conditions` (Kubernetes API conventions, "Typical status properties").
package struct Condition: Hashable, Sendable {
    package enum Status: String, Sendable {
        case isTrue = "True"
        case isFalse = "False"
        case unknown = "Unknown"
    }

    package let type: String
    package let status: Status
    /// One CamelCase word for programs.
    package let reason: String
    /// A sentence for people; may be empty.
    package let message: String
    package let observedGeneration: Int?
    /// RFC 3339; changes only when `status` does. Nil in a condition that was not yet written.
    package var lastTransitionTime: String?

    package init(
        type: String, status: Status, reason: String, message: String, observedGeneration: Int? = nil,
        lastTransitionTime: String? = nil
    ) {
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
        self.observedGeneration = observedGeneration
        self.lastTransitionTime = lastTransitionTime
    }

    /// Reads a condition; nil when type or status are missing or unknown words.
    package init?(_ json: JSON) {
        guard let type = json["type"]?.string, let status = json["status"]?.string.flatMap(Status.init) else {
            return nil
        }
        self.init(
            type: type, status: status, reason: json["reason"]?.string ?? "", message: json["message"]?.string ?? "",
            observedGeneration: json["observedGeneration"]?.int,
            lastTransitionTime: json["lastTransitionTime"]?.string)
    }

    package var isTrue: Bool { status == .isTrue }

    package var json: JSON {
        var json: JSON = [
            "type": .string(type), "status": .string(status.rawValue), "reason": .string(reason),
            "message": .string(message),
        ]
        if let observedGeneration { json["observedGeneration"] = JSON(observedGeneration) }
        if let lastTransitionTime { json["lastTransitionTime"] = .string(lastTransitionTime) }
        return json
    }
}
