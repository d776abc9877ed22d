import TestKit
import WireValues

/// CloudEvents as they come in: right ones, wrapped ones, bare payloads, and all of them damaged.
package struct RandomEvents: Sendable {
    private var generator: SeededGenerator

    package init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// The bytes of one delivery.
    package mutating func next() -> [UInt8] {
        var json = Bool.random(using: &generator) ? envelope() : payload()
        if Int.random(in: 0..<5, using: &generator) == 0 {
            json = [
                "specversion": "1.0", "id": "outer", "source": "sidecar", "type": "com.dapr.event.sent", "data": json,
            ]
        }
        for _ in 0..<Int.random(in: 0...3, using: &generator) { mutate(&json, depth: 0) }
        var bytes = Array(json.text.utf8)
        if Int.random(in: 0..<4, using: &generator) == 0, !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: bytes.removeLast(place)
            case 1: bytes[place] = UInt8.random(in: 0...0xFF, using: &generator)
            default: bytes.insert(contentsOf: bytes[..<place], at: place)
            }
        }
        return bytes
    }

    private mutating func envelope() -> JSON {
        [
            "specversion": "1.0", "id": "018f3c2e-7b1a-7c3d-9e4f-123456789abc", "source": "/todo/api",
            "type": .string(Self.types.randomElement(using: &generator) ?? ""), "subject": "tasks/42",
            "time": "2026-03-04T10:15:00.000Z", "datacontenttype": "application/json", "partitionkey": "u1",
            "sequence": "17", "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "data": payload(),
        ]
    }

    private mutating func payload() -> JSON {
        [
            "event_id": "018f3c2e-7b1a-7c3d-9e4f-123456789abc",
            "event_type": .string(Self.types.randomElement(using: &generator) ?? ""), "task_id": 42, "user_id": "u1",
            "timestamp": "2026-03-04T10:15:00.000Z", "task_version": 3, "schema_version": 2, "user_seq": 9,
            "reminder_id": 7,
            "title": "Call", "due_at": "2026-03-05T17:00:00Z", "remind_at": "2026-03-05T16:30:00Z",
            "series_id": "018f3c2e-7b1a-7c3d-9e4f-123456789abc",
            "task_data": [
                "id": 42, "user_id": "u1", "title": "Call", "completed": false, "priority": "high", "tags": ["a"],
                "due_local": "2026-03-05T17:00:00", "due_at": "2026-03-05T17:00:00Z", "time_zone": "UTC", "version": 3,
                "recurrence": ["pattern": "weekly"], "reminders": [["before": "PT30M"]],
                "created_at": "2026-03-04T10:15:00Z", "updated_at": "2026-03-04T10:15:00Z",
            ],
        ]
    }

    /// Changes one value somewhere: another type, an extreme, gone, or nested deeper.
    private mutating func mutate(_ json: inout JSON, depth: Int) {
        if case .object(let members) = json, !members.isEmpty, depth < 4, Int.random(in: 0..<5, using: &generator) > 0 {
            let key = members.keys[Int.random(in: 0..<members.count, using: &generator)]
            guard var value = members[key] else { return }
            mutate(&value, depth: depth + 1)
            json[key] = Int.random(in: 0..<6, using: &generator) == 0 ? nil : value
            return
        }
        json = Self.extremes.randomElement(using: &generator) ?? .null
    }

    private static let types = [
        "todo.task.created.v2", "task.created", "task.updated.v2", "task.completed.v1", "task.deleted.v2",
        "reminder.due.v2",
        "task.changed.v2", "task.create_requested.v2", "com.example.other", "",
    ]
    private static let extremes: [JSON] = [
        .null, true, 0, -1, .integer(.max), .integer(.min), .number(1e300), "", "x", "2026-13-45T99:99:99Z",
        "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", [], ["specversion": "1.0"], .array([.null]), "\u{0}\u{1F600}",
    ]
}
