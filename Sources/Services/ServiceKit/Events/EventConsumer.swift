import TaskDomain
import WireValues

/// Reads what the sidecar delivers, one event or many, hands it to the service's handler, and answers what became of each
/// (Dapr, pub/sub API: the app's answer; for bulk deliveries, one status for each entry).
struct EventConsumer: Sendable {
    enum Handler: Sendable {
        case single(@Sendable (Delivery) async throws -> Outcome)
        case batch(@Sendable ([Delivery]) async throws -> [Outcome])
    }

    /// Keys of one bulk that are handled at the same time.
    static let concurrency = 8

    let shared: EventConsumers
    let role: TopicRole
    let topic: String
    let handler: Handler
    /// Whether the service has a use for an event; nil: for all. Others are answered without being read.
    let concerns: EventConcern?

    func respond(to request: ServiceRequest) async throws -> ServiceResponse {
        let body: [UInt8]
        do {
            body = try request.body()
        } catch let problem as Problem where problem.status == 413 {
            // It will not be shorter next time.
            return answer(.drop(problem.detail))
        }
        let json: JSON
        do {
            // Most of an event is its data, which waits until somebody wants the event.
            json = try JSON(parsing: body, keepingText: concerns == nil ? [] : ["data"])
        } catch {
            return answer(.drop("no JSON: \(error)"))
        }
        if json["type"]?.string == "com.dapr.event.sent.bulk", let entries = json["entries"]?.array {
            return await respond(toBulk: entries, request)
        }
        if isForOthers(json) { return answer(.ignored) }
        let delivery: Delivery
        do {
            delivery = self.delivery(try CloudEvent(json: json), request)
        } catch {
            return answer(Outcome(error))
        }
        let outcome = await handle([delivery])[0]
        shared.record(outcome, delivery, topic: topic)
        return .json(["status": .string(outcome.status)])
    }

    /// Whether an envelope says that the event is of no concern here. Where that cannot be told, the event is read.
    private func isForOthers(_ envelope: JSON?) -> Bool {
        guard let concerns, let envelope, envelope["specversion"] != nil, let type = envelope["type"]?.string,
            let key = envelope["partitionkey"]?.string
        else { return false }
        return !concerns(type, key)
    }

    private func answer(_ outcome: Outcome) -> ServiceResponse {
        shared.record(outcome, nil, topic: topic)
        return .json(["status": .string(outcome.status)])
    }

    private func delivery(_ event: CloudEvent, _ request: ServiceRequest) -> Delivery {
        Delivery(
            event: event, role: role, topic: topic, receivedAt: request.receivedAt, logger: request.baseLogger)
    }

    // MARK: Bulk

    /// An entry without a status of its own would be delivered again, so each gets one.
    private func respond(toBulk entries: [JSON], _ request: ServiceRequest) async -> ServiceResponse {
        var outcomes = [Outcome?](repeating: nil, count: entries.count)
        var deliveries: [(index: Int, delivery: Delivery)] = []
        var passedOver = 0
        for (index, entry) in entries.enumerated() {
            guard !isForOthers(entry["event"]) else {
                outcomes[index] = .ignored
                passedOver += 1
                continue
            }
            do {
                deliveries.append((index, delivery(try Self.event(entry), request)))
            } catch {
                outcomes[index] = Outcome(error)
                shared.record(Outcome(error), nil, topic: topic)
            }
        }
        if passedOver > 0 { shared.record(passedOver: passedOver, topic: topic) }
        let handled: [Outcome]
        switch handler {
        case .batch: handled = await handle(deliveries.map(\.delivery))
        case .single: handled = await handleByKey(deliveries.map(\.delivery))
        }
        for ((index, delivery), outcome) in zip(deliveries, handled) {
            outcomes[index] = outcome
            shared.record(outcome, delivery, topic: topic)
        }
        let statuses = zip(entries, outcomes).map { entry, outcome -> JSON in
            [
                "entryId": entry["entryId"] ?? .string(""),
                "status": .string((outcome ?? .retry("not handled")).status),
            ]
        }
        return .json(["statuses": .array(statuses)])
    }

    /// The event of an entry: an object, or base64 of one where the subscription asks for raw payloads.
    private static func event(_ entry: JSON) throws(EventProblem) -> CloudEvent {
        guard let event = entry["event"] else { throw .malformed("the entry has no event") }
        if let text = event.string {
            // The reader of envelopes knows base64.
            return try CloudEvent(json: ["data_base64": .string(text)])
        }
        return try CloudEvent(json: event)
    }

    /// Several keys at once, each key in order: when one of its events has to be tried again, those behind it wait.
    private func handleByKey(_ deliveries: [Delivery]) async -> [Outcome] {
        var keys: [String: [Int]] = [:]
        var order: [String] = []
        for (index, delivery) in deliveries.enumerated() {
            let key = delivery.event.partitionKey
            if keys[key, default: []].isEmpty { order.append(key) }
            keys[key, default: []].append(index)
        }
        let lanes = order.compactMap { keys[$0] }
        var outcomes = [Outcome](repeating: .retry("not handled"), count: deliveries.count)
        await withTaskGroup(of: [(Int, Outcome)].self) { group in
            var waiting = lanes.makeIterator()
            func startNext() {
                guard let lane = waiting.next() else { return }
                group.addTask {
                    var results: [(Int, Outcome)] = []
                    for index in lane {
                        if let last = results.last, last.1.isRetry {
                            results.append((index, .retry("an earlier event of its key has to be tried again")))
                        } else {
                            results.append((index, await handle([deliveries[index]])[0]))
                        }
                    }
                    return results
                }
            }
            for _ in 0..<Self.concurrency { startNext() }
            for await results in group {
                for (index, outcome) in results { outcomes[index] = outcome }
                startNext()
            }
        }
        return outcomes
    }

    /// As many outcomes as deliveries, and no error.
    private func handle(_ deliveries: [Delivery]) async -> [Outcome] {
        guard !deliveries.isEmpty else { return [] }
        do {
            switch handler {
            case .single(let handle): return [try await handle(deliveries[0])]
            case .batch(let handle):
                let outcomes = try await handle(deliveries)
                guard outcomes.count == deliveries.count else {
                    preconditionFailure("\(deliveries.count) deliveries, \(outcomes.count) outcomes")
                }
                return outcomes
            }
        } catch {
            let outcome = Outcome(error)
            // One that cannot be used must not take the others with it.
            guard deliveries.count > 1, !outcome.isRetry || !Problem.describing(error).problem.isTemporary else {
                return deliveries.map { _ in outcome }
            }
            return await handleByKey(deliveries)
        }
    }
}

extension Problem {
    /// Whether waiting may help.
    var isTemporary: Bool { status == 503 }
}
