/// What an event inherits from the request or event that led to it.
package struct EventTrace: Hashable, Sendable {
    /// The id of the request that began it all.
    package var correlationID: String?
    /// The id of the event or command that led to this one.
    package var causationID: String?
    /// W3C trace context.
    package var traceparent: String?

    package init(correlationID: String? = nil, causationID: String? = nil, traceparent: String? = nil) {
        self.correlationID = correlationID
        self.causationID = causationID
        self.traceparent = traceparent
    }

    package init(_ event: CloudEvent) {
        self.init(
            correlationID: event.correlationID, causationID: event.causationID, traceparent: event.traceparent)
    }

    /// What an event caused by `event` inherits.
    package init(causedBy event: CloudEvent) {
        self.init(correlationID: event.correlationID, causationID: event.id, traceparent: event.traceparent)
    }
}
