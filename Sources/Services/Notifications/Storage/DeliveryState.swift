/// How far the delivery of a notification by one channel is.
enum DeliveryState: String, Sendable {
    /// To be tried, now or later.
    case pending
    case delivered
    /// Given up.
    case failed
    /// Nobody wants it any more.
    case cancelled
}
