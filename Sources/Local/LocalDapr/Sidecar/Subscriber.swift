import Logging
import WireValues

/// One app instance's subscription of one topic: takes records to the app and reads what it says.
final class Subscriber: Member {
    /// How the delivery of one record ended.
    enum Outcome: Sendable, Hashable {
        case success
        /// Acknowledged, and a dead letter if the subscription names a topic for them.
        case dropped(String)
        case failed(String)
    }

    let name: String
    let spec: SubscriptionSpec
    let component: Component
    let redelivery: Redelivery
    let group: String
    private let app: AppChannel
    private let appToken: String?
    private let inbound: CallPolicy
    private let time: TimeSource
    private let logger: Logger
    private let deadLetter:
        @Sendable (_ record: Record, _ topic: String, _ origin: DeadLetterOrigin) async throws -> Void

    /// Bytes of all events in one bulk delivery; one event may be larger.
    static let maximumBulkBytes = 1 << 20

    init(
        name: String, spec: SubscriptionSpec, component: Component, group: String, app: AppChannel, appToken: String?,
        inbound: CallPolicy, time: TimeSource, logger: Logger,
        deadLetter:
            @escaping @Sendable (_ record: Record, _ topic: String, _ origin: DeadLetterOrigin) async throws -> Void
    ) {
        self.name = name
        self.spec = spec
        self.component = component
        self.group = group
        self.app = app
        self.appToken = appToken
        self.inbound = inbound
        self.time = time
        self.logger = logger
        self.deadLetter = deadLetter
        redelivery = Redelivery(component)
    }

    var batchSize: Int {
        guard let bulk = spec.bulk else { return 1 }
        if bulk.maxMessages > 0 { return min(bulk.maxMessages, 1_000) }
        return component.type == "pubsub.kafka" ? 80 : 100
    }

    var patience: Duration { spec.bulk?.maxAwait ?? .zero }

    func deliver(_ records: [Record], of topic: Topic, partition: Int) async throws -> Int {
        let outcomes =
            spec.bulk == nil
            ? [try await deliver(one: records[0], of: topic, partition: partition)]
            : try await deliver(bulk: records, of: topic, partition: partition)
        for (index, outcome) in outcomes.enumerated() where !(try await settle(records[index], outcome, topic: topic)) {
            return index
        }
        return outcomes.count
    }

    /// Whether the record is done with after this outcome.
    private func settle(_ record: Record, _ outcome: Outcome, topic: Topic) async throws -> Bool {
        let reason: String
        switch outcome {
        case .success: return true
        case .dropped(let why):
            logger.warning("an event is dropped", metadata: place(record, topic, why))
            guard spec.deadLetterTopic != nil else { return true }
            reason = why
        case .failed(let why):
            guard spec.deadLetterTopic != nil else {
                logger.warning("an event was not delivered", metadata: place(record, topic, why))
                return false
            }
            reason = why
        }
        guard let target = spec.deadLetterTopic else { return true }
        do {
            try await deadLetter(record, target, DeadLetterOrigin(topic: topic.name, group: group, reason: reason))
            logger.warning("an event is a dead letter", metadata: place(record, topic, reason))
            return true
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            logger.error("a dead letter cannot be written", metadata: place(record, topic, "\(error)"))
            return false
        }
    }

    private func place(_ record: Record, _ topic: Topic, _ reason: String) -> Logger.Metadata {
        ["topic": "\(topic.name)", "group": "\(group)", "offset": "\(record.offset)", "reason": "\(reason)"]
    }

    /// What is decided before the app is asked: the path, or an outcome.
    private enum Route {
        case path(String)
        case outcome(Outcome)
    }

    private func route(_ record: Record) -> Route {
        if let expiration = record.facts.expiration, expiration < time.now() {
            return .outcome(.dropped("the event's time to live is over"))
        }
        guard record.facts.isObject || spec.isRaw else {
            return .outcome(.failed("the message is no JSON object; subscribe with rawPayload to get it"))
        }
        do {
            // Only rules need the event as a value.
            let path = try spec.path(for: try event(record))
            return path.map { .path($0) } ?? .outcome(.dropped("no route matches the event"))
        } catch {
            return .outcome(.failed("a routing rule cannot be evaluated: \(error)"))
        }
    }

