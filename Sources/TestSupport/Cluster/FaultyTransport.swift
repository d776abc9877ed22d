package import KubernetesClient
package import KubernetesModel
import Synchronization

/// A transport that fails as it is told, holds watches back, and records every request.
package final class FaultyTransport: KubernetesTransport {
    private struct State {
        var rules: [(rule: FaultRule, seen: Int)]
        var held: RequestMatch?
    }

    private let base: any KubernetesTransport
    private let state: Mutex<State>
    /// Raised by `cutWatches` and `endWatches`.
    private let ended = Signal()
    private let released = Signal()

    package let log = RequestLog()

    package init(_ base: any KubernetesTransport, faults: [FaultRule] = []) {
        self.base = base
        state = Mutex(State(rules: faults.map { ($0, 0) }))
    }

    package func add(_ rule: FaultRule) { state.withLock { $0.rules.append((rule, 0)) } }

    package func clearFaults() { state.withLock { $0.rules = [] } }

    // MARK: Watches

    /// Watches that match deliver nothing from now on: their readers see an old state.
    package func holdWatches(_ match: RequestMatch = .any) { state.withLock { $0.held = match } }

    /// Delivers what was held back.
    package func releaseWatches() {
        state.withLock { $0.held = nil }
        released.raise()
    }

    /// Ends all open watches with a transport error.
    package func cutWatches() { ended.raise() }

    // MARK: KubernetesTransport

    package func send(_ request: KubernetesRequest) async throws -> KubernetesResponse {
        let place = log.started(request)
        let response: KubernetesResponse
        switch decide(request) {
        case .answer(let prepared): response = prepared
        case .loseAnswer:
            _ = try await base.send(request)
            throw lost(request)
        case .hang:
            await Signal().wait(beyond: 0)
            throw CancellationError()
        case .refuseConnection: throw refused(request)
        case .errorEvent, .cutStream, nil: response = try await base.send(request)
        }
        log.answered(place, status: response.status, request: request)
        return response
    }

    package func open(_ request: KubernetesRequest) async throws -> KubernetesStream {
        let place = log.started(request)
        var limit: Int?
        switch decide(request) {
        case .answer(let prepared):
            log.answered(place, status: prepared.status, request: request)
            return KubernetesStream(status: prepared.status, headers: prepared.headers, body: Chunks([prepared.body]))
        case .errorEvent(let code, let reason, let message):
            log.answered(place, status: 200, request: request)
            let event: JSON = ["type": "ERROR", "object": Fault.statusObject(code, reason, message)]
            return KubernetesStream(status: 200, body: Chunks([event.bytes + [UInt8(ascii: "\n")]]))
        case .hang:
            await Signal().wait(beyond: 0)
            throw CancellationError()
        case .refuseConnection: throw refused(request)
        case .loseAnswer: throw lost(request)
        case .cutStream(let afterBytes): limit = afterBytes
        case nil: break
        }
        let stream = try await base.open(request)
        log.answered(place, status: stream.status, request: request)
        return KubernetesStream(
            status: stream.status, headers: stream.headers,
            body: FaultyStream(base: stream.body, transport: self, request: request, limit: limit))
    }

    private func decide(_ request: KubernetesRequest) -> Fault? {
        state.withLock { state in
            for index in state.rules.indices where state.rules[index].rule.match.matches(request) {
                state.rules[index].seen += 1
                if state.rules[index].rule.occurrence.includes(state.rules[index].seen) {
                    return state.rules[index].rule.fault
                }
            }
            return nil
        }
    }

    private func refused(_ request: KubernetesRequest) -> KubernetesError {
        KubernetesError(.transport, "\(request.summary): connection refused")
    }

    private func lost(_ request: KubernetesRequest) -> KubernetesError {
        KubernetesError(.transport, "\(request.summary): no answer in time")
    }

    // MARK: For open streams

    fileprivate var endCount: Int { ended.count }

    /// Returns when the stream has to end.
    fileprivate func waitForEnd(beyond count: Int) async { await ended.wait(beyond: count) }

    fileprivate func endError(_ request: KubernetesRequest, beyond count: Int) -> (any Error)? {
        ended.count > count ? KubernetesError(.transport, "\(request.summary): connection reset") : nil
    }

    fileprivate func isHeld(_ request: KubernetesRequest) -> Bool {
        state.withLock { $0.held?.matches(request) ?? false }
    }

    fileprivate func waitWhileHeld(_ request: KubernetesRequest) async {
        while !Task.isCancelled {
            let count = released.count
            guard isHeld(request) else { return }
            await released.wait(beyond: count)
        }
    }
}

/// A watch's body that ends when its transport says so.
private struct FaultyStream: AsyncSequence, Sendable {
    typealias Element = [UInt8]

    let base: any AsyncSequence<[UInt8], any Error> & Sendable
    let transport: FaultyTransport
    let request: KubernetesRequest
    let limit: Int?

    func makeAsyncIterator() -> Iterator {
        Iterator(
            pump: Pump(base), transport: transport, request: request, remaining: limit, ends: transport.endCount)
    }

    struct Iterator: AsyncIteratorProtocol {
        let pump: Pump
        let transport: FaultyTransport
        let request: KubernetesRequest
        /// Bytes until the cut.
        var remaining: Int?
        let ends: Int

        mutating func next() async throws -> [UInt8]? {
            let (pump, transport, request, ends) = (pump, transport, request, ends)
            if remaining == 0 { return nil }
            let chunk = try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
                group.addTask {
                    let chunk = try await pump.next()
                    await transport.waitWhileHeld(request)
                    return chunk
                }
                group.addTask {
                    await transport.waitForEnd(beyond: ends)
                    throw transport.endError(request, beyond: ends) ?? CancellationError()
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
            if let error = transport.endError(request, beyond: ends) { throw error }
            guard let chunk, let left = remaining else { return chunk }
            let piece = Array(chunk.prefix(left))
            remaining = left - piece.count
            return piece
        }
    }
}

/// Lets child tasks take turns at an iterator that is not theirs.
private actor Pump {
    private var iterator: (any AsyncIteratorProtocol<[UInt8], any Error>)?

    init(_ base: any AsyncSequence<[UInt8], any Error> & Sendable) { iterator = base.makeAsyncIterator() }

    func next() async throws -> [UInt8]? {
        // Taken out while it works: nobody else may call it then, and nobody does.
        guard var current = iterator.take() else { return nil }
        let chunk = try await current.next(isolation: self)
        iterator = current
        return chunk
    }
}
