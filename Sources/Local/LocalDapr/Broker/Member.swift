/// An app's sidecar in a consumer group: what it wants and how to hand records over.
protocol Member: AnyObject, Sendable {
    /// The instance's name, for the order of members.
    var name: String { get }
    /// How many records a delivery may hold; 1 when it is no bulk subscription.
    var batchSize: Int { get }
    /// How long records may be gathered for one delivery of several; zero when each goes at once.
    var patience: Duration { get }
    /// What the component does with a record whose delivery failed and that has no dead-letter topic.
    var redelivery: Redelivery { get }
    /// Hands over records of one partition, in order.
    ///
    /// - Returns: how many from the start are done with: handled, dropped, or dead letters by now. Fewer than there are: the
    ///   next one failed and stays where it is.
    /// - Throws: `CancellationError`.
    func deliver(_ records: [Record], of topic: Topic, partition: Int) async throws -> Int
}

/// What follows a failed delivery when there are no dead letters (Dapr's `pubsub.kafka`: `consumeRetryEnabled` and `backOff…`).
struct Redelivery: Sendable, Hashable {
    /// Nil: the record is lost after one delivery.
    var retry: RetryPolicy?

    /// In place, every 5 s, for ever; the partition waits.
    static let kafka = Redelivery(retry: RetryPolicy())
    static let none = Redelivery(retry: nil)

    init(retry: RetryPolicy?) { self.retry = retry }

    init(_ component: Component) {
        guard component.type != "pubsub.in-memory", component["consumeRetryEnabled"]?.lowercased() != "false" else {
            self = .none
            return
        }
        func duration(_ field: String, _ fallback: Duration) -> Duration {
            component[field].flatMap { GoDuration.parseOrMilliseconds($0) } ?? fallback
        }
        var policy = RetryPolicy(pace: .constant(duration("backOffDuration", .seconds(5))))
        if component["backOffPolicy"]?.lowercased() == "exponential" {
            policy.pace = .exponential(maximum: duration("backOffMaxInterval", .seconds(60)))
        }
        if let retries = component["backOffMaxRetries"].flatMap({ Int($0) }), retries >= 0 {
            policy.maxRetries = retries
        }
        retry = policy
    }
}
