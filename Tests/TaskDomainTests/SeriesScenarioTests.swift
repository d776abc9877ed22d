import TaskDomain
import Testing
import WireValues

/// The scenarios R068 to R075 of the recurrence vectors, as far as they are decisions of the task API. The world of each:
/// daily at 09:00 UTC, task A due 2026-03-02 with a reminder half an hour before.
@Suite struct SeriesScenarioTests {
    var world = World()
    let a: TodoTask

    init() throws {
        a = try world.create(["title": "A", "due_at": "2026-03-02T09:00:00Z", "recurrence": "daily"])
        world.now = try #require(Timestamp("2026-03-02T08:00:00Z"))
    }

    @Test mutating func `R068: a completion delivered twice makes one successor`() throws {
        try world.complete(a.id)
        let completion = try #require(world.completions(of: a.id).first)
        try world.deliver(completion)
        try world.deliver(completion)
        let created = world.created(after: a.id)
        #expect(created.map(\.task.dueAt) == [Timestamp("2026-03-03T09:00:00Z")])
        #expect(created.first?.reason == .recurrence)
        #expect(try world.task(a.id).completed)
    }

    @Test mutating func `R069: the second of two completions changes nothing`() throws {
        try world.complete(a.id)
        let first = try world.task(a.id)
        let second = world.machine.complete(try world.situation(a.id))
        #expect(second.changes.isEmpty && second.series == nil)
        #expect(second.result == first)
        #expect(world.completions(of: a.id).count == 1)
    }

