import AsyncHTTPClient
package import KubernetesModel
package import NIOCore
import NIOHTTP1
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Carries requests over HTTP/1.1, and streams over HTTP/2 where the server has it, to the server of a
/// `ClusterConfiguration`.
///
/// Credentials and certificates are renewed without a restart: files are read anew at least every 60 s; a 401 or a failed
/// TLS handshake makes them be read (or the plugin be run) at once, and the request is sent once more if something had
/// changed. Everything runs on one event loop, so that there is one connection for each `Options.streamsPerConnection`
/// streams.
package final class HTTPTransport: KubernetesTransport {
    package struct Options: Sendable {
        /// From sending to the complete answer; for streams, to its head.
        package var requestTimeout: Duration = .seconds(30)
        package var connectTimeout: Duration = .seconds(10)
        /// Larger answers are refused. A page of 500 objects has a few MiB.
        package var maximumBodyBytes = 64 * 1024 * 1024
        /// Below the number of streams that any API server allows on a connection.
        package var streamsPerConnection = 64
        /// `User-Agent`, such as `todo-platform/1.2.3`.
        package var userAgent = "todo-platform"

        package init() {}
    }

    private struct State {
        var current: ConnectionSet?
        /// Replaced, with requests or streams still under way.
        var retired: [ConnectionSet] = []
        var timeoutsInARow = 0
        var isShutDown = false
    }

    private let cluster: ClusterConfiguration
    private let options: Options
    private let eventLoop: any EventLoop
    private let clock: any Clock<Duration>
    private let credentials: CredentialSource
    private let state = Mutex(State())

    /// - Parameters:
    ///   - eventLoopGroup: one loop of it is used. Nil for the process-wide one.
    ///   - clock: measures timeouts and the age of credentials.
    ///   - now: the wall clock, for credentials that expire.
    ///   - hasTerminal: a person can answer the questions of a credential plugin.
    package init(
        _ cluster: ClusterConfiguration, options: Options = Options(), eventLoopGroup: (any EventLoopGroup)? = nil,
        clock: any Clock<Duration> = ContinuousClock(), now: (@Sendable () -> Timestamp)? = nil,
        hasTerminal: Bool? = nil
    ) {
        self.cluster = cluster
        self.options = options
        self.clock = clock
        eventLoop = (eventLoopGroup ?? HTTPClient.defaultEventLoopGroup).any()
        credentials = CredentialSource(
            cluster, clock: clock, now: now ?? { Timestamp.systemNow() },
            hasTerminal: hasTerminal ?? (isatty(0) == 1 && isatty(2) == 1))
    }

    /// Closes all connections; what is under way fails. No requests are possible afterwards.
    package func shutdown() async {
        let sets = state.withLock { state in
            state.isShutDown = true
            defer {
                state.current = nil
                state.retired = []
            }
            return state.retired + (state.current.map { [$0] } ?? [])
        }
        for set in sets { await set.close() }
    }

    package func send(_ request: KubernetesRequest) async throws -> KubernetesResponse {
        try await exchange(request, .requests, status: \.status) { [clock, options] lease, outgoing in
            try await withTimeout(options.requestTimeout, clock: clock) {
                let answer = try await lease.client.execute(outgoing, deadline: .distantFuture)
                let body = try await answer.body.collect(upTo: options.maximumBodyBytes)
                return KubernetesResponse(
                    status: Int(answer.status.code), headers: answer.headers.fields, body: Array(body.readableBytesView)
                )
            }
        }
    }

    package func open(_ request: KubernetesRequest) async throws -> KubernetesStream {
        try await exchange(request, .streams, status: \.status) { [clock, options, cluster] lease, outgoing in
            let answer = try await withTimeout(options.requestTimeout, clock: clock) {
                try await lease.client.execute(outgoing, deadline: .distantFuture)
            }
            let body = StreamBody(base: answer.body, lease: lease) { error in
                Self.transportError(error, request, cluster, options)
            }
            return KubernetesStream(status: Int(answer.status.code), headers: answer.headers.fields, body: body)
        }
    }

    /// Whether `text` may stand in a header field: printable ASCII, and no space at its ends.
    static func isHeaderValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } && text.first != " " && text.last != " "
    }

    /// How many HTTP clients carry streams now.
    package var streamClients: Int { state.withLock { $0.current?.streamClients ?? 0 } }

    // MARK: One exchange

    private func exchange<Answer: Sendable>(
        _ request: KubernetesRequest, _ purpose: ConnectionSet.Purpose, status: (Answer) -> Int,
        _ perform: (ConnectionSet.Lease, HTTPClientRequest) async throws -> Answer
    ) async throws -> Answer {
        var session = try await credentials.session()
        var mayRenew = true
        while true {
            let connections = try connections(for: session.trust)
            let lease = connections.lease(purpose)
            defer { withExtendedLifetime(lease) {} }
            do {
                let answer = try await perform(lease, outgoing(request, session))
                state.withLock { $0.timeoutsInARow = 0 }
                guard status(answer) == 401, mayRenew, let renewed = try await renew(session) else { return answer }
                session = renewed
            } catch {
                if error is TimeoutError { noteTimeout(of: connections) }
                guard Self.isRefusedHandshake(error), mayRenew, let renewed = try await renew(session) else {
                    throw Self.transportError(error, request, cluster, options)
                }
                session = renewed
            }
            mayRenew = false
        }
    }

    /// What to try instead of `session`; nil when nothing else can be had.
    private func renew(_ session: Session) async throws(KubernetesError) -> Session? {
        await credentials.discard(session)
        let renewed = try await credentials.session()
        return renewed.proves(sameAs: session) ? nil : renewed
    }

    private func connections(for trust: TrustMaterial) throws(KubernetesError) -> ConnectionSet {
        let present = state.withLock { state in
            (isShutDown: state.isShutDown, set: state.current.flatMap { $0.trust == trust ? $0 : nil })
        }
        if present.isShutDown { throw KubernetesError(.transport, "\(cluster.server): the client was shut down") }
        if let set = present.set { return set }
        let fresh = try ConnectionSet(cluster, trust: trust, options: options, eventLoop: eventLoop)
        let (chosen, old) = state.withLock { state -> (ConnectionSet, ConnectionSet?) in
            // Somebody else may have been faster.
            if let current = state.current, current.trust == trust { return (current, nil) }
            let old = state.current
            state.retired.removeAll(where: \.isEmpty)
            if let old { state.retired.append(old) }
            state.current = fresh
            return (fresh, old)
        }
        old?.retire()
        return chosen
    }

    /// After two timeouts with no answer between them, new connections are made: a load balancer may keep alive a
    /// connection whose server is gone.
    private func noteTimeout(of connections: ConnectionSet) {
        let old = state.withLock { state -> ConnectionSet? in
            state.timeoutsInARow += 1
            guard state.timeoutsInARow >= 2, state.current === connections else { return nil }
            state.timeoutsInARow = 0
            state.current = nil
            state.retired.removeAll(where: \.isEmpty)
            state.retired.append(connections)
            return connections
        }
        old?.retire()
    }

    private func outgoing(_ request: KubernetesRequest, _ session: Session) -> HTTPClientRequest {
        let server = cluster.server
        let authority = cluster.serverName.map { ServerAddress.authority($0, server.port) } ?? server.authority
        var outgoing = HTTPClientRequest(
            url: "\(server.isSecure ? "https" : "http")://\(authority)\(server.prefix)\(request.pathAndQuery)")
        outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
        if cluster.serverName != nil { outgoing.headers.add(name: "Host", value: server.authority) }
        outgoing.headers.add(name: "User-Agent", value: options.userAgent)
        outgoing.headers.add(name: "Accept", value: request.accept)
        if let type = request.contentType { outgoing.headers.add(name: "Content-Type", value: type) }
        if let authorization = session.authorization {
            outgoing.headers.add(name: "Authorization", value: authorization)
        }
        for field in cluster.impersonation?.headers ?? [] { outgoing.headers.add(name: field.name, value: field.value) }
        if !request.body.isEmpty { outgoing.body = .bytes(ByteBuffer(bytes: request.body)) }
        return outgoing
    }
}

extension HTTPHeaders {
    var fields: [HeaderField] { map { HeaderField(name: $0.name, value: $0.value) } }
}

/// The body of a stream; keeps its connection leased as long as somebody holds it.
private struct StreamBody: AsyncSequence, Sendable {
    let base: HTTPClientResponse.Body
    let lease: ConnectionSet.Lease
    let mapped: @Sendable (any Error) -> KubernetesError

    func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), lease: lease, mapped: mapped)
    }

    struct Iterator: AsyncIteratorProtocol {
        var base: HTTPClientResponse.Body.AsyncIterator
        let lease: ConnectionSet.Lease
        let mapped: @Sendable (any Error) -> KubernetesError

        mutating func next() async throws -> [UInt8]? {
            do {
                return try await base.next().map { Array($0.readableBytesView) }
            } catch {
                throw mapped(error)
            }
        }
    }
}
