import KubernetesModel
import TodoPlatformAPI

/// What Prometheus scrapes, what wakes somebody, and what people look at.
extension PlanContext {
    var monitoring: [DesiredObject] {
        var objects: [DesiredObject] = []
        if spec.monitoring.serviceMonitor.enabled, apis.serves(.serviceMonitor) {
            objects.append(serviceMonitor)
            if hasKafkaMetrics, let cluster = kafkaName, apis.serves(.podMonitor) {
                objects.append(kafkaMonitor(cluster))
            }
        }
        if spec.monitoring.alerts.enabled, apis.serves(.prometheusRule) { objects.append(alerts) }
        if spec.monitoring.dashboards.enabled {
            objects.append(dashboard("services", Dashboard.services(metricScope, title: input.platform.name)))
            objects.append(dashboard("events", Dashboard.events(metricScope, title: input.platform.name)))
        }
        return objects
    }

    private var metricScope: MetricScope {
        MetricScope(
            namespace: namespace, platform: Naming.labelValue(input.platform.name),
            deployments: ServiceName.allCases.map(appID))
    }

    private var interval: JSON { .string(spec.monitoring.serviceMonitor.interval.singleUnit) }

    private var serviceMonitor: DesiredObject {
        let monitored = ServiceName.allCases.map(\.rawValue)
        let endpoints = ["metrics", "dapr-metrics"].map { port -> JSON in
            [
                "port": .string(port), "path": "/metrics", "interval": interval,
                "relabelings": [
                    Self.relabel("__meta_kubernetes_service_label_todoplatform_dev_platform", "platform"),
                    Self.relabel("__meta_kubernetes_service_label_app_kubernetes_io_component", "component"),
                ],
            ]
        }
        return object(
            .serviceMonitor, name: names.object("services"), component: "monitoring", stage: .monitoring,
            extraLabels: spec.monitoring.serviceMonitor.labels,
            body: [
                "spec": [
                    "selector": .members([
                        "matchLabels": .strings(selector()),
                        "matchExpressions": [
                            ["key": .string(PlatformLabels.component), "operator": "In", "values": JSON(monitored)]
                        ],
                    ]),
                    "endpoints": .array(endpoints),
                ]
            ])
    }

    private static func relabel(_ source: String, _ target: String) -> JSON {
        ["action": "replace", "sourceLabels": [.string(source)], "targetLabel": .string(target)]
    }

    private func kafkaMonitor(_ cluster: String) -> DesiredObject {
        object(
            .podMonitor, name: names.object("kafka"), component: "monitoring", stage: .monitoring,
            extraLabels: spec.monitoring.serviceMonitor.labels,
            body: [
                "spec": [
                    "selector": .matchLabels(["strimzi.io/cluster": cluster, "strimzi.io/kind": "Kafka"]),
                    "podTargetLabels": ["strimzi.io/cluster"],
                    "podMetricsEndpoints": [["port": "tcp-prometheus", "path": "/metrics", "interval": interval]],
                ]
            ])
    }

    private var alerts: DesiredObject {
        var watched = Alert.Watched()
        watched.kafka = hasKafkaMetrics ? kafkaName : nil
        watched.migrationPrefix = spec.database.migrations.enabled ? names.prefix + "-migrate-" : nil
        watched.autoscalers = effective.services.filter { $0.autoscaling != nil }.map { appID($0.name) }
        if spec.exposure.tls?.issuerRef != nil, spec.exposure.host != nil { watched.certificate = names.object("tls") }
        let rules = Alert.all(metricScope, watched).map {
            $0.json(labels: ["platform": metricScope.platform])
        }
        return object(
            .prometheusRule, name: names.object("alerts"), component: "monitoring", stage: .monitoring,
            extraLabels: spec.monitoring.alerts.labels,
            body: ["spec": ["groups": [["name": .string(names.object("alerts")), "rules": .array(rules)]]]])
    }

    private func dashboard(_ part: String, _ dashboard: Dashboard) -> DesiredObject {
        object(
            .configMap, name: names.object("dashboard-\(part)"), component: "monitoring", stage: .monitoring,
            extraLabels: spec.monitoring.dashboards.labels,
            body: [
                "data": .strings(["\(names.prefix)-\(part).json": dashboard.json.prettyText + "\n"])
            ])
    }
}
