import Logging
import SQLite
import Synchronization
import WireValues

/// All consumer groups, and how far they are in the state file.
final class ConsumerGroups: Sendable {
    private struct Key: Hashable {
        let group: String
        let topic: ObjectIdentifier
    }

    private let store: Store
    private let broker: Broker
    private let faults: Faults
    private let time: TimeSource
    private let logger: Logger
    private let work: WorkGroup
    private let groups = Mutex<[Key: Consumption]>([:])
    private let progress = Pulse()

    init(store: Store, broker: Broker, faults: Faults, time: TimeSource, work: WorkGroup, logger: Logger) {
        self.store = store
        self.broker = broker
        self.faults = faults
        self.time = time
        self.work = work
        self.logger = logger
    }

    /// The group's reading of a topic; begins it where it stopped, or for a new group where `startsAtOldest` says.
    ///
    /// Where a new group begins is stored at once: what is published after its first start is not missed, whenever it comes back.
    func consumption(of topic: Topic, group: String, startsAtOldest: Bool) async throws -> Consumption {
        let key = Key(group: group, topic: ObjectIdentifier(topic))
        if let known = groups.withLock({ $0[key] }) { return known }
        let first = topic.partitions.map { startsAtOldest ? 0 : $0.end }
        let positions = topic.isDurable ? try await stored(topic, group: group, first: first) : first
        let consumption = Consumption(
            group: group, topic: topic, positions: positions, broker: broker, faults: faults, time: time,
            logger: logger,
            onProgress: { [progress] in progress.raise() })
        let (winner, isNew) = groups.withLock { groups in
            if let known = groups[key] { return (known, false) }
            groups[key] = consumption
            return (consumption, true)
        }
        if isNew { work.start { await consumption.run() } }
        return winner
    }

    private func stored(_ topic: Topic, group: String, first: [Int64]) async throws -> [Int64] {
        try await store.write { connection in
            var positions = first
            var known: Set<Int> = []
            let rows = try connection.query(
                "SELECT partition, next FROM group_offsets WHERE topic = $1 AND consumer_group = $2",
                [.integer(topic.id), .text(group)])
            for row in rows where positions.indices.contains(Int(row.int(0))) {
                positions[Int(row.int(0))] = row.int(1)
                known.insert(Int(row.int(0)))
            }
            for (partition, next) in positions.enumerated() where !known.contains(partition) {
                try connection.execute(
                    "INSERT INTO group_offsets (topic, consumer_group, partition, next) VALUES ($1, $2, $3, $4)",
                    [.integer(topic.id), .text(group), .integer(Int64(partition)), .integer(next)])
            }
            return positions
        }
    }

    var all: [Consumption] { groups.withLock { Array($0.values) } }

    /// Stores positions soon after they moved, many in one transaction. What a crash loses of them is delivered again.
    func keepPositions() async {
        var seen = 0
        while !Task.isCancelled {
            await progress.wait(beyond: seen)
            do {
                try await time.sleep(.milliseconds(200))
                seen = progress.count
                try await storePositions()
            } catch is CancellationError {
                return
            } catch {
                logger.error("positions of consumer groups cannot be stored", metadata: ["error": "\(error)"])
            }
        }
    }

    func storePositions() async throws {
        let changed = all.filter { $0.topic.isDurable }.map {
            (topic: $0.topic.id, group: $0.group, moved: $0.takeChanged())
        }
        .filter { !$0.moved.isEmpty }
        guard !changed.isEmpty else { return }
        try await store.write { connection in
            for (topic, group, moved) in changed {
                for (partition, next) in moved {
                    try connection.execute(
                        "UPDATE group_offsets SET next = $4 WHERE topic = $1 AND consumer_group = $2 AND partition = $3",
                        [.integer(topic), .text(group), .integer(Int64(partition)), .integer(next)])
                }
            }
        }
    }
}
