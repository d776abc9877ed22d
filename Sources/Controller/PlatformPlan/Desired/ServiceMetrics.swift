/// The names of the metrics that the services expose, as the dashboards and alerts use them.
enum ServiceMetrics {
    /// Counter; labels `method`, `route`, `status`.
    static let requests = "todo_http_requests_total"
    /// Histogram in seconds; labels `method`, `route`.
    static let requestDuration = "todo_http_request_duration_seconds"
    /// Counter; labels `topic`, `outcome` (`success`, `duplicate`, `retry`, `drop`). Dead letters are the drops,
    /// and what failed until its last retry, which only the sidecar knows: each attempt counts as `retry`.
    static let eventsHandled = "todo_events_handled_total"
    /// Histogram in seconds from an event's `time` to its effect; label `topic`.
    static let eventDelay = "todo_event_delay_seconds"
    /// Gauge: committed rows of the service's outbox that are not carried out: events that the broker does not have
    /// yet, with reminders also jobs to set and delete. Each replica reports the whole outbox: never add them up.
    static let outboxPending = "todo_outbox_pending"
    /// Gauge: age in seconds of the oldest of them; 0 when there is none.
    static let outboxOldest = "todo_outbox_oldest_seconds"
    /// Histogram in seconds from the time a reminder was asked for to its event.
    static let reminderLateness = "todo_reminder_lateness_seconds"
    /// Counter; labels `channel`, `outcome` (`delivered`, `failed`).
    static let notifications = "todo_notifications_total"
    /// Gauge: open WebSocket connections.
    static let syncConnections = "todo_sync_connections"
}

/// What PromQL needs to know to speak of one platform. All texts are DNS labels, so none needs quoting.
struct MetricScope {
    let namespace: String
    let platform: String
    /// The names of all Deployments of the platform.
    let deployments: [String]

    /// Matchers for the services' own metrics, as the ServiceMonitor labels them.
    var services: String { "namespace=\"\(namespace)\",platform=\"\(platform)\"" }
    /// Matchers for metrics about Deployments.
    var workloads: String { "namespace=\"\(namespace)\",deployment=~\"\(deployments.joined(separator: "|"))\"" }
    /// Matchers for metrics about pods and their containers.
    var pods: String { "namespace=\"\(namespace)\",pod=~\"(\(deployments.joined(separator: "|")))-.+\"" }
}
