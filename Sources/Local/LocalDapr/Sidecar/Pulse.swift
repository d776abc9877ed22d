import Synchronization

/// A count that only rises, and that tasks can wait for. Who comes late does not wait.
final class Pulse: Sendable {
    private struct State {
        var count = 0
        var waiters: [Int: (beyond: Int, continuation: CheckedContinuation<Void, Never>)] = [:]
        var nextWaiter = 0
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.count } }

    func raise() {
        let ready = state.withLock { state in
            state.count += 1
            let ready = state.waiters.filter { $0.value.beyond < state.count }
            for id in ready.keys { state.waiters[id] = nil }
            return ready.values.map(\.continuation)
        }
        for continuation in ready { continuation.resume() }
    }

    /// Returns once the count is above `count`, or when the task is cancelled.
    func wait(beyond count: Int) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if Task.isCancelled || state.count > count { return true }
                    state.waiters[id] = (count, continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id)?.continuation }?.resume()
        }
    }

    /// The same, but not longer than `limit`.
    func wait(beyond count: Int, limit: Duration, _ time: TimeSource) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait(beyond: count) }
            group.addTask {
                do { try await time.sleep(limit) } catch {}  // Cancelled: the wait is over, too.
            }
            await group.next()
            group.cancelAll()
        }
    }
}
