import SQLite
import TestKit
import Testing

@Suite struct `An SQLite connection` {
    @Test func `gives back what was stored, of every kind`() throws {
        let connection = try SQLiteConnection(path: ":memory:")
        try connection.script("CREATE TABLE t (i INTEGER, d REAL, x TEXT, b BLOB, n TEXT) STRICT")
        try connection.execute(
            "INSERT INTO t VALUES ($1, $2, $3, $4, $5)",
            [.integer(.min), .double(0.5), "Grüße, 世界 🎉", .blob([0, 255, 7]), nil])
        let row = try #require(try connection.query("SELECT * FROM t").first)
        #expect(row.int(0) == .min)
        #expect(row.double(1) == 0.5)
        #expect(row.text(2) == "Grüße, 世界 🎉")
        #expect(row.blob(3) == [0, 255, 7])
        #expect(row.isNull(4))
    }

    @Test func `keeps empty text and empty bytes apart from NULL`() throws {
        let connection = try SQLiteConnection(path: ":memory:")
        let row = try #require(try connection.query("SELECT $1, $2, $3", ["", .blob([]), nil]).first)
        #expect(row.text(0) == "")
        #expect(row.blob(1) == [])
        #expect(row.isNull(2))
    }

    @Test func `takes parameters by their number, not by where they stand`() throws {
        let connection = try SQLiteConnection(path: ":memory:")
        let row = try #require(try connection.query("SELECT $2, $1, $2", ["one", "two"]).first)
        #expect((0..<3).map { row.text($0) } == ["two", "one", "two"])
    }

    @Test func `counts the rows that this statement changed, and none for one that changes none`() throws {
        let connection = try SQLiteConnection(path: ":memory:")
        try connection.script("CREATE TABLE t (i INTEGER)")
        #expect(try connection.execute("INSERT INTO t VALUES (1), (2), (3)") == 3)
        #expect(try connection.execute("UPDATE t SET i = i WHERE i > 5") == 0)
        #expect(try connection.execute("CREATE TABLE u (i INTEGER)") == 0)
    }

    @Test func `refuses text with a NUL character`() throws {
        let connection = try SQLiteConnection(path: ":memory:")
        let error = #expect(throws: SQLiteError.self) { try connection.query("SELECT $1", ["a\0b"]) }
        #expect(error?.kind == .badValue)
    }

    @Test func `refuses two statements where one is meant, and a wrong number of parameters`() throws {
        let connection = try SQLiteConnection(path: ":memory:")
        #expect(throws: SQLiteError.self) { try connection.query("SELECT 1; DROP TABLE t") }
        #expect(throws: SQLiteError.self) { try connection.query("SELECT $1", [1, 2]) }
        #expect(throws: SQLiteError.self) { try connection.query("SELECT $1") }
        #expect(try connection.query("SELECT 1;\n ").count == 1)
    }

    @Test func `undoes a transaction that throws`() throws {
        struct Stop: Error {}
        let connection = try SQLiteConnection(path: ":memory:")
        try connection.script("CREATE TABLE t (i INTEGER)")
        #expect(throws: Stop.self) {
            try connection.transaction {
                try connection.execute("INSERT INTO t VALUES (1)")
                throw Stop()
            }
        }
        #expect(try connection.query("SELECT count(*) FROM t")[0].int(0) == 0)
    }

    @Test func `stops a statement that runs too long, and works on`() throws {
        let connection = try SQLiteConnection(path: ":memory:", statementTimeout: .milliseconds(20))
        let error = #expect(throws: SQLiteError.self) {
            try connection.query("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c")
        }
        #expect(error?.kind == .interrupted)
        #expect(try connection.query("SELECT 7")[0].int(0) == 7)
    }

    @Test func `names the violated columns`() throws {
        let connection = try SQLiteConnection(path: ":memory:")
        try connection.script("CREATE TABLE t (a INTEGER, b INTEGER, UNIQUE (a, b))")
        try connection.execute("INSERT INTO t VALUES (1, 2)")
        let error = #expect(throws: SQLiteError.self) { try connection.execute("INSERT INTO t VALUES (1, 2)") }
        #expect(error?.kind == .unique)
        #expect(error?.constraint == "t.a, t.b")
    }

    @Test func `works with far more different statements than it keeps compiled`() throws {
        let connection = try SQLiteConnection(path: ":memory:")
        for number in 0..<1_000 { #expect(try connection.query("SELECT \(number)")[0].int(0) == Int64(number)) }
    }

    @Test func `says what is wrong with a file that is no database`() async throws {
        let path = "/tmp/todo-not-a-database.\(UInt64.random(in: 0 ... .max))"
        _ = try await ChildProcess.run("sh", ["-c", "yes nonsense | head -c 10000 > \(path)"])
        let error = #expect(throws: SQLiteError.self) { _ = try SQLiteConnection(path: path) }
        #expect(error?.kind == .corrupt)
        _ = try await ChildProcess.run("rm", ["-f", path])
    }
}
