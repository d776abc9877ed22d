import SQLite
import Synchronization
import WireValues

/// All topics of the machine: durable ones in the state file, others in memory.
final class Broker: Sendable {
    private struct TopicName: Hashable {
        let broker: String
        let topic: String
    }

    private let store: Store
    private let journal: Journal
    private let defaults: TopicSettings
    private let settings: [String: TopicSettings]
    private let now: @Sendable () -> Timestamp
    private let topics = Mutex<[TopicName: Topic]>([:])
    /// Until when publishing is refused, for tests of what happens then.
    private let refusedUntil = Mutex<Timestamp?>(nil)

    struct Refused: Error, CustomStringConvertible {
        var description: String { "the broker refuses records (a fault that was asked for)" }
    }

    /// - Throws: when the state file cannot be read.
    init(
        store: Store, defaults: TopicSettings, settings: [String: TopicSettings],
        now: @escaping @Sendable () -> Timestamp
    ) throws {
        self.store = store
        self.defaults = defaults
        self.settings = settings
        self.now = now
        journal = Journal(store: store, now: now)
        for topic in try store.storedTopics(settings: settings, defaults: defaults) {
            topics.withLock { $0[TopicName(broker: topic.broker, topic: topic.name)] = topic }
        }
    }

    /// The topic, made when it is not there yet.
    func topic(_ name: String, broker: String) async throws -> Topic {
        let key = TopicName(broker: broker, topic: name)
        if let topic = topics.withLock({ $0[key] }) { return topic }
        let settings = settings[name] ?? defaults
        let isDurable = broker != "pubsub.in-memory"
        var id: Int64 = 0
        if isDurable {
            id = try await store.write { connection in
                try connection.execute(
                    "INSERT INTO topics (broker, name, partitions) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                    [.text(broker), .text(name), .integer(Int64(settings.partitions))])
                return try connection.query(
                    "SELECT id FROM topics WHERE broker = $1 AND name = $2", [.text(broker), .text(name)]
                )
                .first?.int(0) ?? 0
            }
        }
        return topics.withLock { topics in
            if let made = topics[key] { return made }  // Somebody else was faster.
            let topic = Topic(
                id: id, broker: broker, name: name, settings: settings,
                ends: Array(repeating: 0, count: settings.partitions), isDurable: isDurable)
            topics[key] = topic
            return topic
        }
    }

    var allTopics: [Topic] { topics.withLock { Array($0.values) } }

    /// Returns when the records are safe: in the state file for durable topics, in memory for others.
    func publish(_ records: [PendingRecord], to topic: Topic) async throws {
        if let until = refusedUntil.withLock({ $0 }), now() < until { throw Refused() }
        guard !records.isEmpty else { return }
        if topic.isDurable {
            try await journal.append(records, to: topic)
        } else {
            let timestamp = now().microseconds / 1_000
            for record in records {
                let log = topic.partition(of: record)
                volatileAppend.withLock { _ in log.append([Record(offset: log.end, timestamp: timestamp, record)]) }
            }
        }
    }

    /// Keeps the end of a partition and the record that takes it together.
    private let volatileAppend = Mutex(())

    func refuse(until: Timestamp?) { refusedUntil.withLock { $0 = until } }

    /// Records of a durable partition from the state file: the batch that holds `offset`, from there on, and some that follow.
    func stored(_ topic: Topic, partition: Int, from offset: Int64, maximumCount: Int) async throws -> [Record] {
        try await store.read { connection in
            let rows = try connection.query(
                """
                SELECT base_offset, bytes FROM record_batches WHERE topic = $1 AND partition = $2 AND base_offset >= COALESCE(
                    (SELECT MAX(base_offset) FROM record_batches WHERE topic = $1 AND partition = $2 AND base_offset <= $3), 0)
                ORDER BY base_offset LIMIT 64
                """, [.integer(topic.id), .integer(Int64(partition)), .integer(offset)])
            var records: [Record] = []
            for row in rows {
                records += try RecordBatch.decode(row.blob(1), first: row.int(0)).filter { $0.offset >= offset }
                if records.count >= maximumCount { break }
            }
            return Array(records.prefix(maximumCount))
        }
    }

    /// Drops what is older than its topic's retention. A partition's newest batch stays, so that offsets go on after a restart.
    func purge() async throws {
        let now = now().microseconds / 1_000
        for topic in allTopics where topic.isDurable {
            let oldest = now - topic.settings.retention.wholeMicroseconds / 1_000
            try await store.write { connection in
                try connection.execute(
                    """
                    DELETE FROM record_batches WHERE topic = $1 AND newest < $2 AND base_offset < (
                        SELECT MAX(base_offset) FROM record_batches AS newer
                        WHERE newer.topic = record_batches.topic AND newer.partition = record_batches.partition)
                    """, [.integer(topic.id), .integer(oldest)])
            }
        }
    }
}
