import HTTPTestSupport
import ServiceHarness
import ServiceKit
import ServiceTestSupport
import Synchronization
import TaskDomain
import TaskStorage
import TestKit
import Testing
import WireValues

@testable import TaskAPI

/// The whole service, over HTTP, with a sidecar that writes down what it is asked.
@Suite struct TaskHTTPTests {
    private static let tasks = "/api/user-7/tasks"

    private func run<R: Sendable>(
        _ engine: TestEngine = .sqlite, environment: [String: String] = [:],
        sidecar: @escaping @Sendable (FakeServer.Asked) async -> FakeServer.Reply? = { _ in nil },
        _ body: @escaping @Sendable (Client) async throws -> R
    ) async throws -> R {
        try await engine.withDatabase(migrations: TaskAPIService.allMigrations) { database in
            try await withService(TaskAPIService.self, database: database, environment: environment, sidecar: sidecar) {
                try await body(Client(running: $0))
            }
        }
    }

    @Test func `notifications sees how a task stands, and nobody else does`() async throws {
        try await run(environment: ["TODO_NOTIFICATIONS_APP_ID": "todo-notifications"]) { client in
            let made = try await client.send(
                "POST", Self.tasks, ["title": "Stand up", "due_at": "2030-03-05T17:00:00Z"])
            let id = try #require(JSON(parsing: made.body)["id"]?.int)
            func look(_ id: Int, as caller: String?) async throws -> (status: Int, body: JSON) {
                let answer = try await client.running.send(
                    "GET", "/internal/users/user-7/tasks/\(id)", user: nil,
                    headers: caller.map { [(name: "dapr-caller-app-id", value: $0)] } ?? [])
                return (answer.status, try JSON(parsing: answer.body))
            }
            let open = try await look(id, as: "todo-notifications")
            #expect(open.status == 200)
            #expect(
                open.body
                    == ["exists": true, "completed": false, "due_at": "2030-03-05T17:00:00Z", "version": 1])
            _ = try await client.send("POST", "\(Self.tasks)/\(id)/complete")
            #expect(try await look(id, as: "todo-notifications").body["completed"]?.bool == true)
            #expect(try await look(id + 1, as: "todo-notifications").body == ["exists": false])
            #expect(try await look(id, as: "todo-audit").status == 403)
            #expect(try await look(id, as: nil).status == 403)
        }
    }

    /// Every answer is held against the description.
    struct Client: Sendable {
        let running: RunningService<TaskAPIService>
        private let document = APIDocument(host: nil).json

        init(running: RunningService<TaskAPIService>) { self.running = running }

        func send(
            _ method: String, _ target: String, user: String? = "user-7", _ json: JSON? = nil,
            headers: [(name: String, value: String)] = []
        ) async throws -> RunningService<TaskAPIService>.Answer {
            let answer = try await running.send(method, target, user: user, headers: headers, body: json?.bytes)
            #expect(problems(method, target, answer) == [], "\(method) \(target) \(answer.status)")
            return answer
        }

        private func problems(_ method: String, _ target: String, _ answer: RunningService<TaskAPIService>.Answer)
            -> [String]
        {
            let path = target.split(separator: "?").first.map(String.init) ?? ""
            let parts = path.split(separator: "/")
            guard
                let (_, item) = (document["paths"]?.object ?? JSONObject()).first(where: { pattern, _ in
                    let steps = pattern.split(separator: "/")
                    return steps.count == parts.count && !zip(steps, parts).contains { $0 != $1 && !$0.hasPrefix("{") }
                }), let responses = item[method.lowercased()]?["responses"]
            else { return [] }
            guard var response = responses[String(answer.status)] else {
                return ["status \(answer.status) is not described"]
            }
            let check = SchemaCheck(documents: [], root: document)
            if let reference = response["$ref"]?.string { response = check.resolve(reference) ?? .null }
            var found: [String] = []
            for name in response["headers"]?.object?.keys ?? [] where answer.header(name) == nil {
                found.append("no \(name)")
            }
            let type = answer.status < 400 ? "application/json" : "application/problem+json"
            if let schema = response["content"]?[type]?["schema"] {
                if answer.header("content-type") != type {
                    found.append("content type \(answer.header("content-type") ?? "none")")
                }
                found += check.problems(answer.json, schema)
            } else if !answer.body.isEmpty {
                found.append("a body where none is described")
            }
            return found
        }

        func create(_ json: JSON) async throws -> JSON {
            let answer = try await send("POST", TaskHTTPTests.tasks, json)
            #expect(answer.status == 201)
            return answer.json
        }
    }

    @Test(arguments: eachDatabase) func `a task's life`(engine: TestEngine) async throws {
        try await run(engine) { client in
            let made = try await client.send(
                "POST", Self.tasks,
                ["title": "Submit report", "due_at": "2099-03-05T17:00:00Z", "reminder_offset_minutes": 60])
            #expect(made.status == 201 && made.header("etag") == "\"1\"")
            let place = try #require(made.header("location"))
            #expect(place == "/api/user-7/tasks/\(made.json["id"]?.int ?? 0)")
            #expect(try await client.send("GET", place).json == made.json)
            #expect(try await client.send("GET", place, headers: [("If-None-Match", "\"1\"")]).status == 304)

            let patched = try await client.send("PATCH", place, ["priority": "high"], headers: [("If-Match", "\"1\"")])
            #expect(patched.json["priority"] == "high" && patched.header("etag") == "\"2\"")
            let late = try await client.send("PATCH", place, ["priority": "low"], headers: [("If-Match", "\"1\"")])
            #expect(late.status == 412 && late.problem == "version_mismatch")
            let replaced = try await client.send("PUT", place, ["title": "Report"])
            #expect(replaced.json["due_at"]?.isNull == true && replaced.json["priority"] == "medium")

            #expect(try await client.send("POST", place + "/skip").problem == "not_recurring")
            #expect(try await client.send("GET", place + "/recurrence/preview").problem == "not_recurring")
            #expect(try await client.send("POST", place + "/complete").json["completed"] == true)
            #expect(try await client.send("POST", place + "/complete").header("etag") == "\"4\"")
            #expect(try await client.send("POST", place + "/reopen").json["completed"] == false)
            #expect(try await client.send("DELETE", place + "/recurrence").header("etag") == "\"5\"")
            #expect(try await client.send("DELETE", place).status == 204)
            #expect(try await client.send("GET", place).status == 404)
            #expect(try await client.send("POST", place + "/complete").status == 404)

            let feed = try await client.send("GET", "/api/user-7/changes?since=2&limit=2").json
            #expect(feed["changes"]?.array?.compactMap { $0["user_seq"]?.int } == [3, 4])
            #expect(feed["user_seq"] == 6 && feed["has_more"] == true)
            let beyond = try await client.send("GET", "/api/user-7/changes?since=9007199254740991").json
            #expect(beyond == ["changes": [], "user_seq": 6, "has_more": false])
        }
    }

    @Test(arguments: eachDatabase) func `a series over HTTP, its successor by a command`(engine: TestEngine)
        async throws
    {
        let refused = Mutex<Set<String>>([])
        try await run(engine) { asked in
            // The first events of each topic arrive, and the relay does not hear of it.
            guard asked.path.hasPrefix("/v1.0/publish/bulk/"),
                refused.withLock({ $0.insert(asked.path).inserted })
            else { return nil }
            return .init(500)
        } _: { client in
            let task = try await client.create([
                "title": "Standup", "due_at": "2099-03-02T09:00:00Z", "recurring_pattern": "daily",
            ])
            let place = "\(Self.tasks)/\(task["id"]?.int ?? 0)"
            let preview = try await client.send("GET", place + "/recurrence/preview?count=2").json
            #expect(
                preview["occurrences"]?.array?.compactMap { $0["due_at"]?.string } == [
                    "2099-03-03T09:00:00Z", "2099-03-04T09:00:00Z",
                ])
            #expect(try await client.send("POST", place + "/skip").json["due_local"] == "2099-03-03T09:00:00")
            #expect(try await client.send("POST", place + "/complete").json["completed"] == true)
            let command = CreateTaskCommand(
                seriesID: task["series_id"]?.string ?? "", seriesVersion: 1,
                previousTaskID: Int64(task["id"]?.int ?? 0),
                userID: "user-7", timestamp: Timestamp(seconds: 4_076_000_000),
                slot: .init(
                    scheduledLocal: try #require(WallTime("2099-03-04T09:00:00")),
                    dueAt: try #require(Timestamp("2099-03-04T09:00:00Z")), index: 3, skipped: 0))
            #expect(try await client.running.deliver(command.cloudEvent, to: .taskCommands) == "SUCCESS")
            #expect(try await client.running.deliver(command.cloudEvent, to: .taskCommands) == "SUCCESS")
            let open = try await client.send("GET", Self.tasks + "?completed=false").json
            #expect(open["tasks"]?.array?.compactMap { $0["due_local"]?.string } == ["2099-03-04T09:00:00"])
            var unreadable = command.cloudEvent
            unreadable.data["slot"] = nil
            #expect(try await client.running.deliver(unreadable, to: .taskCommands) == "DROP")
            // In order, to both topics, by the relay; what it did not hear of, again.
            @Sendable func types(_ topic: TopicRole) -> [String] {
                var ids: Set<String> = []
                return client.running.published(topic).filter { ids.insert($0.id).inserted }.map(\.type)
            }
            let all = ["task.created", "task.updated", "task.completed", "task.created"]
            try await expectEventually("published") { types(.taskEvents) == all }
            try await expectEventually("published") { types(.taskUpdates).count == 4 }
            #expect(client.running.published(.taskEvents).count > 4)
        }
    }

    @Test func `what cannot be is refused with a problem that names the field`() async throws {
        try await run { client in
            let task = try await client.create(["title": "a", "due_local": "2099-01-01", "recurrence": "daily"])
            let place = "\(Self.tasks)/\(task["id"]?.int ?? 0)"
            func refused(
                _ status: Int, _ code: String, _ field: String? = nil, _ method: String, _ target: String,
                body: JSON? = nil,
                headers: [(name: String, value: String)] = []
            ) async throws {
                let answer = try await client.send(method, target, body, headers: headers)
                #expect(answer.status == status && answer.problem == code, "\(method) \(target) \(answer.text)")
                if let field { #expect(answer.json["errors"]?[0]?["field"]?.string == field, "\(answer.text)") }
            }
            try await refused(422, "invalid", "", "POST", Self.tasks, body: [])
            try await refused(422, "invalid", "/title", "POST", Self.tasks, body: ["title": ""])
            try await refused(
                422, "invalid", "/recurrence_rule", "POST", Self.tasks,
                body: ["title": "a", "due_local": "2099-01-01", "recurrence_rule": "FREQ=DAILY;UNTIL=20200101"])
            try await refused(400, "unknown_parameter", "?x", "POST", Self.tasks + "?x=1", body: ["title": "a"])
            try await refused(
                400, "malformed_header", "Idempotency-Key", "POST", Self.tasks, body: ["title": "a"],
                headers: [("Idempotency-Key", "a b")])
            try await refused(
                415, "unsupported_media_type", nil, "POST", Self.tasks, body: ["title": "a"],
                headers: [("Content-Type", "text/plain")])
            try await refused(422, "invalid", "/title", "PATCH", place, body: ["title": .null])
            try await refused(409, "due_conflict", nil, "PATCH", place, body: ["all_day": false])
            try await refused(
                400, "malformed_header", "If-Match", "PATCH", place, body: ["title": "b"], headers: [("If-Match", "1")])
            try await refused(400, "invalid_parameter", "?scope", "PATCH", place + "?scope=all", body: ["title": "b"])
            try await refused(404, "not_found", nil, "GET", Self.tasks + "/0")
            try await refused(404, "not_found", nil, "GET", Self.tasks + "/9007199254740991")
            try await refused(400, "invalid_parameter", "?limit", "GET", Self.tasks + "?limit=0")
            try await refused(400, "invalid_parameter", "?since", "GET", "/api/user-7/changes?since=-1")
            try await refused(
                422, "invalid", "/time_zone", "PATCH", "/api/user-7/settings", body: ["time_zone": "Mars"])
            try await refused(
                422, "invalid", "/ignore/0", "POST", "/api/user-7/quick-add", body: ["text": "a", "ignore": ["title"]])
            try await refused(
                422, "invalid", "/text", "POST", "/api/user-7/quick-add",
                body: ["text": .string(String(repeating: "a", count: 1_001))])
            #expect(try await client.send("GET", Self.tasks, user: nil).status == 401)
            #expect(try await client.send("GET", Self.tasks, user: "thief").status == 403)
            #expect(
                try await client.send("GET", "/api/thief/tasks/\(task["id"]?.int ?? 0)", user: "thief").status == 404)
            let broken = try await client.running.send(
                "POST", Self.tasks, user: "user-7", body: Array("{\"title\": }".utf8))
            #expect(broken.status == 400 && broken.json["offset"] == 10)
            let long = try await client.running.send(
                "POST", Self.tasks, user: "user-7", body: [UInt8](repeating: 32, count: TaskLimits.bodyBytes + 1))
            #expect(long.status == 413)
        }
    }

    @Test(arguments: eachDatabase) func `a sentence that is repeated under its key acts once`(engine: TestEngine)
        async throws
    {
        try await run(engine) { client in
            func say(_ text: String, key: String) async throws -> RunningService<TaskAPIService>.Answer {
                try await client.send(
                    "POST", "/api/user-7/chat", ["text": .string(text)], headers: [("Idempotency-Key", key)])
            }
            func open() async throws -> Int? {
                try await client.send("GET", Self.tasks + "?completed=false").json["tasks"]?.array?.count
            }
            let added = try await say("add task buy milk", key: "k1")
            #expect(try await say("add task buy milk", key: "k1").json == added.json)
            #expect(try await open() == 1)
            #expect(try await say("add task buy bread", key: "k1").problem == "idempotency_key_reused")
            let done = try await say("complete buy milk", key: "k2")
            #expect(done.json["task"]?["completed"] == true)
            // Another of that name would be completed now.
            _ = try await say("add task buy milk", key: "k3")
            #expect(try await say("complete buy milk", key: "k2").json == done.json)
            #expect(try await open() == 1)
            let deleted = try await say("delete task \(added.json["task"]?["id"]?.int ?? 0)", key: "k4")
            #expect(deleted.json["task"]?.isNull == true && deleted.json["message"] == "Deleted \"buy milk\".")
            let again = try await say("delete task \(added.json["task"]?["id"]?.int ?? 0)", key: "k4")
            #expect(again.json == deleted.json)
            #expect(try await say("delete buy milk", key: "two words").status == 400)
        }
    }

    @Test(arguments: eachDatabase) func `sentences become tasks, and acts`(engine: TestEngine) async throws {
        try await run(engine) { client in
            let dry = try await client.send(
                "POST", "/api/user-7/quick-add?dry_run=true", ["text": "add task buy groceries due tomorrow at 5pm"])
            #expect(dry.status == 200 && dry.json["title"] == "buy groceries")
            #expect(try await client.send("GET", Self.tasks).json["tasks"] == [])
            let made = try await client.send(
                "POST", "/api/user-7/tasks/quick-add", ["text": "Pay rent every month on the 31st p1 #home"])
            #expect(made.status == 201 && made.json["title"] == "Pay rent" && made.json["priority"] == "high")
            #expect(made.json["recurring_pattern"] == "custom" || made.json["recurring_pattern"] == "monthly")

            func say(_ text: String) async throws -> JSON {
                try await client.send("POST", "/api/user-7/chat", ["text": .string(text)]).json
            }
            let added = try await say("add task buy groceries due tomorrow at 5pm")
            #expect(added["intent"] == "add" && added["task"]?["title"] == "buy groceries")
            #expect(added["understood"]?["reading"]?["title"] == "buy groceries")
            #expect(
                try await say("show my high priority tasks")["tasks"]?.array?.compactMap { $0["title"]?.string } == [
                    "Pay rent"
                ])
            #expect(try await say("show my tasks")["tasks"]?.array?.count == 2)
            #expect(try await say("complete buy groceries")["task"]?["completed"] == true)
            #expect(try await say("delete pay rent")["intent"] == "delete")
            #expect(try await say("complete the moon landing")["task"]?.isNull == true)
            #expect(try await say("blargh wibble")["message"]?.string?.isEmpty == false)
            #expect(try await client.send("GET", Self.tasks).json["tasks"]?.array?.count == 1)
        }
    }

    @Test func `settings are kept and used`() async throws {
        try await run { client in
            let place = "/api/user-7/settings"
            #expect(try await client.send("GET", place).json == UserSettings().json)
            let changed = try await client.send(
                "PATCH", place, ["time_zone": "Europe/Berlin", "default_reminders": ["1h"]])
            #expect(try await client.send("GET", place).json == changed.json)
            let task = try await client.create(["title": "a", "due_local": "2099-07-01T12:00:00"])
            #expect(task["due_at"] == "2099-07-01T10:00:00Z" && task["reminder_offset_minutes"] == 60)
            #expect(try await client.send("PUT", place, UserSettings().json).json == UserSettings().json)
        }
    }

    @Test(arguments: [(431, 414, "path_too_long"), (500, 502, "upstream_refused"), (403, 502, "upstream_refused")])
    func `what the sidecar itself refuses is answered with a problem, too`(sidecar: Int, status: Int, problem: String)
        async throws
    {
        try await run(environment: ["TODO_REMINDERS_APP_ID": "todo-reminders"]) { asked in
            asked.path.hasPrefix("/v1.0/invoke/") ? .init(sidecar) : nil
        } _: { client in
            let answer = try await client.running.get("/api/user-7/reminders", user: "user-7")
            #expect(answer.status == status)
            #expect(answer.problem == problem)
        }
    }

    @Test func `what belongs to other services is asked of them, with the token`() async throws {
        let environment = ["TODO_REMINDERS_APP_ID": "todo-reminders"]
        try await run(environment: environment) { asked in
            guard asked.path.hasPrefix("/v1.0/invoke/todo-reminders/method/api/user-7/reminders") else { return nil }
            return .json([
                "reminders": [],
                "authorized": .bool(asked.headers.contains { $0.name.lowercased() == "authorization" }),
            ])
        } _: { client in
            let answer = try await client.send("GET", "/api/user-7/reminders?limit=3")
            #expect(answer.json["authorized"] == true)
            #expect(try await client.send("GET", "/api/user-7/audit").problem == "not_configured")
            for id in ["%19", "x", "0", "1%23"] {
                let answer = try await client.send("GET", "/api/user-7/tasks/\(id)/reminders")
                #expect(answer.status == 404 && answer.problem == "not_found")
            }
            #expect(client.running.sidecar.asked.count { $0.path.hasPrefix("/v1.0/invoke/") } == 1)
            #expect(try await client.send("GET", "/api/user-7/reminders", user: "thief").status == 403)
        }
    }
}
