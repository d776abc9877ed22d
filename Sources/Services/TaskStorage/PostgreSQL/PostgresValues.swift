import CPostgreSQL

/// The parameters of one command as libpq wants them: all bytes in one place.
///
/// Types are left to the server, which sees them in the statement: numbers and text go as text, bytes as they are.
struct PostgresParameters {
    private var bytes: [UInt8] = []
    /// Where each begins; nil for NULL.
    private var starts: [Int?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    init(_ command: PostgresCommand) throws(DatabaseError) {
        let count = command.parameters.count
        starts.reserveCapacity(count)
        lengths.reserveCapacity(count)
        formats.reserveCapacity(count)
        bytes.reserveCapacity(command.parameters.reduce(0) { $0 + Self.room(for: $1) })
        for (index, value) in command.parameters.enumerated() {
            let start = bytes.count
            var isBinary = false
            switch value {
            case .null:
                starts.append(nil)
                lengths.append(0)
                formats.append(0)
                continue
            case .integer(let value): bytes += String(value).utf8
            case .double(let value): bytes += value.description.utf8
            case .text(var text):
                let isText = text.withUTF8 { utf8 in
                    bytes.append(contentsOf: utf8)
                    return !utf8.contains(0)
                }
                guard isText else {
                    throw DatabaseError(
                        .badValue,
                        "parameter $\(index + 1) holds a NUL character, which text cannot have, in: \(command.sql)")
                }
            case .blob(let value):
                bytes += value
                isBinary = true
            }
            guard let length = Int32(exactly: bytes.count - start), length <= 1 << 30 else {
                throw DatabaseError(.badValue, "parameter $\(index + 1) has more than 1 GiB, in: \(command.sql)")
            }
            starts.append(start)
            lengths.append(length)
            formats.append(isBinary ? 1 : 0)
            bytes.append(0)
        }
    }

    /// Bytes that a parameter takes, at least for the most part.
    private static func room(for value: SQLValue) -> Int {
        switch value {
        case .null: 0
        case .integer, .double: 24
        case .text(let text): text.utf8.count + 1
        case .blob(let bytes): bytes.count + 1
        }
    }

    /// Hands the command to libpq, which copies it. False when the session is lost.
    func send(on handle: OpaquePointer, sql: String, plan: String?) -> Bool {
        bytes.withUnsafeBytes { all in
            let base = all.baseAddress?.assumingMemoryBound(to: CChar.self)
            let values: [UnsafePointer<CChar>?] = starts.map { start in
                start.flatMap { offset in base.map { $0 + offset } }
            }
            let count = Int32(starts.count)
            // Results come in binary.
            if let plan { return PQsendQueryPrepared(handle, plan, count, values, lengths, formats, 1) == 1 }
            return PQsendQueryParams(handle, sql, count, nil, values, lengths, formats, 1) == 1
        }
    }
}

/// Reads results in PostgreSQL's binary formats ("src/backend/utils/adt", the types' send functions).
enum PostgresResult {
    static func rows(_ result: OpaquePointer) throws(DatabaseError) -> [Row] {
        let (count, columns) = (PQntuples(result), PQnfields(result))
        let types = (0..<columns).map { PQftype(result, $0) }
        var cells: [SQLValue] = []
        cells.reserveCapacity(Int(count * columns))
        for row in 0..<count {
            for column in 0..<columns {
                guard PQgetisnull(result, row, column) == 0, let start = PQgetvalue(result, row, column) else {
                    cells.append(.null)
                    continue
                }
                let bytes = UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(result, row, column)))
                guard let value = value(bytes, type: types[Int(column)]) else {
                    let name = PQfname(result, column).map { String(cString: $0) } ?? String(column + 1)
                    throw DatabaseError(
                        .other,
                        "column '\(name)' has a type (OID \(types[Int(column)])) that is not read here; CAST it to BIGINT, TEXT, BYTEA or DOUBLE PRECISION"
                    )
                }
                cells.append(value)
            }
        }
        return Row.rows(of: cells, columns: Int(columns))
    }

    private static func value(_ bytes: UnsafeRawBufferPointer, type: Oid) -> SQLValue? {
        // The OIDs of pg_type.dat, which never change.
        switch type {
        case 20, 21, 23: return .integer(integer(bytes))
        case 25, 1043, 1042, 19, 705, 114, 18: return .text(String(decoding: bytes, as: UTF8.self))
        case 17: return .blob([UInt8](bytes))
        case 16: return .integer(bytes.first == 1 ? 1 : 0)
        case 26: return .integer(integer(bytes) & 0xFFFF_FFFF)
        case 701: return .double(Double(bitPattern: UInt64(bitPattern: integer(bytes))))
        case 700: return .double(Double(Float(bitPattern: UInt32(truncatingIfNeeded: integer(bytes)))))
        // jsonb: a version byte, 1, before the text.
        case 3802: return .text(String(decoding: bytes.dropFirst(), as: UTF8.self))
        // void, what functions give that give nothing.
        case 2278: return .null
        default: return nil
        }
    }

    /// A big-endian integer of 1 to 8 bytes, its sign extended.
    private static func integer(_ bytes: UnsafeRawBufferPointer) -> Int64 {
        var value: Int64 = bytes.first.map { $0 & 0x80 == 0 ? 0 : -1 } ?? 0
        for byte in bytes { value = value << 8 | Int64(byte) }
        return value
    }
}
