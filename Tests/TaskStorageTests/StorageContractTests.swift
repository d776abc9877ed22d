import Logging
import SQLite
import ServiceTestSupport
import TaskStorage
import TestKit
import Testing

/// What every database does, whichever it is.
@Suite(.timeLimit(.minutes(2))) struct `Every database` {
    static let notes = Migrations(
        component: "notes",
        [
            Migration(1, "notes") { dialect in
                [
                    """
                    CREATE TABLE notes (id \(dialect.identity), owner \(dialect.text) NOT NULL,
                    text \(dialect.text) NOT NULL CHECK (text <> 'forbidden'), body \(dialect.blob), size \(dialect.double),
                    UNIQUE (owner, text))\(dialect.strict)
                    """,
                    """
                    CREATE TABLE marks (note \(dialect.integer) NOT NULL REFERENCES notes (id),
                    at \(dialect.integer) NOT NULL)\(dialect.strict)
                    """,
                ]
            }
        ])

    static func count(_ database: any Database) async throws -> Int64 {
        try await database.read { try $0.query("SELECT count(*) FROM notes")[0].int(0) }
    }

    @Test(arguments: eachDatabase)
    func `keeps what was committed, of every kind`(engine: TestEngine) async throws {
        try await engine.withPlace { place in
            let database = try await place.open()
            _ = try await Migrations.run([Self.notes], on: database)
            let large = [UInt8](repeating: 0xA5, count: 1 << 20)
            let id = try await database.transaction { transaction in
                try transaction.query(
                    "INSERT INTO notes (owner, text, body, size) VALUES ($1, $2, $3, $4) RETURNING id",
                    ["ann", "Grüße 'quoted\" \\ 世界 🎉 $1 %_; DROP TABLE notes; --", .blob(large), .double(0.1)])[0].int(
                        0)
            }
            await database.close()
            let again = try await place.open()
            let row = try await again.read { transaction in
                try transaction.query("SELECT owner, text, body, size FROM notes WHERE id = $1", [.integer(id)])[0]
            }
            #expect(row.text(0) == "ann")
            #expect(row.text(1) == "Grüße 'quoted\" \\ 世界 🎉 $1 %_; DROP TABLE notes; --")
            #expect(row.blob(2) == large)
            #expect(row.double(3) == 0.1)
            await again.close()
        }
    }

    @Test(arguments: eachDatabase)
    func `keeps nothing of a transaction that throws`(engine: TestEngine) async throws {
        struct Stop: Error {}
        try await engine.withDatabase(migrations: [Self.notes]) { database in
            await #expect(throws: Stop.self) {
                try await database.transaction { transaction in
                    try transaction.execute("INSERT INTO notes (owner, text) VALUES ('ann', 'one')")
                    throw Stop()
                }
            }
            let count = try await Self.count(database)
            #expect(count == 0)
        }
    }

    @Test(arguments: eachDatabase)
    func `tells which rule a statement broke`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.notes]) { database in
            try await database.transaction {
                _ = try $0.execute("INSERT INTO notes (owner, text) VALUES ('ann', 'one')")
            }
            let cases: [(String, DatabaseError.Code)] = [
                ("INSERT INTO notes (owner, text) VALUES ('ann', 'one')", .uniqueViolation),
                ("INSERT INTO notes (owner, text) VALUES ('ann', NULL)", .notNullViolation),
                ("INSERT INTO notes (owner, text) VALUES ('ann', 'forbidden')", .checkViolation),
                ("INSERT INTO marks VALUES (777, 1)", .foreignKeyViolation),
                ("SELECT missing FROM notes", .schema),
                ("SELECT 1 FROM nowhere", .schema),
                ("SELEKT 1", .other),
            ]
            for (sql, code) in cases {
                let error = await #expect(throws: DatabaseError.self, "\(sql)") {
                    try await database.transaction { try $0.execute(sql) }
                }
                #expect(error?.code == code, "\(sql): \(String(describing: error))")
                #expect(error?.isTransient == false)
            }
            let error = await #expect(throws: DatabaseError.self) {
                _ = try await database.statement("INSERT INTO notes (owner, text) VALUES ('ann', 'one')", [])
            }
            #expect(error?.isUniqueViolation == true)
            #expect(error?.constraint != nil)
        }
    }

    @Test(arguments: eachDatabase)
    func `gives a transaction up after an error, even when its body goes on`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.notes]) { database in
            let error = await #expect(throws: DatabaseError.self) {
                try await database.transaction { transaction in
                    try transaction.execute("INSERT INTO notes (owner, text) VALUES ('ann', 'one')")
                    do { try transaction.execute("INSERT INTO notes (owner, text) VALUES ('ann', 'one')") } catch {}
                }
            }
            #expect(error?.code == .uniqueViolation)
            let count = try await Self.count(database)
            #expect(count == 0)
        }
    }

    @Test(arguments: eachDatabase)
    func `throws the error of what was sent along, and keeps nothing`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.notes]) { database in
            let error = await #expect(throws: DatabaseError.self) {
                try await database.transaction { transaction in
                    try transaction.send("INSERT INTO notes (owner, text) VALUES ('ann', 'one')", [])
                    try transaction.send("INSERT INTO notes (owner, text) VALUES ('ann', 'one')", [])
                }
            }
            #expect(error?.code == .uniqueViolation)
            let count = try await Self.count(database)
            #expect(count == 0)
            try await database.transaction { transaction in
                for number in 0..<300 {
                    try transaction.send("INSERT INTO notes (owner, text) VALUES ('ann', $1)", [.text("\(number)")])
                }
                #expect(try transaction.query("SELECT count(*) FROM notes")[0].int(0) == 300)
            }
            let stored = try await Self.count(database)
            #expect(stored == 300)
        }
    }

    @Test(arguments: eachDatabase)
    func `refuses NUL characters before the statement runs`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.notes]) { database in
            let error = await #expect(throws: DatabaseError.self) {
                try await database.transaction { transaction in
                    try transaction.execute("INSERT INTO notes (owner, text) VALUES ('ann', $1)", ["a\0b"])
                }
            }
            #expect(error?.code == .badValue)
            let count = try await Self.count(database)
            #expect(count == 0)
        }
    }

    @Test(arguments: eachDatabase)
    func `refuses writes in a read`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.notes]) { database in
            let error = await #expect(throws: DatabaseError.self) {
                try await database.read { try $0.execute("INSERT INTO notes (owner, text) VALUES ('ann', 'one')") }
            }
            #expect(error?.code == .readOnly)
            let count = try await Self.count(database)
            #expect(count == 0)
        }
    }

    @Test(arguments: eachDatabase)
    func `shows a read the same state from its first statement to its last`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.notes]) { database in
            let hasRead = Signal()
            let hasWritten = Shared(false)
            async let counts: [Int64] = database.read { transaction in
                let first = try transaction.query("SELECT count(*) FROM notes")[0].int(0)
                hasRead.raise()
                while !hasWritten.withLock({ $0 }) {}
                return [first, try transaction.query("SELECT count(*) FROM notes")[0].int(0)]
            }
            await hasRead.wait(beyond: 0)
            try await database.transaction {
                _ = try $0.execute("INSERT INTO notes (owner, text) VALUES ('ann', 'one')")
            }
            hasWritten.withLock { $0 = true }
            #expect(try await counts == [0, 0])
            let stored = try await Self.count(database)
            #expect(stored == 1)
        }
    }

    @Test(arguments: eachDatabase)
    func `loses no increment of many at once, from two replicas`(engine: TestEngine) async throws {
        try await engine.withPlace { place in
            var options = DatabaseOptions()
            options.poolSize = 4
            let replicas = [try await place.open(options), try await place.open(options)]
            _ = try await Migrations.run([Self.notes], on: replicas[0])
            try await replicas[0].transaction { transaction in
                try transaction.execute("INSERT INTO notes (owner, text, size) VALUES ('ann', 'counter', 0)")
                try transaction.execute("INSERT INTO notes (owner, text, size) VALUES ('ann', 'other', 0)")
            }
            let increments = 200
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<increments {
                    group.addTask {
                        try await replicas[number % 2].transaction { transaction in
                            // In opposite orders: PostgreSQL sees deadlocks, and the transactions run again.
                            let names = number % 3 == 0 ? ["other", "counter"] : ["counter", "other"]
                            for name in names {
                                try transaction.execute(
                                    "UPDATE notes SET size = size + 1 WHERE text = $1", [.text(name)])
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let sizes = try await replicas[1].read { transaction in
                try transaction.query("SELECT size FROM notes ORDER BY id").map { $0.double(0) }
            }
            #expect(sizes == [Double(increments), Double(increments)])
            for replica in replicas { await replica.close() }
        }
    }

    @Test(arguments: eachDatabase)
    func `fails alone when one of many concurrent transactions fails`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.notes]) { database in
            let outcomes = await withTaskGroup(of: (Int, Bool).self) { group in
                for number in 0..<100 {
                    group.addTask {
                        do {
                            // Every fifth breaks a rule.
                            let text = number % 5 == 0 ? "forbidden" : "n\(number)"
                            try await database.transaction { transaction in
                                try transaction.execute(
                                    "INSERT INTO notes (owner, text) VALUES ('bob', $1)", [.text("b\(number)")])
                                try transaction.execute(
                                    "INSERT INTO notes (owner, text) VALUES ('ann', $1)", [.text(text)])
                            }
                            return (number, true)
                        } catch {
                            return (number, false)
                        }
                    }
                }
                return await group.reduce(into: [Int: Bool]()) { $0[$1.0] = $1.1 }
            }
            #expect(outcomes.allSatisfy { $0.value == ($0.key % 5 != 0) })
            let stored = try await Self.count(database)
            #expect(stored == 160)
        }
    }

    @Test(arguments: eachDatabase)
    func `stops a statement that runs too long`(engine: TestEngine) async throws {
        var options = DatabaseOptions()
        options.statementTimeout = .milliseconds(50)
        try await engine.withDatabase(options: options) { database in
            let endless =
                "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n > 0) SELECT max(n) FROM c"
            let error = await #expect(throws: DatabaseError.self) { try await database.read { try $0.query(endless) } }
            #expect(error?.code == .statementTimeout)
            #expect(error?.isTransient == true)
            try await database.ping()
        }
    }

    @Test(arguments: eachDatabase)
    func `says so when all connections are busy for too long`(engine: TestEngine) async throws {
        var options = DatabaseOptions()
        options.poolSize = 1
        options.waitLimit = .milliseconds(20)
        try await engine.withDatabase(options: options) { database in
            let running = Signal()
            let isOver = Shared(false)
            async let busy: Void = database.read { _ in
                running.raise()
                while !isOver.withLock({ $0 }) {}
            }
            await running.wait(beyond: 0)
            let error = await #expect(throws: DatabaseError.self) {
                try await database.read { try $0.query("SELECT 1") }
            }
            #expect(error?.code == .poolExhausted)
            isOver.withLock { $0 = true }
            try await busy
            try await database.ping()
        }
    }

    @Test(arguments: eachDatabase)
    func `wakes listeners after the commit, and not for what was rolled back`(engine: TestEngine) async throws {
        struct Stop: Error {}
        try await engine.withDatabase(migrations: [Self.notes]) { database in
            var wakes = database.notifications("notes").makeAsyncIterator()
            var others = database.notifications("others").makeAsyncIterator()
            // Who listens looks once.
            #expect(await wakes.next() != nil)
            #expect(await others.next() != nil)
            for number in 1...3 {
                try await database.transaction { transaction in
                    try transaction.execute("INSERT INTO notes (owner, text) VALUES ('ann', $1)", [.text("\(number)")])
                    try transaction.notify("notes")
                }
                repeat { #expect(await wakes.next() != nil) } while try await Self.count(database) < number
            }
            await #expect(throws: Stop.self) {
                try await database.transaction { transaction in
                    try transaction.notify("others")
                    throw Stop()
                }
            }
            await database.close()
            #expect(await others.next(isolation: nil) == nil || engine == .postgresql)
        }
    }

    @Test(arguments: eachDatabase)
    func `is closed once and for all`(engine: TestEngine) async throws {
        try await engine.withDatabase { database in
            try await database.ping()
            await database.close()
            let error = await #expect(throws: DatabaseError.self) { try await database.ping() }
            #expect(error?.code == .closed)
        }
    }

    @Test(arguments: eachDatabase)
    func `takes lists and several rows as parameters`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.notes]) { database in
            let dialect = database.dialect
            let rows = try await database.transaction { transaction in
                try transaction.execute(
                    "INSERT INTO notes (owner, text) VALUES \(dialect.values(rows: 3, columns: 2))",
                    ["ann", "a\"b", "ann", "x,{y}", "ann", "z"])
                return try transaction.query(
                    "SELECT id FROM notes WHERE text \(dialect.isInTexts(1)) ORDER BY id", [.list(["a\"b", "x,{y}"])])
            }
            #expect(rows.map { $0.int(0) } == [1, 2])
            let texts = try await database.read { transaction in
                try transaction.query(
                    "SELECT text FROM notes WHERE id \(dialect.isIn(1)) ORDER BY id", [.list([1, 3, 99])])
            }
            #expect(texts.map { $0.text(0) } == ["a\"b", "z"])
            let none = try await database.read {
                try $0.query("SELECT 1 FROM notes WHERE id \(dialect.isIn(1))", [.list([Int64]())])
            }
            #expect(none.isEmpty)
        }
    }

    @Test(arguments: eachDatabase)
    func `sorts text by its bytes and tells upper from lower case`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.notes]) { database in
            try await database.transaction { transaction in
                for text in ["b", "A", "a", "ä", "B", "_"] {
                    try transaction.send("INSERT INTO notes (owner, text) VALUES ('ann', $1)", [.text(text)])
                }
            }
            let sorted = try await database.read {
                try $0.query("SELECT text FROM notes ORDER BY text").map { $0.text(0) }
            }
            #expect(sorted == ["A", "B", "_", "a", "b", "ä"])
            let like = try await database.read {
                try $0.query("SELECT text FROM notes WHERE text LIKE $1 ESCAPE '\\'", ["a%"]).map { $0.text(0) }
            }
            #expect(like == ["a"])
        }
    }

    @Test(arguments: eachDatabase)
    func `tells the time of day by its own clock`(engine: TestEngine) async throws {
        try await engine.withDatabase { database in
            let now = try await database.statement("SELECT \(database.dialect.now)", [])[0].int(0)
            // Later than this was written, and a number that is no seconds or milliseconds.
            #expect(now > 1_790_000_000_000_000)
        }
    }
}
