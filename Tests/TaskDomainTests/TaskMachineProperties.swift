import TaskDomain
import TestKit
import Testing
import WireValues

/// Random acts in random order: what must hold after each of them.
@Test(arguments: 0..<200) func `random acts keep versions, events and heads in order`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var world = World()
    var undelivered: [TaskEvent] = []
    for step in 0..<60 {
        world.now = world.now.advanced(by: .seconds(Int.random(in: 1...200_000, using: &random)))
        let before = world
        let ids = world.tasks.keys.sorted()
        let id = ids.isEmpty ? nil : ids[Int.random(in: 0..<ids.count, using: &random)]
        do {
            try act(Int.random(in: 0..<14, using: &random), id, &world, &undelivered, &random)
        } catch is TaskRefusal {
            world = before
        }
        undelivered += world.events.dropFirst(before.events.count).filter { $0.kind == .completed }
        check(before, world, "seed \(seed), step \(step)")
    }
}

private func act(
    _ act: Int, _ id: Int64?, _ world: inout World, _ undelivered: inout [TaskEvent],
    _ random: inout SeededGenerator
) throws {
    let rules: [JSON] = [
        "daily", "weekly", ["pattern": "daily", "interval": 3, "anchor": "completion"],
        ["pattern": "monthly", "count": 3], ["pattern": "daily", "catch_up": "each"],
    ]
    guard let id, act > 0 else {
        var body: JSON = ["title": "task"]
        if Bool.random(using: &random) {
            body["due_local"] = "2026-03-\(Int.random(in: 10...28, using: &random))T09:00:00"
        }
        if Bool.random(using: &random) { body["recurrence"] = rules.randomElement(using: &random) }
        try world.create(body)
        return
    }
    switch act {
    case 1: try world.patch(id, ["title": .string("title \(Int.random(in: 0..<3, using: &random))")])
    case 2:
        try world.patch(
            id, ["due_local": .string("2026-04-\(Int.random(in: 10...28, using: &random))")],
            scope: Bool.random(using: &random) ? .this : .future)
    case 3: try world.patch(id, ["recurrence": try #require(rules.randomElement(using: &random))])
    case 4: try world.skip(id)
    case 5: try world.cancel(id)
    case 6 where Int.random(in: 0..<3, using: &random) == 0: try world.delete(id)
    case 7: try world.reopen(id)
    case 8: try world.patch(id, ["time_zone": Bool.random(using: &random) ? "Europe/Berlin" : "UTC"])
    case 9, 10, 11:
        // Late, out of order and twice: what is delivered may come again.
        if let event = undelivered.randomElement(using: &random) { try world.deliver(event) }
    default: try world.complete(id)
    }
}

private func check(_ before: World, _ after: World, _ place: String) {
    let events = after.events.dropFirst(before.events.count)
    #expect(Set(events.map(\.taskID)).count == events.count, "one event for each task that changed; \(place)")
    for (id, stored) in after.tasks where before.tasks[id] != stored {
        let old = before.tasks[id]?.task
        #expect(stored.task.version == (old?.version ?? 0) + 1, "versions grow by one; \(place)")
        #expect(events.contains { $0.taskID == id && $0.version == stored.task.version }, "\(place)")
    }
    for id in before.tasks.keys where after.tasks[id] == nil {
        #expect(events.contains { $0.taskID == id && $0.kind == .deleted }, "\(place)")
    }
    for event in events where event.kind == .updated || event.kind == .completed {
        guard let old = before.tasks[event.taskID] else {
            Issue.record("an update of a task that was not there; \(place)")
            continue
        }
        // Laid over the state before, the changes give the state after.
        var json = old.task.json
        for (field, change) in event.changes {
            #expect(json[field] == change["from"], "\(field); \(place)")
            #expect(change["from"] != change["to"], "\(field); \(place)")
            json[field] = change["to"]
        }
        json["version"] = event.task.json["version"]
        json["updated_at"] = event.task.json["updated_at"]
        #expect(json == event.task.json, "\(place)")
        #expect(!event.changes.isEmpty, "\(place)")
    }
    for event in events {
        do {
            #expect(try TaskEvent(CloudEvent(parsing: event.cloudEvent.bytes)) == event, "\(place)")
        } catch { Issue.record("\(error); \(place)") }
    }
    for series in after.series.values {
        let open = after.openTasks(of: series.id)
        if let head = series.headID {
            #expect(series.state == .live && open.contains { $0.id == head }, "a head is open; \(place)")
        }
        // An occurrence that is open and not the head is one that was reopened beside a touched successor, or of a series that is over.
        for task in open where task.id != series.headID && series.state == .live {
            let key = CreateTaskCommand.idempotencyKey(seriesID: series.id, previousTaskID: task.id)
            #expect(after.keys.contains(key), "task \(task.id) is open beside the line without a successor; \(place)")
        }
    }
    let successors = after.events.filter { $0.reason == .recurrence }.compactMap(\.previousTaskID)
    let withdrawn = after.events.filter { $0.reason == .superseded }.count
    #expect(successors.count - Set(successors).count <= withdrawn, "one successor for each completion; \(place)")
}
