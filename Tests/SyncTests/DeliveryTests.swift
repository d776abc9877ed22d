import NIOCore
import ServiceKit
import Synchronization
import TaskDomain
import Telemetry
import Testing
import WireValues

@testable import Sync

/// What becomes of events from the broker.
struct DeliveryTests {
    private let hub = SyncHub(limits: SyncLimits(), metrics: MetricRegistry())

    private final class Ear: Sendable {
        let heard = Mutex<[String]>([])
        var member: SyncHub.Member {
            SyncHub.Member(
                hear: { update in self.heard.withLock { $0.append("\(update.sequence)") } },
                hearAside: { frame in
                    self.heard.withLock { $0.append(SessionScene.json(frame)["type"]?.string ?? "?") }
                })
        }
    }

    private func event(_ type: String, user: String = "u", data: JSON) -> CloudEvent {
        CloudEvent(
            id: "e-1", source: "/todo/test", type: type, subject: "1", time: Timestamp(seconds: 0), dataSchema: "",
            partitionKey: user, sequence: nil, trace: EventTrace(), data: data)
    }

    private func listen(_ user: String) throws -> Ear {
        let ear = Ear()
        var place = try hub.takePlace().get()
        #expect(hub.join(&place, userID: user, ear.member))
        return ear
    }

    @Test func `a change goes to its user's connections and to nobody else's`() throws {
        let mine = try listen("u")
        let alsoMine = try listen("u")
        let other = try listen("v")
        #expect(SyncService.pass(event("task.changed", data: ["user_id": "u", "user_seq": 7]), to: hub) == .success)
        #expect(mine.heard.withLock { $0 } == ["7"])
        #expect(alsoMine.heard.withLock { $0 } == ["7"])
        #expect(other.heard.withLock { $0 }.isEmpty)
    }

    @Test func `users whose ids look the same and differ in bytes do not hear each other`() throws {
        let mine = try listen("\u{E9}")
        let other = try listen("e\u{301}")
        #expect(
            SyncService.pass(event("task.changed", data: ["user_id": "\u{E9}", "user_seq": 7]), to: hub) == .success)
        #expect(mine.heard.withLock { $0 } == ["7"])
        #expect(other.heard.withLock { $0 }.isEmpty)

        var session = SyncSession(
            userID: "\u{E9}", beginning: .now, limits: SyncLimits(), spread: 0.5, isReplicaYoung: false)
        let orders = session.begin(as: SessionScene.client("e\u{301}"), now: .zero)
        #expect(orders == [.close(.otherUser)])
    }

    @Test func `a notification is passed on without a number`() throws {
        let ear = try listen("u")
        #expect(SyncService.pass(event("notification.created", data: ["task_id": 1]), to: hub) == .success)
        #expect(ear.heard.withLock { $0 } == ["notification.created"])
    }

    @Test func `a version that came later is not for this service`() throws {
        let ear = try listen("u")
        #expect(SyncService.pass(event("task.changed.v2", data: ["user_id": "u", "user_seq": 7]), to: hub) == .ignored)
        #expect(ear.heard.withLock { $0 }.isEmpty)
    }

    @Test(
        arguments: [[:], ["user_id": "u"], ["user_id": "u", "user_seq": 0], ["user_id": 7, "user_seq": 1]] as [JSON])
    func `a change without its number is dropped, since it will never have one`(data: JSON) {
        guard case .drop = SyncService.pass(event("task.changed", data: data), to: hub) else {
            Issue.record("not dropped")
            return
        }
    }

    @Test func `the feed's answer is read, and what is wrong with it is told apart`() throws {
        let page = try ChangeFeed.page(
            status: 200, body: Array(#"{"changes":[{"user_seq":3},{"user_seq":4}],"user_seq":9,"has_more":true}"#.utf8))
        #expect(page.changes.map(\.sequence) == [3, 4])
        #expect(page.newest == 9)
        #expect(page.hasMore)
        #expect(try ChangeFeed.page(status: 410, body: Array(#"{"user_seq":9}"#.utf8)).isGone)
        for (status, failure) in [
            (401, .unauthorized), (403, .refused(status: 403)), (404, .refused(status: 404)),
            (503, .unavailable("status 503")), (429, .unavailable("status 429")),
        ] as [(Int, ChangeFeed.Failure)] {
            #expect(throws: failure) { try ChangeFeed.page(status: status, body: Array("{}".utf8)) }
        }
        #expect(throws: ChangeFeed.Failure.self) { try ChangeFeed.page(status: 200, body: Array("no JSON".utf8)) }
    }
}
