import SQLite
package import WireValues

/// An event that could not be delivered, as it lies in a dead-letter topic.
package struct DeadLetter: Sendable {
    package let topic: String
    package let partition: Int
    package let offset: Int64
    /// The topic that it was published to, and the group that could not handle it.
    package let originTopic: String
    package let group: String
    package let reason: String
    package let time: Timestamp
    package let key: String?
    /// The original bytes.
    package let bytes: [UInt8]
    package let isReplayed: Bool

    /// For people and scripts.
    var json: JSON {
        var json: JSON = [
            "topic": .string(topic), "partition": JSON(partition), "offset": .integer(offset),
            "originTopic": .string(originTopic),
            "group": .string(group), "reason": .string(reason), "time": .string(time.rfc3339),
            "isReplayed": .bool(isReplayed),
        ]
        json["key"] = key.map { .string($0) }
        // What is no JSON is shown as text.
        json["event"] = (try? JSON(parsing: bytes)) ?? .string(String(decoding: bytes, as: UTF8.self))
        return json
    }
}

extension LocalDapr {
    /// Every dead letter that is still kept, the oldest first. Published again by hand are no dead letters.
    package func deadLetters() async throws -> [DeadLetter] {
        var found: [DeadLetter] = []
        for topic in machine.broker.allTopics {
            let replayed = topic.isDurable ? try await replayedRecords(of: topic) : []
            for log in topic.partitions {
                for record in try await letters(of: topic, log) {
                    guard let origin = record.origin else { continue }
                    found.append(
                        DeadLetter(
                            topic: topic.name, partition: log.number, offset: record.offset, originTopic: origin.topic,
                            group: origin.group, reason: origin.reason,
                            time: Timestamp(microseconds: record.timestamp * 1_000),
                            key: record.key, bytes: record.value,
                            isReplayed: replayed.contains(Place(partition: log.number, offset: record.offset))))
                }
            }
        }
        return found.sorted { ($0.time, $0.topic, $0.offset) < ($1.time, $1.topic, $1.offset) }
    }

    private struct Place: Hashable {
        let partition: Int
        let offset: Int64
    }

    private func replayedRecords(of topic: Topic) async throws -> Set<Place> {
        let id = topic.id
        return try await machine.store.read { connection in
            Set(
                try connection.query(
                    "SELECT partition, record FROM dead_letters_replayed WHERE topic = $1", [.integer(id)]
                )
                .map { Place(partition: Int($0.int(0)), offset: $0.int(1)) })
        }
    }

    private func letters(of topic: Topic, _ log: PartitionLog) async throws -> [Record] {
        var records: [Record] = []
        var offset: Int64 = 0
        // A topic that has none is the usual case: only dead letters are worth the reading.
        while true {
            let found = try await self.records(of: topic, log, from: offset)
            guard let last = found.last else { return records }
            records += found.filter { $0.origin != nil }
            offset = last.offset + 1
        }
    }

    /// Publishes a dead letter's bytes to the topic that they came from once more: every group gets them.
    ///
    /// - Throws: `ResourceError` when the topic is not there any more; what the broker says.
    package func replay(_ letter: DeadLetter) async throws {
        let topics = machine.broker.allTopics
        guard
            let source = topics.first(where: {
                $0.name == letter.topic && $0.partitions.indices.contains(letter.partition)
            }),
            let target = topics.first(where: { $0.name == letter.originTopic && $0.broker == source.broker })
        else {
            throw ResourceError(
                "dead letter \(letter.topic)/\(letter.offset)", "its topic \(letter.originTopic) is not there")
        }
        try await machine.broker.publish([PendingRecord(key: letter.key, value: letter.bytes)], to: target)
        guard source.isDurable else { return }
        let id = source.id
        try await machine.store.write { connection in
            try connection.execute(
                "INSERT OR IGNORE INTO dead_letters_replayed (topic, partition, record) VALUES ($1, $2, $3)",
                [.integer(id), .integer(Int64(letter.partition)), .integer(letter.offset)])
        }
    }
}
