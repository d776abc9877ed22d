import Logging
import ServiceLifecycle
import Synchronization
import TaskStorage
import Telemetry
import WireValues

/// Works off the deliveries of one channel: takes those whose time has come, tries them, several at a time, and writes
/// down what became of each. A commit wakes it, or the time of the next attempt; nothing is looked for on a timer.
struct DeliveryLane: Service {
    /// Waits before the attempts after the first.
    static let pauses: [Duration] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400].map { .seconds($0) }
    /// A clock that was set back must not keep us asleep.
    static let longestSleep = Duration.seconds(60)

    let channel: any DeliveryChannel
    let store: NotificationStore
    let look: TaskLook
    let maximumAttempts: Int
    let clock: any Clock<Duration>
    let now: @Sendable () -> Timestamp
    let counts: Counter
    let logger: Logger
    var jitter: @Sendable () -> Double = { Double.random(in: 0.8...1.2) }

    func run() async throws {
        let (wakes, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let (delays, later) = AsyncStream<Duration>.makeStream(bufferingPolicy: .bufferingNewest(1))
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { helpers in
                helpers.addTask {
                    for await _ in self.store.database.notifications(NotificationTables.wakes(self.channel.channel)) {
                        wake.yield()
                    }
                }
                helpers.addTask { await self.wakeLater(delays, wake) }
                await self.work(wakes, wake, later)
                helpers.cancelAll()
            }
        } onGracefulShutdown: {
            wake.finish()
        }
    }

    /// Wakes after the latest of `delays`; an earlier one that still runs is forgotten.
    private func wakeLater(_ delays: AsyncStream<Duration>, _ wake: AsyncStream<Void>.Continuation) async {
        let latest = Count()
        await withDiscardingTaskGroup { group in
            for await delay in delays {
                let number = latest.add(1)
                group.addTask {
                    // Cancelled: nobody is to be woken.
                    guard (try? await self.clock.sleep(for: delay)) != nil else { return }
                    if latest.value == number { wake.yield() }
                }
            }
            group.cancelAll()
        }
    }

    private func work(
        _ wakes: AsyncStream<Void>, _ wake: AsyncStream<Void>.Continuation, _ later: AsyncStream<Duration>.Continuation
    ) async {
        let running = Count()
        await withDiscardingTaskGroup { group in
            for await _ in wakes {
                while true {
                    let free = channel.concurrency - running.value
                    guard free > 0, !Task.isCancelled else { break }
                    let batch: (due: [DueDelivery], next: Timestamp?)
                    do {
                        batch = try await store.claim(channel.channel, limit: free, at: now())
                    } catch {
                        logger.notice("deliveries not read; to be tried again", metadata: ["error": "\(error)"])
                        later.yield(.seconds(1))
                        break
                    }
                    running.add(batch.due.count)
                    for delivery in batch.due {
                        group.addTask {
                            await self.attempt(delivery)
                            running.add(-1)
                            wake.yield()
                        }
                    }
                    guard batch.due.isEmpty else { continue }
                    if let next = batch.next {
                        later.yield(min(max(next.since(now()), .milliseconds(1)), Self.longestSleep))
                    }
                    break
                }
            }
        }
    }

    private func attempt(_ delivery: DueDelivery) async {
        do {
            // The first attempt follows the reminder at once, and that was looked at.
            if delivery.attempt > 1, let reason = await look.obsolescence(of: delivery.reminder) {
                return try await store.settle(delivery, .cancelled, error: reason, at: now())
            }
            let channels = try await store.settings(delivery.userID).channels
            switch await channel.deliver(delivery, channels) {
            case .delivered:
                counts.increment(channel.channel.rawValue, "delivered")
                try await store.settle(delivery, .delivered, at: now())
            case .unwanted:
                try await store.settle(delivery, .cancelled, error: "the channel was turned off", at: now())
            case .refused(let reason): try await giveUp(delivery, reason)
            case .failed(let reason):
                guard delivery.attempt < maximumAttempts else { return try await giveUp(delivery, reason) }
                let pause = Self.pauses[min(delivery.attempt, Self.pauses.count) - 1] * jitter()
                try await store.settle(delivery, .pending, error: reason, nextAt: now().advanced(by: pause), at: now())
            }
        } catch {
            // It stays taken until its lease ends; then it is tried again.
            logger.notice(
                "delivery not written down",
                metadata: ["notification.id": "\(delivery.notificationID)", "error": "\(error)"])
        }
    }

    private func giveUp(_ delivery: DueDelivery, _ reason: String) async throws {
        counts.increment(channel.channel.rawValue, "failed")
        logger.notice(
            "delivery given up",
            metadata: [
                "notification.id": "\(delivery.notificationID)", "channel": "\(channel.channel.rawValue)",
                "attempts": "\(delivery.attempt)", "reason": "\(reason)",
            ])
        try await store.settle(delivery, .failed, error: reason, at: now())
    }
}

/// A number that several tasks count with.
private final class Count: Sendable {
    private let state = Mutex(0)

    var value: Int { state.withLock { $0 } }

    @discardableResult
    func add(_ amount: Int) -> Int {
        state.withLock { value in
            value += amount
            return value
        }
    }
}
