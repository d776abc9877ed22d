import SQLite
import Synchronization
import WireValues

/// Writes records to the state file, many publishers' in one transaction, and only then into the partitions' memory.
final class Journal: Sendable {
    private struct Entry: Sendable {
        let topic: Topic
        let records: [PendingRecord]
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Written {
        let log: PartitionLog
        var records: [Record]
        let topic: Topic
    }

    private let store: Store
    private let now: @Sendable () -> Timestamp
    private let pending = Mutex<[Entry]>([])
    /// What the transaction under way holds. Only touched on the store's thread, one transaction after the other.
    private let written = Mutex<(entries: [Entry], logs: [Written])>(([], []))

    init(store: Store, now: @escaping @Sendable () -> Timestamp) {
        self.store = store
        self.now = now
    }

    /// Returns when the records are in the state file. - Throws: what the database says; nothing is written then.
    func append(_ records: [PendingRecord], to topic: Topic) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let isFirst = pending.withLock { pending in
                pending.append(Entry(topic: topic, records: records, continuation: continuation))
                return pending.count == 1
            }
            // Who comes while the store is busy is taken along by the one submission that waits.
            if isFirst {
                store.submit { [self] connection in
                    try write(connection)
                } completion: { [self] result in
                    finish(result)
                }
            }
        }
    }

    private func write(_ connection: SQLiteConnection) throws {
        let entries = pending.withLock { pending in
            defer { pending = [] }
            return pending
        }
        var logs: [ObjectIdentifier: Written] = [:]
        let timestamp = now().microseconds / 1_000
        for entry in entries {
            for record in entry.records {
                let log = entry.topic.partition(of: record)
                var written = logs[ObjectIdentifier(log)] ?? Written(log: log, records: [], topic: entry.topic)
                // Only this thread adds to durable partitions, so the end does not move meanwhile.
                let offset = (written.records.last?.offset).map { $0 + 1 } ?? log.end
                logs[ObjectIdentifier(log)] = nil
                written.records.append(Record(offset: offset, timestamp: timestamp, record))
                logs[ObjectIdentifier(log)] = written
            }
        }
        written.withLock { $0 = (entries, Array(logs.values)) }
        for written in logs.values {
            try connection.execute(
                "INSERT INTO record_batches (topic, partition, base_offset, count, newest, bytes) VALUES ($1, $2, $3, $4, $5, $6)",
                [
                    .integer(written.topic.id), .integer(Int64(written.log.number)),
                    .integer(written.records[0].offset),
                    .integer(Int64(written.records.count)), .integer(timestamp),
                    .blob(RecordBatch.encode(written.records)),
                ])
        }
    }

    private func finish(_ result: Result<Void, any Error>) {
        let (entries, logs) = written.withLock { written in
            defer { written = ([], []) }
            return written
        }
        if case .success = result {
            for written in logs { written.log.append(written.records) }
        }
        for entry in entries { entry.continuation.resume(with: result) }
    }
}
