import ServiceTestSupport
import TaskStorage
import Testing

@Suite(.timeLimit(.minutes(2))) struct `Steps of migration` {
    /// A component with as many of these steps as a version of the program had.
    private static func things(_ count: Int) -> Migrations {
        let steps = [
            Migration(1, "things") { dialect in
                [
                    "CREATE TABLE things (id \(dialect.identity), name \(dialect.text) NOT NULL)\(dialect.strict)",
                    "INSERT INTO things (name) VALUES ('first')",
                ]
            },
            Migration(2, "colours") { dialect in
                ["ALTER TABLE things ADD COLUMN colour \(dialect.text) NOT NULL DEFAULT 'grey'"]
            },
            Migration(3, "names are unique") { _ in ["CREATE UNIQUE INDEX things_name ON things (name)"] },
        ]
        return Migrations(component: "things", Array(steps.prefix(count)))
    }

    @Test(arguments: eachDatabase, [0, 1, 2, 3])
    func `lead from every earlier version to this one`(engine: TestEngine, earlier: Int) async throws {
        try await engine.withDatabase(migrations: [Self.things(earlier)]) { database in
            let all = ["things 1 things", "things 2 colours", "things 3 names are unique"]
            let pending = try await Migrations.pending([Self.things(3)], on: database)
            #expect(pending == Array(all.dropFirst(earlier)))
            let applied = try await Migrations.run([Self.things(3)], on: database)
            #expect(applied == pending)
            let again = try await Migrations.run([Self.things(3)], on: database)
            #expect(again == [])
            let rows = try await database.read { try $0.query("SELECT name, colour FROM things") }
            #expect(rows.map { [$0.text(0), $0.text(1)] } == [["first", "grey"]])
        }
    }

    @Test(arguments: eachDatabase)
    func `run once when many replicas start at the same time`(engine: TestEngine) async throws {
        try await engine.withPlace { place in
            let applied = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let database = try await place.open()
                        let applied = try await Migrations.run([Self.things(3), Inbox.migrations], on: database)
                        await database.close()
                        return applied
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(
                applied.sorted() == [
                    "inbox 1 handled events", "things 1 things", "things 2 colours", "things 3 names are unique",
                ])
        }
    }

    @Test(arguments: eachDatabase)
    func `keep nothing of a step that fails, name it, and go on once it is mended`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.things(1)]) { database in
            let broken = Migrations(
                component: "things",
                Self.things(1).steps + [
                    Migration(2, "colours") { _ in ["CREATE TABLE extra (i INTEGER)", "CREATE NONSENSE"] }
                ])
            let error = await #expect(throws: DatabaseError.self) { try await Migrations.run([broken], on: database) }
            #expect(error?.message.contains("things 2 (colours)") == true)
            let applied = try await Migrations.run([Self.things(3)], on: database)
            #expect(applied.count == 2)
            let missing = await #expect(throws: DatabaseError.self) {
                try await database.read { try $0.query("SELECT i FROM extra") }
            }
            #expect(missing?.code == .schema)
        }
    }

    @Test(arguments: eachDatabase)
    func `refuse a database whose applied step is not the one they know`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.things(2)]) { database in
            let changed = Migrations(
                component: "things", [Migration(1, "things") { _ in ["CREATE TABLE things (id INTEGER)"] }])
            let error = await #expect(throws: DatabaseError.self) { try await Migrations.run([changed], on: database) }
            #expect(error?.code == .misconfigured)
            #expect(error?.message.contains("things 1") == true)
        }
    }

    @Test(arguments: eachDatabase)
    func `leave a database alone that a newer version has changed`(engine: TestEngine) async throws {
        try await engine.withDatabase(migrations: [Self.things(3)]) { database in
            let applied = try await Migrations.run([Self.things(1)], on: database)
            #expect(applied == [])
        }
    }
}
