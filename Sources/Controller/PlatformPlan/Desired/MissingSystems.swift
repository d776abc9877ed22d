import KubernetesModel
import TodoPlatformAPI

extension PlanContext {
    /// What the resource asks for and the cluster does not serve.
    var missingSystems: [MissingSystem] {
        [missingDapr, missingStrimzi, missingKEDA, missingCertManager, missingGateway, missingPrometheus]
            .compactMap(\.self)
    }

    private var missingDapr: MissingSystem? {
        if apis.hasDapr { return nil }
        return MissingSystem(
            system: .dapr,
            kinds: apis.unserved([.daprComponent, .daprConfiguration, .daprResiliency, .daprSubscription]),
            remedy: "Install Dapr 1.18 or newer (helm install dapr dapr/dapr -n dapr-system).",
            affects: "no service can run without its sidecar.", isBlocking: true)
    }

    private var missingStrimzi: MissingSystem? {
        guard spec.messaging.type == .strimzi, !apis.hasStrimzi else { return nil }
        return MissingSystem(
            system: .strimzi, kinds: apis.unserved([.kafka, .kafkaNodePool, .kafkaTopic, .kafkaUser]),
            remedy: "Install Strimzi 0.46 or newer, with its CRDs, or set spec.messaging.type to another broker.",
            affects: "there is no broker between the services.", isBlocking: true)
    }

    private var missingKEDA: MissingSystem? {
        let services = effective.services.filter(wantsLag).map(\.name.rawValue)
        guard !services.isEmpty, !apis.hasKEDA else { return nil }
        return MissingSystem(
            system: .keda, kinds: apis.unserved([.scaledObject, .triggerAuthentication]),
            remedy: "Install KEDA 2.13 or newer, or remove autoscaling.lag.",
            affects: "\(services.joined(separator: ", ")) scale on CPU and memory instead of the events that wait.",
            isBlocking: false)
    }

    private var missingCertManager: MissingSystem? {
        let isExposed = spec.exposure.type == .ingress || spec.exposure.type == .gateway
        guard isExposed, spec.exposure.tls?.issuerRef != nil, !apis.hasCertManager else { return nil }
        return MissingSystem(
            system: .certManager, kinds: apis.unserved([.certificate]),
            remedy: "Install cert-manager, or give the certificate in spec.exposure.tls.secretName.",
            affects: "no certificate is issued for \(spec.exposure.host ?? "the platform").", isBlocking: false)
    }

    private var missingGateway: MissingSystem? {
        guard spec.exposure.type == .gateway, apis.httpRoute == nil else { return nil }
        return MissingSystem(
            system: .gatewayAPI, kinds: [ResourceType.httpRoute.kind],
            remedy: "Install the Gateway API and a gateway controller, or set spec.exposure.type to ingress.",
            affects: "the platform cannot be reached from outside.", isBlocking: false)
    }

    private var missingPrometheus: MissingSystem? {
        var wanted: [ResourceType] = []
        if spec.monitoring.serviceMonitor.enabled { wanted.append(.serviceMonitor) }
        if spec.monitoring.alerts.enabled { wanted.append(.prometheusRule) }
        let kinds = apis.unserved(wanted)
        if kinds.isEmpty { return nil }
        return MissingSystem(
            system: .prometheusOperator, kinds: kinds,
            remedy:
                "Install the Prometheus Operator, or disable spec.monitoring.serviceMonitor and "
                + "spec.monitoring.alerts.",
            affects: "nothing is measured and no alert fires.", isBlocking: false)
    }
}
