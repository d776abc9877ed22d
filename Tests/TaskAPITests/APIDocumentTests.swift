import ServiceHarness
import ServiceKit
import ServiceTestSupport
import Synchronization
import TaskDomain
import TestKit
import Testing
import WireValues

@testable import TaskAPI

@Suite struct APIDocumentTests {
    private let document = APIDocument(host: "todo.example").json

    /// The task API, writing down its routes.
    private struct Noted: TodoService {
        static let name = TaskAPIService.name
        static let migrations = TaskAPIService.migrations
        static let usesOutbox = true
        static let usesInbox = false
        static let table = Mutex<[String]>([])
        let service: TaskAPIService

        init(context: ServiceContext) throws { service = TaskAPIService(context: context) }

        func routes(_ routes: Routes) {
            service.routes(routes)
            Self.table.withLock { $0 = routes.table.map { "\($0.method.rawValue) \($0.pattern)" } }
        }
    }

    @Test func `every route is described, and every description has its route`() async throws {
        try await TestEngine.sqlite.withDatabase(migrations: TaskAPIService.allMigrations) { database in
            try await withService(Noted.self, database: database) { _ in }
        }
        let routes = Noted.table.withLock { $0 }
        let internals = routes.filter {
            $0.contains(" /events/") || $0.contains(" /job/") || $0.contains(" /internal/")
        }
        #expect(Set(internals) == ["POST /events/task-commands", "GET /internal/users/{user_id}/tasks/{id}"])
        var described: [String] = []
        for (path, item) in document["paths"]?.object ?? JSONObject() {
            for method in Method.allCases where item[method.rawValue.lowercased()] != nil {
                described.append("\(method.rawValue) \(path)")
            }
        }
        #expect(Set(described) == Set(routes).subtracting(internals))
    }

    @Test func `all references lead somewhere, and operations have names of their own`() throws {
        let check = SchemaCheck(documents: [], root: document)
        var references: Set<String> = []
        func collect(_ json: JSON) {
            if let reference = json["$ref"]?.string { references.insert(reference) }
            for value in json.array ?? json.object?.values ?? [] { collect(value) }
        }
        collect(document)
        #expect(references.count > 30)
        for reference in references { #expect(check.resolve(reference) != nil, "\(reference)") }
        let names = APIDocument.operations.compactMap { $0.operation["operationId"]?.string }
        #expect(Set(names).count == names.count)
    }

    @Test func `examples fit their schemas`() throws {
        let check = SchemaCheck(documents: [], root: document)
        var count = 0
        func examine(_ json: JSON, _ place: String) {
            if let example = json["example"], let schema = json["schema"] {
                count += 1
                #expect(check.problems(example, schema) == [], "\(place)")
            }
            for (key, value) in json.object ?? JSONObject() { examine(value, "\(place)/\(key)") }
        }
        examine(document, "")
        #expect(count >= 15)
    }

    @Test(arguments: [
        #"{"title": "a", "recurrence_rule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH"}"#,
        #"{"title": "a", "due_local": "2028-02-29"}"#,
        #"{"title": "a", "due_at": "2026-03-05T17:00:00.123456+05:30", "time_zone": "Europe/Berlin"}"#,
        #"{"title": "a", "reminders": ["15m", {"before": "P1D"}, {"remind_at": "2026-03-05T17:00:00Z"}]}"#,
        #"{"title": "a", "recurrence": {"pattern": "weekly", "by_weekday": ["MO"], "count": 3, "catch_up": "each"}}"#,
        #"{"title": "a", "description": null, "priority": null, "tags": null, "all_day": null, "recurrence": null, "reminders": null}"#,
        #"{"title": "a", "recurrence": {"pattern": "daily", "count": 9007199254740991}}"#,
        #"{"title": "a", "recurrence_pattern": null, "recurrence_rule": null, "due_at": null, "due_local": "2028-02-29"}"#,
        #"{"title": "a", "due_local": "2028-02-29", "all_day": true, "reminders": null, "reminder_offset_minutes": 5}"#,
        #"{"title": "a", "due_local": "2028-02-29T09:00", "recurring_pattern": "daily", "recurrence_pattern": "daily"}"#,
        #"{"title": "a", "recurrence": {"rrule": "FREQ=DAILY;INTERVAL=2"}, "recurring_pattern": "daily"}"#,
        #"{"title": "a", "recurrence_rule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "recurring_pattern": "weekly"}"#,
        #"{"title": "a", "recurrence_rule": "FREQ=WEEKLY", "recurrence": "weekly"}"#,
    ])
    func `what the description allows is accepted`(text: String) throws {
        let body = try JSON(parsing: text)
        #expect(SchemaCheck(documents: [], root: document).problems(body, APISchemas.reference("TaskInput")) == [])
        _ = try TaskInput(json: body, isPatch: false)
    }

    @Test(arguments: [
        #"{}"#, #"{"title": " "}"#, #"{"title": "a\u0000"}"#, #"{"title": 1}"#,
        #"{"title": "a", "due_local": "2026-02-29"}"#,
        #"{"title": "a", "due_at": "2026-03-05"}"#, #"{"title": "a", "tags": [""]}"#, #"{"title": "a", "color": 1}"#,
        #"{"title": "a", "recurrence": {"pattern": "daily", "interval": 0}}"#,
        #"{"title": "a", "reminder_offset_minutes": 1.5}"#,
        #"{"title": "a", "time_zone": "Mars"}"#, #"{"title": "a", "recurrence": {"pattern": "daily", "x": 1}}"#,
        #"{"title": "a", "recurrence": {"pattern": "daily", "count": 9007199254740992}}"#,
        #"{"title": "a", "recurrence": {"pattern": "daily", "count": 26130434431810218754048}}"#,
        #"{"title": "a", "recurring_pattern": "daily", "recurrence_pattern": "weekly"}"#,
        #"{"title": "a", "recurring_pattern": "daily", "recurrence_rule": "FREQ=WEEKLY"}"#,
        #"{"title": "a", "recurring_pattern": "daily", "recurrence": {"pattern": "weekly"}}"#,
        #"{"title": "a", "recurrence_rule": "FREQ=DAILY", "recurrence": {"pattern": "weekly"}}"#,
        #"{"title": "a", "reminders": ["15m"], "reminder_offset_minutes": 5}"#,
    ])
    func `what the description forbids is refused`(text: String) throws {
        let body = try JSON(parsing: text)
        #expect(SchemaCheck(documents: [], root: document).problems(body, APISchemas.reference("TaskInput")) != [])
        #expect(throws: FieldProblems.self) { try TaskInput(json: body, isPatch: false) }
    }

    @Test(arguments: [
        #"{"recurrence_pattern": null, "recurrence_rule": null}"#,
        #"{"recurrence": null, "recurring_pattern": "daily"}"#,
        #"{"due_at": null, "due_local": null, "reminders": null}"#, #"{}"#,
    ])
    func `what the description allows as a change is accepted`(text: String) throws {
        let body = try JSON(parsing: text)
        #expect(SchemaCheck(documents: [], root: document).problems(body, APISchemas.reference("TaskPatch")) == [])
        _ = try TaskInput(json: body, isPatch: true)
    }
}
