import ServiceKit
import ServiceTestSupport
import TaskDomain
import TaskStorage
import TestKit
import Testing
import WireValues

@testable import TaskAPI

@Suite struct TaskServiceTests {
    @Test(arguments: eachDatabase) func `a task, its event and its place in the feed are one`(engine: TestEngine)
        async throws
    {
        try await ServiceWorld.run(engine) { world in
            let task = try await world.create([
                "title": "Team standup", "due_at": "2026-03-02T09:00:00Z", "tags": ["work"],
            ])
            #expect(try await world.task(task.id) == task)
            let published = try await world.outbox()
            #expect(published.map(\.type) == ["task.created", "task.changed"])
            #expect(Set(published.map(\.id)).count == 2)
            #expect(published.allSatisfy { $0.partitionKey == "user-7" && $0.correlationID == "req-1" })
            #expect(try TaskEvent(published[0]).task == task)
            let feed = try await world.service.changes("user-7", since: 0, limit: 10)
            #expect(feed.newest == 1)
            #expect(try feed.changes.map { try JSON(parsing: $0) } == [published[1].data])
        }
    }

    @Test(arguments: eachDatabase) func `what is refused leaves no trace`(engine: TestEngine) async throws {
        try await ServiceWorld.run(engine) { world in
            let task = try await world.create(["title": "a"])
            await #expect(throws: Problem.self) {
                try await world.create([
                    "title": "b", "due_local": "2026-03-05", "recurrence_rule": "FREQ=DAILY;UNTIL=20200101",
                ])
            }
            await #expect(throws: Problem.self) { try await world.patch(task.id, ["title": "b"], .versions([7])) }
            await #expect(throws: Problem.self) {
                try await world.service.act(on: task.id, world.caller("somebody-else")) { $0.complete($1) }
            }
            try await world.patch(task.id, ["title": "a"])
            #expect(try await world.outbox().count == 2)
            try await world.patch(task.id, ["title": "c"], .versions([3, 1]))
            #expect(try await world.service.changes("user-7", since: 0, limit: 10).newest == 2)
        }
    }

    @Test(arguments: eachDatabase) func `a request that is repeated under its key makes one task`(engine: TestEngine)
        async throws
    {
        try await ServiceWorld.run(engine) { world in
            let first = try await world.create(["title": "a", "priority": "high"], key: "k")
            try await world.complete(first.id)
            #expect(try await world.create(["priority": "high", "title": "a"], key: "k") == first)
            await #expect(throws: Problem.self) { try await world.create(["title": "b"], key: "k") }
            try await world.create(["title": "b"], user: "another", key: "k")
            #expect(try await world.events().map(\.kind) == [.created, .completed, .created])
            world.clock.now = world.clock.now.advanced(by: .seconds(24 * 3_600 + 1))
            #expect(try await world.create(["title": "b"], key: "k").id != first.id)
            #expect(try await world.service.changes("user-7", since: 0, limit: 10).newest == 3)
        }
    }

    @Test(arguments: eachDatabase) func `two completions at once are one event`(engine: TestEngine) async throws {
        try await ServiceWorld.run(engine) { world in
            let task = try await world.create(["title": "a", "due_local": "2026-03-02T09:00:00", "recurrence": "daily"])
            try await withThrowingTaskGroup { group in
                for _ in 0..<8 { group.addTask { try await world.complete(task.id) } }
                try await group.waitForAll()
            }
            #expect(try await world.events().map(\.kind) == [.created, .completed])
            #expect(try await world.task(task.id).version == 2)
        }
    }

    @Test(arguments: eachDatabase) func `completing and changing at once both hold`(engine: TestEngine) async throws {
        try await ServiceWorld.run(engine) { world in
            let task = try await world.create(["title": "a"])
            try await withThrowingTaskGroup { group in
                group.addTask { try await world.complete(task.id) }
                for n in 0..<8 { group.addTask { try await world.patch(task.id, ["description": .string("\(n)")]) } }
                try await group.waitForAll()
            }
            let after = try await world.task(task.id)
            #expect(after.completed && after.version == 10)
            // Every change is in the feed and in the outbox, in the same order, without gaps.
            let updates = try await world.outbox().filter { $0.type == ClientUpdate.type }.map { try ClientUpdate($0) }
            #expect(updates.map(\.userSequence) == Array(1...10))
            #expect(updates.map(\.version) == Array(1...10))
            #expect(try await world.events().map(\.version) == Array(1...10))
        }
    }

    @Test(arguments: eachDatabase) func `a command makes its successor once, however often it comes`(engine: TestEngine)
        async throws
    {
        try await ServiceWorld.run(engine) { world in
            let a = try await world.create(["title": "a", "due_at": "2026-03-02T09:00:00Z", "recurrence": "daily"])
            world.clock.now = try #require(Timestamp("2026-03-02T08:00:00Z"))
            try await world.complete(a.id)
            let made = try await withThrowingTaskGroup { group in
                for _ in 0..<8 { group.addTask { try await world.deliverLastCompletion(of: a.id) } }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(made == 1)
            let successor = try #require(try await world.events().last)
            #expect(successor.kind == .created && successor.reason == .recurrence && successor.previousTaskID == a.id)
            #expect(successor.task.dueAt == Timestamp("2026-03-03T09:00:00Z"))
            #expect(successor.trace.causationID != nil)
            // Withdrawn, and made once more under the same key.
            try await world.reopen(a.id)
            #expect(try await world.events().suffix(2).map(\.reason) == [.superseded, .reopened])
            #expect(try await !world.deliverLastCompletion(of: a.id))
            try await world.complete(a.id)
            #expect(try await world.deliverLastCompletion(of: a.id))
        }
    }

    @Test(arguments: eachDatabase) func `a command for a series that is not theirs makes nothing`(engine: TestEngine)
        async throws
    {
        try await ServiceWorld.run(engine) { world in
            let a = try await world.create(["title": "a", "due_at": "2026-03-02T09:00:00Z", "recurrence": "daily"])
            try await world.complete(a.id)
            let slot = CreateTaskCommand.Slot(
                scheduledLocal: try #require(a.due), dueAt: try #require(a.dueAt), index: 2, skipped: 0)
            for (user, series) in [("thief", try #require(a.seriesID)), ("user-7", UUIDText.v5("none"))] {
                let command = CreateTaskCommand(
                    seriesID: series, seriesVersion: 1, previousTaskID: a.id, userID: user, timestamp: world.clock.now,
                    slot: slot)
                #expect(
                    try await !world.service.makeSuccessor(
                        command, actor: Actor(kind: .service, id: "x"), trace: EventTrace()))
            }
            #expect(try await world.events().count == 2)
        }
    }

    @Test(arguments: eachDatabase) func `a completed task that is deleted still gets its successor`(engine: TestEngine)
        async throws
    {
        try await ServiceWorld.run(engine) { world in
            let a = try await world.create(["title": "a", "due_at": "2026-03-02T09:00:00Z", "recurrence": "daily"])
            try await world.complete(a.id)
            try await world.delete(a.id)
            #expect(try await world.deliverLastCompletion(of: a.id))
            #expect(try await world.events().last?.task.title == "a")
            await #expect(throws: Problem.self) { try await world.complete(a.id) }
        }
    }

    @Test(arguments: eachDatabase) func `new settings move the open all-day tasks`(engine: TestEngine) async throws {
        try await ServiceWorld.run(engine) { world in
            let day = try await world.create(["title": "day", "due_local": "2026-03-05"])
            let timed = try await world.create(["title": "timed", "due_local": "2026-03-05T09:00:00"])
            let settings = try await world.service.changeSettings(
                ["time_zone": "Asia/Tokyo", "all_day_reminder_time": "07:30"], isPatch: true, world.caller())
            #expect(try await world.service.settings("user-7") == settings)
            #expect(try await world.task(day.id).dueAt == Timestamp("2026-03-04T15:00:00Z"))
            #expect(try await world.task(timed.id) == timed)
            #expect(try await world.events().map(\.taskID) == [day.id, timed.id, day.id])
            // A new task lies in the new zone.
            #expect(try await world.create(["title": "new"]).timeZone == "Asia/Tokyo")
            #expect(try await world.service.settings("nobody") == UserSettings())
        }
    }

    @Test(arguments: eachDatabase) func `users who saved no settings are reminded as the platform says`(
        engine: TestEngine
    ) async throws {
        let reader = SettingsReader(environment: ["TODO_REMINDER_OFFSET_SECONDS": "7200"])
        let defaults = TaskAPIService.defaults(reader)
        try await ServiceWorld.run(engine, defaults: defaults) { world in
            #expect(try await world.service.settings("user-7").defaultReminders == [UserSettings.minutesBefore(120)])
            let due: JSON = ["title": "call", "due_local": "2026-03-05T09:00:00"]
            #expect(try await world.create(due).reminders == [UserSettings.minutesBefore(120)])
            // Their own settings count from then on.
            let own: JSON = ["default_reminders": .array([UserSettings.minutesBefore(5).json])]
            _ = try await world.service.changeSettings(own, isPatch: true, world.caller())
            #expect(try await world.create(due).reminders == [UserSettings.minutesBefore(5)])
            // What replaces them without naming reminders is as at the beginning.
            let replaced = try await world.service.changeSettings([:], isPatch: false, world.caller())
            #expect(replaced == defaults)
        }
    }

    @Test(arguments: [("", 0), ("1800", 0), ("0", 0), ("2419200", 0), ("2419260", 1), ("90", 1), ("-60", 1)])
    func `a default reminder is of whole minutes up to four weeks`(text: String, problems: Int) {
        let reader = SettingsReader(environment: ["TODO_REMINDER_OFFSET_SECONDS": text])
        TaskAPIService.check(reader)
        #expect(reader.problems.count == problems)
    }

    @Test(arguments: eachDatabase) func `the feed gives everything after a number, page by page`(engine: TestEngine)
        async throws
    {
        try await ServiceWorld.run(engine) { world in
            for n in 1...7 { try await world.create(["title": .string("\(n)")]) }
            var seen: [Int] = []
            var since: Int64 = 2
            while true {
                let page = try await world.service.changes("user-7", since: since, limit: 2)
                guard !page.changes.isEmpty else { break }
                seen += try page.changes.map { try #require(try JSON(parsing: $0)["user_seq"]?.int) }
                since = page.last
                #expect(page.newest == 7)
            }
            #expect(seen == Array(3...7))
            #expect(try await world.service.changes("nobody", since: 5, limit: 2).newest == 0)
        }
    }
}
