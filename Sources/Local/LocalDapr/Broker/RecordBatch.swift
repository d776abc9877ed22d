/// The form in which records lie in the database: those of one partition that were committed together are one row.
enum RecordBatch {
    struct Damaged: Error, CustomStringConvertible {
        var description: String { "a batch of records in the state file cannot be read" }
    }

    static func encode(_ records: [Record]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(records.reduce(0) { $0 + $1.size })
        for record in records {
            append(UInt64(bitPattern: record.timestamp), to: &output)
            output.append((record.key == nil ? 0 : 1) | (record.origin == nil ? 0 : 2))
            if let key = record.key { append(Array(key.utf8), to: &output) }
            append(UInt32(record.headers.count), to: &output)
            for header in record.headers {
                append(Array(header.name.utf8), to: &output)
                append(Array(header.value.utf8), to: &output)
            }
            if let origin = record.origin {
                for text in [origin.topic, origin.group, origin.reason] { append(Array(text.utf8), to: &output) }
            }
            append(record.value, to: &output)
        }
        return output
    }

    /// - Parameter first: the offset of the first record.
    static func decode(_ bytes: [UInt8], first: Int64) throws(Damaged) -> [Record] {
        var reader = Reader(bytes: bytes)
        var records: [Record] = []
        while reader.position < bytes.count {
            let timestamp = Int64(bitPattern: try reader.word())
            let flags = try reader.byte()
            let key = flags & 1 == 0 ? nil : try reader.text()
            var headers: [RecordHeader] = []
            for _ in 0..<(try reader.count()) {
                let name = try reader.text()
                headers.append(RecordHeader(name: name, value: try reader.text()))
            }
            var origin: DeadLetterOrigin?
            if flags & 2 != 0 {
                let topic = try reader.text()
                let group = try reader.text()
                origin = DeadLetterOrigin(topic: topic, group: group, reason: try reader.text())
            }
            let pending = PendingRecord(key: key, headers: headers, value: try reader.blob(), origin: origin)
            records.append(Record(offset: first + Int64(records.count), timestamp: timestamp, pending))
        }
        return records
    }

    private static func append(_ value: some FixedWidthInteger, to output: inout [UInt8]) {
        var value = value.littleEndian
        withUnsafeBytes(of: &value) { output.append(contentsOf: $0) }
    }

    private static func append(_ bytes: [UInt8], to output: inout [UInt8]) {
        append(UInt32(bytes.count), to: &output)
        output.append(contentsOf: bytes)
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        mutating func byte() throws(Damaged) -> UInt8 {
            guard position < bytes.count else { throw Damaged() }
            position += 1
            return bytes[position - 1]
        }

        mutating func count() throws(Damaged) -> Int {
            guard position + 4 <= bytes.count else { throw Damaged() }
            defer { position += 4 }
            return (0..<4).reduce(0) { $0 | Int(bytes[position + $1]) << ($1 * 8) }
        }

        mutating func word() throws(Damaged) -> UInt64 {
            guard position + 8 <= bytes.count else { throw Damaged() }
            defer { position += 8 }
            return (0..<8).reduce(0) { $0 | UInt64(bytes[position + $1]) << ($1 * 8) }
        }

        mutating func blob() throws(Damaged) -> [UInt8] {
            let count = try count()
            guard position + count <= bytes.count else { throw Damaged() }
            defer { position += count }
            return Array(bytes[position..<(position + count)])
        }

        mutating func text() throws(Damaged) -> String { String(decoding: try blob(), as: UTF8.self) }
    }
}
