package import Logging
package import TaskDomain
package import WireValues

/// An event as a handler gets it.
package struct Delivery: Sendable {
    package let event: CloudEvent
    package let role: TopicRole
    /// The topic's name on the broker.
    package let topic: String
    /// This piece of work, within the trace that the event belongs to.
    package let trace: TraceContext
    /// The id of the request that began it all.
    package let correlationID: String
    package let receivedAt: Timestamp
    let baseLogger: Logger

    /// What an event published because of this one inherits.
    package var cause: EventTrace {
        EventTrace(correlationID: correlationID, causationID: event.id, traceparent: trace.traceparent)
    }

    /// With the event's ids; never with its data.
    package var logger: Logger {
        var logger = baseLogger
        logger[metadataKey: "event.id"] = "\(event.id)"
        logger[metadataKey: "event.type"] = "\(event.type)"
        logger[metadataKey: "event.subject"] = "\(event.subject)"
        if let sequence = event.sequence { logger[metadataKey: "event.sequence"] = "\(sequence)" }
        logger[metadataKey: "topic"] = "\(topic)"
        logger[metadataKey: "request_id"] = "\(correlationID)"
        logger[metadataKey: "trace_id"] = "\(trace.traceID)"
        return logger
    }

    package init(
        event: CloudEvent, role: TopicRole, topic: String? = nil, receivedAt: Timestamp, logger: Logger
    ) {
        self.event = event
        self.role = role
        self.topic = topic ?? role.rawValue
        self.receivedAt = receivedAt
        trace = .following(event.traceparent)
        correlationID = event.correlationID ?? "evt-" + event.id
        baseLogger = logger
    }
}

/// What became of an event.
package enum Outcome: Hashable, Sendable {
    /// Its effect is committed.
    case success
    /// Its effect was committed before.
    case duplicate
    /// It is of a kind that this service has no use for.
    case ignored
    /// It may work later: the subscription's policy decides when, and how often.
    case retry(String)
    /// It never will: it goes to the dead letters.
    case drop(String)

    /// What an error of a handler means for its event: the only place that decides it.
    init(_ error: any Error) {
        switch error {
        case EventProblem.unknownType: self = .ignored
        case let problem as EventProblem: self = .drop("\(problem)")
        case let problem as FieldProblem: self = .drop("\(problem)")
        case let several as FieldProblems: self = .drop("\(several.problems)")
        case is CancellationError: self = .retry("the service is about to stop")
        default: self = .retry("\(error)")
        }
    }

    /// As the sidecar reads it. Anything but these three words would be a retry.
    var status: String {
        switch self {
        case .success, .duplicate, .ignored: "SUCCESS"
        case .retry: "RETRY"
        case .drop: "DROP"
        }
    }

    /// As the metric counts it.
    var label: String {
        switch self {
        case .success, .ignored: "success"
        case .duplicate: "duplicate"
        case .retry: "retry"
        case .drop: "drop"
        }
    }

    var isRetry: Bool {
        if case .retry = self { true } else { false }
    }
}

/// Whether a service has a use for an event, told by its envelope: its full type, and its key, which is its user.
package typealias EventConcern = @Sendable (_ type: String, _ partitionKey: String) -> Bool
