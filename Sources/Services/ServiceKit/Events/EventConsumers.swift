import Logging
import TaskDomain
import Telemetry
import WireValues

/// What the consumers of a service share: their metrics, the topics' names, the clock.
struct EventConsumers: Sendable {
    let topics: [TopicRole: String]
    let maximumBytes: Int
    let now: @Sendable () -> Timestamp
    let logger: Logger
    private let handled: Counter
    private let delay: Histogram

    init(
        topics: [TopicRole: String], maximumBytes: Int, metrics: MetricRegistry,
        now: @escaping @Sendable () -> Timestamp,
        logger: Logger
    ) {
        self.topics = topics
        self.maximumBytes = maximumBytes
        self.now = now
        self.logger = logger
        handled = metrics.counter(
            "todo_events_handled_total", help: "Events handled, by what became of them.", labels: ["topic", "outcome"])
        delay = metrics.histogram(
            "todo_event_delay_seconds", help: "Time from an event to its effect.", labels: ["topic"])
    }

    func consumer(
        _ role: TopicRole, _ handler: EventConsumer.Handler, concerning concerns: EventConcern? = nil
    ) -> EventConsumer {
        let topic = topics[role] ?? role.rawValue
        for outcome in ["success", "duplicate", "retry", "drop"] { handled.declare(topic, outcome) }
        delay.declare(topic)
        return EventConsumer(shared: self, role: role, topic: topic, handler: handler, concerns: concerns)
    }

    /// So many events of a delivery were ignored without being read.
    func record(passedOver count: Int, topic: String) {
        handled.increment(by: Double(count), topic, Outcome.ignored.label)
    }

    func record(_ outcome: Outcome, _ delivery: Delivery?, topic: String) {
        handled.increment(topic, outcome.label)
        switch outcome {
        case .success:
            if let delivery {
                // Clocks of two machines may disagree; nothing takes less than no time.
                let seconds = Double(now().microseconds - delivery.event.time.microseconds) / 1_000_000
                delay.observe(seconds: max(0, seconds), topic)
            }
        case .duplicate, .ignored: break
        case .retry(let reason):
            (delivery?.logger ?? logger).notice("event to be tried again", metadata: ["reason": "\(reason)"])
        case .drop(let reason):
            (delivery?.logger ?? logger).warning(
                "event dropped", metadata: ["reason": "\(reason)", "topic": "\(topic)"])
        }
    }
}
