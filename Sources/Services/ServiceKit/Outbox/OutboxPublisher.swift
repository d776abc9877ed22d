package import DaprClient
package import Logging
package import TaskStorage

/// Carries rows of an outbox to where they belong.
package protocol OutboxPublisher: Sendable {
    /// Publishes `rows`, which are in order for each key. Nothing may be sent after `deadline`: another relay may have
    /// them by then.
    ///
    /// - Returns: the ids of those that have arrived. A row may only be among them if all earlier rows of its key are.
    func publish(_ rows: [OutboxBatch.Claimed], before deadline: ContinuousClock.Instant) async -> [Int64]
}

/// Publishes events through the sidecar, one bulk for each topic.
package struct DaprPublisher: OutboxPublisher {
    /// A bulk has at most this many events, and bytes: a sidecar takes 4 MiB.
    static let maximumEntries = 200
    static let maximumBytes = 2 * 1024 * 1024
    /// Less than half the lease of an outbox, in whose first half a bulk begins: none is under way when it ends.
    static let timeout = Duration.milliseconds(2_400)

    private let dapr: DaprClient
    private let pubsub: String
    /// By the role of a row.
    private let topics: [String: String]
    private let logger: Logger

    package init(dapr: DaprClient, pubsub: String, topics: [String: String], logger: Logger) {
        self.dapr = dapr.hurried(timeout: Self.timeout)
        self.pubsub = pubsub
        self.topics = topics
        self.logger = logger
    }

    package func publish(_ rows: [OutboxBatch.Claimed], before deadline: ContinuousClock.Instant) async -> [Int64] {
        var roles: [String: [OutboxBatch.Claimed]] = [:]
        for row in rows { roles[row.row.role, default: []].append(row) }
        let failed = await withTaskGroup(of: Set<Int64>.self) { group in
            for (role, rows) in roles {
                group.addTask {
                    guard let topic = topics[role] else {
                        logger.error("no topic for what is in the outbox", metadata: ["role": "\(role)"])
                        return Set(rows.map(\.id))
                    }
                    return await publish(rows, to: topic, before: deadline)
                }
            }
            return await group.reduce(into: Set<Int64>()) { $0.formUnion($1) }
        }
        return Self.arrived(rows, failed: failed)
    }

    /// What may count as published: not what failed, nor what stands behind it in the order of its key.
    static func arrived(_ rows: [OutboxBatch.Claimed], failed: Set<Int64>) -> [Int64] {
        guard !failed.isEmpty else { return rows.map(\.id) }
        var stopped: Set<String> = []
        var arrived: [Int64] = []
        for row in rows {
            if failed.contains(row.id) { stopped.insert(row.row.key) }
            if !stopped.contains(row.row.key) { arrived.append(row.id) }
        }
        return arrived
    }

    /// - Returns: the ids of those that failed.
    private func publish(
        _ rows: [OutboxBatch.Claimed], to topic: String, before deadline: ContinuousClock.Instant
    ) async -> Set<Int64> {
        var failed: Set<Int64> = []
        var rest = rows[...]
        var stopped: Set<String> = []
        while !rest.isEmpty {
            guard ContinuousClock.now < deadline else { return failed.union(rest.map(\.id)) }
            var bytes = 0
            let chunk = rest.prefix(Self.maximumEntries).prefix { row in
                defer { bytes += row.row.bytes.count }
                return bytes == 0 || bytes + row.row.bytes.count <= Self.maximumBytes
            }
            rest = rest.dropFirst(chunk.count)
            // Behind one that failed nothing of its key goes out.
            let sent = chunk.filter { !stopped.contains($0.row.key) }
            failed.formUnion(chunk.filter { stopped.contains($0.row.key) }.map(\.id))
            do {
                let lost = try await bulk(sent, to: topic)
                failed.formUnion(lost)
                for row in sent where lost.contains(row.id) { stopped.insert(row.row.key) }
            } catch {
                logger.notice(
                    "events not published; they stay in the outbox",
                    metadata: ["topic": "\(topic)", "count": "\(sent.count + rest.count)", "error": "\(error)"])
                failed.formUnion(sent.map(\.id))
                failed.formUnion(rest.map(\.id))
                return failed
            }
        }
        return failed
    }

    /// - Returns: the ids of those that failed.
    private func bulk(_ rows: [OutboxBatch.Claimed], to topic: String) async throws(DaprError) -> Set<Int64> {
        guard !rows.isEmpty else { return [] }
        let entries = rows.map {
            DaprClient.BulkEntry(id: String($0.id), event: $0.row.bytes, partitionKey: $0.row.key)
        }
        do {
            let failures = try await dapr.bulkPublish(entries, to: topic, pubsub: pubsub)
            if let first = failures.first {
                logger.notice(
                    "some events not published; they stay in the outbox",
                    metadata: ["topic": "\(topic)", "count": "\(failures.count)", "error": "\(first.error)"])
            }
            return Set(failures.compactMap { Int64($0.id) })
        } catch  where !error.isTransient && error.kind == .answered && [400, 413, 500].contains(error.status) {
            // One event that nobody can take refuses the whole bulk: one by one, it holds up its own key only.
            return try await singly(rows, to: topic)
        }
    }

    private func singly(_ rows: [OutboxBatch.Claimed], to topic: String) async throws(DaprError) -> Set<Int64> {
        var failed: Set<Int64> = []
        var stopped: Set<String> = []
        for row in rows {
            guard !stopped.contains(row.row.key) else {
                failed.insert(row.id)
                continue
            }
            do {
                try await dapr.publish(row.row.bytes, to: topic, pubsub: pubsub, partitionKey: row.row.key)
            } catch  where error.isTransient {
                throw error
            } catch {
                logger.error(
                    "event refused; it and what follows of its key stay in the outbox",
                    metadata: ["topic": "\(topic)", "event.id": "\(row.row.eventID)", "error": "\(error)"])
                failed.insert(row.id)
                stopped.insert(row.row.key)
            }
        }
        return failed
    }
}
