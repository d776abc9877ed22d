import KubernetesModel

/// One kind that the cluster serves.
struct ResourceDefinition: Sendable {
    struct Version: Sendable {
        let name: String
        let schema: Schema
    }

    struct ScalePaths: Sendable {
        let specReplicas: [String]
        let statusReplicas: [String]
        let selector: [String]?
    }

    /// What raises `metadata.generation`.
    enum GenerationRule: Sendable {
        case never
        case spec
        /// Deployments: annotations count as well.
        case specAndAnnotations
        /// Custom resources: everything but metadata and, with a status subresource, status.
        case allButMetadata
    }

    let group: String
    let kind: String
    let plural: String
    let singular: String
    var shortNames: [String] = []
    var categories: [String] = []
    let isNamespaced: Bool
    /// The preferred version first.
    let versions: [Version]
    let storageVersion: String
    let isBuiltIn: Bool
    var hasStatus = false
    var scale: ScalePaths?
    var generation = GenerationRule.never
    /// PUT of what is not there creates it.
    var createsOnUpdate = false
    /// PUT without a resource version is fine.
    var updatesUnconditionally = true
    /// What a delete without a policy does with the dependents.
    var defaultPropagation = KubernetesRequest.Propagation.background

    var groupKind: GroupKind { GroupKind(group: group, kind: kind) }
    /// `deployments.apps`: how messages name the resource.
    var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }

    func version(_ name: String) -> Version? { versions.first { $0.name == name } }
    func apiVersion(_ version: String) -> String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The schema that stored objects follow.
    var storageSchema: Schema { (version(storageVersion) ?? versions[0]).schema }

    static let namespace = GroupKind(group: "", kind: "Namespace")
    static let customResourceDefinition = GroupKind(group: "apiextensions.k8s.io", kind: "CustomResourceDefinition")
}

extension ResourceDefinition {
    private static func builtIn(
        _ release: LocalCluster.Release, _ group: String, _ version: String, _ kind: String, _ plural: String,
        short: [String] = [],
        categories: [String] = [], type: String? = nil, isNamespaced: Bool = true, hasStatus: Bool = false,
        generation: GenerationRule = .never, createsOnUpdate: Bool = false, updatesUnconditionally: Bool = true
    ) -> ResourceDefinition {
        ResourceDefinition(
            group: group, kind: kind, plural: plural, singular: kind.lowercased(), shortNames: short,
            categories: categories, isNamespaced: isNamespaced,
            versions: [Version(name: version, schema: BuiltInTypes.of(release).object(type ?? kind))],
            storageVersion: version, isBuiltIn: true, hasStatus: hasStatus, generation: generation,
            createsOnUpdate: createsOnUpdate, updatesUnconditionally: updatesUnconditionally)
    }

