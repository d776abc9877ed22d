import ServiceKit
import TaskDomain

/// Who acts, and what the events of it inherit.
struct Caller: Sendable {
    let userID: String
    let actor: Actor
    let trace: EventTrace

    init(_ request: ServiceRequest, _ identity: Identity) {
        userID = identity.userID
        actor = identity.actor
        trace = EventTrace(correlationID: request.requestID, traceparent: request.trace.traceparent)
    }

    init(userID: String, actor: Actor, trace: EventTrace) {
        self.userID = userID
        self.actor = actor
        self.trace = trace
    }
}
