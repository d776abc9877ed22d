import Logging
import ServiceKit
import Synchronization
import TaskDomain
import TaskStorage
import Telemetry
import TestKit
import WireValues

/// A service that has one of everything.
final class EchoService: TodoService {
    static let name = "echo"
    static let migrations: [Migrations] = []
    static let usesDatabase = false

    /// What deliveries of an event's type come to; a test sets it.
    let outcomes = Mutex<[String: Outcome]>([:])
    let seen = Mutex<[Delivery]>([])
    let jobs = Mutex<[JobCall]>([])

    init(context: ServiceContext) throws {}

    func routes(_ routes: Routes) {
        routes.user(.get, "/api/{user_id}/things") { request, identity in
            .json([
                "user": .string(identity.userID), "actor": identity.actor.json,
                "trace": .string("\(request.logger[metadataKey: "trace_id"] ?? "")"),
                "request": .string(request.requestID), "query": .string(request.query["q"] ?? ""),
            ])
        }
        routes.user(.post, "/api/{user_id}/things", bodyLimit: 1_000) { request, _ in
            .json(try request.json(), status: 201, headers: [("ETag", "\"1\"")])
        }
        routes.user(.get, "/api/{user_id}/things/{id}") { request, _ in
            .json(["id": .integer(try request.id("id"))])
        }
        routes.open(.get, "/fails/{how}") { request in
            switch request["how"] {
            case "field": throw FieldProblem("too_long", "/title", "has more than 500 characters")
            case "fields":
                throw FieldProblems([
                    .init("required", "/title", "is missing"), .init("wrong_type", "/tags", "is no list"),
                ])
            case "database": throw DatabaseError(.unavailable, "connection refused at 10.0.0.7")
            case "bug": throw DatabaseError(.schema, "no table secrets_of_the_house")
            case "nul": throw DatabaseError(.badValue, "NUL")
            default: throw Unforeseen()
            }
        }
        routes.events(.taskEvents) { delivery in
            self.seen.withLock { $0.append(delivery) }
            switch delivery.event.type {
            case "bad": throw EventProblem.malformed("no task_id")
            case "new": throw EventProblem.unknownType("new")
            case "throws": throw Unforeseen()
            default: return self.outcomes.withLock { $0[delivery.event.id] } ?? .success
            }
        }
        routes.eventBatches(.reminders) { deliveries in
            self.seen.withLock { $0 += deliveries }
            if deliveries.contains(where: { $0.event.type == "bad" }) { throw EventProblem.malformed("no task_id") }
            return deliveries.map { _ in .success }
        }
        let isNoStranger: EventConcern = { _, key in key != "stranger" }
        routes.eventBatches(.taskUpdates, concerning: isNoStranger) { deliveries in
            self.seen.withLock { $0 += deliveries }
            return deliveries.map { _ in .success }
        }
        routes.jobs { call in
            self.jobs.withLock { $0.append(call) }
            if call.name == "fails" { throw Unforeseen() }
            return call.name == "later" ? .retry("not now") : .done
        }
    }

    struct Unforeseen: Error {}
}

let noon = Timestamp(seconds: 1_772_452_800)

func event(_ id: String, type: String = "task.created", key: String = "user-7", time: Timestamp = noon) -> CloudEvent {
    CloudEvent(
        id: id, source: "/todo/task-api", type: type, subject: "123", time: time,
        dataSchema: "urn:todo:schema:task-event:1.0", partitionKey: key, sequence: "1",
        trace: EventTrace(
            correlationID: "req-1", traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        data: ["event_id": .string(id), "user_id": .string(key)])
}
