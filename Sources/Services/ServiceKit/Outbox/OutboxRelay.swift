package import Logging
import ServiceLifecycle
import Synchronization
package import TaskStorage
package import Telemetry
package import WireValues

/// What a relay needs of its outbox: see `Outbox`.
package protocol RelaySource: Sendable {
    /// Marks `published`, and returns what is to be published next, without rows of the keys `leavingOut`; nothing when
    /// there is nothing.
    func claim(published: [Int64], limit: Int, leavingOut: [String]) async throws -> OutboxBatch
    /// Marks `published` and leaves the rest to other relays.
    func release(published: [Int64]) async throws
    func backlog() async throws -> (count: Int, oldest: Timestamp?)
    /// An element whenever there may be something new.
    var wakes: AsyncStream<Void> { get }
}

/// Brings committed events to the broker, in order for each key, however often it takes.
///
/// It is woken by the commit and looks by itself every ten seconds, in case a wake-up got lost. A key whose events are not
/// taken waits 100 ms, doubling up to 30 s, with jitter, and the others do not; while nothing at all is taken, all wait up to
/// 5 s. A row may be published twice, when the relay ends between publishing and marking, or when the sidecar's answer comes
/// too late; never is one lost, or out of the order of its key.
package struct OutboxRelay: Service {
    /// Rows at a time: enough that a round is worth its while, few enough that they are no burden on the memory.
    static let batch = 200
    static let fallback = Duration.seconds(10)
    static let firstPause = Duration.milliseconds(100)
    static let longestPause = Duration.seconds(30)
    /// Of all keys, when nothing gets through. Those that failed wait longer, each by itself.
    static let longestPauseOfAll = Duration.seconds(5)

    private let source: any RelaySource
    private let publisher: any OutboxPublisher
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Timestamp
    private let jitter: @Sendable () -> Double
    private let logger: Logger
    private let pending: Gauge
    private let oldest: Gauge

    /// - Parameter jitter: a factor around 1 for each pause.
    package init(
        source: any RelaySource, publisher: any OutboxPublisher, clock: any Clock<Duration>,
        now: @escaping @Sendable () -> Timestamp, metrics: MetricRegistry, logger: Logger,
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0.8...1.2) }
    ) {
        self.source = source
        self.publisher = publisher
        self.clock = clock
        self.now = now
        self.jitter = jitter
        self.logger = logger
        pending = metrics.gauge("todo_outbox_pending", help: "Committed events that the broker does not have yet.")
        oldest = metrics.gauge(
            "todo_outbox_oldest_seconds", help: "Age of the oldest committed event that the broker does not have.")
    }

    /// Runs until graceful shutdown, and then until nothing is left that was committed before, or something fails.
    package func run() async throws {
        let stop = Latch()
        let (wakes, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let (delays, later) = AsyncStream<Duration>.makeStream(bufferingPolicy: .unbounded)
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in self.source.wakes { wake.yield() }
                }
                group.addTask {
                    while !Task.isCancelled {
                        await self.measure()
                        wake.yield()
                        // Cancelled: the loop ends.
                        try? await self.clock.sleep(for: Self.fallback)
                    }
                }
                group.addTask {
                    await withDiscardingTaskGroup { sleepers in
                        for await delay in delays {
                            sleepers.addTask {
                                // Cancelled: the stream ends.
                                try? await self.clock.sleep(for: delay)
                                wake.yield()
                            }
                        }
                    }
                }
                await self.relay(wakes, later: later, stop: stop)
                group.cancelAll()
            }
        } onGracefulShutdown: {
            stop.open()
            wake.yield()
        }
    }

    private func relay(
        _ wakes: AsyncStream<Void>, later: AsyncStream<Duration>.Continuation, stop: Latch
    ) async {
        let elapsed = Self.stopwatch(clock)
        var published: [Int64] = []
        var failedClaims = 0
        var stuck = StuckKeys()
        var nextLook: Duration?
        for await _ in wakes {
            var mayHaveMore = true
            while mayHaveMore, !Task.isCancelled {
                let begun = elapsed()
                // Who is asked to stop does not wait for those again.
                let withDue = !stop.isOpen && stuck.takeTurn(at: begun)
                var wait: Duration?
                do {
                    let asked = ContinuousClock.now
                    let batch = try await source.claim(
                        published: published, limit: Self.batch,
                        leavingOut: stuck.leftOut(at: begun, withDue: withDue))
                    published = []
                    failedClaims = 0
                    if withDue, batch.rows.count < Self.batch { stuck.forgetDue(at: begun, except: batch.rows) }
                    if !batch.rows.isEmpty {
                        published = await publisher.publish(batch.rows, before: asked + batch.startWithin)
                        wait = stuck.note(batch.rows, published: published, at: elapsed(), jitter: jitter())
                    } else if stop.isOpen || !stuck.hasDue(at: elapsed()) {
                        mayHaveMore = false
                        let time = elapsed()
                        if let delay = [batch.lookAgainAfter, stuck.nextTry(at: time)].compactMap(\.self).min() {
                            // A new sleeper only if none wakes before.
                            if nextLook.map({ $0 <= time || $0 > time + delay }) ?? true {
                                nextLook = time + delay
                                later.yield(delay)
                            }
                        } else {
                            // Nothing waits, for nobody: that need not wait for the next measurement.
                            pending.set(0)
                            oldest.set(0)
                        }
                        if !stuck.isEmpty, time > begun, !stop.isOpen {
                            // Each claim looks through all that is stuck: however many commits come meanwhile, that is to
                            // be a small part of what the database does.
                            await pause(for: (time - begun) * 4, stop: stop)
                        }
                    }
                } catch {
                    // What was published and could not be marked is named again with the next claim.
                    failedClaims += 1
                    wait = Self.pause(after: failedClaims, jitter: jitter())
                    logger.notice("outbox not read; to be tried again", metadata: ["error": "\(error)"])
                }
                if let wait {
                    if stop.isOpen { break }
                    await measure()
                    await pause(for: wait, stop: stop)
                }
            }
            if stop.isOpen { break }
        }
        do {
            try await source.release(published: published)
        } catch {
            logger.notice(
                "outbox not given back; others wait until its lease ends", metadata: ["error": "\(error)"])
        }
    }

    /// Tells how long it is since now.
    private static func stopwatch<C: Clock>(_ clock: C) -> @Sendable () -> Duration where C.Duration == Duration {
        let start = clock.now
        return { start.duration(to: clock.now) }
    }

    /// The wait after `failures` failures in a row: 100 ms, doubling up to 30 s, times the jitter.
    static func pause(after failures: Int, jitter: Double) -> Duration {
        let doublings = min(max(failures, 1) - 1, 16)
        return min(firstPause * (1 << doublings), longestPause) * jitter
    }

    private func pause(for pause: Duration, stop: Latch) async {
        let clock = clock
        await withTaskGroup(of: Void.self) { group in
            // Cancelled when the latch opens first.
            group.addTask { try? await clock.sleep(for: pause) }
            group.addTask { await stop.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    private func measure() async {
        do {
            let backlog = try await source.backlog()
            pending.set(Double(backlog.count))
            oldest.set(backlog.oldest.map { max(0, Double(now().microseconds - $0.microseconds) / 1_000_000) } ?? 0)
        } catch {
            // The relay itself says what is wrong with the database; the gauges keep what they had.
        }
    }
}

/// The outbox of a service in its database.
package final class DatabaseRelaySource: RelaySource {
    private let outbox: Outbox
    private let database: any Database
    private let relay: String
    private let hold = Mutex<LaneHold?>(nil)

    /// - Parameter relay: tells this process from others that share the work.
    package init(outbox: Outbox, database: any Database, relay: String) {
        self.outbox = outbox
        self.database = database
        self.relay = relay
    }

    package func claim(published: [Int64], limit: Int, leavingOut: [String]) async throws -> OutboxBatch {
        let (outbox, relay, hold) = (outbox, relay, hold.withLock { $0 })
        let batch = try await database.transaction { transaction in
            try outbox.claim(
                by: relay, limit: limit, published: published, leavingOut: leavingOut, holding: hold, in: transaction)
        }
        self.hold.withLock { $0 = batch.hold }
        return batch
    }

    package func release(published: [Int64]) async throws {
        hold.withLock { $0 = nil }
        let (outbox, relay) = (outbox, relay)
        try await database.transaction { transaction in
            try outbox.release(by: relay, published: published, in: transaction)
        }
    }

    package func backlog() async throws -> (count: Int, oldest: Timestamp?) {
        let outbox = outbox
        return try await database.read { try outbox.backlog(in: $0) }
    }

    package var wakes: AsyncStream<Void> { database.notifications(outbox.channel) }
}
