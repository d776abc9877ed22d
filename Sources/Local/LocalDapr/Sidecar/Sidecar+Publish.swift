import WireValues

extension Sidecar {
    /// Writes records for the app, under the component's outbound policy.
    ///
    /// - Throws: `APIError` when the broker does not take them.
    func publish(_ records: [PendingRecord], to topic: String, of pubsub: PubSub) async throws {
        let machine = machine
        let attempt = try await policies.component(pubsub.component, .outbound).run(
            machine.time, timedOut: "the broker took longer than the policy's timeout",
            refused: "circuit breaker is open"
        ) { () async throws -> Attempt<String?> in
            do {
                let target = try await machine.broker.topic(pubsub.topicPrefix + topic, broker: pubsub.broker)
                try await machine.broker.publish(records, to: target)
                return .done(nil)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                return .failed("\(error)", status: 500)
            }
        }
        if case .failed(let reason, _) = attempt {
            throw APIError(
                500, "ERR_PUBSUB_PUBLISH_MESSAGE",
                "error when publishing to topic \(topic) in pubsub \(pubsub.component.name): \(reason ?? "")",
                reason: "DAPR_PUBSUB_PUBLISH_MESSAGE")
        }
    }

    /// Writes the original bytes of a record that could not be delivered.
    func publishDeadLetter(_ record: Record, to topic: String, from pubsub: PubSub, _ origin: DeadLetterOrigin)
        async throws
    {
        guard pubsub.scopes.mayPublish(topic, app: appID) else {
            throw ResourceError(
                "app \(name)", "it may not publish to the dead-letter topic \(topic): add it to publishingScopes")
        }
        let letter = PendingRecord(key: record.key, headers: record.headers, value: record.value, origin: origin)
        try await publish([letter], to: topic, of: pubsub)
    }

    /// The trace context of something published now: the request's, a new one, or "" when tracing is off.
    func traceparent(_ request: APIRequest) -> String {
        guard configuration.samplingRate > 0 else { return "" }
        if let given = request.header("traceparent"), !given.isEmpty { return given }
        let isSampled = Double.random(in: 0..<1) < configuration.samplingRate
        return "00-\(HexText.random(bytes: 16))-\(HexText.random(bytes: 8))-\(isSampled ? "01" : "00")"
    }
}
