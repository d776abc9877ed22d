import NIOCore

/// The machine's continuous clock, whose sleepers wait on an event loop: what happens there anyway costs no other thread.
///
/// Sleeps do not notice time in which the machine itself slept: they may end late, never early. So whoever must not act too
/// late asks `now`, which notices it, as leadership does before each write.
struct EventLoopClock: Clock {
    let eventLoop: any EventLoop

    var now: ContinuousClock.Instant { ContinuousClock.now }
    var minimumResolution: Duration { .milliseconds(1) }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        let rest = TimeAmount(now.duration(to: deadline))
        guard rest > .zero else { return try Task.checkCancellation() }
        let timer = eventLoop.scheduleTask(in: rest) {}
        do {
            try await withTaskCancellationHandler {
                try await timer.futureResult.get()
            } onCancel: {
                timer.cancel()
            }
        } catch {
            throw CancellationError()
        }
    }
}
