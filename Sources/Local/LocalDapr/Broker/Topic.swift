import Synchronization

/// A topic of a broker: its partitions, and which of them a key belongs to.
final class Topic: Sendable {
    /// Its row in the state file; 0 when it is in memory only.
    let id: Int64
    let broker: String
    let name: String
    let settings: TopicSettings
    let partitions: [PartitionLog]
    private let nextUnkeyed = Atomic<Int>(0)

    /// - Parameter ends: the offset that the next record of each partition gets.
    init(id: Int64, broker: String, name: String, settings: TopicSettings, ends: [Int64], isDurable: Bool) {
        self.id = id
        self.broker = broker
        self.name = name
        self.settings = settings
        partitions = ends.enumerated().map { PartitionLog(number: $0.offset, end: $0.element, isDurable: isDurable) }
    }

    var isDurable: Bool { id != 0 }

    /// The partition of a record: the one asked for, else by the key's FNV-1a hash (as Dapr's Kafka client does it), else one after the other.
    func partition(of record: PendingRecord) -> PartitionLog {
        if let number = record.partition, partitions.indices.contains(number) { return partitions[number] }
        guard let key = record.key else {
            return partitions[nextUnkeyed.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max % partitions.count]
        }
        var hash: UInt32 = 2_166_136_261
        for byte in key.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        let number = Int(Int32(bitPattern: hash)) % partitions.count
        return partitions[abs(number)]
    }
}
