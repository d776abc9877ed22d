import SQLite
import Testing

@testable import TaskStorage

@Suite struct `The SQLite writer` {
    private static func writer(pages: Int? = nil) throws -> SQLiteWriter {
        let connection = try SQLiteConnection(path: ":memory:")
        try connection.script("CREATE TABLE t (n INTEGER PRIMARY KEY, body BLOB)")
        if let pages { try connection.script("PRAGMA max_page_count = \(pages)") }
        return SQLiteWriter(connection)
    }

    private static func insert(_ number: Int64, bytes: Int = 0) -> @Sendable (any Transaction) throws -> Int64 {
        { transaction in
            try transaction.execute(
                "INSERT INTO t VALUES ($1, $2)", [.integer(number), .blob([UInt8](repeating: 1, count: bytes))])
            return number
        }
    }

    private static func stored(_ writer: SQLiteWriter) async throws -> [Int64] {
        let reply = Reply<[Int64]>()
        writer.run({ try $0.query("SELECT n FROM t ORDER BY n").map { $0.int(0) } }, NotificationHub(), reply)
        writer.commit()
        return try await reply.value
    }

    @Test func `keeps what succeeded in a group and nothing of what failed`() async throws {
        let writer = try Self.writer()
        let replies = (0..<4).map { _ in Reply<Int64>() }
        for (reply, number) in zip(replies, [1, 2, 1, 3] as [Int64]) {
            writer.run(Self.insert(number), NotificationHub(), reply)
        }
        writer.commit()
        #expect(try await replies[0].value == 1)
        #expect(try await replies[1].value == 2)
        let error = await #expect(throws: DatabaseError.self) { try await replies[2].value }
        #expect(error?.isUniqueViolation == true)
        #expect(try await replies[3].value == 3)
        #expect(try await Self.stored(writer) == [1, 2, 3])
    }

    @Test func `tells all of a group when the disk is full, and works again when it is not`() async throws {
        let writer = try Self.writer(pages: 20)
        let replies = (0..<2).map { _ in Reply<Int64>() }
        writer.run(Self.insert(1), NotificationHub(), replies[0])
        writer.run(Self.insert(2, bytes: 1 << 20), NotificationHub(), replies[1])
        writer.commit()
        let error = await #expect(throws: DatabaseError.self) { try await replies[1].value }
        #expect(error?.code == .diskFull)
        #expect(error?.isTransient == true)
        // The first is there exactly when it was told so.
        let isToldSo: Bool
        do { isToldSo = try await replies[0].value == 1 } catch { isToldSo = false }
        #expect(try await Self.stored(writer) == (isToldSo ? [1] : []))
        let later = Reply<Int64>()
        writer.run(Self.insert(7), NotificationHub(), later)
        writer.commit()
        #expect(try await later.value == 7)
    }
}
