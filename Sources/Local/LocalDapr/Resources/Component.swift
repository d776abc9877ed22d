import WireValues

/// A Dapr component as one sidecar sees it (Dapr's Component resource).
struct Component: Sendable {
    enum Value: Sendable {
        case text(String)
        case secret(name: String, key: String)
        case environment(String)
    }

    let name: String
    /// `pubsub.kafka`, `state.postgresql`, …
    let type: String
    let version: String
    /// The text of values that are not written out is left empty until `resolved`.
    let metadata: [(name: String, value: Value)]
    let secretStore: String
    let scopes: [String]
    let place: String

    init(_ document: ResourceDocument) throws {
        let spec = document.spec
        guard !document.name.isEmpty, let type = spec["type"]?.string, type.contains(".") else {
            throw ResourceError(document.place, "a Component needs metadata.name and spec.type (such as pubsub.kafka)")
        }
        name = document.name
        self.type = type
        version = spec["version"]?.scalarText ?? "v1"
        secretStore = document.json[path: ["auth", "secretStore"]]?.string ?? "kubernetes"
        scopes = document.scopes
        place = document.place
        metadata = try (spec["metadata"]?.array ?? []).map { entry in
            guard let name = entry["name"]?.string else {
                throw ResourceError(document.place, "an entry of spec.metadata has no name")
            }
            if let reference = entry["secretKeyRef"], let secret = reference["name"]?.string {
                return (name, .secret(name: secret, key: reference["key"]?.string ?? name))
            }
            if let variable = entry["envRef"]?.string { return (name, .environment(variable)) }
            return (name, .text(entry["value"]?.scalarText ?? entry["value"]?.text ?? ""))
        }
    }

    /// `pubsub` of `pubsub.kafka`.
    var block: Substring { type.prefix { $0 != "." } }

    func isVisible(to appID: String) -> Bool { scopes.isEmpty || scopes.contains(appID) }

    /// The value of `field` if it is written out; names of fields are compared without regard to case, as Dapr does.
    subscript(field: String) -> String? {
        for (name, value) in metadata where name.lowercased() == field.lowercased() {
            if case .text(let text) = value { return text }
        }
        return nil
    }

    /// Which broker this is: components that name the same one share its topics, as clients of one Kafka cluster do. Values out of secrets
    /// count by the secret's name.
    var broker: String {
        if type == "pubsub.in-memory" { return type }
        let fields = ["brokers", "redisHost", "host", "hostname", "connectionString", "url"]
        for field in fields {
            for (name, value) in metadata where name.lowercased() == field.lowercased() {
                switch value {
                case .text(let text): return "\(type) \(text)"
                case .secret(let secret, let key): return "\(type) secret \(secret)/\(key)"
                case .environment(let variable): return "\(type) environment \(variable)"
                }
            }
        }
        return type
    }
}

/// Who may publish and subscribe what through a component (its metadata `publishingScopes`, `subscriptionScopes`, `allowedTopics`, `protectedTopics`).
struct TopicScopes: Sendable {
    private let publishing: [String: Set<String>]
    private let subscribing: [String: Set<String>]
    private let allowed: Set<String>
    private let protected: Set<String>

    init(_ component: Component) {
        publishing = Self.scopes(component["publishingScopes"] ?? "")
        subscribing = Self.scopes(component["subscriptionScopes"] ?? "")
        allowed = Self.list(component["allowedTopics"] ?? "")
        protected = Self.list(component["protectedTopics"] ?? "")
    }

    func mayPublish(_ topic: String, app: String) -> Bool { may(topic, publishing[app]) }
    func maySubscribe(_ topic: String, app: String) -> Bool { may(topic, subscribing[app]) }

    private func may(_ topic: String, _ scoped: Set<String>?) -> Bool {
        if !allowed.isEmpty, !allowed.contains(topic) { return false }
        // An app that is listed gets what it is listed with; one that is not gets everything but what is protected.
        if let scoped { return scoped.contains(topic) }
        return !protected.contains(topic)
    }

    private static func list(_ text: String) -> Set<String> {
        Set(text.split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty })
    }

    private static func scopes(_ text: String) -> [String: Set<String>] {
        var result: [String: Set<String>] = [:]
        for entry in text.split(separator: ";") {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let app = trimmed(parts[0])
            if !app.isEmpty { result[app, default: []].formUnion(parts.count > 1 ? list(String(parts[1])) : []) }
        }
        return result
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let start = text.drop { $0 == " " || $0 == "\n" || $0 == "\t" }
        var end = Substring(start)
        while let last = end.last, last == " " || last == "\n" || last == "\t" { end.removeLast() }
        return String(end)
    }
}
