import KubernetesModel

/// One alert rule. Each has a page of its own in `docs/runbooks`.
struct Alert {
    enum Severity: String {
        /// Users are cut off now: wakes somebody.
        case critical
        /// Will hurt if nobody looks within a day.
        case warning
    }

    let name: String
    let expression: String
    /// How long the expression must hold, in Prometheus' notation.
    let duration: String
    let severity: Severity
    let summary: String
    let description: String

    func json(labels: [String: String]) -> JSON {
        [
            "alert": .string(name),
            "expr": .string(expression),
            "for": .string(duration),
            "labels": .strings(labels.merging(["severity": severity.rawValue]) { own, _ in own }),
            "annotations": .strings([
                "summary": summary, "description": description,
                "runbook_url": "https://todoplatform.dev/docs/runbooks/\(name).md",
            ]),
        ]
    }
}

extension Alert {
    /// Which parts of a platform there are to watch.
    struct Watched {
        var kafka: String?
        var migrationPrefix: String?
        var autoscalers: [String] = []
        var certificate: String?
    }

    /// The rules for one platform.
    static func all(_ scope: MetricScope, _ watched: Watched) -> [Alert] {
        var alerts = workloads(scope) + requests(scope) + events(scope)
        if let prefix = watched.migrationPrefix {
            alerts.append(
                Alert(
                    name: "TodoMigrationFailed",
                    expression:
                        "kube_job_status_failed{namespace=\"\(scope.namespace)\",job_name=~\"\(prefix).+\"} > 0",
                    duration: "1m", severity: .critical,
                    summary: "The database migration of {{ $labels.namespace }} failed",
                    description:
                        "Job {{ $labels.job_name }} failed. The new version is not rolled out before it succeeds."))
        }
        if !watched.autoscalers.isEmpty {
            let names = watched.autoscalers.joined(separator: "|")
            let matchers = "namespace=\"\(scope.namespace)\",horizontalpodautoscaler=~\"(keda-hpa-)?(\(names))\""
            alerts.append(
                Alert(
                    name: "TodoAutoscalerAtLimit",
                    expression: "kube_horizontalpodautoscaler_status_current_replicas{\(matchers)}"
                        + " >= kube_horizontalpodautoscaler_spec_max_replicas{\(matchers)}",
                    duration: "30m", severity: .warning,
                    summary: "{{ $labels.horizontalpodautoscaler }} runs as many replicas as it may",
                    description: "Load may be higher than the replicas can carry. Raise maxReplicas of the service."))
        }
        if let certificate = watched.certificate {
            alerts.append(
                Alert(
                    name: "TodoCertificateExpires",
                    expression:
                        "certmanager_certificate_expiration_timestamp_seconds"
                        + "{exported_namespace=\"\(scope.namespace)\","
                        + "name=\"\(certificate)\"} - time() < 7 * 24 * 3600",
                    duration: "1h", severity: .warning,
                    summary: "The TLS certificate of {{ $labels.exported_namespace }} ends within a week",
                    description: "cert-manager should have renewed it long ago. Look at the events of the Certificate.")
            )
        }
        if let kafka = watched.kafka {
            let matchers = "namespace=\"\(scope.namespace)\",strimzi_io_cluster=\"\(kafka)\""
            alerts.append(
                Alert(
                    name: "TodoKafkaUnderReplicated",
                    expression:
                        "sum by (namespace) (kafka_server_replicamanager_underreplicatedpartitions{\(matchers)}) > 0",
                    duration: "15m", severity: .warning,
                    summary: "Kafka in {{ $labels.namespace }} has partitions with too few replicas",
                    description: "A broker is away or behind. Losing another one can stop publishing."))
        }
        return alerts
    }

    private static func workloads(_ scope: MetricScope) -> [Alert] {
        [
            Alert(
                name: "TodoServiceDown",
                expression: "kube_deployment_status_replicas_available{\(scope.workloads)} == 0"
                    + " and kube_deployment_spec_replicas{\(scope.workloads)} > 0",
                duration: "5m", severity: .critical, summary: "{{ $labels.deployment }} is down",
                description:
                    "No replica of {{ $labels.deployment }} in {{ $labels.namespace }} was available for 5 minutes."
            ),
            Alert(
                name: "TodoServiceDegraded",
                expression: "kube_deployment_status_replicas_available{\(scope.workloads)}"
                    + " < kube_deployment_spec_replicas{\(scope.workloads)}",
                duration: "15m", severity: .warning,
                summary: "{{ $labels.deployment }} runs fewer replicas than it should",
                description:
                    "Some replicas of {{ $labels.deployment }} in {{ $labels.namespace }} "
                    + "have not been available for 15 minutes."
            ),
            Alert(
                name: "TodoPodRestarts",
                expression: "increase(kube_pod_container_status_restarts_total{\(scope.pods)}[1h]) > 3",
                duration: "5m", severity: .warning, summary: "{{ $labels.pod }} keeps restarting",
                description:
                    "Container {{ $labels.container }} of {{ $labels.pod }} restarted more than 3 times within an hour."
            ),
        ]
    }

