import Synchronization

/// Who listens on which channel, in this process.
final class NotificationHub: Sendable {
    private struct State {
        var lastListener: UInt64 = 0
        var listeners: [String: [UInt64: AsyncStream<Void>.Continuation]] = [:]
        var isFinished = false
    }

    private let state = Mutex(State())

    /// A stream that holds one element at most, and holds one from the beginning: who listens looks first.
    func stream(_ channel: String) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state -> UInt64? in
            guard !state.isFinished else { return nil }
            state.lastListener += 1
            state.listeners[channel, default: [:]][state.lastListener] = continuation
            return state.lastListener
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners[channel]?.removeValue(forKey: number) }
        }
        continuation.yield()
        return stream
    }

    func wake(_ channels: some Sequence<String>) {
        let listeners = state.withLock { state in channels.flatMap { (state.listeners[$0] ?? [:]).values } }
        for listener in listeners { listener.yield() }
    }

    func wakeAll() {
        let listeners = state.withLock { $0.listeners.values.flatMap(\.values) }
        for listener in listeners { listener.yield() }
    }

    func finish() {
        let listeners = state.withLock { state in
            state.isFinished = true
            defer { state.listeners = [:] }
            return state.listeners.values.flatMap(\.values)
        }
        for listener in listeners { listener.finish() }
    }
}
