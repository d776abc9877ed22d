import Synchronization

/// Owns the tasks that begin while the process runs: they end when `run` is cancelled, and `run` returns after the last.
final class WorkGroup: Sendable {
    private let works: AsyncStream<@Sendable () async -> Void>
    private let continuation: AsyncStream<@Sendable () async -> Void>.Continuation

    init() {
        // Bounded by who starts work: a task for each subscription and sidecar.
        (works, continuation) = AsyncStream.makeStream()
    }

    func start(_ work: @escaping @Sendable () async -> Void) { continuation.yield(work) }

    func run() async {
        await withDiscardingTaskGroup { group in
            for await work in works { group.addTask { await work() } }
            group.cancelAll()
        }
    }
}
