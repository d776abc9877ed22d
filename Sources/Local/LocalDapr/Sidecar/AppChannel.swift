import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// What an app answered.
struct AppResponse: Sendable {
    var status: Int
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    var isSuccess: Bool { (200..<300).contains(status) }
}

/// The app cannot be reached, or went away in the middle.
struct AppUnreachable: Error, CustomStringConvertible {
    let description: String
}

struct AppRequest: Sendable {
    var method = "POST"
    /// With its query, percent-encoded.
    var path: String
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
}

/// The way to one app on this machine: requests over kept connections, no more at once than the app may get.
final class AppChannel: Sendable {
    /// What an app may answer to an invocation.
    static let maximumResponseBytes = 16 << 20

    let host: String
    private let client: HTTPClient
    private let slots: Slots?
    private let port: Mutex<Int?>

    init(host: String = "127.0.0.1", port: Int?, maximumConcurrency: Int?, client: HTTPClient) {
        self.host = host
        self.client = client
        self.port = Mutex(port)
        slots = maximumConcurrency.map { Slots($0) }
    }

    var appPort: Int? { port.withLock { $0 } }
    func attach(port: Int) { self.port.withLock { $0 = port } }

    /// Sends a request and reads the whole answer.
    ///
    /// - Parameters:
    ///   - isRepeatable: when a kept connection turns out to be closed, the request is made once more.
    ///   - isProbe: it does not count as one of the calls that the app gets at once, so that a busy app still looks well.
    /// - Throws: `AppUnreachable`, `CancellationError`.
    func send(_ request: AppRequest, isRepeatable: Bool = true, isProbe: Bool = false) async throws -> AppResponse {
        guard let port = appPort else { throw AppUnreachable(description: "the app has no port") }
        guard let slots, !isProbe else { return try await sent(request, port: port, isRepeatable: isRepeatable) }
        return try await slots.with { try await self.sent(request, port: port, isRepeatable: isRepeatable) }
    }

    private func sent(_ request: AppRequest, port: Int, isRepeatable: Bool) async throws -> AppResponse {
        var outgoing = HTTPClientRequest(url: "http://\(host):\(port)\(request.path)")
        outgoing.method = HTTPMethod(rawValue: request.method)
        for (name, value) in request.headers { outgoing.headers.add(name: name, value: value) }
        if !request.body.isEmpty || request.method == "POST" || request.method == "PUT" || request.method == "PATCH" {
            outgoing.body = .bytes(ByteBuffer(bytes: request.body))
        }
        var mayRepeat = isRepeatable
        while true {
            do {
                let response = try await client.execute(outgoing, timeout: .hours(24))
                let body = try await response.body.collect(upTo: Self.maximumResponseBytes)
                return AppResponse(
                    status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) },
                    body: Array(body.readableBytesView))
            } catch let error as HTTPClientError where error == .remoteConnectionClosed && mayRepeat {
                mayRepeat = false
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                if Task.isCancelled { throw CancellationError() }
                throw AppUnreachable(description: "127.0.0.1:\(port) cannot be reached: \(error)")
            }
        }
    }
}

/// A number of permits; who finds none waits in line.
private final class Slots: Sendable {
    private struct State {
        var free: Int
        var waiters: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
        var nextID = 0
        var cancelled: Set<Int> = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: max(1, count))) }

    func with<R: Sendable>(_ body: () async throws -> R) async throws -> R {
        try await take()
        defer { give() }
        return try await body()
    }

    private func take() async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let isGranted = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if state.cancelled.remove(id) != nil { return false }
                    if state.free > 0 {
                        state.free -= 1
                        return true
                    }
                    state.waiters.append((id, continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.waiters.remove(at: index).continuation
            }
            waiter?.resume(returning: false)
        }
        state.withLock { _ = $0.cancelled.remove(id) }
        if !isGranted { throw CancellationError() }
    }

    private func give() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if state.waiters.isEmpty {
                state.free += 1
                return nil
            }
            return state.waiters.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
