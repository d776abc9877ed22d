import Synchronization
import TaskStorage

/// How far a service has come.
final class HostState<S: TodoService>: Sendable {
    enum Phase: Sendable {
        /// What it waits for.
        case starting(String)
        case running(S)
    }

    private struct State {
        var phase = Phase.starting("its turn")
        var database: (any Database)?
        var port: Int?
        var adminPort: Int?
        var isDraining = false
        var isOver = false
    }

    let routes = RouteSwitch()
    private let state = Mutex(State())
    private let isListening = Latch()
    private let isObservable = Latch()
    private let isReady = Latch()

    var phase: Phase { state.withLock { $0.phase } }
    var database: (any Database)? { state.withLock { $0.database } }
    var isDraining: Bool { state.withLock { $0.isDraining } }
    var service: S? {
        if case .running(let service) = phase { service } else { nil }
    }

    func waits(for what: String) { state.withLock { $0.phase = .starting(what) } }
    func opened(_ database: any Database) { state.withLock { $0.database = database } }
    func drain() { state.withLock { $0.isDraining = true } }

    func runs(_ service: S, _ table: RouteTable) {
        state.withLock { $0.phase = .running(service) }
        routes.open(table)
        isReady.open()
    }

    func listening(port: Int) {
        state.withLock { $0.port = port }
        isListening.open()
    }

    func observable(port: Int) {
        state.withLock { $0.adminPort = port }
        isObservable.open()
    }

    func end() {
        state.withLock { $0.isOver = true }
        isListening.open()
        isObservable.open()
        isReady.open()
    }

    func waitUntilReady() async throws -> Int {
        await isReady.wait()
        return try await waitUntilListening()
    }

    func waitUntilListening() async throws -> Int {
        await isListening.wait()
        return try port(\.port)
    }

    func waitUntilObservable() async throws -> Int {
        await isObservable.wait()
        return try port(\.adminPort)
    }

    private func port(_ path: KeyPath<State, Int?>) throws -> Int {
        try state.withLock { state in
            guard !state.isOver, let port = state[keyPath: path] else { throw CancellationError() }
            return port
        }
    }
}
