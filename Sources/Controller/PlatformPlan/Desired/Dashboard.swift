import KubernetesModel

/// A Grafana dashboard: rows of time series over one Prometheus data source, which the viewer picks.
struct Dashboard {
    struct Panel {
        let title: String
        let unit: String
        /// PromQL and the legend of its series.
        let queries: [(expression: String, legend: String)]
    }

    let uid: String
    let title: String
    let panels: [Panel]

    /// The dashboard as Grafana imports it (schema 39), two panels in a row.
    var json: JSON {
        var list: [JSON] = []
        for (index, panel) in panels.enumerated() {
            list.append(panel.json(id: index + 1, column: index % 2, row: index / 2))
        }
        return [
            "uid": .string(uid),
            "title": .string(title),
            "tags": ["todo-platform"],
            "schemaVersion": 39,
            "editable": false,
            "refresh": "30s",
            "time": ["from": "now-6h", "to": "now"],
            "timezone": "browser",
            "templating": [
                "list": [
                    [
                        "name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source",
                        "hide": 0,
                    ]
                ]
            ],
            "panels": .array(list),
        ]
    }
}

extension Dashboard.Panel {
    fileprivate func json(id: Int, column: Int, row: Int) -> JSON {
        let source: JSON = ["type": "prometheus", "uid": "${datasource}"]
        let targets = queries.enumerated().map { index, query -> JSON in
            [
                "refId": .string(String(decoding: [UInt8(ascii: "A") + UInt8(index % 26)], as: UTF8.self)),
                "datasource": source, "expr": .string(query.expression), "legendFormat": .string(query.legend),
            ]
        }
        return [
            "id": JSON(id), "type": "timeseries", "title": .string(title), "datasource": source,
            "gridPos": ["x": JSON(column * 12), "y": JSON(row * 8), "w": 12, "h": 8],
            "fieldConfig": ["defaults": ["unit": .string(unit), "min": 0], "overrides": []],
            "options": ["legend": ["displayMode": "list", "placement": "bottom"], "tooltip": ["mode": "multi"]],
            "targets": .array(targets),
        ]
    }
}

extension Dashboard {
    /// Is it up, is it fast, what does it cost.
    static func services(_ scope: MetricScope, title: String) -> Dashboard {
        let requests = "rate(\(ServiceMetrics.requests){\(scope.services)}[5m])"
        let errors = "rate(\(ServiceMetrics.requests){\(scope.services),status=~\"5..\"}[5m])"
        let buckets = "rate(\(ServiceMetrics.requestDuration)_bucket{\(scope.services)}[5m])"
        let containers = "\(scope.pods),container!=\"\""
        return Dashboard(
            uid: "todo-services-" + Digest.short("\(scope.namespace)/\(scope.platform)"), title: "\(title): services",
            panels: [
                Panel(
                    title: "Available replicas", unit: "short",
                    queries: [("kube_deployment_status_replicas_available{\(scope.workloads)}", "{{deployment}}")]),
                Panel(
                    title: "Requests", unit: "reqps",
                    queries: [("sum by (component) (\(requests))", "{{component}}")]),
                Panel(
                    title: "Failed requests", unit: "percentunit",
                    queries: [
                        ("sum by (component) (\(errors)) / sum by (component) (\(requests))", "{{component}}")
                    ]),
                Panel(
                    title: "Time to answer", unit: "s",
                    queries: [
                        ("histogram_quantile(0.5, sum by (le) (\(buckets)))", "half within"),
                        ("histogram_quantile(0.95, sum by (le) (\(buckets)))", "95 % within"),
                        ("histogram_quantile(0.99, sum by (le) (\(buckets)))", "99 % within"),
                    ]),
                Panel(
                    title: "CPU", unit: "short",
                    queries: [
                        ("sum by (pod) (rate(container_cpu_usage_seconds_total{\(containers)}[5m]))", "{{pod}}")
                    ]),
                Panel(
                    title: "Memory", unit: "bytes",
                    queries: [("sum by (pod) (container_memory_working_set_bytes{\(containers)})", "{{pod}}")]),
                Panel(
                    title: "Restarts", unit: "short",
                    queries: [
                        (
                            "sum by (pod) (increase(kube_pod_container_status_restarts_total{\(scope.pods)}[1h]))",
                            "{{pod}}"
                        )
                    ]),
                Panel(
                    title: "Live connections", unit: "short",
                    queries: [("sum(\(ServiceMetrics.syncConnections){\(scope.services)})", "WebSocket")]),
            ])
    }

    /// Where events are, and what is late.
    static func events(_ scope: MetricScope, title: String) -> Dashboard {
        let handled = "rate(\(ServiceMetrics.eventsHandled){\(scope.services)}[5m])"
        let delays = "rate(\(ServiceMetrics.eventDelay)_bucket{\(scope.services)}[5m])"
        let lateness = "rate(\(ServiceMetrics.reminderLateness)_bucket{\(scope.services)}[15m])"
        let notifications = "rate(\(ServiceMetrics.notifications){\(scope.services)}[5m])"
        return Dashboard(
            uid: "todo-events-" + Digest.short("\(scope.namespace)/\(scope.platform)"), title: "\(title): events",
            panels: [
                Panel(
                    title: "Events handled", unit: "cps",
                    queries: [("sum by (component, topic) (\(handled))", "{{component}} {{topic}}")]),
                Panel(
                    title: "Outcomes", unit: "cps",
                    queries: [("sum by (outcome) (\(handled))", "{{outcome}}")]),
                Panel(
                    title: "From change to effect (95 %)", unit: "s",
                    queries: [
                        (
                            "histogram_quantile(0.95, sum by (le, component, topic) (\(delays)))",
                            "{{component}} {{topic}}"
                        )
                    ]),
                Panel(
                    title: "Dead letters without a retry", unit: "short",
                    queries: [
                        (
                            "sum by (component, topic) (increase(\(ServiceMetrics.eventsHandled)"
                                + "{\(scope.services),outcome=\"drop\"}[1h]))", "{{component}} {{topic}}"
                        )
                    ]),
                Panel(
                    title: "Outbox", unit: "short",
                    queries: [
                        (
                            "max by (component) (\(ServiceMetrics.outboxPending){\(scope.services)})",
                            "{{component}} waiting"
                        ),
                        (
                            "max by (component) (\(ServiceMetrics.outboxOldest){\(scope.services)})",
                            "{{component}} oldest, seconds"
                        ),
                    ]),
                Panel(
                    title: "Lateness of reminders", unit: "s",
                    queries: [
                        ("histogram_quantile(0.5, sum by (le) (\(lateness)))", "half within"),
                        ("histogram_quantile(0.99, sum by (le) (\(lateness)))", "99 % within"),
                    ]),
                Panel(
                    title: "Notifications", unit: "cps",
                    queries: [("sum by (channel, outcome) (\(notifications))", "{{channel}} {{outcome}}")]),
                Panel(
                    title: "Messages through Dapr", unit: "cps",
                    queries: [
                        (
                            "sum by (app_id, topic) "
                                + "(rate(dapr_component_pubsub_egress_count{namespace=\"\(scope.namespace)\"}[5m]))",
                            "{{app_id}} publishes {{topic}}"
                        )
                    ]),
            ])
    }
}
