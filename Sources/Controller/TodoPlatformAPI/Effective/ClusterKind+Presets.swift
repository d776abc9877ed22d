/// What the kind of cluster presets. Every value can be overridden in the resource.
///
/// | | storage class | ingress class | load balancer annotations |
/// | --- | --- | --- | --- |
/// | generic | the default class | the default class | none |
/// | oke | `oci-bv` | the default class | flexible shape, 10 Mbps: the Always Free one |
/// | minikube | `standard` | `nginx` | none |
/// | kind | `standard` | the default class | none |
/// | doks | `do-block-storage` | the default class | none |
/// | aks | `managed-csi` | `webapprouting.kubernetes.azure.com` | none |
/// | gke | `standard-rwo` | annotation `gce` | none |
package struct ClusterPresets: Hashable, Sendable {
    /// Nil: the cluster's default.
    package let storageClassName: String?
    package let ingressClassName: String?
    /// For controllers that look at the annotation only.
    package let ingressClassAnnotation: String?
    package let loadBalancerAnnotations: [String: String]
}

extension ClusterKind {
    package var presets: ClusterPresets {
        switch self {
        case .generic: Self.presets()
        case .oke:
            Self.presets(
                storage: "oci-bv",
                loadBalancer: [
                    "oci.oraclecloud.com/load-balancer-type": "lb",
                    "service.beta.kubernetes.io/oci-load-balancer-shape": "flexible",
                    "service.beta.kubernetes.io/oci-load-balancer-shape-flex-min": "10",
                    "service.beta.kubernetes.io/oci-load-balancer-shape-flex-max": "10",
                ])
        case .minikube: Self.presets(storage: "standard", ingress: "nginx")
        case .kind: Self.presets(storage: "standard")
        case .doks: Self.presets(storage: "do-block-storage")
        case .aks: Self.presets(storage: "managed-csi", ingress: "webapprouting.kubernetes.azure.com")
        case .gke: Self.presets(storage: "standard-rwo", ingressAnnotation: "gce")
        }
    }

    private static func presets(
        storage: String? = nil, ingress: String? = nil, ingressAnnotation: String? = nil,
        loadBalancer: [String: String] = [:]
    ) -> ClusterPresets {
        ClusterPresets(
            storageClassName: storage, ingressClassName: ingress, ingressClassAnnotation: ingressAnnotation,
            loadBalancerAnnotations: loadBalancer)
    }
}
