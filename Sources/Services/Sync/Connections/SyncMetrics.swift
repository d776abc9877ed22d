import Telemetry

/// What the sync service counts, beside what every service does.
struct SyncMetrics: Sendable {
    let connections: Gauge
    let closed: Counter
    let sent: Counter
    let reads: Counter

    init(_ registry: MetricRegistry) {
        connections = registry.gauge("todo_sync_connections", help: "Open WebSocket connections.")
        closed = registry.counter(
            "todo_sync_closed_total", help: "WebSocket connections that the server closed, by close code.",
            labels: ["code"])
        sent = registry.counter("todo_sync_messages_sent_total", help: "Messages sent to WebSocket clients.")
        reads = registry.counter(
            "todo_sync_feed_reads_total", help: "Reads of the task API's feed of changes.", labels: ["outcome"])
        connections.set(0)
        sent.declare()
        for outcome in ["success", "failure"] { reads.declare(outcome) }
    }
}
