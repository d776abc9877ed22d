import TaskDomain
import TestKit
import Testing
import WireValues

@testable import Reminders

struct TaskRemindersTests {
    private var unknown: TaskReminders { TaskReminders(taskID: 1, userID: "ann") }

    private func states(_ task: TaskReminders) -> [String] {
        task.reminders.map { "\($0.id) \($0.remindAt.rfc3339) \($0.state.rawValue) \($0.generation)" }
    }

    @Test func `each reminder still ahead gets a job at its instant, past ones are kept without`() throws {
        var task = unknown
        let wishes = task.follow(
            Sample.event(
                try Sample.task(reminders: ["PT30M", "P1D", ["remind_at": "2026-03-01T20:00:00Z"]]),
                at: Sample.instant("2026-03-01T09:00:00Z")))
        // A day before is now, and that counts as past.
        #expect(
            states(task) == [
                "1 2026-03-01T09:00:00Z skipped_past 1", "2 2026-03-01T20:00:00Z pending 1",
                "3 2026-03-02T08:30:00Z pending 1",
            ])
        #expect(
            wishes?.map(\.name) == ["reminder-task-1-2", "reminder-task-1-3"])
        let job = try #require(wishes?.last?.job)
        #expect(
            job.data == [
                "task_id": 1, "user_id": "ann", "reminder_id": 3, "generation": 1, "remind_at": "2026-03-02T08:30:00Z",
            ])
    }

    @Test func `an event no newer than what is known changes nothing`() throws {
        var task = unknown
        _ = task.follow(Sample.event(try Sample.task(version: 3)))
        let known = task
        #expect(task.follow(Sample.event(try Sample.task(due: nil, version: 3))) == nil)
        #expect(task.follow(Sample.event(try Sample.task(completed: true, version: 2), .completed)) == nil)
        #expect(task == known)
    }

    @Test func `another title moves no job, another due moves each with a new generation`() throws {
        var task = unknown
        _ = task.follow(Sample.event(try Sample.task(reminders: ["PT30M", "PT1H"])))
        var renamed = try Sample.task(reminders: ["PT30M", "PT1H"], version: 2)
        renamed.title = "Other"
        #expect(task.follow(Sample.event(renamed)) == [])
        #expect(task.title == "Other")
        let wishes = task.follow(
            Sample.event(try Sample.task(due: "2026-03-03T09:00:00", reminders: ["PT30M", "PT1H"], version: 3)))
        #expect(states(task) == ["1 2026-03-03T08:00:00Z pending 2", "2 2026-03-03T08:30:00Z pending 2"])
        #expect(wishes?.map(\.name) == ["reminder-task-1-1", "reminder-task-1-2"])
    }

    @Test(arguments: [
        ("completed", true, "2026-03-02T09:00:00" as String?), ("deleted", false, "2026-03-02T09:00:00"),
        ("due removed", false, nil),
    ])
    func `what ends a task's reminders cancels the pending ones and deletes their jobs`(
        end: String, completed: Bool, due: String?
    ) throws {
        var task = unknown
        _ = task.follow(Sample.event(try Sample.task(reminders: ["PT30M", "P2D"])))
        let wishes = task.follow(
            Sample.event(
                try Sample.task(due: due, reminders: ["PT30M", "P2D"], completed: completed, version: 2),
                end == "deleted" ? .deleted : .updated))
        #expect(wishes == [.delete(name: "reminder-task-1-2")])
        #expect(task.reminders.map(\.state) == [.skippedPast, .cancelled])
    }

    @Test func `reopened, reminders still ahead are pending again, and those gone by are not`() throws {
        var task = unknown
        _ = task.follow(Sample.event(try Sample.task(reminders: ["PT30M", "PT20H"])))
        _ = task.follow(
            Sample.event(try Sample.task(reminders: ["PT30M", "PT20H"], completed: true, version: 2), .completed))
        let wishes = task.follow(
            Sample.event(
                try Sample.task(reminders: ["PT30M", "PT20H"], version: 3), at: Sample.instant("2026-03-01T20:00:00Z")))
        #expect(states(task) == ["1 2026-03-01T13:00:00Z skipped_past 2", "2 2026-03-02T08:30:00Z pending 2"])
        #expect(wishes?.map(\.name) == ["reminder-task-1-2"])
    }

    @Test func `a reminder that has fired does not fire again when its task is reopened or renamed`() throws {
        var task = unknown
        _ = task.follow(Sample.event(try Sample.task()))
        task.reminders[0].state = .fired
        #expect(task.follow(Sample.event(try Sample.task(completed: true, version: 2), .completed)) == [])
        #expect(
            task.follow(Sample.event(try Sample.task(version: 3), at: Sample.instant("2026-03-02T08:45:00Z"))) == [])
        #expect(task.reminders.map(\.state) == [.fired])
        // Moved to another day, it is another reminder.
        let wishes = task.follow(Sample.event(try Sample.task(due: "2026-03-05T09:00:00", version: 4)))
        #expect(wishes?.count == 1)
        #expect(states(task) == ["1 2026-03-05T08:30:00Z pending 2"])
    }

    @Test func `skipped to its next slot, the old job is replaced`() throws {
        var task = unknown
        _ = task.follow(Sample.event(try Sample.task()))
        let wishes = task.follow(Sample.event(try Sample.task(due: "2026-03-03T09:00:00", version: 2)))
        let job = try #require(wishes?.first?.job)
        #expect(job.name == "reminder-task-1-1")
        #expect(job.remindAt == Sample.instant("2026-03-03T08:30:00Z"))
        #expect(job.generation == 2)
    }

    @Test func `heard of late, a reminder is late and not skipped`() throws {
        var task = unknown
        // Nothing here asks for the time: what counts is when the task was written.
        let wishes = task.follow(
            Sample.event(try Sample.task(due: "1999-03-02T09:00:00"), at: Sample.instant("1999-03-01T00:00:00Z")))
        #expect(wishes?.count == 1)
    }

    @Test func `all-day tasks are counted back from their owner's morning`() throws {
        var early = try Sample.task(due: "2026-03-10", zone: "Asia/Tokyo", reminders: ["PT0M", "P1D"])
        early.morningSecondOfDay = 7 * 3_600
        var task = unknown
        _ = task.follow(Sample.event(early))
        #expect(task.reminders.map(\.remindAt.rfc3339) == ["2026-03-08T22:00:00Z", "2026-03-09T22:00:00Z"])
    }

    @Test func `a list that changes again and again takes no more numbers than it is long`() throws {
        let seed: UInt64 = 7
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var task = unknown
        for version in 1...500 {
            let count = Int.random(in: 0...10, using: &random)
            let reminders = (0..<count).map { _ in JSON("PT\(Int.random(in: 0...3_000, using: &random))M") }
            _ = task.follow(Sample.event(try Sample.task(reminders: reminders, version: version)))
            #expect(task.reminders.count <= 10)
        }
    }

    @Test func `whatever the order and number of deliveries, the newest version alone decides`() throws {
        let seed: UInt64 = 20_260_302
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let history = try (1...8).map { version in
                Sample.event(
                    try Sample.task(
                        due: ["2026-03-02T09:00:00", "2026-04-02T09:00:00", nil].randomElement(using: &random) ?? nil,
                        reminders: (["PT30M", "PT1H", "PT15M"] as [JSON]).filter { _ in Bool.random(using: &random) },
                        completed: Int.random(in: 0..<4, using: &random) == 0, version: version),
                    Int.random(in: 0..<8, using: &random) == 0 ? .deleted : .updated)
            }
            var alone = unknown
            _ = alone.follow(history[7])
            var task = unknown
            var jobs: [String: ReminderJob] = [:]
            for event in (history + history.shuffled(using: &random)).shuffled(using: &random) {
                for wish in task.follow(event) ?? [] {
                    switch wish {
                    case .set(let job): jobs[job.name] = job
                    case .delete(let name): jobs[name] = nil
                    }
                }
            }
            let pending = task.reminders.filter { $0.state == .pending }
            #expect(Set(pending.map(\.remindAt)) == Set(alone.reminders.map(\.remindAt)), "round \(round)")
            // And the scheduler, which heard of every step, holds the jobs of just these.
            #expect(Set(jobs.values) == Set(pending.map { task.job(of: $0) }), "round \(round)")
        }
    }
}
