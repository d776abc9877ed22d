import KubernetesModel
import TodoPlatformAPI

/// How users reach the platform: the API, and under `/sync` the service that keeps their pages live.
extension PlanContext {
    private static let syncPath = "/sync"

    var exposure: [DesiredObject] {
        switch spec.exposure.type {
        case .none: []
        case .ingress: [certificate, ingress].compactMap(\.self)
        case .gateway: [certificate, httpRoute].compactMap(\.self)
        case .loadBalancer: [loadBalancer]
        }
    }

    /// The Secret with the certificate; nil without TLS.
    private var tlsSecret: String? {
        spec.exposure.tls.map { $0.secretName ?? names.object("tls") }
    }

    /// Asked of cert-manager directly, not by an annotation: that way it works with every kind of exposure, and its
    /// state can be read.
    private var certificate: DesiredObject? {
        guard let issuer = spec.exposure.tls?.issuerRef, let secret = tlsSecret, let host = spec.exposure.host,
            apis.hasCertManager
        else { return nil }
        return object(
            .certificate, name: names.object("tls"), component: "exposure", stage: .exposure,
            body: [
                "spec": [
                    "secretName": .string(secret),
                    "dnsNames": [.string(host)],
                    "issuerRef": [
                        "name": .string(issuer.name), "kind": .string(issuer.kind.rawValue), "group": "cert-manager.io",
                    ],
                    "privateKey": ["rotationPolicy": "Always"],
                ]
            ])
    }

    private var ingress: DesiredObject {
        var annotations = spec.exposure.annotations
        if let name = effective.exposure.ingressClassAnnotation, annotations["kubernetes.io/ingress.class"] == nil {
            annotations["kubernetes.io/ingress.class"] = name
        }
        func path(_ path: String, _ service: ServiceName) -> JSON {
            [
                "path": .string(path), "pathType": "Prefix",
                "backend": ["service": ["name": .string(appID(service)), "port": ["name": "http"]]],
            ]
        }
        let host = spec.exposure.host.map { JSON.string($0) }
        return object(
            .ingress, name: names.object("web"), component: "exposure", stage: .exposure, annotations: annotations,
            body: [
                "spec": .members([
                    "ingressClassName": effective.exposure.ingressClassName.map { .string($0) },
                    "rules": [
                        .members(["host": host, "http": ["paths": [path(Self.syncPath, .sync), path("/", .api)]]])
                    ],
                    "tls": tlsSecret.map { secret in
                        [.members(["hosts": host.map { [$0] }, "secretName": .string(secret)])]
                    },
                ])
            ])
    }

    /// With the defaults of its CRD written out: the API server would put them into lists that it compares as a whole.
    private var httpRoute: DesiredObject? {
        guard let type = apis.httpRoute, let gateway = spec.exposure.gateway else { return nil }
        let parent: JSON = .members([
            "group": "gateway.networking.k8s.io",
            "kind": "Gateway",
            "name": .string(gateway.name),
            "namespace": gateway.namespace.map { .string($0) },
            "sectionName": gateway.sectionName.map { .string($0) },
        ])
        func rule(_ path: String, _ service: ServiceName) -> JSON {
            [
                "matches": [["path": ["type": "PathPrefix", "value": .string(path)]]],
                "backendRefs": [
                    ["group": "", "kind": "Service", "name": .string(appID(service)), "port": 80, "weight": 1]
                ],
            ]
        }
        return object(
            type, name: names.object("web"), component: "exposure", stage: .exposure,
            annotations: spec.exposure.annotations,
            body: [
                "spec": .members([
                    "parentRefs": [parent],
                    "hostnames": spec.exposure.host.map { [.string($0)] },
                    "rules": [rule(Self.syncPath, .sync), rule("/", .api)],
                ])
            ])
    }

    /// A Service of its own, so that the ports for metrics stay inside. Only the API: one free load balancer is all
    /// that there is on small clusters.
    private var loadBalancer: DesiredObject {
        let ranges = spec.exposure.loadBalancer.sourceRanges
        return object(
            .service, name: names.object("public"), component: "exposure", stage: .exposure,
            annotations: effective.exposure.loadBalancerAnnotations.merging(spec.exposure.annotations) { own, _ in own
            },
            body: [
                "spec": .members([
                    "type": "LoadBalancer",
                    "selector": .strings(selector(ServiceName.api.rawValue)),
                    "loadBalancerSourceRanges": ranges.isEmpty ? nil : JSON(ranges),
                    "ports": [Self.port("http", 80, target: "http")],
                ])
            ])
    }
}
