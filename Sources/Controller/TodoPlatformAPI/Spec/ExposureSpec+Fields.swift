extension ExposureSpec: Specification {
    package static let fields: [Field<ExposureSpec>] = [
        Field(
            "type", \.type, .word,
            """
            none: inside of the cluster only. ingress: an Ingress. gateway: an HTTPRoute on a Gateway. load-balancer: \
            the Service of the API gets an address of its own.
            """),
        Field("host", optional: \.host, .text(.hostName), "Host name under which clients reach the platform."),
        Field(
            "ingressClassName", optional: \.ingressClassName, .text(.objectName),
            "Ingress class. Preset by cluster: minikube nginx, aks webapprouting.kubernetes.azure.com, else none."
        ),
        Field(
            "gateway", optional: \.gateway, .structure, "The Gateway that the route is attached to, for type gateway."),
        Field("tls", optional: \.tls, .structure, "Encryption. Plain HTTP if not set."),
        Field(
            "annotations", \.annotations, .strings(keys: .labelKey, values: .any(4096)),
            "Further annotations of the Ingress or HTTPRoute."),
        Field("loadBalancer", \.loadBalancer, .structure, "The Service, for type load-balancer."),
    ]

    package static let rules: [Rule<ExposureSpec>] = [
        Rule(
            "exposure-needs-host",
            cel: "!has(self.type) || (self.type != 'ingress' && self.type != 'gateway') || has(self.host)",
            "an ingress or a gateway route needs a host name",
            remedy: "set exposure.host, or set exposure.type to none"
        ) { spec, _ in (spec.type != .ingress && spec.type != .gateway) || spec.host != nil },
        Rule(
            "exposure-needs-gateway",
            cel: "!has(self.type) || self.type != 'gateway' || has(self.gateway)",
            "type gateway does not name a Gateway",
            remedy: "set exposure.gateway.name, or choose another exposure.type"
        ) { spec, _ in spec.type != .gateway || spec.gateway != nil },
    ]
}

extension GatewayReference: Specification {
    package static let fields: [Field<GatewayReference>] = [
        Field("name", \.name, .text(.objectName), required: true, "Name of the Gateway."),
        Field("namespace", optional: \.namespace, .text(.dnsLabel), "Its namespace. The platform's if not set."),
        Field("sectionName", optional: \.sectionName, .text(.objectName), "One listener of it. All if not set."),
    ]
}

extension TLSSpec: Specification {
    package static let fields: [Field<TLSSpec>] = [
        Field("issuerRef", optional: \.issuerRef, .structure, "The issuer of cert-manager that makes the certificate."),
        Field(
            "secretName", optional: \.secretName, .text(.objectName), "An existing Secret of type kubernetes.io/tls."),
    ]

    package static let rules: [Rule<TLSSpec>] = [
        Rule(
            "tls-one-source",
            cel: "has(self.issuerRef) != has(self.secretName)",
            "the certificate needs exactly one source",
            remedy: "set issuerRef or secretName, not both"
        ) { spec, _ in (spec.issuerRef != nil) != (spec.secretName != nil) }
    ]
}

extension IssuerReference: Specification {
    package static let fields: [Field<IssuerReference>] = [
        Field("name", \.name, .text(.objectName), required: true, "Name of the issuer."),
        Field("kind", \.kind, .word, "Kind of the issuer."),
    ]
}

extension LoadBalancerSpec: Specification {
    package static let fields: [Field<LoadBalancerSpec>] = [
        Field(
            "annotations", \.annotations, .strings(keys: .labelKey, values: .any(4096)),
            "Annotations of the Service, laid over those that cluster presets."),
        Field(
            "sourceRanges", \.sourceRanges, .list(of: .text(.networkRange), 0...50),
            "Networks that may connect. All if empty."),
    ]
}
