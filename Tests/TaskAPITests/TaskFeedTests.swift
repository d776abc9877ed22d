import ServiceHarness
import ServiceKit
import ServiceTestSupport
import TaskDomain
import TaskStorage
import TestKit
import Testing
import WireValues

@testable import TaskAPI

@Suite struct TaskFeedTests {
    @Test(arguments: eachDatabase) func `what is old is forgotten, and who still wants it is told where to go on`(
        engine: TestEngine
    ) async throws {
        try await ServiceWorld.run(engine) { world in
            for n in 1...3 { try await world.create(["title": .string("old \(n)")]) }
            try await world.create(["title": "all old"], user: "user-8")
            world.clock.now = ServiceWorld.start.advanced(by: .seconds(40 * 86_400))
            for n in 4...5 { try await world.create(["title": .string("young \(n)")]) }
            try await world.create(["title": "all young"], user: "user-9")

            try await world.service.forget(feed: .forever)
            #expect(try await world.numbers("user-7", since: 0) == [1, 2, 3, 4, 5])
            try await world.service.forget(feed: .limited(.seconds(30 * 86_400)))
            for since in 0...2 { #expect(try await world.gone("user-7", since: Int64(since)) == 5) }
            #expect(try await world.numbers("user-7", since: 3) == [4, 5])
            #expect(try await world.numbers("user-7", since: 5) == [])
            #expect(try await world.gone("user-8", since: 0) == 1)
            #expect(try await world.numbers("user-8", since: 1) == [])
            #expect(try await world.numbers("user-9", since: 0) == [1])
            #expect(try await world.numbers("nobody", since: 0) == [])
            // The numbers go on where they were.
            try await world.create(["title": "new"], user: "user-8")
            #expect(try await world.numbers("user-8", since: 1) == [2])
            #expect(try await world.task(1).title == "old 1")
        }
    }

    @Test(arguments: eachDatabase) func `a feed that cannot be read keeps no other from being forgotten`(
        engine: TestEngine
    ) async throws {
        try await ServiceWorld.run(engine) { world in
            for user in ["user-6", "user-7", "user-8"] { try await world.create(["title": "old"], user: user) }
            try await world.database.transaction { transaction in
                try transaction.send("UPDATE task_changes SET data = '{}' WHERE user_id = 'user-6'", [])
                try transaction.send("UPDATE task_changes SET data = '{' WHERE user_id = 'user-7'", [])
            }
            world.clock.now = ServiceWorld.start.advanced(by: .seconds(40 * 86_400))
            try await world.service.forget(feed: .limited(.seconds(30 * 86_400)))
            let left = try await world.database.read {
                try $0.query("SELECT user_id FROM task_changes ORDER BY user_id").map { $0.text(0) }
            }
            #expect(left == ["user-6", "user-7"])
        }
    }

    @Test(arguments: eachDatabase) func `many users and long feeds are worked through`(engine: TestEngine) async throws
    {
        try await ServiceWorld.run(engine) { world in
            let users = 450
            let long = 1_200
            try await world.database.transaction { transaction in
                func write(_ user: String, _ count: Int, youngFrom young: Int) throws {
                    try transaction.send(
                        "INSERT INTO task_users (user_id, seq) VALUES ($1, $2)", [.text(user), .integer(Int64(count))])
                    for number in 1...count {
                        let day = number < young ? "01" : "20"
                        try transaction.send(
                            "INSERT INTO task_changes (user_id, seq, data) VALUES ($1, $2, $3)",
                            [
                                .text(user), .integer(Int64(number)),
                                .text(#"{"timestamp":"2026-01-\#(day)T00:00:00Z"}"#),
                            ])
                    }
                }
                for number in 0..<users { try write("user-\(number)", 2, youngFrom: 2) }
                try write("user-long", long, youngFrom: long)
            }
            world.clock.now = try #require(Timestamp("2026-01-31T00:00:00Z"))
            try await world.service.forget(feed: .limited(.seconds(20 * 86_400)))
            let left = try await world.database.read {
                try $0.query("SELECT user_id, count(*), min(seq) FROM task_changes GROUP BY user_id")
            }
            #expect(left.count == users + 1)
            #expect(left.allSatisfy { $0.int(1) == 1 })
            #expect(left.filter { $0.text(0) == "user-long" }.map { $0.int(2) } == [Int64(long)])
        }
    }

    @Test func `over HTTP it is gone, with the number to go on from`() async throws {
        try await TestEngine.sqlite.withDatabase(migrations: TaskAPIService.allMigrations) { database in
            try await withService(TaskAPIService.self, database: database) { running in
                let client = TaskHTTPTests.Client(running: running)
                for n in 1...3 { _ = try await client.create(["title": .string("\(n)")]) }
                try await database.transaction { _ = try $0.execute("DELETE FROM task_changes WHERE seq <= 2") }
                let gone = try await client.send("GET", "/api/user-7/changes?since=1")
                #expect(gone.status == 410)
                #expect(gone.problem == "changes_gone")
                #expect(gone.json["user_seq"] == 3)
                #expect(gone.json["detail"]?.string?.contains("since=3") == true)
                #expect(try await client.send("GET", "/api/user-7/changes?since=2").status == 200)
            }
        }
    }
}

extension ServiceWorld {
    fileprivate func numbers(_ user: String, since: Int64) async throws -> [Int] {
        try await service.changes(user, since: since, limit: 100).changes.map {
            try #require(try JSON(parsing: $0)["user_seq"]?.int)
        }
    }

    /// The number that the refusal names; nil when nothing was refused.
    fileprivate func gone(_ user: String, since: Int64) async throws -> Int? {
        do {
            _ = try await service.changes(user, since: since, limit: 100)
            return nil
        } catch let problem as Problem where problem.status == 410 {
            return problem.members["user_seq"]?.int
        }
    }
}
