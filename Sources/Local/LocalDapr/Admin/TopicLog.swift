import WireValues

/// The broker's own log, for whoever wants to see what was published and when.
extension LocalDapr {
    /// How much one look shows.
    static let recordsAtOnce = 1_000

    /// Every topic, with the offset that the next record of each partition gets.
    package var topicEnds: [(topic: String, ends: [Int64])] {
        machine.broker.allTopics.map { ($0.name, $0.partitions.map(\.end)) }.sorted { $0.topic < $1.topic }
    }

    /// Records of a partition from `offset` on, 1,000 at most, as JSON: `[{"offset", "timestamp", "key", "event"}]`. The
    /// timestamp is when the broker wrote it, in milliseconds since 1970; what is no JSON object is shown as text.
    ///
    /// - Throws: `ResourceError` when there is no such topic or partition.
    package func log(of name: String, partition: Int, from offset: Int64) async throws -> [UInt8] {
        guard let topic = machine.broker.allTopics.first(where: { $0.name == name }),
            topic.partitions.indices.contains(partition)
        else { throw ResourceError("topic \(name), partition \(partition)", "there is no such one") }
        var output: [UInt8] = [UInt8(ascii: "[")]
        for record in try await records(of: topic, topic.partitions[partition], from: offset) {
            if output.count > 1 { output.append(UInt8(ascii: ",")) }
            output += #"{"offset":\#(record.offset),"timestamp":\#(record.timestamp),"key":"#.utf8
            if let key = record.key { RawJSON.append(quoted: key, to: &output) } else { output += "null".utf8 }
            output += #","event":"#.utf8
            if record.facts.isObject {
                output += record.value
            } else {
                RawJSON.append(quoted: String(decoding: record.value, as: UTF8.self), to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
        output.append(UInt8(ascii: "]"))
        return output
    }

    /// From memory or from the state file. Empty at the end.
    func records(of topic: Topic, _ log: PartitionLog, from offset: Int64) async throws -> [Record] {
        switch log.read(from: offset, maximumCount: Self.recordsAtOnce, maximumBytes: 16 << 20) {
        case .records(let found): return found
        case .atEnd: return []
        case .onDisk:
            return try await machine.broker.stored(
                topic, partition: log.number, from: offset, maximumCount: Self.recordsAtOnce)
        }
    }
}
