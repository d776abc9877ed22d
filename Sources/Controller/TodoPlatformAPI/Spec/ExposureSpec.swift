/// How people outside of the cluster reach the API and the sync service.
package struct ExposureSpec: Hashable, Sendable {
    package var type = ExposureType.none
    package var host: String?
    package var ingressClassName: String?
    package var gateway: GatewayReference?
    package var tls: TLSSpec?
    package var annotations: [String: String] = [:]
    package var loadBalancer = LoadBalancerSpec()

    package init() {}
}

package enum ExposureType: String, CaseIterable, Sendable {
    case none, ingress, gateway
    /// The API's Service itself is of type LoadBalancer.
    case loadBalancer = "load-balancer"
}

package struct GatewayReference: Hashable, Sendable {
    package var name = ""
    package var namespace: String?
    package var sectionName: String?

    package init() {}
}

package struct TLSSpec: Hashable, Sendable {
    package var issuerRef: IssuerReference?
    package var secretName: String?

    package init() {}
}

package struct IssuerReference: Hashable, Sendable {
    package var name = ""
    package var kind = IssuerKind.clusterIssuer

    package init() {}
}

package enum IssuerKind: String, CaseIterable, Sendable {
    case clusterIssuer = "ClusterIssuer"
    case issuer = "Issuer"
}

package struct LoadBalancerSpec: Hashable, Sendable {
    package var annotations: [String: String] = [:]
    package var sourceRanges: [String] = []

    package init() {}
}