    private func event(_ record: Record) throws(CELError) -> JSON {
        do {
            return try JSON(parsing: spec.isRaw ? rawEvent(record) : record.value)
        } catch {
            throw CELError("\(error)")
        }
    }

    /// A message without envelope gets one here, with a new id for each delivery.
    private func rawEvent(_ record: Record) -> [UInt8] {
        Envelope.raw(
            record.value, topic: spec.topic, pubsub: component.name, now: time.now())
    }

    // MARK: One event

    private func deliver(one record: Record, of topic: Topic, partition: Int) async throws -> Outcome {
        let path: String
        switch route(record) {
        case .outcome(let outcome): return outcome
        case .path(let found): path = found
        }
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/cloudevents+json"), ("pubsubname", component.name),
            ("traceparent", record.facts.traceparent ?? Envelope.noTrace),
        ]
        if let appToken { headers.append(("dapr-api-token", appToken)) }
        for header in metadata(record, topic, partition) { headers.append(header) }
        let request = AppRequest(
            path: path.hasPrefix("/") ? path : "/\(path)", headers: headers,
            body: spec.isRaw ? rawEvent(record) : record.value)
        if inbound.isEmpty { return try await attempt(request).outcome }
        return try await inbound.run(
            time, timedOut: .failed("the app took longer than the policy's timeout"),
            refused: .failed("circuit breaker is open")
        ) { try await self.attempt(request) }.outcome
    }

    private func attempt(_ request: AppRequest) async throws -> Attempt<Outcome> {
        let response: AppResponse
        do {
            response = try await app.send(request)
        } catch let error as AppUnreachable {
            return .failed(.failed(error.description), status: nil)
        }
        switch Subscriber.outcome(of: response) {
        case .failed(let reason): return .failed(.failed(reason), status: response.isSuccess ? nil : response.status)
        case let outcome: return .done(outcome)
        }
    }

    /// How an answer to a single delivery is read (section 2.5 of the Dapr contract).
    static func outcome(of response: AppResponse) -> Outcome {
        if response.status == 404 { return .dropped("the app answered 404: it has no such route") }
        guard response.isSuccess else { return .failed("the app answered \(response.status)") }
        // Whatever is no JSON object with a status counts as success.
        guard !response.body.isEmpty, let members = (try? JSON(parsing: response.body))?.object,
            let status = members.first(where: { $0.key.lowercased() == "status" })?.value
        else { return .success }
        guard let word = status.string else { return .success }
        switch word {
        case "", "SUCCESS": return .success
        case "DROP": return .dropped("the app answered DROP")
        case "RETRY": return .failed("the app answered RETRY")
        default: return .failed("the app answered with the unknown status \"\(word)\", which counts as RETRY")
        }
    }

    /// The broker's metadata of a record, and the publisher's.
    private func metadata(_ record: Record, _ topic: Topic, _ partition: Int) -> [(name: String, value: String)] {
        var all: [(name: String, value: String)] = []
        for header in record.headers where Subscriber.isHeaderSafe(header) {
            all.append((header.name.lowercased(), header.value))
        }
        if component.type == "pubsub.in-memory" { return all }
        if let key = record.key, Subscriber.isHeaderSafe(RecordHeader(name: "__key", value: key)) {
            all.append(("__key", key))
        }
        all.append(("__offset", String(record.offset)))
        all.append(("__partition", String(partition)))
        all.append(("__topic", topic.name))
        all.append(("__timestamp", String(record.timestamp)))
        return all
    }

    private static func isHeaderSafe(_ header: RecordHeader) -> Bool {
        !header.name.isEmpty && header.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
            && header.name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    // MARK: Many events

    private func deliver(bulk records: [Record], of topic: Topic, partition: Int) async throws -> [Outcome] {
        var outcomes = Array(repeating: Outcome.success, count: records.count)
        var paths: [String] = []
        var entries: [String: [Int]] = [:]
        for (index, record) in records.enumerated() {
            switch route(record) {
            case .outcome(let outcome): outcomes[index] = outcome
            case .path(let path):
                if entries[path] == nil { paths.append(path) }
                entries[path, default: []].append(index)
            }
        }
        for path in paths {
            // Only what failed is posted again.
            let state = BulkState(open: entries[path] ?? [])
            _ = try await inbound.run(time, timedOut: [:], refused: [:]) {
                [self] () async throws -> Attempt<[Int: Outcome]> in
                let open = state.open
                let body = bulk(open.map { ($0, records[$0]) }, topic, partition)
                let (found, status) = try await post(open, body, to: path)
                return state.add(found, status: status)
            }
            for (index, outcome) in state.outcomes { outcomes[index] = outcome }
            for index in state.open where state.outcomes[index] == nil {
                outcomes[index] = .failed("the app did not answer in time, or the circuit breaker is open")
            }
        }
        return outcomes
    }

    private func bulk(_ entries: [(number: Int, record: Record)], _ topic: Topic, _ partition: Int) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(entries.reduce(300) { $0 + $1.record.value.count + 400 })
        body += #"{"id":"\#(UUIDText.random())","type":"com.dapr.event.sent.bulk","topic":"#.utf8
        RawJSON.append(quoted: spec.topic, to: &body)
        body += #","pubsubname":"#.utf8
        RawJSON.append(quoted: component.name, to: &body)
        body += #","metadata":{"pubsubName":"#.utf8
        RawJSON.append(quoted: component.name, to: &body)
        body += #"},"entries":["#.utf8
        for (place, entry) in entries.enumerated() {
            if place > 0 { body.append(UInt8(ascii: ",")) }
            append(entry.record, number: entry.number, topic, partition, to: &body)
        }
        body += "]}".utf8
        return body
    }

    private func append(
        _ record: Record, number: Int, _ topic: Topic, _ partition: Int, to body: inout [UInt8]
    ) {
        body += #"{"entryId":""#.utf8
        body += String(number).utf8
        body += #"","event":"#.utf8
        if spec.isRaw {
            RawJSON.append(quoted: Base64.encode(record.value), to: &body)
            body += #","contentType":"application/octet-stream","metadata":{"#.utf8
        } else {
            body += record.value
            body += #","contentType":"application/cloudevents+json","metadata":{"#.utf8
        }
        var isFirst = true
        for (name, value) in metadata(record, topic, partition) {
            if !isFirst { body.append(UInt8(ascii: ",")) }
            isFirst = false
            RawJSON.append(quoted: name, to: &body)
            body.append(UInt8(ascii: ":"))
            RawJSON.append(quoted: value, to: &body)
        }
        body += "}}".utf8
    }

    /// - Returns: an outcome for each entry, and the status if it was no success.
    private func post(_ entries: [Int], _ body: [UInt8], to path: String) async throws -> ([Int: Outcome], Int?) {
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/json"), ("pubsubname", component.name),
        ]
        if let appToken { headers.append(("dapr-api-token", appToken)) }

        func all(_ outcome: Outcome) -> [Int: Outcome] {
            Dictionary(uniqueKeysWithValues: entries.map { ($0, outcome) })
        }
        let response: AppResponse
        do {
            response = try await app.send(
                AppRequest(path: path.hasPrefix("/") ? path : "/\(path)", headers: headers, body: body))
        } catch let error as AppUnreachable {
            return (all(.failed(error.description)), nil)
        }
        if response.status == 404 { return (all(.success), nil) }
        guard response.isSuccess else { return (all(.failed("the app answered \(response.status)")), response.status) }
        // Here the defaults invert: what is not named is tried again.
        var outcomes = all(.failed("the app's answer does not name the entry"))
        let answer = try? JSON(parsing: response.body)  // An answer that is no JSON names no entry.
        for item in answer?["statuses"]?.array ?? [] {
            guard let number = item["entryId"]?.string.flatMap({ Int($0) }), outcomes[number] != nil else { continue }
            switch item["status"]?.string ?? "" {
            case "SUCCESS": outcomes[number] = .success
            case "DROP": outcomes[number] = .dropped("the app answered DROP")
            case "RETRY": outcomes[number] = .failed("the app answered RETRY")
            case let word: outcomes[number] = .failed("the app answered with the unknown status \"\(word)\"")
            }
        }
        return (outcomes, nil)
    }
}

extension Attempt {
    /// The value of the attempt, however it ended.
    var outcome: Value {
        switch self {
        case .done(let value), .failed(let value, _): value
        }
    }
}
