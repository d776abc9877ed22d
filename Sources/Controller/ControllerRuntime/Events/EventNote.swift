package import KubernetesModel

/// Names an object in an Event.
package struct ObjectReference: Hashable, Sendable {
    package let apiVersion: String
    package let kind: String
    /// Empty for cluster-scoped objects.
    package let namespace: String
    package let name: String
    package let uid: String

    package init(apiVersion: String, kind: String, namespace: String, name: String, uid: String) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.uid = uid
    }

    package init(_ object: KubernetesObject) {
        self.init(
            apiVersion: object.apiVersion, kind: object.kind, namespace: object.namespace ?? "", name: object.name,
            uid: object.uid ?? "")
    }

    var json: JSON {
        var json: JSON = ["apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(name)]
        if !namespace.isEmpty { json["namespace"] = .string(namespace) }
        if !uid.isEmpty { json["uid"] = .string(uid) }
        return json
    }
}

/// One thing that happened to an object, as people see it with `kubectl describe`.
package struct EventNote: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    package let regarding: ObjectReference
    package let related: ObjectReference?
    package let kind: Kind
    /// Why, as one CamelCase word from a closed set; at most 128 bytes.
    package let reason: String
    /// What was done or tried, as one CamelCase word; at most 128 bytes.
    package let action: String
    /// For people. More than 1024 bytes are cut, at the end of a character.
    package let note: String

    package init(
        regarding: ObjectReference, related: ObjectReference? = nil, kind: Kind = .normal, reason: String,
        action: String, note: String
    ) {
        self.regarding = regarding
        self.related = related
        self.kind = kind
        self.reason = Self.cut(reason, maximumBytes: 128)
        self.action = Self.cut(action, maximumBytes: 128)
        self.note = Self.cut(note, maximumBytes: 1024)
    }

    /// As much of `text` from its start as fits without cutting a character in two.
    static func cut(_ text: String, maximumBytes: Int) -> String {
        guard text.utf8.count > maximumBytes else { return text }
        var bytes = 0
        var end = text.startIndex
        while end < text.endIndex {
            let next = text.index(after: end)
            bytes += text[end..<next].utf8.count
            if bytes > maximumBytes { break }
            end = next
        }
        return String(text[..<end])
    }
}
