import KubernetesModel

/// Plays cert-manager: every Certificate is issued at once, and its Secret is there.
struct CertManagerActor: Sendable {
    let scene: ActorScene

    private static let certificates = ResourceType(
        group: "cert-manager.io", version: "v1", kind: "Certificate", plural: "certificates")
    private static let secrets = ResourceType(group: "", version: "v1", kind: "Secret", plural: "secrets")

    var loops: [ActorLoop] {
        [
            ActorLoop(
                scene: scene, types: [Self.certificates],
                handle: { object, type, isGone in if !isGone { try await certificate(object, type) } })
        ]
    }

    private func certificate(_ object: KubernetesObject, _ type: ResourceType) async throws {
        guard !object.isDeleting, let name = object.spec?["secretName"]?.string else { return }
        try await scene.createIfMissing(
            KubernetesObject(
                Self.secrets, namespace: object.namespace, name: name,
                annotations: ["cert-manager.io/certificate-name": object.name],
                body: ActorScene.secretBody(
                    type: "kubernetes.io/tls", ["tls.crt": "dGVzdA==", "tls.key": "dGVzdA=="])), Self.secrets)
        try await scene.writeStatus(
            [
                "revision": 1,
                "conditions": [
                    [
                        "type": "Ready", "status": "True", "reason": "Ready",
                        "message": "Certificate is up to date and has not expired",
                        "observedGeneration": JSON(object.generation ?? 0),
                    ]
                ],
            ], of: object, type)
    }
}