    private static func requests(_ scope: MetricScope) -> [Alert] {
        let errors =
            "sum by (namespace, component) (rate(\(ServiceMetrics.requests){\(scope.services),status=~\"5..\"}[5m]))"
        let all = "sum by (namespace, component) (rate(\(ServiceMetrics.requests){\(scope.services)}[5m]))"
        let buckets =
            "sum by (namespace, component, le) (rate(\(ServiceMetrics.requestDuration)_bucket{\(scope.services)}[5m]))"
        return [
            Alert(
                name: "TodoRequestErrors", expression: "\(errors) / \(all) > 0.05", duration: "10m",
                severity: .critical,
                summary: "More than 5 % of the requests to {{ $labels.component }} fail",
                description:
                    "Service {{ $labels.component }} in {{ $labels.namespace }} answers with 5xx: "
                    + "{{ $value | humanizePercentage }}."
            ),
            Alert(
                name: "TodoRequestsSlow", expression: "histogram_quantile(0.95, \(buckets)) > 0.5", duration: "10m",
                severity: .warning, summary: "{{ $labels.component }} answers slowly",
                description:
                    "One request in twenty to {{ $labels.component }} takes longer than "
                    + "{{ $value | humanizeDuration }}."
            ),
        ]
    }

    private static func events(_ scope: MetricScope) -> [Alert] {
        let dropped =
            "sum by (namespace, component, topic) "
            + "(increase(\(ServiceMetrics.eventsHandled){\(scope.services),outcome=\"drop\"}[15m]))"
        let delays =
            "sum by (namespace, component, topic, le) "
            + "(rate(\(ServiceMetrics.eventDelay)_bucket{\(scope.services)}[10m]))"
        let lateness =
            "sum by (namespace, le) (rate(\(ServiceMetrics.reminderLateness)_bucket{\(scope.services)}[15m]))"
        let failed =
            "sum by (namespace, channel) "
            + "(rate(\(ServiceMetrics.notifications){\(scope.services),outcome=\"failed\"}[15m]))"
        let sent = "sum by (namespace, channel) (rate(\(ServiceMetrics.notifications){\(scope.services)}[15m]))"
        return [
            Alert(
                name: "TodoDeadLetters", expression: "\(dropped) > 0", duration: "1m", severity: .warning,
                summary: "{{ $labels.component }} gave up events of {{ $labels.topic }}",
                description:
                    "{{ $labels.component }} set aside {{ $value }} events of {{ $labels.topic }} at once. "
                    + "They wait in the dead letters to be replayed. Those that failed until their last retry are "
                    + "there too, but not counted here."
            ),
            Alert(
                name: "TodoEventsDelayed", expression: "histogram_quantile(0.95, \(delays)) > 60", duration: "10m",
                severity: .warning, summary: "{{ $labels.component }} is behind on {{ $labels.topic }}",
                description:
                    "Events of {{ $labels.topic }} take {{ $value | humanizeDuration }} until "
                    + "{{ $labels.component }} has handled them."
            ),
            Alert(
                name: "TodoOutboxBacklog",
                expression: "max by (namespace, component) (\(ServiceMetrics.outboxOldest){\(scope.services)}) > 60",
                duration: "5m", severity: .warning, summary: "Committed events do not reach the broker",
                description:
                    "The oldest waits for {{ $value | humanizeDuration }}. Nothing is lost; consumers see changes late."
            ),
            Alert(
                name: "TodoRemindersLate", expression: "histogram_quantile(0.99, \(lateness)) > 60", duration: "15m",
                severity: .warning, summary: "Reminders come late",
                description: "One reminder in a hundred comes {{ $value | humanizeDuration }} after its time."),
            Alert(
                name: "TodoNotificationsFail", expression: "\(failed) / \(sent) > 0.1", duration: "15m",
                severity: .warning,
                summary: "Notifications over {{ $labels.channel }} fail",
                description:
                    "{{ $value | humanizePercentage }} of the notifications over {{ $labels.channel }} "
                    + "are not delivered."
            ),
        ]
    }
}
