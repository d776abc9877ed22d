import FoundationEssentials
import TaskDomain
import TestKit
import Testing
import WireValues

/// The files under `docs/events`.
enum Examples {
    static let folder = {
        var path = #filePath.split(separator: "/")
        path.removeLast(3)
        return "/" + path.joined(separator: "/") + "/docs/events"
    }()

    static func bytes(_ name: String) throws -> [UInt8] { try read("examples/\(name)") }

    static func read(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(path)")))
    }

    static func names(_ part: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(part)").sorted()
    }

    static func schemas() throws -> [JSON] { try names("schemas").map { try JSON(parsing: read("schemas/\($0)")) } }

    /// What is wrong with an event by the schema that it names.
    static func problems(_ event: CloudEvent) throws -> [String] {
        let schemas = try schemas()
        guard let schema = schemas.first(where: { $0["$id"]?.string == event.dataSchema }) else {
            return ["\(event.dataSchema) is no schema of ours"]
        }
        return SchemaCheck(documents: schemas).problems(event.json, schema)
    }
}

@Suite struct SchemaTests {
    @Test func `every example fits the schema that it names`() throws {
        let names = try Examples.names("examples")
        #expect(names.count >= 5)
        for name in names {
            let event = try CloudEvent(parsing: Examples.bytes(name))
            #expect(try Examples.problems(event) == [], "\(name)")
        }
    }

    @Test func `the checker refuses what does not fit`() throws {
        var event = try CloudEvent(parsing: Examples.bytes("task-event-1.0-completed.json"))
        let good = event.data
        for (field, value) in [
            ("task_id", JSON("123")), ("event_type", "task.completed"), ("changes", ["completed": true]),
            ("task_version", 0), ("timestamp", "2026-03-02T08:00:00Z"), ("actor", ["kind": "robot", "id": "x"]),
        ] {
            event.data = good
            event.data[field] = value
            #expect(try !Examples.problems(event).isEmpty, "\(field)")
        }
        event.data = good
        event.data["task_data"]?["due_local"] = nil
        #expect(event.data["task_data"]?["due_local"] == nil)
        #expect(try !Examples.problems(event).isEmpty, "a key of task_data is missing")
    }

    @Test func `whatever the services publish fits its schema`() throws {
        var world = World()
        let plain = try world.create(["title": "Plain", "description": "\u{1F600} \"quoted\"\n", "tags": ["a", "b"]])
        let daily = try world.create([
            "title": "Daily", "due_local": "2026-03-02", "recurrence_rule": "FREQ=DAILY;COUNT=9",
            "time_zone": "Europe/Berlin",
            "reminders": ["1d", ["remind_at": "2026-03-01T08:00:00.250Z"]],
        ])
        try world.patch(plain.id, ["due_at": "2026-03-02T17:00:00+02:00", "priority": "high"])
        try world.skip(daily.id)
        try world.complete(daily.id)
        let completion = try #require(world.events.last)
        let command = try #require(try world.command(for: completion))
        try world.deliver(completion)
        try world.reopen(daily.id)
        try world.cancel(daily.id)
        try world.delete(plain.id)
        #expect(Set(world.events.map(\.kind)) == Set(TaskEvent.Kind.allCases))
        for (index, event) in world.events.enumerated() {
            let envelope = event.cloudEvent
            #expect(try Examples.problems(envelope) == [], "\(event.kind)")
            let update = ClientUpdate(event, userSequence: Int64(index + 1))
            let updateEnvelope = update.cloudEvent(id: UUIDText.v7(now: world.now))
            #expect(try Examples.problems(updateEnvelope) == [], "\(event.kind)")
            #expect(try ClientUpdate(CloudEvent(parsing: updateEnvelope.bytes)) == update)
        }
        #expect(try Examples.problems(command.cloudEvent) == [])
        #expect(try CreateTaskCommand(CloudEvent(parsing: command.cloudEvent.bytes)) == command)
        let reminder = ReminderDue(
            taskID: 1, reminderID: 2, title: "t", dueAt: nil, remindAt: world.now, userID: "u", timestamp: world.now,
            lateBySeconds: 0, allDay: true, timeZone: "UTC")
        #expect(try Examples.problems(reminder.cloudEvent) == [])
        #expect(try ReminderDue(CloudEvent(parsing: reminder.cloudEvent.bytes)) == reminder)
    }

    @Test func `the AsyncAPI document names every schema and every topic`() throws {
        let document = String(decoding: try Examples.read("asyncapi.yaml"), as: UTF8.self)
        for name in try Examples.names("schemas") where name != "task-data-1.0.json" {
            #expect(document.contains("$ref: 'schemas/\(name)'"), "\(name)")
        }
        for role in TopicRole.allCases { #expect(document.contains("address: \(role.rawValue)\n")) }
    }

    @Test func `the largest task that is accepted fits one message, changes and all`() throws {
        var world = World()
        // The costliest character: two bytes that JSON for YAML readers writes as six.
        func body(_ character: String) -> JSON {
            [
                "title": .string(String(repeating: character, count: TaskLimits.titleCharacters)),
                "description": .string(String(repeating: character, count: TaskLimits.descriptionCharacters)),
                "tags": JSON(
                    (0..<TaskLimits.tags).map {
                        "\($0)" + String(repeating: character, count: TaskLimits.tagCharacters - 2)
                    }),
                "due_at": "2026-03-02T17:00:00Z", "recurrence_rule": "FREQ=DAILY",
                "reminders": JSON((1...TaskLimits.reminders).map { "P1W\($0)DT23H59M" }),
            ]
        }
        let task = try world.create(body("\u{85}"))
        try world.patch(task.id, body("\u{86}"))
        let size = try #require(world.events.last).cloudEvent.bytes.count
        #expect(size < CloudEvent.maximumBytes)
        #expect(size > 150_000, "that would be no test of the limit")
    }
}
