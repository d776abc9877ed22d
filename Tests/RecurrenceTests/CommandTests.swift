import FoundationEssentials
import Recurrence
import TaskDomain
import Testing
import WireValues

struct CommandTests {
    private let now = Sample.instant("2026-03-02T08:00:00.700Z")

    @Test func `a completion asks for the next slot, in the name of its series and its predecessor`() throws {
        let trace = EventTrace(correlationID: "req-5f0c", causationID: "e")
        let command = try #require(
            Completions.command(after: Sample.event(try Sample.task(123)), at: now, trace: trace))
        #expect(command.idempotencyKey == "rec:0b7a1f2e-5b0e-4b52-9f0e-2f5a3f0f6f11:123")
        #expect(command.id == UUIDText.v5(command.idempotencyKey))
        #expect(
            command.cloudEvent.data["slot"] == [
                "scheduled_local": "2026-03-03T09:00:00", "due_at": "2026-03-03T09:00:00Z", "index": 2, "skipped": 0,
            ])
        #expect(command.seriesVersion == 1)
        #expect(command.trace == trace)
        #expect(command.timestamp == now)
    }

    @Test func `it is the completion's instant that counts, however late its event comes`() throws {
        let late = Sample.instant("2027-01-01T00:00:00Z")
        let command = Completions.command(after: Sample.event(try Sample.task()), at: late, trace: EventTrace())
        #expect(command?.slot.scheduledLocal.text == "2026-03-03T09:00:00")
    }

    @Test func `what has no successor asks for nothing`() throws {
        var ended = try Sample.task(rule: RecurrenceRule(pattern: .daily, end: .count(1)))
        #expect(Completions.command(after: Sample.event(ended), at: now, trace: EventTrace()) == nil)
        ended.recurrence = RecurrenceRule(pattern: .daily)
        #expect(
            Completions.command(after: Sample.event(ended, reason: .seriesEnded), at: now, trace: EventTrace()) == nil)
        #expect(
            Completions.command(after: Sample.event(try Sample.task(rule: nil)), at: now, trace: EventTrace()) == nil)
        for kind in TaskEvent.Kind.allCases where kind != .completed {
            #expect(
                Completions.command(after: Sample.event(try Sample.task(), kind), at: now, trace: EventTrace()) == nil)
        }
    }

    /// The slots of every vector about completions, by the way of an event as it goes over the wire.
    @Test func `commands ask for the slots of the specification's vectors`() throws {
        let path = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let data = try #require(
            FileManager.default.contents(atPath: "/\(path)/TaskDomainTests/Recurrence/Data/recurrence-vectors.json"))
        let vectors = try #require(try JSON(parsing: [UInt8](data))["vectors"]?.array)
        var tried = 0
        for vector in vectors where vector["op"] == "next" {
            let event = try TaskEvent(CloudEvent(parsing: try completion(vector).cloudEvent.bytes))
            let command = Completions.command(after: event, at: now, trace: EventTrace())
            let expected = try #require(vector["expected"])
            let id = vector["id"]?.string ?? ""
            #expect((command == nil) == (expected["ended"]?.bool == true), "\(id)")
            if let slot = command?.slot {
                #expect(slot.scheduledLocal.text == expected["next_local"]?.string, "\(id)")
                #expect(slot.dueAt.shortText == expected["next_at"]?.string, "\(id)")
                #expect(slot.index == expected["index"]?.int, "\(id)")
                #expect(slot.skipped == expected["skipped"]?.int, "\(id)")
            }
            tried += 1
        }
        #expect(tried == 28)
    }

    private func completion(_ vector: JSON) throws -> TaskEvent {
        let input = try #require(vector["input"])
        var json = try #require(input["rule"])
        json["anchor"] = input["anchor"]
        json["catch_up"] = input["catch_up"]
        let rule = try RecurrenceRule(json: json)
        let anchor = try #require(input["anchor_local"]?.string.flatMap { WallTime($0) })
        let scheduled = try #require(input["scheduled_local"]?.string.flatMap { WallTime($0) })
        var task = try Sample.task(rule: rule)
        task.timeZone = try #require(input["time_zone"]?.string)
        task.anchorLocal = anchor
        task.scheduledLocal = scheduled
        task.due = input["due_local"]?.string.flatMap { WallTime($0) } ?? scheduled
        task.dueAt = task.due.map { task.zone.instant(of: $0) }
        task.occurrenceIndex = input["index"]?.int ?? rule.index(of: scheduled, from: anchor)
        task.completedAt = input["completed_at"]?.string.flatMap { Timestamp($0) }
        return Sample.event(task)
    }
}
