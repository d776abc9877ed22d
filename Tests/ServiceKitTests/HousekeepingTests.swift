import Logging
import ServiceLifecycle
import ServiceTestSupport
import Synchronization
import TaskStorage
import TestKit
import Testing
import WireValues

@testable import ServiceKit

@Suite(.timeLimit(.minutes(1))) struct HousekeepingTests {
    @Test func `what the service no longer needs is taken away every hour, also after it once failed`() async throws {
        struct Failure: Error {}
        try await TestEngine.sqlite.withDatabase(migrations: [Inbox.migrations]) { database in
            let calls = Mutex(0)
            let clock = ManualClock()
            let housekeeping = Housekeeping(
                outbox: nil, hasInbox: true,
                own: {
                    let call = calls.withLock { calls in
                        calls += 1
                        return calls
                    }
                    if call == 1 { throw Failure() }
                }, database: database, clock: clock, now: { Timestamp(seconds: 1_790_000_000) },
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await housekeeping.run() }
                for hour in 1...3 {
                    await clock.waitForSleepers(1)
                    #expect(calls.withLock { $0 } == hour - 1)
                    clock.advance(by: Housekeeping.interval)
                    try await expectEventually("called") { calls.withLock { $0 } == hour }
                }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: [
        (nil, Retention.limited(.seconds(7)), 0), ("forever", .forever, 0), ("86400", .limited(.seconds(86_400)), 0),
        ("86399", .limited(.seconds(7)), 1), ("3155760001", .limited(.seconds(7)), 1),
        ("30d", .limited(.seconds(7)), 1),
    ])
    func `how long something is kept is a time or for ever`(text: String?, retention: Retention, problems: Int) {
        let reader = SettingsReader(environment: text.map { ["KEPT": $0] } ?? [:])
        #expect(reader.retention("KEPT", default: .limited(.seconds(7))) == retention)
        #expect(reader.problems.count == problems)
    }
}
