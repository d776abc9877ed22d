import Logging
import ServiceTestSupport
import TaskStorage
import TestKit
import Testing

/// What only a server can do to us. Each test has a server of its own, which it stops and kills.
@Suite(.serialized, .timeLimit(.minutes(3))) struct `PostgreSQL` {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func withServer(
        isOnNetwork: Bool = false, settings: [String: String] = [:], options: DatabaseOptions = DatabaseOptions(),
        _ body: (PostgresServer, any Database) async throws -> Void
    ) async throws {
        let server = try await PostgresServer(isOnNetwork: isOnNetwork, settings: settings)
        let database = try await openDatabase(url: server.url("postgres"), options: options, logger: logger)
        _ = try await database.statement("CREATE TABLE t (n BIGINT PRIMARY KEY)", [])
        do {
            try await body(server, database)
            await database.close()
        } catch {
            await database.close()
            throw error
        }
    }

    private static func open(_ url: String) async throws -> any Database {
        var options = DatabaseOptions()
        options.outageLimit = .milliseconds(1)
        options.connectTimeout = .seconds(2)
        return try await openDatabase(url: url, options: options, logger: logger)
    }

    @Test func `serves on after a restart, with connections that do not know of it yet`() async throws {
        try await Self.withServer { server, database in
            try await database.transaction { _ = try $0.execute("INSERT INTO t VALUES (1)") }
            try await server.restart()
            try await database.transaction { _ = try $0.execute("INSERT INTO t VALUES (2)") }
            let rows = try await database.statement("SELECT n FROM t ORDER BY n", [])
            #expect(rows.map { $0.int(0) } == [1, 2])
        }
    }

    @Test func `runs a transaction again whose connection was lost before its commit`() async throws {
        try await Self.withServer { server, database in
            let attempts = Shared(0)
            let killer = try await openDatabase(url: server.url("postgres"), logger: Self.logger)
            // The body asks for its own end in the middle, the first time.
            try await database.transaction { transaction in
                let attempt = attempts.withLock { count in
                    count += 1
                    return count
                }
                try transaction.execute("INSERT INTO t VALUES (1)")
                if attempt == 1 { _ = try transaction.query("SELECT pg_terminate_backend(pg_backend_pid())") }
                try transaction.execute("INSERT INTO t VALUES (2)")
            }
            #expect(attempts.withLock { $0 } == 2)
            let rows = try await killer.statement("SELECT n FROM t ORDER BY n", [])
            #expect(rows.map { $0.int(0) } == [1, 2])
            await killer.close()
        }
    }

    @Test func `loses nothing that it said it committed when the server is killed again and again`() async throws {
        try await Self.withServer { server, database in
            let committed = Shared<Set<Int64>>([])
            let unknown = Shared<Set<Int64>>([])
            let isOver = Shared(false)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        var number = Int64(writer)
                        while !isOver.withLock({ $0 }) {
                            number += 4
                            let n = number
                            do {
                                try await database.transaction {
                                    _ = try $0.execute("INSERT INTO t VALUES ($1)", [.integer(n)])
                                }
                                committed.withLock { _ = $0.insert(n) }
                            } catch let error as DatabaseError {
                                #expect(error.isTransient, "\(error)")
                                if error.code == .outcomeUnknown { unknown.withLock { _ = $0.insert(n) } }
                            }
                        }
                    }
                }
                for _ in 0..<3 {
                    let before = committed.withLock { $0.count }
                    try await expectEventually("more commits") { committed.withLock { $0.count } > before + 50 }
                    try await server.kill()
                    try await server.start()
                }
                let before = committed.withLock { $0.count }
                try await expectEventually("more commits") { committed.withLock { $0.count } > before + 50 }
                isOver.withLock { $0 = true }
                try await group.waitForAll()
            }
            let stored = Set(try await database.statement("SELECT n FROM t", []).map { $0.int(0) })
            let (told, open) = (committed.withLock { $0 }, unknown.withLock { $0 })
            #expect(told.subtracting(stored).isEmpty)
            // What was neither confirmed nor left open is not there.
            #expect(stored.subtracting(told).subtracting(open).isEmpty)
        }
    }

    @Test func `hears notifications again after the connection for them was lost, and looks once`() async throws {
        try await Self.withServer { server, database in
            let other = try await openDatabase(url: server.url("postgres"), logger: Self.logger)
            var wakes = database.notifications("news").makeAsyncIterator()
            #expect(await wakes.next() != nil)
            // The session itself is there: its first look comes with it.
            #expect(await wakes.next() != nil)
            try await other.transaction { try $0.notify("news") }
            #expect(await wakes.next() != nil)
            _ = try await other.statement(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'", [])
            // One look for what may have been missed.
            #expect(await wakes.next() != nil)
            try await other.transaction { try $0.notify("news") }
            #expect(await wakes.next() != nil)
            await other.close()
        }
    }

    @Test func `works on when a table has changed under a statement that it knows`() async throws {
        try await Self.withServer { server, database in
            for _ in 0..<4 { _ = try await database.statement("SELECT * FROM t", []) }
            _ = try await database.statement("ALTER TABLE t ADD COLUMN extra TEXT", [])
            _ = try await database.transaction { try $0.query("SELECT * FROM t") }
            for _ in 0..<4 { _ = try await database.statement("SELECT * FROM t", []) }
        }
    }

    @Test func `gives the transaction up that waits too long for another one's row`() async throws {
        var options = DatabaseOptions()
        options.lockTimeout = .milliseconds(50)
        try await Self.withServer(options: options) { server, database in
            _ = try await database.statement("INSERT INTO t VALUES (1)", [])
            let locked = Signal()
            let isOver = Shared(false)
            async let first: Void = database.transaction { transaction in
                _ = try transaction.query("SELECT n FROM t FOR UPDATE")
                locked.raise()
                while !isOver.withLock({ $0 }) {}
            }
            await locked.wait(beyond: 0)
            let error = await #expect(throws: DatabaseError.self) {
                try await database.transaction { _ = try $0.query("SELECT n FROM t FOR UPDATE") }
            }
            #expect(error?.code == .lockTimeout)
            isOver.withLock { $0 = true }
            try await first
        }
    }

    @Test func `keeps no state in a session behind a pooler`() async throws {
        try await Self.withServer { server, _ in
            let pooled = try await openDatabase(url: server.url("postgres") + "&pgbouncer=true", logger: Self.logger)
            for number in 0..<5 {
                _ = try await pooled.statement("INSERT INTO t VALUES ($1)", [.of(number)])
                try await pooled.transaction {
                    _ = try $0.execute("UPDATE t SET n = n + 100 WHERE n = $1", [.of(number)])
                }
            }
            let plans = try await pooled.read { transaction in
                // The limits hold within the transaction, where they were set.
                let limit = try transaction.query("SHOW statement_timeout")[0].text(0)
                #expect(limit == "15s")
                return try transaction.query("SELECT count(*) FROM pg_prepared_statements")[0].int(0)
            }
            #expect(plans == 0)
            let limit = try await Self.open(server.url("postgres") + "&pgbouncer=true")
            await limit.close()
            await pooled.close()
        }
    }

    @Test func `reads every type that our statements give`() async throws {
        try await Self.withServer { server, database in
            let row = try await database.statement(
                """
                SELECT TRUE, CAST(-2 AS SMALLINT), CAST(-3 AS INTEGER), CAST(-4 AS BIGINT), CAST(0.5 AS REAL),
                CAST(0.25 AS DOUBLE PRECISION), CAST('{"a": 1}' AS JSONB), CAST('x' AS VARCHAR), CAST('\\x00ff' AS BYTEA),
                CAST(NULL AS TEXT), CAST(4000000000 AS OID)
                """, [])[0]
            #expect([row.int(0), row.int(1), row.int(2), row.int(3)] == [1, -2, -3, -4])
            #expect([row.double(4), row.double(5)] == [0.5, 0.25])
            #expect([row.text(6), row.text(7)] == ["{\"a\": 1}", "x"])
            #expect(row.blob(8) == [0, 255])
            #expect(row.isNull(9))
            #expect(row.int(10) == 4_000_000_000)
            let error = await #expect(throws: DatabaseError.self) { _ = try await database.statement("SELECT 1.5", []) }
            #expect(error?.message.contains("CAST") == true)
        }
    }

    @Test func `checks the server's certificate, and takes one that is signed by the right authority`() async throws {
        let folder = "/tmp/todo-tls.\(UInt64.random(in: 0 ... .max))"
        let made = try await ChildProcess.run(
            "sh",
            [
                "-c",
                """
                mkdir -m 755 \(folder) && cd \(folder) && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
                -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
                && chmod 600 key.pem && if [ "$(id -u)" = 0 ]; then chown postgres key.pem; fi
                """,
            ], joined: true)
        #expect(made.status == 0, "\(made.text)")
        try await Self.withServer(
            isOnNetwork: true,
            settings: ["ssl": "on", "ssl_cert_file": "\(folder)/cert.pem", "ssl_key_file": "\(folder)/key.pem"]
        ) { server, _ in
            let url = "postgresql://todo:secret-word@localhost:\(server.port)/postgres?sslmode=verify-full"
            let strange = try await Self.open(url)
            let error = await #expect(throws: DatabaseError.self) { try await strange.ping() }
            #expect(error?.code == .refused)
            #expect(error.map { "\($0)" }?.contains("secret-word") == false)
            await strange.close()
            let known = try await Self.open(url + "&sslrootcert=\(folder)/cert.pem")
            let version = try await known.statement("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()", [])
            #expect(version[0].text(0).hasPrefix("TLSv1."))
            await known.close()
        }
        _ = try await ChildProcess.run("rm", ["-rf", folder])
    }

    @Test func `says what is wrong with a connection, without the password`() async throws {
        try await Self.withServer { server, _ in
            let cases: [(url: String, code: DatabaseError.Code)] = [
                ("postgresql://todo:secret-word@/nowhere?host=\(server.folder)", .misconfigured),
                ("postgresql://nobody-here:secret-word@/postgres?host=\(server.folder)", .refused),
                ("postgresql://todo:secret-word@127.0.0.1:1/postgres", .unavailable),
                ("postgresql://todo:secret-word@/postgres?host=/tmp/nothing-here", .unavailable),
            ]
            for (url, code) in cases {
                let database = try await Self.open(url)
                let error = await #expect(throws: DatabaseError.self) { try await database.ping() }
                #expect(error?.code == code, "\(String(describing: error))")
                #expect(error.map { "\($0)" }?.contains("secret-word") == false)
                await database.close()
            }
        }
    }
}

@Suite struct `A database URL` {
    @Test(arguments: [
        "", "todo", "mysql://x", "postgresql://u:secret-word@h/db?nonsense=1", "postgresql://u:secret-word@[::1/db",
        "postgresql://u:secret-word%zz@h/db", "postgresql://u:secret-word@h/db?pool_size=many",
        "postgresql://u:secret-word@h/db?pool_size=0", "postgresql://u:secret-word@h/db?pgbouncer=yes",
        "sqlite://relative.db", "sqlite:///", "sqlite:///tmp/x.db?mode=fast", "sqlite:///tmp/x.db?synchronous=off",
        "sqlite:///no/such/folder/x.db",
    ])
    func `that cannot be right is refused, without showing the password`(url: String) async throws {
        let error = await #expect(throws: DatabaseError.self) {
            _ = try await openDatabase(url: url, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        #expect(error?.code == .misconfigured)
        #expect(error.map { "\($0)" }?.contains("secret-word") == false)
    }
}
