import KubernetesModel

/// Plays a gateway, an ingress controller and a cloud: routes are accepted, gateways, ingresses and load balancers have an
/// address.
struct GatewayActor: Sendable {
    let scene: ActorScene

    private static let group = "gateway.networking.k8s.io"
    private static let controller: JSON = "example.com/cluster-actors"
    private static let address: JSON = "203.0.113.10"
    private static let routes = ResourceType(group: group, version: "v1", kind: "HTTPRoute", plural: "httproutes")
    private static let gateways = ResourceType(group: group, version: "v1", kind: "Gateway", plural: "gateways")
    private static let services = ResourceType(group: "", version: "v1", kind: "Service", plural: "services")
    private static let ingresses = ResourceType(
        group: "networking.k8s.io", version: "v1", kind: "Ingress", plural: "ingresses")

    var loops: [ActorLoop] {
        [
            ActorLoop(
                scene: scene, types: [Self.routes],
                handle: { object, type, isGone in if !isGone { try await route(object, type) } }),
            ActorLoop(
                scene: scene, types: [Self.gateways],
                handle: { object, type, isGone in if !isGone { try await gateway(object, type) } }),
            ActorLoop(
                scene: scene, types: [Self.ingresses],
                handle: { object, type, isGone in
                    guard !isGone, !object.isDeleting else { return }
                    try await scene.writeStatus(
                        ["loadBalancer": ["ingress": [["ip": Self.address]]]], of: object, type)
                }),
            ActorLoop(
                scene: scene, types: [Self.services],
                handle: { object, type, isGone in
                    guard !isGone, !object.isDeleting, object.spec?["type"] == "LoadBalancer" else { return }
                    try await scene.writeStatus(
                        ["loadBalancer": ["ingress": [["ip": Self.address]]]], of: object, type)
                }),
        ]
    }

    private func condition(_ type: String, _ object: KubernetesObject, time: JSON) -> JSON {
        [
            "type": .string(type), "status": "True", "reason": .string(type), "message": "",
            "observedGeneration": JSON(object.generation ?? 0), "lastTransitionTime": time,
        ]
    }

    private func route(_ object: KubernetesObject, _ type: ResourceType) async throws {
        guard !object.isDeleting else { return }
        // The time of the first verdict stays: conditions of routes lie one level deeper than others.
        let first = object.status?["parents"]?[0]?["conditions"]?[0]?["lastTransitionTime"]
        let time = first ?? .string(scene.options.now().rfc3339)
        let parents = (object.spec?["parentRefs"]?.array ?? []).map { reference -> JSON in
            [
                "parentRef": reference, "controllerName": Self.controller,
                "conditions": [
                    condition("Accepted", object, time: time), condition("ResolvedRefs", object, time: time),
                ],
            ]
        }
        try await scene.writeStatus(["parents": .array(parents)], of: object, type)
    }

    private func gateway(_ object: KubernetesObject, _ type: ResourceType) async throws {
        guard !object.isDeleting else { return }
        let time = JSON.string(scene.options.now().rfc3339)
        try await scene.writeStatus(
            [
                "addresses": [["type": "IPAddress", "value": Self.address]],
                "conditions": [condition("Accepted", object, time: time), condition("Programmed", object, time: time)],
            ], of: object, type)
    }
}
