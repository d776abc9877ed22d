import AsyncHTTPClient
import KubernetesModel
import NIOCore
import NIOSSL
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The connections to one server that were made with the same certificates.
///
/// Requests and streams have HTTP clients of their own. Streams, which are many and mostly silent, share HTTP/2
/// connections: AsyncHTTPClient keeps one per event loop, and when all of its streams are in use (the API server allows
/// 100 or 250), the next one waits until one ends. Watches do not end, so after `streamsPerConnection` of them another
/// client, and with it another connection, is added. Requests, which are few at a time, go over HTTP/1.1, where each
/// costs a fifth less of all the work that the operator does for it; their connections are closed when they are not used
/// for a minute.
final class ConnectionSet: Sendable {
    enum Purpose: Sendable { case requests, streams }

    private struct Lane {
        let client: HTTPClient
        let purpose: Purpose
        var uses = 0
    }

    private struct State {
        var lanes: [Lane] = []
        var isRetired = false
    }

    let trust: TrustMaterial
    private let streamsPerConnection: Int
    private let eventLoop: any EventLoop
    private let clientConfiguration: HTTPClient.Configuration
    private let state = Mutex(State())

    /// - Throws: `.configuration` when a certificate or key is no PEM.
    init(
        _ cluster: ClusterConfiguration, trust: TrustMaterial, options: HTTPTransport.Options, eventLoop: any EventLoop
    ) throws(KubernetesError) {
        self.trust = trust
        self.eventLoop = eventLoop
        streamsPerConnection = max(1, options.streamsPerConnection)
        clientConfiguration = try Self.configuration(cluster, trust, options)
    }

    deinit {
        // AsyncHTTPClient insists on a shutdown. Leases keep us alive, so nobody uses these any more.
        for lane in state.withLock({ $0.lanes }) { lane.client.shutdown { _ in } }
    }

    /// A client for one request or one stream. The lease ends when the result is let go.
    func lease(_ purpose: Purpose) -> Lease {
        let client = state.withLock { state in
            let limit = purpose == .requests ? Int.max : streamsPerConnection
            if let index = state.lanes.firstIndex(where: { $0.purpose == purpose && $0.uses < limit }) {
                state.lanes[index].uses += 1
                return state.lanes[index].client
            }
            var configuration = clientConfiguration
            if purpose == .requests {
                configuration.httpVersion = .http1Only
                // Enough for all that may be under way: no request waits for an answer to another one.
                configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 512
            }
            let client = HTTPClient(eventLoopGroupProvider: .shared(eventLoop), configuration: configuration)
            state.lanes.append(Lane(client: client, purpose: purpose, uses: 1))
            return client
        }
        return Lease(client: client, connections: self)
    }

    final class Lease: Sendable {
        let client: HTTPClient
        private let connections: ConnectionSet

        fileprivate init(client: HTTPClient, connections: ConnectionSet) {
            self.client = client
            self.connections = connections
        }

        deinit { connections.release(client) }
    }

    private func release(_ client: HTTPClient) {
        let isUnused = state.withLock { state in
            guard let index = state.lanes.firstIndex(where: { $0.client === client }) else { return false }
            state.lanes[index].uses -= 1
            guard state.lanes[index].uses == 0 else { return false }
            let isSpare = state.lanes[index].purpose == .streams && state.lanes.count { $0.purpose == .streams } > 1
            guard state.isRetired || isSpare else { return false }
            state.lanes.remove(at: index)
            return true
        }
        if isUnused { client.shutdown { _ in } }
    }

    /// No new leases are wanted: closes each connection when its last request or stream ends.
    func retire() {
        let idle = state.withLock { state in
            state.isRetired = true
            let idle = state.lanes.filter { $0.uses == 0 }
            state.lanes.removeAll { $0.uses == 0 }
            return idle
        }
        for lane in idle { lane.client.shutdown { _ in } }
    }

    /// Closes all connections; requests and streams that are under way fail.
    func close() async {
        let lanes = state.withLock { state in
            state.isRetired = true
            defer { state.lanes = [] }
            return state.lanes
        }
        for lane in lanes {
            // The only error is that it is shut down already, which is what we want.
            try? await lane.client.shutdown()
        }
    }

