package import AsyncHTTPClient
package import Logging
package import NIOCore
import NIOHTTP1
import Synchronization
import WireValues

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The Dapr sidecar's HTTP API: pub/sub, jobs, state, secrets, service invocation, output bindings, health.
///
/// A value; copies share the connections of one `HTTPClient`. Each call has a deadline, nothing is retried that may have
/// had an effect and must not have it twice. A sidecar that does not listen yet is waited for (see
/// `Configuration.startPatience`), since it starts beside the service and in no order.
package struct DaprClient: Sendable {
    package struct Configuration: Sendable {
        package var host = "127.0.0.1"
        /// `DAPR_HTTP_PORT`.
        package var port = 3500
        /// `DAPR_API_TOKEN`; goes with every call, never into a text.
        package var apiToken: String?
        /// From sending a call to the end of its answer.
        package var timeout: Duration = .seconds(10)
        /// How long a call waits for a sidecar that has never answered yet. Afterwards a refused connection is retried
        /// for up to a second only: a sidecar that is gone is an error then.
        package var startPatience: Duration = .seconds(30)

        package init() {}
    }

    /// Answers that are longer are refused: twice what a sidecar takes by default.
    static let maximumBodyBytes = 8 * 1024 * 1024

    private(set) var configuration: Configuration
    let learned: Learned
    private var waitsForSidecar = true
    private let http: HTTPClient
    private let clock: any Clock<Duration>
    private let logger: Logger

    /// - Parameter http: shared by the process; made by `httpClient(on:)`, and shut down by whoever made it.
    package init(
        _ configuration: Configuration = Configuration(), http: HTTPClient,
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.configuration = configuration
        learned = Learned()
        self.http = http
        self.clock = clock
        self.logger = logger
    }

    /// The same client for whoever has his own way of waiting: a sidecar that does not listen is an error at once, and
    /// no call takes longer than `timeout`.
    package func hurried(timeout: Duration) -> DaprClient {
        var copy = self
        copy.configuration.timeout = timeout
        copy.waitsForSidecar = false
        return copy
    }

    /// A client as the sidecar wants it: HTTP/1.1, no redirects, no retries of its own.
    package static func httpClient(on group: any EventLoopGroup) -> HTTPClient {
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(60)))
        settings.httpVersion = .http1Only
        // Whoever asks decides about another try; hidden ones would only delay the reason.
        settings.connectionPool.retryConnectionEstablishment = false
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        settings.connectionPool.idleTimeout = .seconds(30)
        return HTTPClient(eventLoopGroupProvider: .shared(group), configuration: settings)
    }

    // MARK: Exchange

    /// What the copies of a client find out about their sidecar.
    final class Learned: Sendable {
        let hasAnswered = Atomic(false)
        /// The runtime knows jobs (before 1.18) or bulk publish (before 1.17) by the older path only.
        let olderJobs = Atomic(false)
        let olderBulkPublish = Atomic(false)
    }

    /// One request of the API.
    struct Exchange: Sendable {
        /// For errors: `publish to task-events`.
        var operation: String
        var method: HTTPMethod = .GET
        /// Encoded, with the query.
        var path: String
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []
        var timeout: Duration?
        /// Whether having the effect twice does no harm, so that a connection that broke may be replaced.
        var isRepeatable = false
        /// Whether a sidecar that does not listen is waited for.
        var isPatient = true
    }

    /// Sends and waits for the whole answer, whatever its status.
    func send(_ exchange: Exchange) async throws(DaprError) -> Answer {
        var waited = Duration.zero
        var pause = Duration.milliseconds(20)
        var mayRepeat = exchange.isRepeatable
        while true {
            do {
                return try await sendOnce(exchange)
            } catch  where error.kind == .unreachable && exchange.isPatient && waitsForSidecar {
                let patience =
                    learned.hasAnswered.load(ordering: .relaxed) ? .seconds(1) : configuration.startPatience
                guard waited < patience else { throw error }
                if waited == .zero {
                    logger.debug("waiting for the sidecar", metadata: ["dapr.port": "\(configuration.port)"])
                }
                do {
                    try await clock.sleep(for: pause)
                } catch {
                    throw DaprError(.cancelled, operation: exchange.operation, message: "cancelled")
                }
                waited += pause
                pause = min(pause * 2, .seconds(1))
            } catch  where error.kind == .broken && mayRepeat {
                // A kept connection that the sidecar closed just as it was used; a fresh one tells what is wrong.
                mayRepeat = false
            }
        }
    }

    /// Sends, and throws what is no success.
    func call(_ exchange: Exchange) async throws(DaprError) -> Answer {
        let answer = try await send(exchange)
        guard (200..<300).contains(answer.status) else {
            throw DaprError(operation: exchange.operation, status: answer.status, body: answer.body)
        }
        return answer
    }

    private func sendOnce(_ exchange: Exchange) async throws(DaprError) -> Answer {
        let address = "\(configuration.host):\(configuration.port)"
        var request = HTTPClientRequest(url: "http://\(address)\(exchange.path)")
        request.method = exchange.method
        for field in exchange.headers { request.headers.add(name: field.name, value: field.value) }
        if let token = configuration.apiToken { request.headers.replaceOrAdd(name: "dapr-api-token", value: token) }
        if !exchange.body.isEmpty { request.body = .bytes(ByteBuffer(bytes: exchange.body)) }
        do {
            let timeout = exchange.timeout ?? configuration.timeout
            let end = ContinuousClock.now + timeout
            let answer = try await http.execute(request, timeout: .nanoseconds(timeout.nanoseconds))
            let body = try await Self.body(of: answer, until: end)
            learned.hasAnswered.store(true, ordering: .relaxed)
            return Answer(
                status: Int(answer.status.code), headers: answer.headers.map { (name: $0.name, value: $0.value) },
                body: Array(body.readableBytesView))
        } catch {
            throw DaprError(operation: exchange.operation, transport: error, address: address)
        }
    }

    /// The whole body. The client below counts its deadline up to the head of an answer only; what stops half-way would
    /// hold up whoever waits for it.
    private static func body(
        of answer: HTTPClientResponse, until end: ContinuousClock.Instant
    ) async throws -> ByteBuffer {
        let isEmpty = answer.status == .noContent || answer.headers.first(name: "Content-Length") == "0"
        // Where none follows, its end has come with the head; it is read all the same, which frees the connection.
        if isEmpty { return try await answer.body.collect(upTo: maximumBodyBytes) }
        return try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
            group.addTask { try await answer.body.collect(upTo: maximumBodyBytes) }
            group.addTask {
                try await ContinuousClock().sleep(until: end)
                throw HTTPClientError.deadlineExceeded
            }
            defer { group.cancelAll() }
            guard let body = try await group.next() else { throw CancellationError() }
            return body
        }
    }

    func pauseBetweenLooks(_ pause: Duration) async throws { try await clock.sleep(for: pause) }
}

extension DaprClient {
    /// A whole answer, from the sidecar or from what it called.
    package struct Answer: Sendable {
        package var status: Int
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]

        package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
            self.status = status
            self.headers = headers
            self.body = body
        }

        /// The first header called `name` in any case; nil when there is none.
        package func header(_ name: String) -> String? {
            let name = name.lowercased()
            return headers.first { $0.name.lowercased() == name }?.value
        }

        /// The body as JSON.
        func json(_ operation: String) throws(DaprError) -> JSON {
            do {
                return try JSON(parsing: body)
            } catch {
                throw DaprError(
                    .undecodable, operation: operation, status: status, message: "the answer is no JSON: \(error)")
            }
        }
    }
}

extension JSON {
    /// An object with its members in this order.
    static func members(_ members: KeyValuePairs<String, JSON>) -> JSON {
        .object(JSONObject(members.map { ($0.key, $0.value) }))
    }
}

extension DaprError {
    static let connectionRefused = ECONNREFUSED
}

extension Duration {
    var nanoseconds: Int64 {
        let parts = components
        return parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000
    }
}
