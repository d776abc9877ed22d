import KubernetesModel
import TodoPlatformAPI

extension PlanContext {
    /// Annotations that the resource's own pod annotations cannot change: without them the service is not ours.
    private static let fixed: Set<String> = [
        "dapr.io/enabled", "dapr.io/app-id", "dapr.io/app-port", "dapr.io/app-protocol", "dapr.io/config",
        "dapr.io/api-token-secret", "dapr.io/app-token-secret", PlatformLabels.configDigest,
    ]

    /// The annotations of a service's pods: the sidecar, the digest, and what the resource adds.
    func podAnnotations(_ service: EffectiveService, _ components: [DaprComponent]) -> [String: String] {
        var annotations = sidecarAnnotations(service.name)
        annotations[PlatformLabels.configDigest] = configDigest(service.name, components)
        for (key, value) in service.spec.pod.annotations where !Self.fixed.contains(key) { annotations[key] = value }
        return annotations
    }

    private func sidecarAnnotations(_ service: ServiceName) -> [String: String] {
        let sidecar = spec.dapr.sidecar
        var annotations = [
            "dapr.io/enabled": "true",
            "dapr.io/app-id": appID(service),
            "dapr.io/app-port": String(Self.httpPort),
            "dapr.io/app-protocol": "http",
            "dapr.io/config": configurationName,
            "dapr.io/log-level": sidecar.logLevel.rawValue,
            "dapr.io/log-as-json": "true",
            // Without the check, jobs and events that meet a service that is starting count as failed.
            "dapr.io/enable-app-health-check": "true",
            "dapr.io/app-health-check-path": "/readyz",
            "dapr.io/app-health-probe-interval": "5",
            "dapr.io/app-health-probe-timeout": "500",
            "dapr.io/app-health-threshold": "3",
            // The API stays open a while after SIGTERM, so that what was committed is still published.
            "dapr.io/block-shutdown-duration": "5s",
            "dapr.io/graceful-shutdown-seconds": "5",
            // No actors: a sidecar need not wait for placement to be ready.
            "dapr.io/placement-host-address": " ",
            "dapr.io/sidecar-seccomp-profile-type": "RuntimeDefault",
        ]
        if sidecar.native { annotations["dapr.io/enable-native-sidecar"] = "true" }
        let resources = effective.sidecar
        if let cpu = resources.cpuRequest { annotations["dapr.io/sidecar-cpu-request"] = cpu.description }
        if let cpu = resources.cpuLimit { annotations["dapr.io/sidecar-cpu-limit"] = cpu.description }
        if let memory = resources.memoryRequest { annotations["dapr.io/sidecar-memory-request"] = memory.description }
        if let memory = resources.memoryLimit {
            annotations["dapr.io/sidecar-memory-limit"] = memory.description
            // Seven eighths: the collector works harder before the kernel kills.
            let mebibytes = max(1, memory.units / 8 * 7 / 1_048_576)
            annotations["dapr.io/env"] = "GOMEMLIMIT=\(mebibytes)MiB"
        }
        for token in tokens { annotations[token.annotation] = token.key.secret.name }
        // A sidecar without a token for the API server fails at the store that it brings itself.
        if !mountsToken(service) { annotations["dapr.io/disable-builtin-k8s-secret-store"] = "true" }
        return annotations
    }

    /// Only what fetches Secrets gets a token for the API server.
    func mountsToken(_ service: ServiceName) -> Bool {
        readsKubernetesSecrets && !secretsRead(by: service).isEmpty
    }

    /// A digest of everything that a running pod would not notice: secret values, and the components that its sidecar
    /// loaded. Environment and annotations are part of the pod template anyway; subscriptions, resiliency and
    /// configuration are taken over by running sidecars.
    private func configDigest(_ service: ServiceName, _ components: [DaprComponent]) -> String {
        let loaded = components.filter { $0.services.contains(service) }.map { ($0.name, $0.spec) }
        let secrets = secretsReaching(service, components).map { key in
            (key.description, JSON.string(input.secretDigests[key] ?? "absent"))
        }
        return String(
            Digest.of(["components": .object(JSONObject(loaded)), "secrets": .object(JSONObject(secrets))]).prefix(16))
    }
}