    /// The built-in kinds of a release.
    static func builtIns(_ release: LocalCluster.Release) -> [ResourceDefinition] {
        let rbac = "rbac.authorization.k8s.io"
        var deployment = builtIn(
            release, "apps", "v1", "Deployment", "deployments", short: ["deploy"], categories: ["all"], hasStatus: true,
            generation: .specAndAnnotations)
        deployment.scale = ScalePaths(
            specReplicas: ["spec", "replicas"], statusReplicas: ["status", "replicas"], selector: nil)
        var job = builtIn(
            release, "batch", "v1", "Job", "jobs", categories: ["all"], hasStatus: true,
            generation: release == .kubernetes120 ? .never : .spec)
        job.defaultPropagation = .orphan
        return [
            builtIn(release, "", "v1", "Namespace", "namespaces", short: ["ns"], isNamespaced: false, hasStatus: true),
            builtIn(release, "", "v1", "Secret", "secrets"),
            builtIn(release, "", "v1", "ConfigMap", "configmaps", short: ["cm"]),
            builtIn(
                release, "", "v1", "Service", "services", short: ["svc"], categories: ["all"], hasStatus: true,
                createsOnUpdate: true),
            builtIn(release, "", "v1", "ServiceAccount", "serviceaccounts", short: ["sa"]),
            builtIn(release, "", "v1", "Pod", "pods", short: ["po"], categories: ["all"], hasStatus: true),
            builtIn(release, "", "v1", "Event", "events", short: ["ev"], type: "CoreEvent", createsOnUpdate: true),
            deployment, job,
            builtIn(
                release, "autoscaling", release == .kubernetes120 ? "v2beta2" : "v2", "HorizontalPodAutoscaler",
                "horizontalpodautoscalers", short: ["hpa"], categories: ["all"], hasStatus: true),
            builtIn(
                release, "policy", release == .kubernetes120 ? "v1beta1" : "v1", "PodDisruptionBudget",
                "poddisruptionbudgets",
                short: ["pdb"], hasStatus: true, generation: .spec, updatesUnconditionally: false),
            builtIn(
                release, "networking.k8s.io", "v1", "Ingress", "ingresses", short: ["ing"], hasStatus: true,
                generation: .spec),
            builtIn(
                release, "networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", short: ["netpol"],
                generation: .spec),
            builtIn(release, rbac, "v1", "Role", "roles", createsOnUpdate: true),
            builtIn(release, rbac, "v1", "RoleBinding", "rolebindings", createsOnUpdate: true),
            builtIn(
                release, rbac, "v1", "ClusterRole", "clusterroles", type: "Role", isNamespaced: false,
                createsOnUpdate: true),
            builtIn(
                release, rbac, "v1", "ClusterRoleBinding", "clusterrolebindings", type: "RoleBinding",
                isNamespaced: false,
                createsOnUpdate: true),
            builtIn(
                release, "coordination.k8s.io", "v1", "Lease", "leases", createsOnUpdate: true,
                updatesUnconditionally: false),
            builtIn(release, "events.k8s.io", "v1", "Event", "events", createsOnUpdate: true),
            builtIn(
                release, "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions",
                short: ["crd", "crds"], isNamespaced: false, hasStatus: true, generation: .spec,
                updatesUnconditionally: false),
        ]
    }

    /// What a CustomResourceDefinition serves; nil when it names no served version.
    init?(crd: JSON, release: LocalCluster.Release) {
        guard let spec = crd["spec"], let group = spec["group"]?.string, let names = spec["names"],
            let kind = names["kind"]?.string, let plural = names["plural"]?.string
        else { return nil }
        let all = spec["versions"]?.array ?? []
        let served = all.filter { $0["served"]?.bool ?? false }
        guard let first = served.first else { return nil }
        let storage = all.first { $0["storage"]?.bool ?? false } ?? first
        let subresources = first["subresources"]
        func path(_ key: String) -> [String]? {
            subresources?["scale"]?[key]?.string?.split(separator: ".").map(String.init)
        }
        let scale: ScalePaths? =
            if let spec = path("specReplicasPath"), let status = path("statusReplicasPath") {
                ScalePaths(specReplicas: spec, statusReplicas: status, selector: path("labelSelectorPath"))
            } else { nil }
        self.init(
            group: group, kind: kind, plural: plural, singular: names["singular"]?.string ?? kind.lowercased(),
            shortNames: names["shortNames"]?.array?.compactMap(\.string) ?? [],
            categories: names["categories"]?.array?.compactMap(\.string) ?? [],
            isNamespaced: spec["scope"]?.string == "Namespaced",
            versions: served.map {
                Version(
                    name: $0["name"]?.string ?? "",
                    schema: .customResource($0["schema"]?["openAPIV3Schema"] ?? ["type": "object"], release))
            },
            storageVersion: storage["name"]?.string ?? "", isBuiltIn: false,
            hasStatus: subresources?["status"] != nil, scale: scale, generation: .allButMetadata,
            updatesUnconditionally: false)
    }
}
