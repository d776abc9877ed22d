import FoundationEssentials
import HTTPTestSupport
import ServiceHarness
import ServiceKit
import ServiceTestSupport
import Synchronization
import TaskDomain
import TaskStorage
import TestKit
import Testing
import WireValues

@testable import Notifications

@Suite(.timeLimit(.minutes(2))) struct NotificationsServiceTests {
    typealias Running = RunningService<NotificationsService>

    private func withNotifications(
        _ engine: TestEngine, environment: [String: String] = [:], clock: ManualClock? = nil,
        now: @escaping @Sendable () -> Timestamp = { noon },
        sidecar: Sidecar = .by { _ in nil },
        _ body: @escaping @Sendable (Running) async throws -> Void
    ) async throws {
        try await engine.withDatabase(migrations: NotificationsService.allMigrations) { database in
            try await withService(
                NotificationsService.self, database: database, environment: environment,
                configure: {
                    $0.now = now
                    if let clock { $0.clock = clock }
                }, sidecar: sidecar.answer, body)
        }
    }

    /// What the sidecar answers beside the usual.
    private struct Sidecar: Sendable {
        let answer: @Sendable (FakeServer.Asked) async -> FakeServer.Reply?

        static func by(_ answer: @escaping @Sendable (FakeServer.Asked) async -> FakeServer.Reply?) -> Sidecar {
            Sidecar(answer: answer)
        }
    }

    private let everything = [
        "TODO_NOTIFICATION_CHANNELS": "log,in-app,webhook,email", "TODO_SMTP_BINDING": "todo-smtp",
        "TODO_WEBHOOK_ALLOW_PRIVATE": "true",
    ]

    // MARK: Events

    @Test(arguments: eachDatabase)
    func `a reminder becomes a notification and an event for open clients, once`(engine: TestEngine) async throws {
        try await withNotifications(engine) { service in
            let event = sampleReminder().cloudEvent
            for _ in 0..<3 {
                let outcome = try await service.deliver(event, to: .reminders)
                #expect(outcome == "SUCCESS")
            }
            try await expectEventually("published") { service.published(.taskUpdates).count == 1 }
            let notice = try #require(service.published(.taskUpdates).first)
            #expect(notice.type == "notification.created")
            #expect(notice.partitionKey == "user-7")
            #expect(notice.causationID == event.id)
            #expect(notice.correlationID == "req-1")
            #expect(notice.traceparent?.contains("4bf92f3577b34da6a3ce929d0e0e4736") == true)
            let problems = try Self.problems(notice)
            #expect(problems == [])
            let list = try await service.get("/api/user-7/notifications", user: "user-7")
            #expect(list.json["unread"] == 1)
            let item = try #require(list.json["notifications"]?[0])
            #expect(item["title"] == "Submit report")
            #expect(item["task_id"] == 123)
            #expect(item["read"] == false)
            #expect(item["deliveries"]?.array?.compactMap { $0["channel"]?.string } == ["in-app", "log"])
            #expect(item["deliveries"]?.array?.allSatisfy { $0["state"] == "delivered" } == true)
            let page = try await service.send("GET", "/metrics", onAdminPort: true).text
            #expect(page.contains(#"todo_notifications_total{channel="in-app",outcome="delivered"} 1"#))
            #expect(page.contains(#"todo_events_handled_total{topic="reminders",outcome="duplicate"} 2"#))
        }
    }

    @Test(arguments: eachDatabase)
    func `what cannot be read is dropped, and what is not known is passed over`(engine: TestEngine) async throws {
        try await withNotifications(engine) { service in
            var broken = sampleReminder().cloudEvent
            broken.data["task_id"] = "x"
            let dropped = try await service.deliver(broken, to: .reminders)
            #expect(dropped == "DROP")
            var later = sampleReminder().cloudEvent
            later.type = "reminder.snoozed"
            let ignored = try await service.deliver(later, to: .reminders)
            #expect(ignored == "SUCCESS")
            let list = try await service.get("/api/user-7/notifications", user: "user-7")
            #expect(list.json["notifications"] == [])
        }
    }

    @Test(arguments: [
        (#"{"exists":false}"#, "the task is deleted"), (#"{"exists":true,"completed":true}"#, "the task is completed"),
        (#"{"exists":true,"completed":false,"due_at":"2026-03-09T00:00:00Z"}"#, "the task was moved"),
        (#"{"exists":true,"completed":false,"due_at":null}"#, "the task is not due any more"),
    ])
    func `nobody is reminded of what is done, gone or moved`(state: String, reason: String) async throws {
        try await withNotifications(
            .sqlite, environment: ["TODO_API_APP_ID": "todo-api"],
            sidecar: .by { asked in
                asked.path == "/v1.0/invoke/todo-api/method/internal/users/user-7/tasks/123"
                    ? .init(200, text: state) : nil
            }
        ) { service in
            let outcome = try await service.deliver(sampleReminder().cloudEvent, to: .reminders)
            #expect(outcome == "SUCCESS")
            let list = try await service.get("/api/user-7/notifications", user: "user-7")
            let item = try #require(list.json["notifications"]?[0])
            #expect(item["state"] == "obsolete")
            #expect(item["deliveries"]?[0]?["state"] == "cancelled")
            #expect(item["deliveries"]?[0]?["last_error"]?.string == reason)
            #expect(service.published(.taskUpdates).isEmpty)
        }
    }

    @Test func `a task API that cannot say anything holds up no reminder`() async throws {
        try await withNotifications(
            .sqlite, environment: ["TODO_API_APP_ID": "todo-api"],
            sidecar: .by {
                $0.path.hasPrefix("/v1.0/invoke/") ? .init(500, text: #"{"errorCode":"ERR_DIRECT_INVOKE"}"#) : nil
            }
        ) { service in
            _ = try await service.deliver(sampleReminder().cloudEvent, to: .reminders)
            try await expectEventually("published") { service.published(.taskUpdates).count == 1 }
        }
    }

    // MARK: Settings

    @Test(arguments: eachDatabase)
    func `settings are the usual until they are set, and then as they were set`(engine: TestEngine) async throws {
        try await withNotifications(engine, environment: everything) { service in
            let path = "/api/user-7/notification-settings"
            let usual = try await service.get(path, user: "user-7")
            #expect(usual.json["channels"]?["in-app"]?["enabled"] == true)
            #expect(usual.json["channels"]?["webhook"]?["enabled"] == false)
            #expect(usual.json["available"] == ["log", "in-app", "webhook", "email"])
            #expect(usual.header("etag") == "\"0\"")

            let set = try await service.send(
                "PUT", path, user: "user-7", headers: [("If-Match", "\"0\"")],
                json: [
                    "channels": [
                        "in-app": ["enabled": true], "webhook": ["enabled": true, "url": "https://example.com/hook"],
                        "email": ["enabled": false, "address": "a@example.com"],
                    ]
                ])
            #expect(set.status == 200)
            #expect(set.header("etag") == "\"1\"")
            let secret = try #require(set.json["channels"]?["webhook"]?["secret"]?.string)
            #expect(secret.hasPrefix("whsec_"))
            let shown = try await service.get(path, user: "user-7")
            #expect(
                shown.json["channels"]?["webhook"] == [
                    "enabled": true, "url": "https://example.com/hook", "has_secret": true,
                ])
            #expect(shown.json["channels"]?["log"]?["enabled"] == false)
            #expect(!shown.text.contains(secret))

            // Who looked before somebody else wrote has to look again.
            let stale = try await service.send(
                "PUT", path, user: "user-7", headers: [("If-Match", "\"0\"")], json: ["channels": [:]])
            #expect(stale.status == 412)
            let other = try await service.get(path, user: "user-8")
            #expect(other.status == 403)
        }
    }

    @Test(arguments: [
        (#"[]"#, [""]), (#"{}"#, ["/channels"]), (#"{"channels":{},"chanels":{}}"#, ["/chanels"]),
        (
            #"{"channels":{"fax":{"enabled":true},"log":true,"in-app":{"enabled":"yes"}}}"#,
            ["/channels/fax", "/channels/log", "/channels/in-app/enabled"]
        ),
        (
            #"{"channels":{"webhook":{"enabled":true},"email":{"enabled":true}}}"#,
            ["/channels/webhook/url", "/channels/email/address"]
        ),
        (
            #"{"channels":{"webhook":{"enabled":true,"url":"ftp://x"},"email":{"enabled":true,"address":"a@b.c;d@e.f"}}}"#,
            ["/channels/webhook/url", "/channels/email/address"]
        ),
        (
            #"{"channels":{"webhook":{"enabled":true,"url":"https://x.example","secret":"short"}}}"#,
            ["/channels/webhook/secret"]
        ),
        (
            #"{"channels":{"webhook":{"enabled":false,"uri":"x","has_secret":1},"log":{"enabled":true,"url":"x"}}}"#,
            ["/channels/webhook/uri", "/channels/webhook/has_secret", "/channels/log/url"]
        ),
    ])
    func `settings that are wrong are refused, each field by its name`(body: String, fields: [String]) async throws {
        try await withNotifications(.sqlite, environment: everything) { service in
            let answer = try await service.send(
                "PUT", "/api/user-7/notification-settings", user: "user-7", body: Array(body.utf8))
            #expect(answer.status == 422)
            #expect(answer.json["errors"]?.array?.compactMap { $0["field"]?.string } == fields)
        }
    }

    @Test func `settings can be sent back as they were answered`() async throws {
        try await withNotifications(.sqlite, environment: everything) { service in
            let path = "/api/user-7/notification-settings"
            _ = try await Self.setWebhook("https://example.com/hook", service)
            let shown = try await service.get(path, user: "user-7")
            let again = try await service.send("PUT", path, user: "user-7", json: shown.json)
            #expect(again.status == 200)
            #expect(again.json == shown.json)
        }
    }

    @Test(arguments: [
        ("PATCH", "notifications/1", #"{"read":true}"#), ("POST", "notifications/read", #"{"up_to":1}"#),
        ("GET", "notification-settings", nil), ("PUT", "notification-settings", #"{"channels":{}}"#),
    ])
    func `a parameter that nobody knows is refused`(method: String, path: String, body: String?) async throws {
        try await withNotifications(.sqlite) { service in
            let answer = try await service.send(
                method, "/api/u/\(path)?unraed=true", user: "u", body: body.map { Array($0.utf8) })
            #expect(answer.status == 400)
            #expect(answer.problem == "unknown_parameter")
        }
    }

    @Test func `a channel that the platform does not offer cannot be chosen`() async throws {
        try await withNotifications(.sqlite) { service in
            let answer = try await service.send(
                "PUT", "/api/u/notification-settings", user: "u",
                json: ["channels": ["webhook": ["enabled": true, "url": "https://example.com"]]])
            #expect(answer.status == 409)
            #expect(answer.json["errors"]?[0]?["code"] == "not_available")
        }
    }

    // MARK: Webhooks

    @Test(arguments: eachDatabase)
    func `a webhook is called with a signature, and again until it takes it`(engine: TestEngine) async throws {
        let clock = ManualClock()
        let wall = Wall()
        // Each another status, so that it can be told which attempt was written down.
        let statuses = Mutex([503, 500, 204])
        try await FakeServer.running(
            answering: .by { _ in .init(statuses.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }) }
        ) { receiver in
            try await withNotifications(engine, environment: everything, clock: clock, now: { wall.now }) { service in
                let set = try await Self.setWebhook("http://127.0.0.1:\(receiver.port)/hook?x=1", service)
                let secret = try #require(set.json["channels"]?["webhook"]?["secret"]?.string)
                _ = try await service.deliver(sampleReminder().cloudEvent, to: .reminders)
                for status in [503, 500] {
                    try await expectEventually("written down that it answered \(status)") {
                        clock.advance(by: .seconds(60))
                        let delivery = try await Self.delivery("webhook", service)
                        return delivery["last_error"]?.string == "the receiver answered \(status)"
                    }
                    // Nothing is under way now, so nobody's lease ends by this.
                    wall.advance(by: .seconds(59))
                }
                try await expectEventually("delivered") {
                    clock.advance(by: .seconds(60))
                    return try await Self.delivery("webhook", service)["state"] == "delivered"
                }
                let asked = receiver.asked
                #expect(asked.count == 3)
                #expect(Set(asked.map(\.text)).count == 1, "the body is the same each time")
                #expect(Set(asked.compactMap { $0.header("webhook-id") }) == [sampleReminder().eventID])
                for call in asked {
                    let seconds = try #require(call.header("webhook-timestamp").flatMap { Int64($0) })
                    let expected = WebhookSignature.headers(
                        id: sampleReminder().eventID, seconds: seconds, body: call.body, secret: secret)
                    #expect(call.header("webhook-signature") == expected.last?.value)
                }
                #expect(asked.first?.json["data"]?["title"] == "Submit report")
                #expect(asked.first?.target == "/hook?x=1")
                // In-app went out at once and did not wait for the webhook.
                #expect(service.published(.taskUpdates).count == 1)
            }
        }
    }

    @Test func `a receiver that never takes it is given up, and says why`() async throws {
        let clock = ManualClock()
        let wall = Wall()
        try await FakeServer.running(
            answering: .by { _ in .init(302, headers: [("Location", "http://169.254.169.254/")]) }
        ) {
            receiver in
            let environment = everything.merging(["TODO_NOTIFICATION_MAX_ATTEMPTS": "2"]) { $1 }
            try await withNotifications(.sqlite, environment: environment, clock: clock, now: { wall.now }) { service in
                _ = try await Self.setWebhook("http://127.0.0.1:\(receiver.port)/", service)
                _ = try await service.deliver(sampleReminder().cloudEvent, to: .reminders)
                try await expectEventually("tried") {
                    try await Self.delivery("webhook", service)["last_error"]?.string != nil
                }
                wall.advance(by: .seconds(59))
                try await expectEventually("given up") {
                    clock.advance(by: .seconds(60))
                    return try await Self.delivery("webhook", service)["state"] == "failed"
                }
                let delivery = try await Self.delivery("webhook", service)
                #expect(delivery["attempts"] == 2)
                #expect(delivery["last_error"] == "the receiver answered 302; redirects are not followed")
                let page = try await service.send("GET", "/metrics", onAdminPort: true).text
                #expect(page.contains(#"todo_notifications_total{channel="webhook",outcome="failed"} 1"#))
            }
        }
    }

    @Test func `nobody has us call ourselves`() async throws {
        try await FakeServer.running(answering: .by { _ in .init(204) }) { receiver in
            let environment = ["TODO_NOTIFICATION_CHANNELS": "in-app,webhook"]
            try await withNotifications(.sqlite, environment: environment) { service in
                let set = try await Self.setWebhook("https://localhost:\(receiver.port)/", service)
                #expect(set.status == 200)
                _ = try await service.deliver(sampleReminder().cloudEvent, to: .reminders)
                try await expectEventually("refused") {
                    try await Self.delivery("webhook", service)["state"] == "failed"
                }
                let refused = try await Self.delivery("webhook", service)
                #expect(refused["last_error"] == "the address is not a public one")
                #expect(receiver.asked.isEmpty)
            }
        }
    }

    @Test func `before it is tried again the task is looked at once more`() async throws {
        let clock = ManualClock()
        let wall = Wall()
        let isDone = Mutex(false)
        try await FakeServer.running(answering: .by { _ in .init(503) }) { receiver in
            try await withNotifications(
                .sqlite, environment: everything.merging(["TODO_API_APP_ID": "todo-api"]) { $1 }, clock: clock,
                now: { wall.now },
                sidecar: .by { asked in
                    guard asked.path.hasPrefix("/v1.0/invoke/") else { return nil }
                    return .json(["exists": true, "completed": .bool(isDone.withLock { $0 })])
                }
            ) { service in
                _ = try await Self.setWebhook("http://127.0.0.1:\(receiver.port)/", service)
                _ = try await service.deliver(sampleReminder().cloudEvent, to: .reminders)
                try await expectEventually("tried") {
                    try await Self.delivery("webhook", service)["last_error"] == "the receiver answered 503"
                }
                isDone.withLock { $0 = true }
                wall.advance(by: .seconds(59))
                try await expectEventually("cancelled") {
                    clock.advance(by: .seconds(60))
                    return try await Self.delivery("webhook", service)["state"] == "cancelled"
                }
                let cancelled = try await Self.delivery("webhook", service)
                #expect(cancelled["last_error"] == "the task is completed")
                #expect(receiver.asked.count == 1)
            }
        }
    }

    // MARK: Mail

    @Test func `mails go one at a time, each with all of its settings`() async throws {
        let atOnce = Mutex((now: 0, most: 0))
        try await withNotifications(
            .sqlite, environment: everything,
            sidecar: .by { asked in
                guard asked.path == "/v1.0/bindings/todo-smtp" else { return nil }
                atOnce.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                for _ in 0..<10 { await Task.yield() }
                atOnce.withLock { $0.now -= 1 }
                return .init(204)
            }
        ) { service in
            let set = try await service.send(
                "PUT", "/api/user-7/notification-settings", user: "user-7",
                json: ["channels": ["email": ["enabled": true, "address": "a@example.com"]]])
            #expect(set.status == 200)
            for task in 1...10 {
                _ = try await service.deliver(sampleReminder(task: Int64(task)).cloudEvent, to: .reminders)
            }
            try await expectEventually("sent") { service.sidecar.asked("/v1.0/bindings/todo-smtp").count == 10 }
            #expect(atOnce.withLock { $0.most } == 1)
            #expect(
                service.sidecar.asked("/v1.0/bindings/todo-smtp").first?.json["metadata"] == [
                    "emailTo": "a@example.com", "priority": "3", "subject": "Reminder: Submit report",
                ])
            #expect(service.published(.taskUpdates).isEmpty)
        }
    }

    // MARK: What is kept

    @Test(arguments: eachDatabase)
    func `old notifications go, unless they are still to be delivered`(engine: TestEngine) async throws {
        let clock = ManualClock()
        let wall = Wall()
        try await FakeServer.running(answering: .by { _ in .init(503) }) { receiver in
            let environment = everything.merging(["TODO_NOTIFICATION_RETENTION_SECONDS": "864000"]) { $1 }
            try await withNotifications(engine, environment: environment, clock: clock, now: { wall.now }) { service in
                _ = try await service.deliver(sampleReminder(task: 1).cloudEvent, to: .reminders)
                _ = try await Self.setWebhook("http://127.0.0.1:\(receiver.port)/", service)
                _ = try await service.deliver(sampleReminder(task: 2).cloudEvent, to: .reminders)
                try await expectEventually("tried") {
                    try await Self.delivery("webhook", service)["last_error"]?.string != nil
                }
                // Ten days and a little later; the last one is young, and has no webhook.
                wall.advance(by: .seconds(10 * 86_400 + 60))
                _ = try await service.send(
                    "PUT", "/api/user-7/notification-settings", user: "user-7",
                    json: ["channels": ["in-app": ["enabled": true]]])
                _ = try await service.deliver(sampleReminder(task: 3).cloudEvent, to: .reminders)
                let tasks = {
                    try await service.get("/api/user-7/notifications", user: "user-7").json["notifications"]?.array?
                        .compactMap { $0["task_id"]?.int }
                }
                try await expectEventually("the first is gone") {
                    clock.advance(by: .seconds(3_600))
                    return try await tasks()?.contains(1) == false
                }
                // The second was given up when its turn came, since its channel is off; then it goes, too. What a busy
                // machine could not write down is taken up again once its lease is over.
                try await expectEventually("the second is gone") {
                    clock.advance(by: .seconds(3_600))
                    wall.advance(by: .seconds(60))
                    return try await tasks() == [3]
                }
            }
        }
    }

    @Test(arguments: eachDatabase)
    func `reminders hears what became of its reminders, and nobody else does`(engine: TestEngine) async throws {
        let environment = everything.merging(["TODO_REMINDERS_APP_ID": "todo-reminders"]) { $1 }
        try await FakeServer.running(answering: .by { _ in .init(410) }) { receiver in
            try await withNotifications(engine, environment: environment) { service in
                let (first, second) = (sampleReminder(task: 1), sampleReminder(task: 2))
                _ = try await service.deliver(first.cloudEvent, to: .reminders)
                _ = try await service.send(
                    "PUT", "/api/user-7/notification-settings", user: "user-7",
                    json: [
                        "channels": [
                            "webhook": ["enabled": true, "url": .string("http://127.0.0.1:\(receiver.port)/")]
                        ]
                    ])
                _ = try await service.deliver(second.cloudEvent, to: .reminders)
                func ask(_ user: String, as caller: String) async throws -> Running.Answer {
                    try await service.get(
                        "/internal/users/\(user)/notifications/outcomes?event=\(first.eventID)&event=\(second.eventID)",
                        headers: [("dapr-caller-app-id", caller)])
                }
                try await expectEventually("given up") {
                    try await ask("user-7", as: "todo-reminders").json == [
                        "outcomes": [first.eventID: "delivered", second.eventID: "failed"]
                    ]
                }
                #expect(try await ask("user-8", as: "todo-reminders").json == ["outcomes": [:]])
                #expect(try await ask("user-7", as: "todo-audit").status == 403)
            }
        }
    }

    // MARK: Reading

    @Test(arguments: eachDatabase)
    func `notifications are paged, the newest first, and can be read and unread`(engine: TestEngine) async throws {
        try await withNotifications(engine) { service in
            for task in 1...7 {
                _ = try await service.deliver(sampleReminder(task: Int64(task)).cloudEvent, to: .reminders)
            }
            _ = try await service.deliver(sampleReminder(task: 9, user: "user-8").cloudEvent, to: .reminders)
            var tasks: [Int] = []
            var target = "/api/user-7/notifications?limit=3"
            while true {
                let page = try await service.get(target, user: "user-7").json
                tasks += (page["notifications"]?.array ?? []).compactMap { $0["task_id"]?.int }
                guard let before = page["next_before"]?.int else { break }
                target = "/api/user-7/notifications?limit=3&before=\(before)"
            }
            #expect(tasks == [7, 6, 5, 4, 3, 2, 1])
            let first = try await service.get("/api/user-7/notifications?limit=1", user: "user-7").json
            let id = try #require(first["notifications"]?[0]?["id"]?.int)
            let read = try await service.send(
                "PATCH", "/api/user-7/notifications/\(id)", user: "user-7", json: ["read": true])
            #expect(read.status == 204)
            let unread = try await service.get("/api/user-7/notifications?unread=true", user: "user-7").json
            #expect(unread["unread"] == 6)
            #expect(unread["notifications"]?.array?.count == 6)
            // Others' notifications are nobody's business.
            let others = try await service.send(
                "PATCH", "/api/user-8/notifications/\(id)", user: "user-8", json: ["read": true])
            #expect(others.status == 404)
            let all = try await service.send(
                "POST", "/api/user-7/notifications/read", user: "user-7", json: ["up_to": JSON(id)])
            #expect(all.json["read"] == 6)
            let again = try await service.send(
                "PATCH", "/api/user-7/notifications/\(id)", user: "user-7", json: ["read": false])
            #expect(again.status == 204)
            let last = try await service.get("/api/user-7/notifications?unread=true", user: "user-7").json
            #expect(last["unread"] == 1)
            let wrong = try await service.get("/api/user-7/notifications?limit=0&x=1", user: "user-7")
            #expect(wrong.status == 400)
        }
    }

    // MARK: Tools

    private static func setWebhook(_ url: String, _ service: Running) async throws -> Running.Answer {
        try await service.send(
            "PUT", "/api/user-7/notification-settings", user: "user-7",
            json: ["channels": ["in-app": ["enabled": true], "webhook": ["enabled": true, "url": .string(url)]]])
    }

    /// The delivery of the newest notification by `channel`.
    private static func delivery(_ channel: String, _ service: Running) async throws -> JSON {
        let list = try await service.get("/api/user-7/notifications?limit=1", user: "user-7").json
        return list["notifications"]?[0]?["deliveries"]?.array?.first { $0["channel"]?.string == channel } ?? .null
    }

    /// What is wrong with an event by its schema.
    private static func problems(_ event: CloudEvent) throws -> [String] {
        var path = #filePath.split(separator: "/")
        path.removeLast(3)
        let file = "/" + path.joined(separator: "/") + "/docs/events/schemas/notification-created-1.0.json"
        let schema = try JSON(parsing: Array(try Data(contentsOf: URL(filePath: file))))
        return SchemaCheck(documents: [schema]).problems(event.json, schema)
    }
}

/// A wall clock that a test moves.
private final class Wall: Sendable {
    private let state = Mutex(noon)
    var now: Timestamp { state.withLock { $0 } }
    func advance(by duration: Duration) { state.withLock { $0 = $0.advanced(by: duration) } }
}