    var isEmpty: Bool { state.withLock { $0.lanes.isEmpty } }
    /// How many HTTP clients carry streams.
    var streamClients: Int { state.withLock { $0.lanes.count { $0.purpose == .streams } } }

    // MARK: Configuration

    private static func configuration(
        _ cluster: ClusterConfiguration, _ trust: TrustMaterial, _ options: HTTPTransport.Options
    ) throws(KubernetesError) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: try tls(cluster, trust), redirectConfiguration: .disallow,
            timeout: .init(connect: .nanoseconds(options.connectTimeout.nanoseconds)))
        // Connections that fail are retried by whoever sent the request; retrying here as well would only hide the reason.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = options.streamsPerConnection
        if let name = cluster.serverName { configuration.dnsOverride = [name: cluster.server.host] }
        switch cluster.proxy {
        case .http(let host, let port, let user?, let password):
            configuration.proxy = .server(
                host: host, port: port, authorization: .basic(username: user, password: password ?? ""))
        case .http(let host, let port, nil, _): configuration.proxy = .server(host: host, port: port)
        case .socks5(let host, let port): configuration.proxy = .socksServer(host: host, port: port)
        case nil: break
        }
        configuration.http1_1ConnectionDebugInitializer = keepAlive
        configuration.http2ConnectionDebugInitializer = keepAlive
        return configuration
    }

    /// Lets the system find dead peers: an idle connection is probed after 30 s, one that does not acknowledge for 30 s
    /// is closed. Without it, requests would go into a dead HTTP/2 connection for a quarter of an hour.
    @Sendable private static func keepAlive(_ channel: any Channel) -> EventLoopFuture<Void> {
        #if os(Linux)
            let options: [(NIOBSDSocket.OptionLevel, CInt, Int)] = [
                (.socket, SO_KEEPALIVE, 1), (.tcp, CInt(TCP_KEEPIDLE), 30), (.tcp, CInt(TCP_KEEPINTVL), 5),
                (.tcp, CInt(TCP_KEEPCNT), 3), (.tcp, CInt(TCP_USER_TIMEOUT), 30_000),
            ]
            let settings = options.map { level, name, value in
                channel.setOption(
                    ChannelOptions.Types.SocketOption(level: level, name: NIOBSDSocket.Option(rawValue: name)),
                    value: value)
            }
            // A system that knows an option not at all still has usable connections.
            return EventLoopFuture.andAllComplete(settings, on: channel.eventLoop)
        #else
            return channel.eventLoop.makeSucceededVoidFuture()
        #endif
    }

    private static func tls(_ cluster: ClusterConfiguration, _ trust: TrustMaterial) throws(KubernetesError)
        -> TLSConfiguration
    {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if cluster.skipsVerification { tls.certificateVerification = .none }
        if let authority = trust.authority {
            tls.trustRoots = .certificates(try certificates(authority, "the certificate authority", cluster))
        }
        if let chain = trust.chain, let key = trust.key {
            tls.certificateChain = try certificates(chain, "the client certificate", cluster).map { .certificate($0) }
            do {
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
            } catch {
                throw KubernetesError(
                    .configuration, "\(cluster.origin): the client key is no private key in PEM without a passphrase")
            }
        }
        return tls
    }

    private static func certificates(_ pem: [UInt8], _ what: String, _ cluster: ClusterConfiguration)
        throws(KubernetesError) -> [NIOSSLCertificate]
    {
        do {
            let certificates = try NIOSSLCertificate.fromPEMBytes(pem)
            if !certificates.isEmpty { return certificates }
        } catch {
            // Said below; the library's words name BoringSSL codes only.
        }
        throw KubernetesError(.configuration, "\(cluster.origin): \(what) holds no certificate in PEM")
    }
}

extension Duration {
    /// Whole nanoseconds; durations beyond 292 years count as that long.
    var nanoseconds: Int64 {
        let (whole, overflow) = components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : whole + components.attoseconds / 1_000_000_000
    }
}
