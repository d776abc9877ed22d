import KubernetesModel
import Synchronization

@testable import KubernetesClient

/// A transport that answers from a list and remembers what was asked. Past its end it answers 599.
final class ScriptedTransport: KubernetesTransport {
    enum Step: Sendable {
        case answer(Int, String, [HeaderField] = [])
        case failure(KubernetesError.Code)
    }

    private let state: Mutex<(steps: [Step], requests: [KubernetesRequest])>

    init(_ steps: [Step]) { state = Mutex((steps, [])) }

    var requests: [KubernetesRequest] { state.withLock { $0.requests } }
    /// Method and path of each request.
    var log: [String] { requests.map { "\($0.method.rawValue) \($0.path)" } }

    func send(_ request: KubernetesRequest) async throws -> KubernetesResponse {
        let step = state.withLock { state -> Step in
            state.requests.append(request)
            return state.steps.isEmpty ? .answer(599, "the script has ended") : state.steps.removeFirst()
        }
        switch step {
        case .answer(let status, let body, let headers):
            return KubernetesResponse(status: status, headers: headers, body: Array(body.utf8))
        case .failure(let code): throw KubernetesError(code, "scripted \(code)")
        }
    }

    func open(_ request: KubernetesRequest) async throws -> KubernetesStream {
        let response = try await send(request)
        let body = AsyncThrowingStream<[UInt8], any Error> { continuation in
            continuation.yield(response.body)
            continuation.finish()
        }
        return KubernetesStream(status: response.status, headers: response.headers, body: body)
    }
}

/// A clock that stands still until it is told to move.
final class ManualClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        let offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct State {
        var now = Instant(offset: .zero)
        var slept: [Duration] = []
        var nextSleeper = 0
        var sleepers: [Int: (deadline: Instant, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var cancelled: Set<Int> = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    /// Sleeping moves the clock at once instead of waiting.
    private let isHasty: Bool

    init(isHasty: Bool = false) { self.isHasty = isHasty }

    var now: Instant { state.withLock { $0.now } }
    var minimumResolution: Duration { .nanoseconds(1) }
    /// Every sleep that was asked for, in order.
    var slept: [Duration] { state.withLock { $0.slept } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        if isHasty {
            state.withLock { state in
                state.slept.append(state.now.duration(to: deadline))
                state.now = max(state.now, deadline)
            }
            return
        }
        let number = state.withLock { state in
            state.nextSleeper += 1
            return state.nextSleeper
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (ready, watchers) = state.withLock {
                    state -> (Result<Void, any Error>?, [CheckedContinuation<Void, Never>]) in
                    state.slept.append(state.now.duration(to: deadline))
                    if state.cancelled.remove(number) != nil { return (.failure(CancellationError()), []) }
                    if deadline <= state.now { return (.success(()), []) }
                    state.sleepers[number] = (deadline, continuation)
                    let count = state.sleepers.count
                    let arrived = state.watchers.filter { $0.count <= count }.map(\.continuation)
                    state.watchers.removeAll { $0.count <= count }
                    return (nil, arrived)
                }
                if let ready { continuation.resume(with: ready) }
                for watcher in watchers { watcher.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let sleeper = state.sleepers.removeValue(forKey: number)
                if sleeper == nil { state.cancelled.insert(number) }
                return sleeper
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.filter { $0.value.deadline <= state.now }
            for key in due.keys { state.sleepers[key] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    /// Waits until `count` tasks sleep.
    func sleepers(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }
}
