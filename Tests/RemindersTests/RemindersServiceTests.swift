import HTTPTestSupport
import Reminders
import ServiceHarness
import ServiceKit
import ServiceTestSupport
import Synchronization
import TaskDomain
import TaskStorage
import TestKit
import Testing
import WireValues

@Suite(.timeLimit(.minutes(2))) struct `The reminders service` {
    private let start = Sample.instant("2026-03-01T08:00:00Z")

    /// Runs the service on a scheduler; time stands at `now`. The service closes its database when it ends, so each run
    /// opens it anew.
    private func withReminders(
        _ place: TestPlace, _ scheduler: FakeScheduler, now: Timestamp? = nil, clock: (any Clock<Duration>)? = nil,
        time: (@Sendable () -> Timestamp)? = nil, environment: [String: String] = [:],
        notifications: @escaping @Sendable (FakeServer.Asked) -> FakeServer.Reply? = { _ in nil },
        _ body: @escaping @Sendable (RunningService<RemindersService>) async throws -> Void
    ) async throws {
        let database = try await place.open()
        _ = try await Migrations.run(RemindersService.allMigrations, on: database)
        let now = now ?? start
        try await withService(
            RemindersService.self, database: database, environment: environment,
            configure: { parts in
                parts.now = time ?? { now }
                if let clock { parts.clock = clock }
            }, sidecar: { notifications($0) ?? scheduler.answer($0) }, body)
    }

    private func deliver(_ event: TaskEvent, to service: RunningService<RemindersService>) async throws {
        let outcome = try await service.deliver([event.cloudEvent], to: .taskEvents)
        #expect(outcome == ["SUCCESS"])
    }

    @Test(arguments: eachDatabase)
    func `sets a job for a reminder, has it moved and deleted with the task`(engine: TestEngine) async throws {
        try await engine.withPlace { place in
            let scheduler = FakeScheduler()
            try await withReminders(place, scheduler) { service in
                try await deliver(Sample.event(try Sample.task(), .created), to: service)
                try await expectEventually("set") { scheduler.jobs.count == 1 }
                let job = try #require(scheduler.jobs["reminder-task-1-1"])
                #expect(job["dueTime"]?.string.flatMap { Timestamp($0) } == Sample.instant("2026-03-02T08:30:00Z"))
                #expect(job["failurePolicy"] == ["constant": ["interval": "10s"]])
                #expect(job["overwrite"] == true)
                #expect(
                    job["data"] == [
                        "task_id": 1, "user_id": "ann", "reminder_id": 1, "generation": 1,
                        "remind_at": "2026-03-02T08:30:00Z",
                    ])
                try await deliver(Sample.event(try Sample.task(due: "2026-03-03T09:00:00", version: 2)), to: service)
                try await expectEventually("moved") { scheduler.jobs["reminder-task-1-1"]?["data"]?["generation"] == 2 }
                try await deliver(
                    Sample.event(try Sample.task(due: "2026-03-03T09:00:00", completed: true, version: 3), .completed),
                    to: service)
                try await expectEventually("deleted") { scheduler.jobs.isEmpty }
            }
        }
    }

    @Test func `a runtime with the older path for jobs will do`() async throws {
        try await TestEngine.sqlite.withPlace { place in
            let scheduler = FakeScheduler(isOld: true)
            try await withReminders(place, scheduler) { service in
                try await deliver(Sample.event(try Sample.task(), .created), to: service)
                try await expectEventually("set") { scheduler.jobs.count == 1 }
                #expect(
                    service.sidecar.asked.contains {
                        $0.path == "/v1.0-alpha1/jobs/reminder-task-1-1" && $0.method == "POST"
                    })
            }
        }
    }

    @Test(arguments: eachDatabase)
    func `a job that fires has its event published, once`(engine: TestEngine) async throws {
        try await engine.withPlace { place in
            let scheduler = FakeScheduler()
            try await withReminders(place, scheduler) { service in
                try await deliver(Sample.event(try Sample.task(), .created), to: service)
                try await expectEventually("set") { scheduler.jobs.count == 1 }
            }
            let data = try #require(scheduler.jobs["reminder-task-1-1"]?["data"])
            try await withReminders(place, scheduler, now: Sample.instant("2026-03-02T08:30:00.090Z")) { service in
                for _ in 1...3 {
                    let status = try await service.fire(job: "reminder-task-1-1", data: data)
                    #expect(status == 200)
                }
                try await expectEventually("published") { !service.published(.reminders).isEmpty }
                let metrics = try await service.send("GET", "/metrics", onAdminPort: true)
                #expect(metrics.text.contains("todo_reminder_lateness_seconds_count 1"))
                let event = try #require(service.published(.reminders).first)
                #expect(event.type == "reminder.due")
                #expect(event.source == "/todo/reminders")
                #expect(event.partitionKey == "ann")
                #expect(event.data["remind_at"] == "2026-03-02T08:30:00Z")
                #expect(event.data["late_by_seconds"] == 0)
            }
            try await withReminders(place, scheduler, now: Sample.instant("2026-03-02T08:31:00Z")) { service in
                let status = try await service.fire(job: "reminder-task-1-1", data: data)
                #expect(status == 200)
                #expect(service.published(.reminders).isEmpty)
            }
        }
    }

    /// Deleted, not completed: its job may still fire if it could not be deleted.
    @Test func `a job of a deleted task, or one that is none of ours, fires without effect`() async throws {
        try await TestEngine.sqlite.withPlace { place in
            let scheduler = FakeScheduler()
            try await withReminders(place, scheduler, now: Sample.instant("2026-03-02T08:30:00Z")) { service in
                try await deliver(Sample.event(try Sample.task(), .created), to: service)
                try await expectEventually("set") { scheduler.jobs.count == 1 }
                let data = try #require(scheduler.jobs["reminder-task-1-1"]?["data"])
                try await deliver(Sample.event(try Sample.task(version: 2), .deleted), to: service)
                try await expectEventually("deleted") { scheduler.jobs.isEmpty }
                let bodies: [JSON] = [data, ["task_id": 99], .null, "text", ["task_id": 1.5]]
                for body in bodies {
                    let status = try await service.fire(job: "reminder-task-1-1", data: body)
                    #expect(status == 200)
                }
                #expect(service.published(.reminders).isEmpty)
            }
        }
    }

    @Test func `a job that comes a moment early is waited for, one that is far too early comes again`() async throws {
        try await TestEngine.sqlite.withPlace { place in
            let scheduler = FakeScheduler()
            let clock = ManualClock()
            let base = Sample.instant("2026-03-02T08:29:00Z")
            try await withReminders(place, scheduler, clock: clock, time: { base.advanced(by: clock.now.offset) }) {
                service in
                try await deliver(Sample.event(try Sample.task(), .created), to: service)
                try await expectEventually("set") { scheduler.jobs.count == 1 }
                let data = try #require(scheduler.jobs["reminder-task-1-1"]?["data"])
                let tooEarly = try await service.fire(job: "reminder-task-1-1", data: data)
                #expect(tooEarly == 503)
                clock.advance(by: .milliseconds(59_500))
                async let status = service.fire(job: "reminder-task-1-1", data: data)
                await clock.waitForSleeper(of: .milliseconds(500))
                #expect(service.published(.reminders).isEmpty)
                clock.advance(by: .milliseconds(500))
                let answered = try await status
                #expect(answered == 200)
                try await expectEventually("published") { service.published(.reminders).count == 1 }
                #expect(service.published(.reminders).first?.data["late_by_seconds"] == 0)
            }
        }
    }

    @Test(arguments: eachDatabase)
    func `while the scheduler is away wishes wait, and afterwards all is compared`(engine: TestEngine) async throws {
        try await engine.withPlace { place in
            let scheduler = FakeScheduler()
            try await withReminders(place, scheduler) { service in
                try await deliver(Sample.event(try Sample.task(1), .created), to: service)
                try await expectEventually("set") { scheduler.jobs.count == 1 }
                scheduler.setAway(true)
                try await deliver(Sample.event(try Sample.task(2), .created), to: service)
                try await expectEventually("tried") { scheduler.refusals > 0 }
                // It comes back without what it knew.
                scheduler.loseAll()
                scheduler.setAway(false)
                try await expectEventually("set, and set again") {
                    Set(scheduler.jobs.keys) == ["reminder-task-1-1", "reminder-task-2-1"]
                }
            }
        }
    }

    @Test(arguments: eachDatabase)
    func `ended between any two steps, nothing is lost: what the scheduler lacks is set after the start`(
        engine: TestEngine
    ) async throws {
        try await engine.withPlace { place in
            let scheduler = FakeScheduler()
            // Events were followed, and the service ended before the relay did anything.
            let database = try await place.open()
            _ = try await Migrations.run(RemindersService.allMigrations, on: database)
            let now = start
            let ledger = ReminderLedger(database: database, outbox: Outbox(name: "reminders"), now: { now })
            for id in 1...3 as ClosedRange<Int64> {
                _ = try await ledger.follow([Sample.delivery(Sample.event(try Sample.task(id), .created))])
            }
            await database.close()
            try await withReminders(place, scheduler) { service in
                // The sidecar never got its answer: the same comes again.
                let outcome = try await service.deliver(
                    [Sample.event(try Sample.task(1), .created).cloudEvent], to: .taskEvents)
                #expect(outcome == ["SUCCESS"])
                try await expectEventually("set") { scheduler.jobs.count == 3 }
            }
            // A job was set and then lost; another is of an old generation.
            scheduler.lose("reminder-task-2-1")
            try await withReminders(place, scheduler) { _ in
                try await expectEventually("set again") { scheduler.jobs.count == 3 }
            }
            #expect(scheduler.jobs["reminder-task-2-1"]?["data"]?["task_id"] == 2)
        }
    }

    @Test(arguments: eachDatabase)
    func `a job that fired while the broker was away has its event published later`(engine: TestEngine) async throws {
        try await engine.withPlace { place in
            let scheduler = FakeScheduler()
            let database = try await place.open()
            _ = try await Migrations.run(RemindersService.allMigrations, on: database)
            let now = Sample.instant("2026-03-02T08:30:00Z")
            let ledger = ReminderLedger(database: database, outbox: Outbox(name: "reminders"), now: { now })
            _ = try await ledger.follow([Sample.delivery(Sample.event(try Sample.task(), .created))])
            let pending = try await ledger.pendingJobs(after: (0, 0), limit: 10)
            let job = try #require(pending.first)
            #expect(try await ledger.fire(job, trace: nil) == .due(late: .zero))
            await database.close()
            try await withReminders(place, scheduler, now: now) { service in
                // Its answer never reached the scheduler: it fires again.
                let status = try await service.fire(job: job.name, data: job.data)
                #expect(status == 200)
                try await expectEventually("published") { service.published(.reminders).count == 1 }
            }
        }
    }

    @Test(arguments: eachDatabase)
    func `shows a user their pending reminders in pages, and all of one task`(engine: TestEngine) async throws {
        try await engine.withPlace { place in
            let scheduler = FakeScheduler()
            try await withReminders(place, scheduler) { service in
                for id in 1...5 as ClosedRange<Int64> {
                    try await deliver(
                        Sample.event(
                            try Sample.task(id, due: "2026-03-0\(9 - id)T09:00:00", reminders: ["PT30M", "P20D"]),
                            .created), to: service)
                }
                try await deliver(Sample.event(try Sample.task(6, user: "bob"), .created), to: service)
                try await deliver(
                    Sample.event(try Sample.task(5, completed: true, version: 2), .completed), to: service)
                var ids: [Int] = []
                var cursor = ""
                repeat {
                    let page = try await service.get("/api/ann/reminders?limit=3\(cursor)", user: "ann")
                    #expect(page.status == 200)
                    let reminders = page.json["reminders"]?.array ?? []
                    ids += reminders.compactMap { $0["task_id"]?.int }
                    #expect(reminders.allSatisfy { $0["state"] == "pending" && $0["before"] == "PT30M" })
                    cursor = page.json["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
                } while !cursor.isEmpty
                #expect(ids == [4, 3, 2, 1])
                let all = try await service.get("/api/ann/tasks/1/reminders", user: "ann")
                #expect(all.json["reminders"]?.array?.map { $0["state"] } == ["skipped_past", "pending"])
                #expect(
                    all.json["reminders"]?[1] == [
                        "task_id": 1, "reminder_id": 2, "title": "Submit report", "before": "PT30M",
                        "remind_at": "2026-03-08T08:30:00Z", "state": "pending", "due_at": "2026-03-08T09:00:00Z",
                        "all_day": false,
                        "time_zone": "UTC",
                    ])
                let others = try await service.get("/api/ann/tasks/6/reminders", user: "ann")
                #expect(others.status == 404)
            }
        }
    }

    @Test(arguments: eachDatabase)
    func `shows whether a reminder that fired reached anybody, as far as notifications can say`(engine: TestEngine)
        async throws
    {
        let due = Sample.instant("2026-03-09T09:00:00Z")
        @Sendable func event(_ id: Int64, minutesBefore minutes: Int) -> String {
            ReminderDue.id(taskID: 1, reminderID: id, remindAt: due.advanced(by: .seconds(-60 * minutes)))
        }
        let known = Mutex(["outcomes": [:]] as JSON)
        let asked = Mutex<[String]>([])
        try await engine.withPlace { place in
            let time = Mutex(start)
            try await withReminders(
                place, FakeScheduler(), time: { time.withLock { $0 } },
                environment: ["TODO_NOTIFICATIONS_APP_ID": "todo-notifications"],
                notifications: { call in
                    let path = "/v1.0/invoke/todo-notifications/method/internal/users/ann/notifications/outcomes"
                    guard call.path == path else { return nil }
                    asked.withLock { $0.append(call.target) }
                    return .json(known.withLock { $0 })
                }
            ) { service in
                try await deliver(
                    Sample.event(
                        try Sample.task(1, due: "2026-03-09T09:00:00", reminders: ["PT1H", "PT30M", "PT10M"]), .created),
                    to: service)
                func states() async throws -> [String] {
                    let answer = try await service.get("/api/ann/tasks/1/reminders", user: "ann")
                    return answer.json["reminders"]?.array?.compactMap { $0["state"]?.string } ?? []
                }
                #expect(try await states() == ["pending", "pending", "pending"])
                #expect(asked.withLock { $0 } == [], "there was nothing to ask")
                time.withLock { $0 = due.advanced(by: .seconds(-1_500)) }
                for (id, minutes) in [(1, 60), (2, 30)] as [(Int64, Int)] {
                    let job = ReminderJob(
                        taskID: 1, userID: "ann", reminderID: id, generation: 1,
                        remindAt: due.advanced(by: .seconds(-60 * minutes)))
                    #expect(try await service.fire(job: job.name, data: job.data) == 200)
                }
                #expect(try await states() == ["fired", "fired", "pending"])
                known.withLock {
                    $0 = [
                        "outcomes": .strings([
                            event(1, minutesBefore: 60): "delivered", event(2, minutesBefore: 30): "failed",
                        ])
                    ]
                }
                #expect(try await states() == ["delivered", "failed", "pending"])
            }
        }
    }

    @Test func `refuses others, bad cursors and unknown parameters`() async throws {
        try await TestEngine.sqlite.withPlace { place in
            try await withReminders(place, FakeScheduler()) { service in
                let cases: [(String, String?, Int)] = [
                    ("/api/ann/reminders", "bob", 403), ("/api/ann/reminders", nil, 401),
                    ("/api/ann/tasks/1/reminders", "bob", 403),
                    ("/api/ann/reminders?cursor=1.2", "ann", 400), ("/api/ann/reminders?cursor=a.b.c", "ann", 400),
                    ("/api/ann/reminders?limit=0", "ann", 400), ("/api/ann/reminders?limit=201", "ann", 400),
                    ("/api/ann/reminders?state=fired", "ann", 400), ("/api/ann/tasks/x/reminders", "ann", 404),
                    ("/api/ann/tasks/1/reminders", "ann", 404),
                ]
                for (target, user, status) in cases {
                    let answer = try await service.get(target, user: user)
                    #expect(answer.status == status, "\(target)")
                    #expect(answer.problem != nil, "\(target)")
                }
            }
        }
    }
}
