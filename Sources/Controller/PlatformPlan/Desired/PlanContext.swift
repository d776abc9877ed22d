import KubernetesModel
import TodoPlatformAPI

/// What all builders of one plan share: the input, and what is derived from it once.
struct PlanContext {
    let input: PlanInput
    let spec: TodoPlatformSpec
    let effective: EffectiveSpec
    let names: Naming
    let apis: NegotiatedAPIs

    init(_ input: PlanInput) {
        self.input = input
        spec = input.platform.spec
        effective = input.platform.effective
        names = Naming(platform: input.platform.name)
        apis = NegotiatedAPIs(served: input.apis)
    }

    var namespace: String { input.platform.namespace }

    func appID(_ service: ServiceName) -> String { names.app(service.rawValue) }

    /// What selects the pods of a component, or of all components. Never has a version in it: selectors of
    /// Deployments cannot change.
    func selector(_ component: String? = nil) -> [String: String] {
        var labels = [
            PlatformLabels.name: PlatformLabels.nameValue,
            PlatformLabels.instance: Naming.labelValue(input.platform.name),
        ]
        if let component { labels[PlatformLabels.component] = component }
        return labels
    }

    /// The labels of every object. The version is only on what runs it: on the others an upgrade would be a write
    /// each, and daprd restarts when its Configuration or Resiliency is written.
    func labels(_ component: String, isVersioned: Bool = false) -> [String: String] {
        var labels = selector(component)
        labels[PlatformLabels.partOf] = PlatformLabels.nameValue
        labels[PlatformLabels.managedBy] = PlatformLabels.managedByValue
        labels[PlatformLabels.platform] = Naming.labelValue(input.platform.name)
        if isVersioned { labels[PlatformLabels.version] = Naming.labelValue(input.version) }
        return labels
    }

    /// An object named `name`, with all our metadata. Of equal labels ours win over `extraLabels`.
    func object(
        _ type: ResourceType, name: String, component: String, stage: Stage, isVersioned: Bool = false,
        extraLabels: [String: String] = [:], annotations: [String: String] = [:],
        retention: DesiredObject.Retention = .owned, isCreateOnly: Bool = false, body: KeyValuePairs<String, JSON?>
    ) -> DesiredObject {
        let labels = extraLabels.merging(labels(component, isVersioned: isVersioned)) { _, ours in ours }
        var object = KubernetesObject(
            type, namespace: namespace, name: name, labels: labels, annotations: annotations,
            body: JSON.members(body).object ?? JSONObject())
        if retention == .owned { object.ownerReferences = [input.platform.ownerReference] }
        return DesiredObject(
            object: object, type: type, stage: stage, retention: retention, isCreateOnly: isCreateOnly)
    }

    /// The key of a Secret in the platform's namespace.
    func secret(_ name: String, _ key: String) -> SecretKey {
        SecretKey(secret: NamespacedName(namespace: namespace, name: name), key: key)
    }
}

extension JSON {
    /// An object of those members that have a value.
    static func members(_ members: KeyValuePairs<String, JSON?>) -> JSON {
        .object(JSONObject(members.compactMap { key, value in value.map { (key, $0) } }))
    }

    /// `{"matchLabels": …}`.
    static func matchLabels(_ labels: [String: String]) -> JSON { .members(["matchLabels": .strings(labels)]) }

    /// The value without nulls: the API server drops them, and a null would be a difference for ever.
    var withoutNulls: JSON {
        switch self {
        case .array(let elements): .array(elements.filter { !$0.isNull }.map(\.withoutNulls))
        case .object(let members):
            .object(JSONObject(members.filter { !$0.value.isNull }.map { ($0.key, $0.value.withoutNulls) }))
        default: self
        }
    }
}

extension TimeSpan {
    /// In one unit, as Go, Prometheus and Kubernetes read it: `90s`, or `1500ms`.
    var singleUnit: String { milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms" }
}
