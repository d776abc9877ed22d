import HTTPTestSupport
import Logging
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

@Suite(.timeLimit(.minutes(1))) struct SecretVaultTests {
    private static let first = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    private static let second = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="

    @Test func `what is sealed is opened for its owner only, by its own key, unaltered`() throws {
        let vault = try #require(SecretVault(members: ["k1": Self.first, "note": "no key"], current: "k1"))
        let sealed = try vault.sealed("whsec_x", of: "ann")
        #expect(!sealed.text.contains("whsec_x"))
        #expect(vault.opened(sealed, of: "ann") == "whsec_x")
        #expect(vault.opened(sealed, of: "bob") == nil)
        #expect(try vault.sealed("whsec_x", of: "ann") != sealed, "the same text is never sealed the same way")

        var altered = sealed
        let box = try #require(sealed["box"]?.string)
        altered["box"] = .string((box.hasPrefix("A") ? "B" : "A") + box.dropFirst())
        #expect(vault.opened(altered, of: "ann") == nil)
        #expect(vault.opened(["key": "k1", "box": "AAAA"], of: "ann") == nil)

        let rotated = try #require(SecretVault(members: ["k1": Self.first, "k2": Self.second], current: "k2"))
        #expect(rotated.opened(sealed, of: "ann") == "whsec_x")
        #expect(try rotated.sealed("whsec_x", of: "ann")["key"] == "k2")
        let other = try #require(SecretVault(members: ["k1": Self.second], current: "k1"))
        #expect(other.opened(sealed, of: "ann") == nil)
        let gone = try #require(SecretVault(members: ["k2": Self.second], current: "k2"))
        #expect(gone.opened(sealed, of: "ann") == nil)
    }

    @Test(arguments: [[:], ["k1": ""], ["k1": "MDEyMw=="], ["k1": "not base64!"], ["k2": SecretVaultTests.first]])
    func `without its own key there is no vault`(members: [String: String]) {
        #expect(SecretVault(members: members, current: "k1") == nil)
    }

    @Test func `a secret that cannot be read outlives other changes, for its key may come back`() throws {
        let vault = try #require(SecretVault(members: ["k1": Self.first], current: "k1"))
        let other = try #require(SecretVault(members: ["k2": Self.second], current: "k2"))
        let url = "https://example.com/hook"
        var channels = UserChannels()
        channels.webhook = UserChannels.Webhook(isEnabled: true, url: url, secret: "whsec_x")
        let stored = try channels.stored(of: "ann", vault)

        func changed(_ webhook: JSON, _ lost: SecretVault?) throws -> (channels: UserChannels, newSecret: String?) {
            try UserChannels.reading(
                ["channels": ["webhook": webhook]], old: UserChannels(stored: stored, of: "ann", lost),
                available: [.webhook], allowsPrivateWebhooks: false, newSecret: { "whsec_new" })
        }
        for lost in [nil, other] {
            let kept = try changed(["enabled": false, "url": .string(url)], lost)
            #expect(kept.newSecret == nil)
            let shown = kept.channels.json(available: [.webhook])["channels"]?["webhook"]
            #expect(shown == ["enabled": false, "url": .string(url), "has_secret": false])
            let row = try kept.channels.stored(of: "ann", lost)
            #expect(row["webhook"]?["sealed"] == stored["webhook"]?["sealed"])
            #expect(UserChannels(stored: row, of: "ann", vault).webhook?.secret == "whsec_x")

            // Another receiver, or another secret: the old one is of no use any more.
            let moved = try changed(["enabled": true, "url": "https://example.org/"], lost)
            #expect(moved.newSecret == "whsec_new")
            #expect(moved.channels.webhook?.sealed == nil)
            let replaced = try changed(
                ["enabled": true, "url": .string(url), "secret": "sixteen-characters"], lost)
            #expect(replaced.channels.webhook?.secret == "sixteen-characters")
            #expect(replaced.channels.webhook?.sealed == nil)
        }
    }

    @Test func `settings that cannot be read keep nobody else's secret from being encrypted`() async throws {
        let vault = try #require(SecretVault(members: ["k1": Self.first], current: "k1"))
        try await TestEngine.sqlite.withDatabase(migrations: NotificationsService.allMigrations) { database in
            let store = NotificationStore(database: database, outbox: Outbox(name: "notifications"), vault: vault)
            let clear = #"{"webhook":{"enabled":true,"url":"https://example.com/","secret":"whsec_x"}}"#
            try await database.transaction { transaction in
                for (user, settings) in [("ann", "{"), ("bob", clear)] {
                    try transaction.send(
                        "INSERT INTO notification_settings VALUES ($1, $2, 1, 0)", [.text(user), .text(settings)])
                }
            }
            try await store.resealSecrets(Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })
            let rows = try await database.read {
                try $0.query("SELECT settings FROM notification_settings ORDER BY user_id").map { $0.text(0) }
            }
            #expect(rows.first == "{")
            #expect(rows.last?.contains("whsec_x") == false)
            #expect(try await store.settings("bob").channels.webhook?.secret == "whsec_x")
        }
    }

    // MARK: In the service

    /// The service with these keys, as after a start, and a clock that the test moves.
    private func withKeys(
        _ place: TestPlace, _ keys: [String: String]?, current: String = "k1",
        _ body: @escaping @Sendable (RunningService<NotificationsService>, ManualClock) async throws -> Void
    ) async throws {
        let database = try await place.open()
        _ = try await Migrations.run(NotificationsService.allMigrations, on: database)
        let clock = ManualClock()
        var environment = [
            "TODO_NOTIFICATION_CHANNELS": "webhook", "TODO_WEBHOOK_ALLOW_PRIVATE": "true",
            "TODO_ENCRYPTION_SECRET_KEY": current,
        ]
        if keys != nil { environment["TODO_ENCRYPTION_SECRET_NAME"] = "todo-keys" }
        try await withService(
            NotificationsService.self, database: database, environment: environment,
            configure: {
                $0.now = { noon }
                $0.clock = clock
            },
            sidecar: { asked in
                asked.path == "/v1.0/secrets/secrets/todo-keys" ? .json(.strings(keys ?? [:])) : nil
            },
            { try await body($0, clock) })
    }

    private static func stored(_ place: TestPlace) async throws -> String {
        let database = try await place.open()
        let rows = try await database.read { try $0.query("SELECT settings FROM notification_settings") }
        await database.close()
        return rows.first?.text(0) ?? ""
    }

    @Test(arguments: eachDatabase)
    func `a webhook's secret is not in the database, and still signs when keys change`(engine: TestEngine) async throws
    {
        let secret = "a secret of at least sixteen characters".filter { $0 != " " }
        let path = "/api/user-7/notification-settings"
        try await FakeServer.running(answering: .by { _ in .init(204) }) { receiver in
            try await engine.withPlace { place in
                let settings: JSON = [
                    "channels": [
                        "webhook": [
                            "enabled": true, "url": .string("http://127.0.0.1:\(receiver.port)/"),
                            "secret": .string(secret),
                        ]
                    ]
                ]
                /// How many of the receiver's calls were signed with the secret.
                @Sendable func signed() -> Int {
                    receiver.asked.count { call in
                        let seconds = call.header("webhook-timestamp").flatMap { Int64($0) } ?? 0
                        let expected = WebhookSignature.headers(
                            id: call.header("webhook-id") ?? "", seconds: seconds, body: call.body, secret: secret)
                        return call.header("webhook-signature") == expected.last?.value
                    }
                }
                // Before there were keys.
                try await withKeys(place, nil) { service, _ in
                    let set = try await service.send("PUT", path, user: "user-7", json: settings)
                    #expect(set.status == 200)
                }
                #expect(try await Self.stored(place).contains(secret))
                // With a key, what was there before is encrypted within an hour.
                try await withKeys(place, ["k1": Self.first]) { service, clock in
                    try await expectEventually("sealed") {
                        clock.advance(by: .seconds(3_600))
                        return try await !Self.stored(place).contains(secret)
                    }
                    _ = try await service.deliver(sampleReminder(task: 1).cloudEvent, to: .reminders)
                    try await expectEventually("signed") { signed() == 1 }
                }
                #expect(try await Self.stored(place).contains(#""key":"k1""#))
                // A new key takes over, and the old one can go.
                try await withKeys(place, ["k1": Self.first, "k2": Self.second], current: "k2") { _, clock in
                    try await expectEventually("sealed anew") {
                        clock.advance(by: .seconds(3_600))
                        return try await Self.stored(place).contains(#""key":"k2""#)
                    }
                }
                try await withKeys(place, ["k2": Self.second], current: "k2") { service, _ in
                    _ = try await service.deliver(sampleReminder(task: 2).cloudEvent, to: .reminders)
                    try await expectEventually("signed") { signed() == 2 }
                    let shown = try await service.get(path, user: "user-7")
                    #expect(shown.json["channels"]?["webhook"]?["has_secret"] == true)
                    #expect(shown.header("etag") == "\"1\"", "for its user nothing has changed")
                }
                // The key is lost: nothing goes out unsigned, and another secret can be set.
                try await withKeys(place, ["k3": Self.first], current: "k3") { service, _ in
                    _ = try await service.deliver(sampleReminder(task: 3).cloudEvent, to: .reminders)
                    try await expectEventually("says why") {
                        let list = try await service.get("/api/user-7/notifications?limit=1", user: "user-7").json
                        return list["notifications"]?[0]?["deliveries"]?[0]?["last_error"]
                            == "the secret that signs it cannot be read; set another"
                    }
                    let shown = try await service.get(path, user: "user-7")
                    #expect(shown.json["channels"]?["webhook"]?["has_secret"] == false)
                    #expect(signed() == 2 && receiver.asked.count == 2)
                    let set = try await service.send("PUT", path, user: "user-7", json: settings)
                    #expect(set.status == 200)
                }
                #expect(try await Self.stored(place).contains(#""key":"k3""#))
            }
        }
    }

    @Test func `a secret without a key in it is refused at the start`() async throws {
        try await TestEngine.sqlite.withPlace { place in
            _ = await #expect(throws: SettingsRefused.self) {
                try await withKeys(place, ["k1": "too short"]) { _, _ in }
            }
        }
    }
}
