import WireValues

/// What an app wants to hear, and where: from `GET /dapr/subscribe` or a Subscription resource.
struct SubscriptionSpec: Sendable {
    enum Origin: String, Sendable {
        case declarative = "DECLARATIVE"
        case programmatic = "PROGRAMMATIC"
    }

    struct Rule: Sendable {
        /// Nil: always.
        let match: CELExpression?
        let matchText: String
        let path: String
    }

    struct Bulk: Sendable {
        var maxMessages: Int
        var maxAwait: Duration
    }

    let pubsub: String
    let topic: String
    let rules: [Rule]
    let defaultPath: String?
    let deadLetterTopic: String?
    let metadata: [String: String]
    let bulk: Bulk?
    let origin: Origin

    var isRaw: Bool { metadata["rawPayload"]?.lowercased() == "true" }

    /// The answer of `GET /dapr/subscribe`. Items without any route are left out (named in `dropped`).
    ///
    /// - Throws: for a list with an expression that does not compile: then none of it counts.
    static func programmatic(_ json: JSON, dropped: inout [String]) throws -> [SubscriptionSpec] {
        guard let items = json.array else {
            if json.isNull { return [] }
            throw ResourceError("/dapr/subscribe", "the answer is no JSON array")
        }
        var found: [SubscriptionSpec] = []
        for item in items {
            guard let pubsub = item["pubsubname"]?.string ?? item["pubsubName"]?.string,
                let topic = item["topic"]?.string
            else {
                throw ResourceError("/dapr/subscribe", "an item has no pubsubname or no topic: \(item.text)")
            }
            let spec = try SubscriptionSpec(
                pubsub: pubsub, topic: topic, item: item, origin: .programmatic, place: "/dapr/subscribe")
            if spec.rules.isEmpty, spec.defaultPath == nil {
                dropped.append(topic)
            } else {
                found.append(spec)
            }
        }
        return found
    }

    /// A Subscription resource, `dapr.io/v1alpha1` or `v2alpha1`.
    init(_ document: ResourceDocument) throws {
        let spec = document.spec
        guard let pubsub = spec["pubsubname"]?.string, let topic = spec["topic"]?.string else {
            throw ResourceError(document.place, "spec.pubsubname and spec.topic are required")
        }
        try self.init(pubsub: pubsub, topic: topic, item: spec, origin: .declarative, place: document.place)
        if rules.isEmpty, defaultPath == nil {
            throw ResourceError(document.place, "it has no route: give spec.routes.default (v1alpha1: spec.route)")
        }
    }

    private init(pubsub: String, topic: String, item: JSON, origin: Origin, place: String) throws {
        self.pubsub = pubsub
        self.topic = topic
        self.origin = origin
        let routes = item["routes"]
        rules = try (routes?["rules"]?.array ?? []).map { rule in
            let match = rule["match"]?.string ?? ""
            do throws(CELError) {
                return Rule(
                    match: match.isEmpty ? nil : try CELExpression(match), matchText: match,
                    path: rule["path"]?.string ?? "")
            } catch {
                throw ResourceError(place, "the routing rule \"\(match)\" does not compile: \(error)")
            }
        }
        let fallback = [routes?["default"]?.string, item["route"]?.string].compactMap { $0 }.first { !$0.isEmpty }
        defaultPath = fallback
        deadLetterTopic = item["deadLetterTopic"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        var metadata: [String: String] = [:]
        for (key, value) in item["metadata"]?.object ?? JSONObject() { metadata[key] = value.scalarText ?? "" }
        self.metadata = metadata
        if let wish = item["bulkSubscribe"], wish["enabled"]?.bool == true {
            bulk = Bulk(
                maxMessages: wish["maxMessagesCount"]?.int.flatMap { $0 > 0 ? $0 : nil } ?? 0,
                maxAwait: .milliseconds(wish["maxAwaitDurationMs"]?.int ?? 0))
        } else {
            bulk = nil
        }
    }

    /// Where the event goes: the path, or nil when no rule matches and there is no default.
    ///
    /// - Throws: `CELError` when a rule cannot be evaluated on this event.
    func path(for event: @autoclosure () throws(CELError) -> JSON) throws(CELError) -> String? {
        guard !rules.isEmpty else { return defaultPath }
        let variables = ["event": try event()]
        for rule in rules {
            guard let match = rule.match else { return rule.path }
            if try match.isTrue(variables) { return rule.path }
        }
        return defaultPath
    }
}
