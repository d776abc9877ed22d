import Dispatch
import Logging
import ServiceLifecycle
import Telemetry
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct AdminServerTests {
    private let levels = LogLevels(.error)

    /// Runs a server for `body`, which gets its port, and stops it gracefully.
    private func withServer(_ body: @escaping @Sendable (_ port: Int) async throws -> Void) async throws {
        let logger = Lines(levels: levels).logger()
        let endpoints = AdminEndpoints(
            registry: MetricRegistry(), levels: levels,
            readiness: { [HealthProblem(check: "cache", message: "not filled")] })
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let server = AdminServer(host: "127.0.0.1", port: 0, endpoints: endpoints, logger: logger) { port in
            listening.yield(port)
            listening.finish()
        }
        let group = ServiceGroup(configuration: .init(services: [server], logger: logger))
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            try await body(port)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a server answers over a real connection`() async throws {
        let levels = levels
        try await withServer { port in
            let health = try await Connection.exchange(port: port, "GET /healthz HTTP/1.1")
            #expect(health.hasPrefix("HTTP/1.1 200"))
            #expect(health.hasSuffix("\r\n\r\nok\n"))
            let ready = try await Connection.exchange(port: port, "GET /readyz?verbose HTTP/1.1")
            #expect(ready.hasPrefix("HTTP/1.1 503"))
            #expect(ready.contains("not filled"))
            let level = try await Connection.exchange(port: port, "PUT /loglevel HTTP/1.1", body: #"{"level":"debug"}"#)
            #expect(level.hasPrefix("HTTP/1.1 200"))
            #expect(levels.current == .debug)
            let long = try await Connection.exchange(
                port: port, "PUT /loglevel HTTP/1.1",
                body: String(repeating: " ", count: AdminEndpoints.maximumBodyBytes + 1))
            #expect(long.hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a connection that somebody keeps open does not hold up the end`() async throws
    {
        let started = ContinuousClock.now
        try await withServer { port in
            let connection = try Connection(port: port)
            let answer = try await connection.exchange("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", until: "ok\n")
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            // Still open when the server is asked to stop: closed here only once it has.
            await Self.kept.keep(connection)
        }
        await Self.kept.release()
        // The bound is the kubelet's patience with us, not a figure of speed.
        #expect(ContinuousClock.now - started < .seconds(5))
    }

    private static let kept = Kept()

    private actor Kept {
        private var connections: [Connection] = []
        func keep(_ connection: Connection) { connections.append(connection) }
        func release() { connections = [] }
    }

    @Test(.timeLimit(.minutes(1))) func `a port that is taken is an error, not a silent server`() async throws {
        let levels = levels
        try await withServer { port in
            let second = AdminServer(
                host: "127.0.0.1", port: port, endpoints: AdminEndpoints(registry: MetricRegistry(), levels: levels),
                logger: Lines(levels: levels).logger())
            await #expect(throws: (any Error).self) { try await second.run() }
        }
    }
}

/// A TCP connection to this machine, as simple as can be; closed when nobody holds it any more.
final class Connection: Sendable {
    struct Failed: Error { let call: String, number: Int32 }

    private let socket: Int32

    init(port: Int) throws {
        #if canImport(Glibc)
            socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            socket = Darwin.socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard socket >= 0 else { throw Failed(call: "socket", number: errno) }
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failed(call: "connect", number: errno) }
    }

    deinit { close(socket) }

    /// Sends one request on a connection of its own and returns the whole answer.
    static func exchange(port: Int, _ requestLine: String, body: String = "") async throws -> String {
        try await Connection(port: port).exchange(
            "\(requestLine)\r\nHost: x\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// Sends `text` and reads until the other side closes, or what was read ends with `end`.
    func exchange(_ text: String, until end: String? = nil) async throws -> String {
        // On a thread of its own: the calls block, and the server needs the tasks' threads.
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try self.blockingExchange(text, until: end) })
            }
        }
    }

    private func blockingExchange(_ text: String, until end: String?) throws -> String {
        let bytes = Array(text.utf8)
        guard send(socket, bytes, bytes.count, 0) == bytes.count else {
            throw Failed(call: "send", number: errno)
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count >= 0 else { throw Failed(call: "recv", number: errno) }
            answer += buffer[..<count]
            let read = String(decoding: answer, as: UTF8.self)
            if count == 0 || end.map(read.hasSuffix) == true { return read }
        }
    }
}
