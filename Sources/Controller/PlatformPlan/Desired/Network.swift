import KubernetesModel
import TodoPlatformAPI

/// Which connections the pods may have. A policy that selects a pod closes everything that no policy opens. Rules match
/// the ports of pods, not of Services.
extension PlanContext {
    var networkPolicies: [DesiredObject] {
        spec.networkPolicies.enabled ? [platformPolicy, exposedPolicy] : []
    }

    /// All pods of the platform: each other's sidecars, the control plane of Dapr, the broker, and named ports outside.
    private var platformPolicy: DesiredObject {
        let peers: JSON = [["podSelector": .matchLabels(selector())]]
        var ingress: [JSON] = [["from": peers, "ports": Self.ports([Self.sidecarPort])]]
        let monitoring = spec.networkPolicies.monitoringNamespaces
        if !monitoring.isEmpty {
            ingress.append([
                "from": Self.namespaces(monitoring), "ports": Self.ports([Self.metricsPort, Self.daprMetricsPort]),
            ])
        }
        return object(
            .networkPolicy, name: names.object("services"), component: "network", stage: .foundation,
            body: [
                "spec": [
                    "podSelector": .matchLabels(selector()),
                    "policyTypes": ["Ingress", "Egress"],
                    "ingress": .array(ingress),
                    "egress": .array(egress(peers)),
                ]
            ])
    }

    private func egress(_ peers: JSON) -> [JSON] {
        var rules: [JSON] = [
            [
                "to": [
                    ["namespaceSelector": .matchLabels(["kubernetes.io/metadata.name": "kube-system"])],
                    // The cache on each node, where there is one.
                    ["ipBlock": ["cidr": "169.254.20.10/32"]],
                ],
                "ports": [["port": 53, "protocol": "UDP"], ["port": 53, "protocol": "TCP"]],
            ],
            [
                // operator, sentry, placement, scheduler
                "to": Self.namespaces([spec.networkPolicies.daprNamespace]),
                "ports": Self.ports([6500, 50001, 50005, 50006]),
            ],
            ["to": peers, "ports": Self.ports([Self.sidecarPort])],
        ]
        if let cluster = kafkaName {
            let brokers = ["strimzi.io/cluster": cluster, "strimzi.io/kind": "Kafka"]
            rules.append([
                "to": [["podSelector": .matchLabels(brokers)]],
                "ports": Self.ports(brokerAddresses.compactMap(Self.port).nonEmptyOr(Self.kafkaPort)),
            ])
        }
        let outside = outsidePorts
        if !outside.isEmpty { rules.append(["ports": Self.ports(outside)]) }
        return rules
    }

    static let sidecarPort = 50002

    /// Ports anywhere: what the resource names, and what its other fields imply.
    private var outsidePorts: [Int] {
        var ports = spec.networkPolicies.egressPorts
        // The API server, behind its Service.
        if readsKubernetesSecrets { ports += [443, 6443] }
        switch spec.messaging.type {
        case .strimzi, .inMemory: break
        case .kafka: ports += brokerAddresses.compactMap(Self.port).nonEmptyOr(9092)
        case .redis: ports += brokerAddresses.compactMap(Self.port).nonEmptyOr(6379)
        case .rabbitmq: ports += [5671, 5672]
        }
        if spec.dapr.stateStore.type == .redis {
            ports.append(spec.dapr.stateStore.redis.flatMap { Self.port($0.host) } ?? 6379)
        }
        if let keys = spec.authentication.jwksURL {
            ports.append(Self.port(keys) ?? (keys.hasPrefix("http://") ? 80 : 443))
        }
        if let smtp = spec.dapr.smtp { ports.append(smtp.port) }
        if let endpoint = spec.dapr.tracing.endpoint { ports.append(Self.port(endpoint) ?? 4317) }
        return Set(ports.filter { (1...65_535).contains($0) }).sorted()
    }

    /// The pods that users talk to, from the controllers that let them in.
    private var exposedPolicy: DesiredObject {
        let namespaces = spec.networkPolicies.ingressNamespaces
        let anywhere = spec.exposure.type == .loadBalancer
        let from: JSON? =
            if anywhere {
                nil
            } else if namespaces.isEmpty {
                // Of every namespace, but from no address outside of the cluster.
                [
                    [
                        "namespaceSelector": .members([
                            "matchExpressions": [
                                ["key": "kubernetes.io/metadata.name", "operator": "Exists"]
                            ]
                        ])
                    ]
                ]
            } else {
                Self.namespaces(namespaces)
            }
        let exposed = ServiceName.allCases.filter(\.isExposed).map(\.rawValue)
        return object(
            .networkPolicy, name: names.object("exposed"), component: "network", stage: .foundation,
            body: [
                "spec": [
                    "podSelector": .members([
                        "matchLabels": .strings(selector()),
                        "matchExpressions": [
                            ["key": .string(PlatformLabels.component), "operator": "In", "values": JSON(exposed)]
                        ],
                    ]),
                    "policyTypes": ["Ingress"],
                    "ingress": [.members(["from": from, "ports": Self.ports([Self.httpPort])])],
                ]
            ])
    }

    private static func ports(_ ports: [Int]) -> JSON {
        .array(ports.map { ["port": JSON($0), "protocol": "TCP"] })
    }

    private static func namespaces(_ names: [String]) -> JSON {
        .array(names.map { ["namespaceSelector": .matchLabels(["kubernetes.io/metadata.name": $0])] })
    }

    /// The port of `host:port`, with or without a scheme before and a path behind; nil when there is none.
    static func port(_ address: String) -> Int? {
        var rest = address[...]
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        rest = rest.prefix { !"/?#".contains($0) }
        guard let colon = rest.lastIndex(of: ":"), let port = Int(rest[rest.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        return port
    }
}

extension [Int] {
    /// Each element once in order, or `replacement` when there is none.
    fileprivate func nonEmptyOr(_ replacement: Int) -> [Int] { isEmpty ? [replacement] : Set(self).sorted() }
}
