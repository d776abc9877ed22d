/// Brings a notification to where a user wants it.
protocol DeliveryChannel: Sendable {
    var channel: Channel { get }
    /// How many at the same time.
    var concurrency: Int { get }

    /// Tries once, within a bound of time shorter than a delivery's lease.
    /// - Parameter channels: what the user chose, as it is now.
    func deliver(_ delivery: DueDelivery, _ channels: UserChannels) async -> Attempt
}

/// What became of one try.
enum Attempt: Hashable, Sendable {
    case delivered
    /// Worth another try.
    case failed(String)
    /// Trying again would not help.
    case refused(String)
    /// The user does not want it this way any more.
    case unwanted
}
