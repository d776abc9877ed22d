import TaskDomain
import TestKit
import Testing
import WireValues

@Suite struct UUIDTests {
    @Test func `a name gives the UUID that other implementations give`() {
        // python: uuid.uuid5(uuid.NAMESPACE_DNS, "www.example.com")
        #expect(
            UUIDText.v5("www.example.com", namespace: "6ba7b810-9dad-11d1-80b4-00c04fd430c8")
                == "2ed6657d-e927-568b-95e1-2665a8aea6a2")
        #expect(
            ReminderDue.id(taskID: 123, reminderID: 1, remindAt: Timestamp(seconds: 1_772_726_400))
                == "ef2ef2ae-db9d-5ad7-a9e5-d4123bf137c7")
    }

    @Test func `ids made later sort later, and carry their version and variant`() throws {
        var random = SeededGenerator(seed: 1)
        let start = try #require(Timestamp("2026-03-02T08:00:00.412Z"))
        let ids = (0..<100).map { UUIDText.v7(now: start.advanced(by: .milliseconds($0)), using: &random) }
        #expect(ids == ids.sorted())
        #expect(
            ids.allSatisfy {
                $0.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil
            })
        // The milliseconds since 1970 in hexadecimal.
        #expect(ids[0].hasPrefix("019cad8f-ad9c"))
    }
}

@Suite struct TimestampTextTests {
    @Test(arguments: [
        ("2026-03-05T17:00:00Z", "2026-03-05T17:00:00.000Z", "2026-03-05T17:00:00Z"),
        ("2026-03-05T17:00:00.4129Z", "2026-03-05T17:00:00.412Z", "2026-03-05T17:00:00.412Z"),
        ("2026-03-05T17:00:00.0009Z", "2026-03-05T17:00:00.000Z", "2026-03-05T17:00:00Z"),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
    ])
    func `instants are written with three digits, or none on a whole second`(
        input: String, event: String, short: String
    ) throws {
        let instant = try #require(Timestamp(input))
        #expect(instant.eventText == event)
        #expect(instant.shortText == short)
        #expect(instant.truncatedToMilliseconds == Timestamp(event))
    }
}

@Suite struct CloudEventReadingTests {
    let sample = try? Examples.bytes("task-event-1.0-completed.json")

    @Test func `the example is read, and written as it was`() throws {
        let bytes = try #require(sample)
        let envelope = try CloudEvent(parsing: bytes)
        let event = try TaskEvent(envelope)
        #expect(event.kind == .completed && event.taskID == 123 && event.version == 4)
        #expect(event.trace.correlationID == "req-5f0c")
        #expect(envelope.json == (try JSON(parsing: bytes)))
    }

    /// What brokers, sidecars and other producers make of it.
    @Test(
        arguments: [
            {
                $0["topic"] = "task-events"
                $0["pubsubname"] = "kafka"
                $0["traceid"] = "x"
                $0["whatever"] = 1
            },
            {
                $0["type"] = "task.completed"
                $0["data"]?["event_type"] = "task.completed"
            },
            { $0["data"]?["event_type"] = "task.completed.v1" },
            { $0["time"] = nil },
            {
                $0["data"]?["reason"] = "a_new_reason"
                $0["data"]?["new_field"] = ["a": 1]
                $0["data"]?["task_data"]?["new"] = 1
            },
            { $0["data"] = .string($0["data"]?.text ?? "") },
            { $0 = ["specversion": "1.0", "id": "x", "source": "dapr", "type": "com.dapr.event.sent", "data": $0] },
            {
                $0 = [
                    "specversion": "1.0", "id": "x", "source": "dapr", "type": "com.dapr.event.sent",
                    "data": .string($0.text),
                ]
            },
            { $0 = $0["data"] ?? .null },
        ] as [@Sendable (inout JSON) -> Void])
    func `an event in any wrapping is told`(wrap: @Sendable (inout JSON) -> Void) throws {
        var json = try JSON(parsing: try #require(sample))
        wrap(&json)
        let event = try TaskEvent(CloudEvent(parsing: json.bytes))
        #expect(event.kind == .completed && event.taskID == 123 && event.id == "01995c0e-7d1a-7c3e-9a51-0c8f6f2b4d10")
    }

    @Test func `data in base64 is unpacked`() throws {
        let event = try CloudEvent(
            json: [
                "data_base64":
                    "eyJldmVudF9pZCI6ImUiLCJldmVudF90eXBlIjoiY3JlYXRlZCIsInVzZXJfaWQiOiJ1IiwidGltZXN0YW1wIjoiMjAyNi0wMy0wMlQwODowMDowMFoifQ=="
            ])
        #expect(event.type == "task.created" && event.partitionKey == "u")
    }

    @Test(arguments: [
        "", "nonsense", "[]", "{}", "{\"specversion\":\"1.0\"}", "{\"specversion\":\"2.0\",\"data\":{}}",
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data\":[1]}",
        "{\"data_base64\":\"!\"}", "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"data\":{}}",
    ])
    func `what is no event is refused for good`(text: String) {
        do throws(EventProblem) {
            _ = try CloudEvent(parsing: Array(text.utf8))
            Issue.record("read")
        } catch {
            guard case .malformed = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test func `a type of a newer release is passed over`() throws {
        var event = try CloudEvent(parsing: try #require(sample))
        for type in ["task.archived", "task.completed.v2", "notification.sent", "task.changed"] {
            event.type = type
            #expect(throws: EventProblem.unknownType(type)) { try TaskEvent(event) }
        }
        event.type = "task.completed.v2"
        #expect(event.typeWithoutVersion == "task.completed" && event.majorVersion == 2)
    }

    @Test(arguments: 0..<2_000) func `no bytes bring the reader down`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var bytes = try #require(sample)
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            default: bytes.insert(UInt8.random(in: 0x20...0x7E, using: &random), at: place)
            }
        }
        do throws(EventProblem) {
            _ = try TaskEvent(CloudEvent(parsing: bytes))
        } catch { #expect(!error.description.isEmpty) }
    }
}