    @Test mutating func `R070: reopening withdraws a successor that nobody touched`() throws {
        try world.complete(a.id)
        try world.deliver(try #require(world.completions(of: a.id).first))
        let b = try #require(world.created(after: a.id).first?.task)
        try world.reopen(a.id)
        #expect(world.tasks[b.id] == nil)
        let withdrawn = try #require(world.events.last { $0.taskID == b.id })
        #expect(withdrawn.kind == .deleted && withdrawn.reason == .superseded)
        #expect(world.openTasks(of: a.seriesID).map(\.id) == [a.id])
        #expect(try world.task(a.id).dueAt == a.dueAt)
        // Completed once more, it gets one once more, under the same key.
        try world.complete(a.id)
        try world.deliver(try #require(world.completions(of: a.id).last))
        #expect(world.created(after: a.id).count == 2)
        #expect(world.openTasks(of: a.seriesID).count == 1)
    }

    @Test mutating func `a late command of a task skipped and completed again does not take its place`() throws {
        try world.complete(a.id)
        let late = try #require(world.completions(of: a.id).first)
        try world.reopen(a.id)
        try world.skip(a.id)
        try world.complete(a.id)
        try world.deliver(late)
        try world.deliver(try #require(world.completions(of: a.id).last))
        #expect(world.created(after: a.id).map(\.task.occurrenceIndex) == [3])
        #expect(try world.task(a.id).occurrenceIndex == 2)
        #expect(world.openTasks(of: a.seriesID).map(\.dueAt) == [Timestamp("2026-03-04T09:00:00Z")])
    }

    @Test mutating func `R071: a successor that was edited stays, and completing again makes no other`() throws {
        try world.complete(a.id)
        try world.deliver(try #require(world.completions(of: a.id).first))
        let b = try #require(world.created(after: a.id).first?.task)
        try world.patch(b.id, ["title": "B renamed"])
        try world.reopen(a.id)
        #expect(try world.task(b.id).title == "B renamed")
        try world.complete(a.id)
        try world.deliver(try #require(world.completions(of: a.id).last))
        #expect(world.created(after: a.id).count == 1)
    }

    @Test mutating func `R072: a series cancelled before the completion is handled gets no successor`() throws {
        try world.complete(a.id)
        try world.cancel(a.id)
        try world.deliver(try #require(world.completions(of: a.id).first))
        #expect(world.created(after: a.id).isEmpty)
    }

    @Test mutating func `R073: deleting the open occurrence ends the series`() throws {
        try world.delete(a.id)
        let series = try #require(world.series[a.seriesID ?? ""])
        #expect(series.state == .ended && series.endReason == "deleted" && series.headID == nil)
        #expect(world.events.last?.kind == .deleted)
        #expect(world.events.last?.version == 2)
    }

    @Test mutating func `R074: skipping moves the task itself`() throws {
        try world.skip(a.id)
        let moved = try world.task(a.id)
        #expect(moved.dueAt == Timestamp("2026-03-03T09:00:00Z"))
        #expect(!moved.completed)
        #expect(world.events.map(\.kind) == [.created, .updated])
        #expect(world.events.last?.reason == .skipped)
        #expect(moved.reminderInstants(now: world.now).map(\.remindAt) == [Timestamp("2026-03-03T08:30:00Z")])
    }

    @Test mutating func `R075: a rule changed before the completion is handled is the one that counts`() throws {
        try world.complete(a.id)
        try world.patch(a.id, ["recurrence": ["pattern": "daily", "interval": 7]])
        try world.deliver(try #require(world.completions(of: a.id).first))
        #expect(world.created(after: a.id).map(\.task.dueAt) == [Timestamp("2026-03-09T09:00:00Z")])
    }

    @Test mutating func `completed and deleted before it is handled, the successor still comes`() throws {
        try world.complete(a.id)
        try world.delete(a.id)
        try world.deliver(try #require(world.completions(of: a.id).first))
        #expect(world.created(after: a.id).map(\.task.title) == ["A"])
    }

    @Test mutating func `the last of a counted series says that it was the last`() throws {
        let last = try world.create([
            "title": "Once more", "due_at": "2026-03-02T09:00:00Z", "recurrence": ["pattern": "daily", "count": 1],
        ])
        try world.complete(last.id)
        #expect(world.events.last?.reason == .seriesEnded)
        #expect(world.series[last.seriesID ?? ""]?.state == .ended)
        try world.reopen(last.id)
        #expect(world.series[last.seriesID ?? ""]?.headID == last.id)
    }

    @Test mutating func `a due moved for this occurrence leaves the slots, moved for the future takes them along`()
        throws
    {
        try world.patch(a.id, ["due_local": "2026-03-02T15:00:00"])
        #expect(try world.task(a.id).scheduledLocal == WallTime("2026-03-02T09:00:00"))
        #expect(world.events.last?.reason == .rescheduled)
        try world.patch(a.id, ["due_local": "2026-03-02T16:00:00"], scope: .future)
        try world.complete(a.id)
        try world.deliver(try #require(world.completions(of: a.id).first))
        #expect(world.created(after: a.id).map(\.task.due) == [WallTime("2026-03-03T16:00:00")])
    }

    @Test mutating func `a new anchor keeps what is left of the count`() throws {
        let first = try world.create([
            "title": "Four times", "due_at": "2026-03-02T09:00:00Z", "recurrence": ["pattern": "daily", "count": 4],
        ])
        try world.complete(first.id)
        try world.deliver(try #require(world.completions(of: first.id).first))
        let second = try #require(world.created(after: first.id).first?.task)
        try world.patch(second.id, ["due_local": "2026-03-05T10:00:00"], scope: .future)
        let moved = try world.task(second.id)
        #expect(moved.recurrence?.end == .count(3))
        #expect(moved.occurrenceIndex == 1)
    }

    @Test
    mutating func `cancelling on a completed task withdraws the head, but one that was touched stays as a one-off`()
        throws
    {
        try world.complete(a.id)
        try world.deliver(try #require(world.completions(of: a.id).first))
        let b = try #require(world.created(after: a.id).first?.task)
        var touched = world
        try world.cancel(a.id)
        #expect(world.tasks[b.id] == nil)
        try touched.patch(b.id, ["priority": "high"])
        try touched.cancel(a.id)
        let kept = try touched.task(b.id)
        #expect(kept.recurrence == nil && kept.seriesID == nil && kept.priority == .high)
    }

    @Test mutating func `a rule cannot be changed on a task that is history`() throws {
        try world.complete(a.id)
        try world.deliver(try #require(world.completions(of: a.id).first))
        #expect(throws: TaskRefusal.self) { try world.patch(a.id, ["recurrence": "weekly"]) }
    }

    @Test mutating func `a recurring task without due repeats from its completion, all day`() throws {
        let task = try world.create(["title": "Water plants", "recurrence": ["pattern": "daily", "interval": 3]])
        #expect(task.due == nil && task.allDay && task.recurrence?.anchor == .completion)
        try world.complete(task.id)
        try world.deliver(try #require(world.completions(of: task.id).first))
        #expect(world.created(after: task.id).map(\.task.due) == [WallTime("2026-03-05")])
    }
}
