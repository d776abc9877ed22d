import Audit
import HTTPTestSupport
import ServiceHarness
import ServiceKit
import ServiceTestSupport
import Synchronization
import TaskDomain
import TaskStorage
import Telemetry
import TestKit
import Testing
import WireValues

@Suite(.timeLimit(.minutes(2))) struct `The audit service` {
    @Test(arguments: eachDatabase)
    func `shows a user what happened to their tasks, long after the tasks are gone`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: AuditService.allMigrations) { database in
            try await withService(AuditService.self, database: database) { service in
                var outcomes = [
                    try await service.deliver(Sample.event(), to: .taskEvents),
                    try await service.deliver(Sample.event(), to: .taskEvents),
                ]
                outcomes += try await service.deliver(
                    [
                        Sample.event("completed", version: 2), Sample.event("deleted", version: 3),
                        Sample.event(version: 1), Sample.event(user: "bob"),
                    ], to: .taskEvents)
                #expect(outcomes == Array(repeating: "SUCCESS", count: 6))
                let answer = try await service.get("/api/ann/audit", user: "ann")
                #expect(answer.status == 200)
                let entries = answer.json["entries"]?.array ?? []
                #expect(entries.map { $0["event_type"]?.string } == ["created", "completed", "deleted"])
                #expect(entries.first?["task_data"]?["title"]?.string == "Grüße 🎉")
                #expect(entries.first?["timestamp"]?.string == Sample.moment.eventText)
                #expect(entries.first?["correlation_id"]?.string == "req-1")
                #expect(answer.json["next_cursor"]?.isNull == true)

                let first = try await service.get(
                    "/api/ann/audit?limit=2&event_type=created&event_type=task.deleted", user: "ann")
                #expect(first.json["entries"]?.array?.count == 2)
                #expect(first.json["next_cursor"]?.isNull == true)
                let page = try await service.get("/api/ann/audit?limit=2", user: "ann")
                let cursor = page.json["next_cursor"]?.string ?? ""
                let rest = try await service.get("/api/ann/audit?cursor=\(cursor)", user: "ann")
                #expect(rest.json["entries"]?.array?.map { $0["event_type"]?.string } == ["deleted"])

                let verification = try await service.get("/api/ann/audit/verify", user: "ann")
                #expect(verification.json["valid"]?.bool == true)
                #expect(verification.json["entries"]?.int == 3)
                let link = entries.first?["link"]?.string ?? ""
                let known = try await service.get("/api/ann/audit/verify?known=1:\(link)", user: "ann")
                #expect(known.json["valid"]?.bool == true)
                let wrong = try await service.get("/api/ann/audit/verify?known=2:\(link)", user: "ann")
                #expect(wrong.json["valid"]?.bool == false)
                #expect(wrong.json["fault"]?["kind"]?.string == "rewritten")
            }
        }
    }

    @Test func `shows nobody else's entries`() async throws {
        try await TestEngine.sqlite.withDatabase(migrations: AuditService.allMigrations) { database in
            try await withService(AuditService.self, database: database) { service in
                for path in ["/api/ann/audit", "/api/ann/audit/verify"] {
                    let other = try await service.get(path, user: "bob")
                    #expect(other.status == 403)
                    let nobody = try await service.get(path)
                    #expect(nobody.status == 401)
                }
            }
        }
    }

    @Test func `names every parameter that is wrong`() async throws {
        try await TestEngine.sqlite.withDatabase(migrations: AuditService.allMigrations) { database in
            try await withService(AuditService.self, database: database) { service in
                let cases: [(String, [String])] = [
                    ("?event_type=archived&task_id=0&limit=0", ["?event_type", "?task_id", "?limit"]),
                    ("?" + [String](repeating: "event_type=created", count: 5).joined(separator: "&"), ["?event_type"]),
                    ("?from=yesterday&to=2026-13-01T00:00:00Z", ["?from", "?to"]),
                    ("?cursor=nonsense&limit=201", ["?cursor", "?limit"]),
                    ("?cursor=1~2", ["?cursor"]), ("?limit=1&limit=2", ["?limit"]), ("?task=1", ["?task"]),
                    ("/verify?known=1", ["?known"]), ("/verify?known=1:abc", ["?known"]),
                    ("/verify?place=1", ["?place"]),
                ]
                for (query, fields) in cases {
                    let answer = try await service.get("/api/ann/audit\(query)", user: "ann")
                    #expect(answer.status == 400, "\(query)")
                    let named = (answer.json["errors"]?.array ?? []).map { $0["field"]?.string ?? "" }
                    #expect(named == fields, "\(query)")
                }
            }
        }
    }

    @Test(arguments: eachDatabase)
    func `handles what it can of a delivery with events that nobody can read`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: AuditService.allMigrations) { database in
            try await withService(AuditService.self, database: database) { service in
                let outcomes = try await service.deliver(
                    [
                        Sample.event(), Sample.event(data: ["user_id": "a\0b"]), Sample.event(type: "task.archived"),
                        Sample.event(version: 2), Sample.event("created", id: "v2", type: "task.created.v2"),
                    ], to: .taskEvents)
                #expect(outcomes == ["SUCCESS", "DROP", "SUCCESS", "SUCCESS", "SUCCESS"])
                let answer = try await service.get("/api/ann/audit", user: "ann")
                #expect(answer.json["entries"]?.array?.count == 2)
            }
        }
    }

    @Test func `has events delivered again while the disk is full, says so, and records them afterwards`() async throws
    {
        try await TestEngine.sqlite.withDatabase(migrations: AuditService.allMigrations) { real in
            let database = DatabaseThatFills(real)
            let clock = Shared(Sample.moment)
            try await withService(
                AuditService.self, database: database, configure: { $0.now = { clock.value } }
            ) { service in
                database.isFull.value = true
                let single = try await service.deliver(Sample.event(), to: .taskEvents)
                #expect(single == "RETRY")
                let bulk = try await service.deliver([Sample.event(), Sample.event(version: 2)], to: .taskEvents)
                #expect(bulk == ["RETRY", "RETRY"])
                let unready = try await service.send("GET", "/readyz", onAdminPort: true)
                #expect(unready.status == 503)
                #expect(unready.text.contains("full"))
                // Deliveries may depend on readiness, so it does not stay away for ever by itself.
                clock.value = Sample.moment.advanced(by: .seconds(31))
                let again = try await service.send("GET", "/readyz", onAdminPort: true)
                #expect(again.status == 200)
                // Nor for as long as the clock is set back by.
                clock.value = Sample.moment.advanced(by: .seconds(-3_600))
                let earlier = try await service.send("GET", "/readyz", onAdminPort: true)
                #expect(earlier.status == 200)
                database.isFull.value = false
                let recorded = try await service.deliver([Sample.event(), Sample.event(version: 2)], to: .taskEvents)
                #expect(recorded == ["SUCCESS", "SUCCESS"])
                let ready = try await service.send("GET", "/readyz", onAdminPort: true)
                #expect(ready.status == 200)
                let answer = try await service.get("/api/ann/audit", user: "ann")
                #expect(answer.json["entries"]?.array?.count == 2)
            }
        }
    }

    @Test(arguments: eachDatabase)
    func `has itself called once a day, and takes away then what is older than it is to keep`(engine: TestEngine)
        async throws
    {
        try await engine.withDatabase(migrations: AuditService.allMigrations) { database in
            let clock = Shared(Sample.moment)
            try await withService(
                AuditService.self, database: database,
                environment: ["TODO_AUDIT_RETENTION_SECONDS": String(10 * 86_400)],
                configure: { $0.now = { clock.value } }
            ) { service in
                try await expectEventually("a job") { !service.sidecar.asked("/v1.0/jobs/audit-retention").isEmpty }
                #expect(service.sidecar.asked("/v1.0/jobs/audit-retention").last?.json["schedule"]?.string == "@daily")
                for user in ["ann", "bob", "cleo"] {
                    _ = try await service.deliver(
                        (1...3).map { Sample.event(user: user, version: $0, at: clock.value) }, to: .taskEvents)
                }
                clock.value = Sample.moment.advanced(by: .seconds(9 * 86_400))
                _ = try await service.deliver(Sample.event(version: 4, at: clock.value), to: .taskEvents)
                var status = try await service.fire(job: "audit-retention", data: .null)
                #expect(status == 200)
                var answer = try await service.get("/api/ann/audit/verify", user: "ann")
                #expect(answer.json["entries"]?.int == 4)
                clock.value = Sample.moment.advanced(by: .seconds(11 * 86_400))
                status = try await service.fire(job: "audit-retention", data: .null)
                #expect(status == 200)
                answer = try await service.get("/api/ann/audit/verify", user: "ann")
                #expect(answer.json["entries"]?.int == 1)
                #expect(answer.json["purged_place"]?.int == 3)
                #expect(answer.json["valid"]?.bool == true)
                answer = try await service.get("/api/bob/audit", user: "bob")
                #expect(answer.json["entries"]?.array?.isEmpty == true)
            }
        }
    }

    @Test func `keeps everything for ever unless told otherwise`() async throws {
        try await TestEngine.sqlite.withDatabase(migrations: AuditService.allMigrations) { database in
            let clock = Shared(Sample.moment)
            try await withService(AuditService.self, database: database, configure: { $0.now = { clock.value } }) {
                service in
                _ = try await service.deliver(Sample.event(at: clock.value), to: .taskEvents)
                clock.value = Sample.moment.advanced(by: .seconds(5_000 * 86_400))
                _ = try await service.fire(job: "audit-retention", data: .null)
                let answer = try await service.get("/api/ann/audit", user: "ann")
                #expect(answer.json["entries"]?.array?.count == 1)
            }
        }
    }
}

/// A value that a test's tasks share.
private final class Shared<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) { mutex = Mutex(value) }

    var value: Value {
        get { mutex.withLock { $0 } }
        set { mutex.withLock { $0 = newValue } }
    }
}

/// A database whose disk is full at times.
private struct DatabaseThatFills: Database {
    let isFull = Shared(false)
    private let real: any Database

    init(_ real: any Database) { self.real = real }

    var dialect: Dialect { real.dialect }
    var statistics: PoolStatistics { real.statistics }

    func transaction<R: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> R) async throws -> R {
        if isFull.value { throw DatabaseError(.diskFull, "could not extend file: No space left on device") }
        return try await real.transaction(body)
    }

    func read<R: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> R) async throws -> R {
        try await real.read(body)
    }

    func statement(_ sql: String, _ parameters: [SQLValue]) async throws -> [Row] {
        try await real.statement(sql, parameters)
    }

    func notifications(_ channel: String) -> AsyncStream<Void> { real.notifications(channel) }
    func ping() async throws(DatabaseError) { try await real.ping() }
    func close() async { await real.close() }
}
