import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The session that hears and sends wake-ups between processes: LISTEN and NOTIFY on a thread of its own.
///
/// Lost, it comes back by itself, and everybody looks once, since nobody knows what was missed. What is announced
/// within a few milliseconds goes out as one.
final class PostgresListener: Sendable {
    /// The least time between two NOTIFY of ours.
    private static let pace: Duration = .milliseconds(10)

    private struct State {
        var isStarted = false
        var isClosed = false
        var isOver = false
        var wanted: Set<String> = []
        var announced: Set<String> = []
        var closer: CheckedContinuation<Void, Never>?
    }

    private let settings: PostgresSettings
    private let options: DatabaseOptions
    private let hub: NotificationHub
    private let logger: Logger
    private let state = Mutex(State())
    private let bell = Bell()

    init(_ settings: PostgresSettings, _ options: DatabaseOptions, _ hub: NotificationHub, _ logger: Logger) {
        self.settings = settings
        self.options = options
        self.hub = hub
        self.logger = logger
    }

    func listen(_ channel: String) { change { $0.wanted.insert(channel).inserted } }

    /// Tells the other processes. Bounded: a channel waits once, however often it is announced.
    func announce(_ channels: Set<String>) {
        change { state in
            let before = state.announced.count
            state.announced.formUnion(channels)
            return state.announced.count > before
        }
    }

    func close() async {
        await withCheckedContinuation { continuation in
            let isRunning = state.withLock { state in
                state.isClosed = true
                guard state.isStarted, !state.isOver else { return false }
                state.closer = continuation
                return true
            }
            if isRunning { bell.ring() } else { continuation.resume() }
        }
    }

    private func change(_ change: (inout State) -> Bool) {
        let (isChanged, starts) = state.withLock { state in
            guard !state.isClosed, change(&state) else { return (false, false) }
            defer { state.isStarted = true }
            return (true, !state.isStarted)
        }
        if starts {
            do {
                try PlainThread.start { self.run() }
            } catch {
                // The next change tries again.
                state.withLock { $0.isStarted = false }
                logger.error("no thread for database notifications", metadata: ["code": "\(error.code)"])
            }
        } else if isChanged {
            bell.ring()
        }
    }

    // MARK: - The thread

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    private func run() {
        var failures = 0
        while !isClosed {
            do {
                let session = try ListenSession(settings, options)
                if failures > 0 { logger.info("database notifications are back") }
                failures = 0
                try serve(session)
            } catch {
                failures += 1
                if failures == 1 {
                    logger.warning("database notifications are away", metadata: ["error": "\(error)"])
                }
                // 100 ms doubling to 10 s, with a random part so that replicas do not come together.
                let wait = 100 << min(failures - 1, 6)
                bell.wait(milliseconds: Int32(min(wait, 10_000) / 2 + Int.random(in: 0...min(wait, 10_000) / 2)))
            }
        }
        let closer = state.withLock { state in
            state.isOver = true
            defer { state.closer = nil }
            return state.closer
        }
        closer?.resume()
    }

    /// Returns when closed.
    private func serve(_ session: borrowing ListenSession) throws(DatabaseError) {
        var listening: Set<String> = []
        var isFirst = true
        var lastNotify = ContinuousClock.now - Self.pace
        while true {
            let (isClosed, wanted) = state.withLock { ($0.isClosed, $0.wanted) }
            if isClosed {
                // The last commits before the end may have left work to others, who would find it only by themselves.
                let channels = state.withLock { $0.announced }
                if !channels.isEmpty { try session.notify(channels) }
                return
            }
            for channel in wanted.subtracting(listening) {
                try session.listen(channel)
                listening.insert(channel)
                // What was committed between its stream's beginning and now was not heard.
                if !isFirst { hub.wake([channel]) }
            }
            if isFirst { hub.wakeAll() }
            isFirst = false

            let sinceLast = ContinuousClock.now - lastNotify
            var patience: Int32 = -1
            if sinceLast >= Self.pace {
                let channels = state.withLock { state in
                    defer { state.announced = [] }
                    return state.announced
                }
                if !channels.isEmpty {
                    lastNotify = .now
                    do throws(DatabaseError) {
                        try session.notify(channels)
                    } catch {
                        state.withLock { $0.announced.formUnion(channels) }
                        throw error
                    }
                }
            } else if state.withLock({ !$0.announced.isEmpty }) {
                patience = Int32((Self.pace - sinceLast) / .milliseconds(1)) + 1
            }
            hub.wake(try session.heard())
            bell.wait(or: session.descriptor, milliseconds: patience)
            hub.wake(try session.heard())
        }
    }
}
