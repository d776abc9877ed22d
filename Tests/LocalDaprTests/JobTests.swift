import TestKit
import Testing
import WireValues

@testable import LocalDapr

/// Section 3: jobs.
@Suite(.timeLimit(.minutes(1))) struct JobTests {
    static let start = Timestamp("2026-03-02T08:00:00Z") ?? Timestamp(seconds: 0)

    /// A world whose time only moves when the test moves it. Only the look whether an app listens, which on a busy machine
    /// is made more than once, is repeated in real time.
    private func withJobs(
        _ apps: [TestApp], file: String? = nil, _ body: @escaping @Sendable (World, ManualClock) async throws -> Void
    ) async throws {
        let clock = ManualClock()
        try await withDapr(
            apps,
            configure: .with { options in
                options.stateFile = file
                options.time = TimeSource(
                    now: { Self.start.advanced(by: clock.now.offset) },
                    sleep: { duration in
                        guard duration == Sidecar.portInterval else { return try await clock.sleep(for: duration) }
                        try await TimeSource.system.sleep(duration)
                    })
            }
        ) { world in try await body(world, clock) }
    }

    private func create(_ world: World, _ name: String, _ job: JSON, app: String = "app", path: String = "v1.0")
        async throws
    {
        let reply = try await world.call(app, "POST", "/\(path)/jobs/\(name)", json: job)
        #expect(reply.status == 204)
        #expect(reply.bytes.isEmpty)
    }

    /// Moves the time on in small steps, each when what the one before made due has been called and has answered.
    private func pass(_ world: World, _ clock: ManualClock, _ duration: Duration) async throws {
        var left = duration
        while left > .zero {
            let part = min(.milliseconds(500), left)
            clock.advance(by: part)
            left -= part
            // Who was just about to sleep when the time moved wakes with the next step.
            for _ in 0..<100 where !world.dapr.machine.jobs.isSettled {
                try await ContinuousClock().sleep(for: .milliseconds(2))
            }
        }
    }

    @Test func `3.1 and 3.3 a one-shot fires at its time, with its bare data, and is gone`() async throws {
        let app = TestApp("app", appToken: "secret")
        try await withJobs([app]) { world, clock in
            try await create(world, "rem-1", ["dueTime": "2026-03-02T08:00:10Z", "data": ["taskId": "t-1", "n": 1]])
            try await pass(world, clock, .seconds(9))
            #expect(app.requests.isEmpty)
            try await pass(world, clock, .seconds(1.5))
            try await app.wait(for: 1, on: "/job/rem-1")
            let request = try #require(app.requests.first)
            #expect(request.method == "POST")
            #expect(request.header("content-type") == "application/json")
            #expect(request.header("dapr-api-token") == "secret")
            #expect(try JSON(parsing: request.body ?? []) == ["taskId": "t-1", "n": 1])
            try await expectEventually("gone") { world.dapr.jobNames(app: "app").isEmpty }
            let reply = try await world.call("app", "GET", "/v1.0/jobs/rem-1")
            #expect(reply.status == 500)
            #expect(reply.code == "DAPR_SCHEDULER_GET_JOB")
            #expect(reply.reason == "DAPR_SCHEDULER_GET_JOB")
            #expect(
                reply.json["message"]?.string
                    == "failed to get job due to: rpc error: code = NotFound desc = job not found: rem-1")
        }
    }

    @Test func `3.2 a due time in the past fires at once, durations count from now, no data is an empty body`()
        async throws
    {
        let app = TestApp("app")
        try await withJobs([app]) { world, clock in
            try await create(world, "past", ["dueTime": "2020-01-01T00:00:00Z"])
            try await app.wait(for: 1, on: "/job/past")
            #expect(app.requests.first?.body?.isEmpty == true)
            try await create(world, "go", ["due_time": "90s", "data": "x"], path: "v1.0-alpha1")
            try await create(world, "iso", ["dueTime": "PT1M", "data": 123])
            try await pass(world, clock, .seconds(59))
            #expect(app.requests.count == 1)
            try await pass(world, clock, .seconds(32))
            try await app.wait(for: 3)
            #expect(app.requests("/job/iso").first?.body == Array("123".utf8))
            #expect(app.requests("/job/go").first?.body == Array("\"x\"".utf8))
        }
    }

    @Test func `3.1 what is stored is shown as it was sent`() async throws {
        try await withJobs([TestApp("app")]) { world, _ in
            let job: JSON = [
                "schedule": "@every 60s", "repeats": 3, "dueTime": "10s", "ttl": "1h", "data": ["taskId": "t-1"],
                "failurePolicy": ["constant": ["interval": "1s", "maxRetries": 3]],
            ]
            try await create(world, "j", job)
            let reply = try await world.call("app", "GET", "/v1.0-alpha1/jobs/j")
            #expect(reply.status == 200)
            var expected = job
            expected["name"] = "j"
            expected["data"] = ["@type": "type.googleapis.com/google.protobuf.Value", "value": ["taskId": "t-1"]]
            #expect(reply.json == expected)
            try await create(world, "k", ["dueTime": "1h"])
            let plain = try await world.call("app", "GET", "/v1.0/jobs/k")
            #expect(
                plain.json == [
                    "name": "k", "dueTime": "1h", "failurePolicy": ["constant": ["interval": "1s", "maxRetries": 3]],
                ])
        }
    }

    @Test func `3.1 delete is 204 also for what is not there, PUT is no route, names belong to an app id`() async throws
    {
        let app = TestApp("app")
        try await withJobs([app, TestApp("other")]) { world, clock in
            try await create(world, "j", ["dueTime": "5s"])
            let foreign = try await world.call("other", "GET", "/v1.0/jobs/j")
            #expect(foreign.status == 500)
            for _ in 1...2 {
                let reply = try await world.call("app", "DELETE", "/v1.0/jobs/j")
                #expect(reply.status == 204)
            }
            let put = try await world.call("app", "PUT", "/v1.0/jobs/j", json: ["dueTime": "5s"])
            #expect(put.status == 404)
            #expect(put.code == "ERR_DIRECT_INVOKE")
            try await pass(world, clock, .seconds(7))
            #expect(app.requests.isEmpty)
        }
    }

    @Test func `3.2 a second POST is 409, with overwrite it counts anew`() async throws {
        let app = TestApp("app")
        try await withJobs([app]) { world, clock in
            try await create(world, "j", ["dueTime": "5s", "data": 1])
            let again = try await world.call("app", "POST", "/v1.0/jobs/j", json: ["dueTime": "5s"])
            #expect(again.status == 409)
            #expect(again.code == "DAPR_SCHEDULER_SCHEDULE_JOB")
            #expect(again.json["message"]?.string?.contains("AlreadyExists") == true)
            #expect(again.json["message"]?.string?.contains("job already exists") == true)
            try await create(world, "j", ["dueTime": "20s", "data": 2, "overwrite": true])
            try await pass(world, clock, .seconds(10))
            #expect(app.requests.isEmpty)
            try await pass(world, clock, .seconds(11))
            try await app.wait(for: 1)
            #expect(app.requests.map { $0.body ?? [] } == [Array("2".utf8)])
        }
    }

    @Test(arguments: [
        (#"nonsense"#, 400, "ERR_MALFORMED_REQUEST"), ("[{}]", 400, "ERR_MALFORMED_REQUEST"),
        (#"{"dueTime":"1s","repeats":-1}"#, 400, "ERR_MALFORMED_REQUEST"),
        (#"{"dueTime":5}"#, 400, "ERR_MALFORMED_REQUEST"),
        (#"{"dueTime":"1s","failurePolicy":{"constant":{"interval":"5m"}}}"#, 400, "ERR_MALFORMED_REQUEST"),
        ("{}", 400, "DAPR_SCHEDULER_SCHEDULE_EMPTY"), ("", 400, "DAPR_SCHEDULER_SCHEDULE_EMPTY"),
        (#"{"name":"x","dueTime":"1s"}"#, 400, "DAPR_SCHEDULER_JOB_NAME"),
        (#"{"schedule":"* * * * *"}"#, 500, "DAPR_SCHEDULER_SCHEDULE_JOB"),
        (#"{"schedule":"TZ=Nowhere/City 0 0 0 * * *"}"#, 500, "DAPR_SCHEDULER_SCHEDULE_JOB"),
        (#"{"schedule":"TZ=UTC @every 5s"}"#, 500, "DAPR_SCHEDULER_SCHEDULE_JOB"),
        (#"{"dueTime":"soon"}"#, 500, "DAPR_SCHEDULER_SCHEDULE_JOB"),
        (#"{"dueTime":"2026-03-02T08:00:00"}"#, 500, "DAPR_SCHEDULER_SCHEDULE_JOB"),
        (#"{"dueTime":"1s","repeats":0}"#, 500, "DAPR_SCHEDULER_SCHEDULE_JOB"),
        (#"{"dueTime":"1s","repeats":2}"#, 500, "DAPR_SCHEDULER_SCHEDULE_JOB"),
        (#"{"dueTime":"1s","ttl":"5s"}"#, 500, "DAPR_SCHEDULER_SCHEDULE_JOB"),
    ])
    func `3.2 a job that cannot be is refused`(body: String, status: Int, code: String) async throws {
        try await withJobs([TestApp("app")]) { world, _ in
            let reply = try await world.call("app", "POST", "/v1.0/jobs/j", Array(body.utf8))
            #expect(reply.status == status)
            #expect(reply.code == code)
            #expect(world.dapr.jobNames(app: "app").isEmpty)
        }
    }

    @Test func `3.2 names`() async throws {
        try await withJobs([TestApp("app")]) { world, _ in
            let blank = try await world.call("app", "POST", "/v1.0/jobs/%20", json: ["dueTime": "1h"])
            #expect(blank.status == 400)
            #expect(blank.code == "DAPR_SCHEDULER_JOB_NAME_EMPTY")
            let long = try await world.call(
                "app", "POST", "/v1.0/jobs/" + String(repeating: "a", count: 600), json: ["dueTime": "1h"])
            #expect(long.status == 500)
            let hash = try await world.call("app", "POST", "/v1.0/jobs/a%23b", json: ["dueTime": "1h"])
            #expect(hash.status == 500)
            try await create(world, "Rem_1:x.y", ["dueTime": "1h"])
        }
    }

    @Test func `3.4 the default is four attempts in about three seconds, then the tick is dropped`() async throws {
        let app = TestApp("app") { _ in .init(status: 500) }
        try await withJobs([app]) { world, clock in
            try await create(world, "j", ["dueTime": "1s"])
            try await pass(world, clock, .seconds(10))
            #expect(app.requests.count == 4)
            #expect(world.dapr.jobNames(app: "app").isEmpty)
        }
    }

    @Test func `3.4 drop is one attempt, a constant policy as many as it says`() async throws {
        let app = TestApp("app") { _ in .init(status: 503) }
        try await withJobs([app]) { world, clock in
            try await create(world, "once", ["dueTime": "1s", "failurePolicy": ["drop": [:]]])
            try await create(
                world, "six", ["dueTime": "1s", "failurePolicy": ["constant": ["interval": "2s", "maxRetries": 5]]])
            try await pass(world, clock, .seconds(14))
            #expect(app.requests("/job/once").count == 1)
            #expect(app.requests("/job/six").count == 6)
            try await create(world, "ever", ["dueTime": "0s", "failure_policy": ["constant": ["interval": "1s"]]])
            try await pass(world, clock, .seconds(8))
            #expect(app.requests("/job/ever").count >= 7)
            #expect(world.dapr.jobNames(app: "app") == ["ever"])
        }
    }

    @Test func `3.3 404 counts as done`() async throws {
        let app = TestApp("app") { _ in .init(status: 404) }
        try await withJobs([app]) { world, clock in
            try await create(world, "j", ["dueTime": "0s"])
            try await app.wait(for: 1)
            try await pass(world, clock, .seconds(5))
            #expect(app.requests.count == 1)
            #expect(world.dapr.jobNames(app: "app").isEmpty)
        }
    }

    @Test func `3.2 a schedule runs from its next tick on, as often as it may`() async throws {
        let app = TestApp("app")
        try await withJobs([app]) { world, clock in
            try await create(world, "every", ["schedule": "@every 10s", "repeats": 3])
            try await create(world, "cron", ["schedule": "*/20 * * * * *", "ttl": "50s"])
            try await create(world, "both", ["schedule": "@every 30s", "dueTime": "5s"])
            #expect(app.requests.isEmpty)
            try await pass(world, clock, .seconds(100))
            #expect(app.requests("/job/every").count == 3)
            #expect(app.requests("/job/cron").count == 2)
            #expect(app.requests("/job/both").count == 4)
            #expect(world.dapr.jobNames(app: "app") == ["both"])
        }
    }

    @Test func `3.4 ticks that were missed come in a burst`() async throws {
        let app = TestApp("app")
        try await withJobs([app]) { world, clock in
            try await create(world, "j", ["schedule": "@every 10s"])
            clock.advance(by: .seconds(61))
            try await pass(world, clock, .seconds(1))
            try await app.wait(for: 6)
            #expect(app.requests.count == 6)
        }
    }

    @Test func `3.5 jobs wait while no instance of the app is there, and use nothing of their policy`() async throws {
        let app = TestApp("app")
        let clock = ManualClock()
        try await withDapr(
            [app],
            configure: .with { options in
                options.apps = [LocalDapr.App(id: "app")]
                options.time = TimeSource(
                    now: { Self.start.advanced(by: clock.now.offset) }, sleep: { try await clock.sleep(for: $0) })
            }, ready: false
        ) { world in
            try await create(world, "j", ["dueTime": "1s", "failurePolicy": ["drop": [:]]])
            try await pass(world, clock, .seconds(20))
            #expect(app.requests.isEmpty)
            world.dapr.attach(instance: "app", appPort: app.appPort)
            try await pass(world, clock, .seconds(1))
            try await app.wait(for: 1, on: "/job/j")
        }
    }

    @Test func `3.1 replicas share the work, one for each trigger`() async throws {
        let one = TestApp("app", name: "app-0")
        let two = TestApp("app", name: "app-1")
        try await withJobs([one, two]) { world, _ in
            for number in 1...10 { try await create(world, "j\(number)", ["dueTime": "0s"]) }
            try await expectEventually("all fired") { one.requests.count + two.requests.count == 10 }
            #expect(!one.requests.isEmpty && !two.requests.isEmpty)
        }
    }

    @Test func `3.5 jobs and their attempts outlive a restart, and what was missed is made up`() async throws {
        let file = try TemporaryFile()
        let app = TestApp("app") { _ in .init(status: 500) }
        try await withJobs([app], file: file.path) { world, clock in
            try await create(world, "later", ["dueTime": "2026-03-02T08:30:00Z", "data": 7])
            try await create(
                world, "failing",
                ["dueTime": "0s", "failurePolicy": ["constant": ["interval": "60s", "maxRetries": 1]]])
            try await app.wait(for: 1)
            try await pass(world, clock, .seconds(1))
            try await expectEventually("the failure is known") {
                world.dapr.failedAttempts(app: "app", job: "failing") == 1
            }
        }
        let second = TestApp("app") { _ in .init(status: 500) }
        let clock = ManualClock()
        clock.advance(by: .seconds(3_600))
        try await withDapr(
            [second],
            configure: .with { options in
                options.stateFile = file.path
                options.time = TimeSource(
                    now: { Self.start.advanced(by: clock.now.offset) }, sleep: { try await clock.sleep(for: $0) })
            }
        ) { world in
            try await second.wait(for: 5)
            // The second of two attempts, and all four of the job that came due meanwhile.
            #expect(second.requests("/job/failing").count == 1)
            #expect(second.requests("/job/later").count == 4)
            #expect(second.requests("/job/later").first?.body == Array("7".utf8))
            try await expectEventually("all gone") { world.dapr.jobNames(app: "app").isEmpty }
        }
    }

    @Test func `a job can be fired by hand`() async throws {
        let app = TestApp("app")
        try await withJobs([app]) { world, _ in
            try await create(world, "j", ["dueTime": "24h"])
            try world.dapr.fireJob(app: "app", name: "j")
            try await app.wait(for: 1)
            #expect(throws: ResourceError.self) { try world.dapr.fireJob(app: "app", name: "nope") }
        }
    }

    @Test(arguments: [
        ("0 30 9 * * *", "2026-03-02T08:00:00Z", "2026-03-02T09:30:00Z"),
        ("0 0 0 1 * *", "2026-03-02T08:00:00Z", "2026-04-01T00:00:00Z"),
        ("0 0 12 * * MON", "2026-03-02T12:00:00Z", "2026-03-09T12:00:00Z"),
        ("0 0 12 13 * FRI", "2026-03-02T12:00:00Z", "2026-03-06T12:00:00Z"),
        ("0 0 0 29 2 *", "2026-03-02T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("30 0-10/5 8 * JAN-JUN ?", "2026-03-02T08:00:30Z", "2026-03-02T08:05:30Z"),
        ("TZ=Europe/Berlin 0 0 9 * * *", "2026-03-28T09:00:00Z", "2026-03-29T07:00:00Z"),
        ("@daily", "2026-03-02T08:00:00Z", "2026-03-03T00:00:00Z"),
        ("CRON_TZ=America/New_York @daily", "2026-03-02T08:00:00Z", "2026-03-03T05:00:00Z"),
        ("@hourly", "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z"),
        ("@every 1h30m", "2026-03-02T08:00:00Z", "2026-03-02T09:30:00Z"),
        ("@weekly", "2026-03-02T08:00:00Z", "2026-03-08T00:00:00Z"),
    ])
    func `3.2 the next tick of a schedule`(schedule: String, after: String, expected: String) throws {
        let tick = try JobSchedule(schedule).tick(after: try #require(Timestamp(after)))
        #expect(tick?.rfc3339 == expected)
    }
}
