import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL
import Synchronization

/// A small HTTP server in the test's process: answers as a closure says and remembers what it was asked.
final class TestServer: Sendable {
    struct Request: Sendable {
        let method: String
        let uri: String
        let headers: [String: String]
        let body: String
    }

    enum Reply: Sendable {
        case answer(Int, String, [String: String] = [:])
        /// A head that promises more than follows, then the connection breaks.
        case brokenOff(String)
        /// Head and these pieces, then nothing more until `release()`.
        case pieces([String])
        /// Writes as long as the client takes it, up to this many bytes.
        case flood(Int)
        /// No answer at all.
        case silence
    }

    enum Encryption {
        case none, http1
        /// And HTTP/1.1, as the client wishes.
        case http2
    }

    let port: Int
    private let channel: any Channel
    private let state: Shared

    fileprivate final class Shared: Sendable {
        struct State {
            var requests: [Request] = []
            var open: [ObjectIdentifier: any Channel] = [:]
            var connections = 0
            var flooded = 0
            var closedStreams = 0
        }
        let state = Mutex(State())
        let reply: @Sendable (Request) -> Reply
        init(reply: @escaping @Sendable (Request) -> Reply) { self.reply = reply }
    }

    var requests: [Request] { state.state.withLock { $0.requests } }
    /// How many connections there have been.
    var connections: Int { state.state.withLock { $0.connections } }
    /// How many bytes `flood` could write.
    var flooded: Int { state.state.withLock { $0.flooded } }
    /// How many answers the client gave up before their end.
    var closedStreams: Int { state.state.withLock { $0.closedStreams } }

    init(
        _ encryption: Encryption = .none, certificate: String = TestCertificates.serverA,
        key: String = TestCertificates.serverAKey, port: Int = 0, clientAuthority: String? = nil,
        reply: @escaping @Sendable (Request) -> Reply
    ) async throws {
        let shared = Shared(reply: reply)
        state = shared
        var context: NIOSSLContext?
        if encryption != .none {
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)))
            tls.applicationProtocols = encryption == .http2 ? ["h2", "http/1.1"] : ["http/1.1"]
            if let clientAuthority {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(clientAuthority.utf8)))
                tls.certificateVerification = .noHostnameVerification
            }
            context = try NIOSSLContext(configuration: tls)
        }
        let isHTTP2 = encryption == .http2
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_sndbuf), value: 64 * 1024)
            .childChannelInitializer { [context] channel in
                channel.eventLoop.makeCompletedFuture {
                    shared.opened(channel)
                    guard let context else { return }
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                }.flatMap {
                    guard isHTTP2 else { return Self.useHTTP1(channel, shared) }
                    return channel.configureHTTP2SecureUpgrade(
                        h2ChannelConfigurator: { Self.useHTTP2($0, shared) },
                        http1ChannelConfigurator: { Self.useHTTP1($0, shared) })
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        self.port = channel.localAddress?.port ?? 0
    }

    private static func useHTTP1(_ channel: any Channel, _ shared: Shared) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.configureHTTPServerPipeline()
            try channel.pipeline.syncOperations.addHandler(Handler(shared))
        }
    }

    private static func useHTTP2(_ channel: any Channel, _ shared: Shared) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                mode: .server, connectionConfiguration: .init(), streamConfiguration: .init()
            ) { stream in
                stream.eventLoop.makeCompletedFuture {
                    try stream.pipeline.syncOperations.addHandlers([
                        HTTP2FramePayloadToHTTP1ServerCodec(), Handler(shared),
                    ])
                }
            }
        }
    }

    /// Stops listening and breaks all connections.
    func stop() async throws {
        do {
            try await channel.close()
        } catch ChannelError.alreadyClosed {
            // Stopping twice is fine.
        }
        for connection in state.state.withLock({ Array($0.open.values) }) {
            // It may just have been closed from the other side.
            try? await connection.close()
        }
    }

    /// Waits until `condition` holds. Level-triggered; the suite's time limit ends it.
    func wait(until condition: @Sendable () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let shared: Shared
        private var head: HTTPRequestHead?
        private var body = ByteBuffer()
        private var floodLeft = 0
        private var isAnswering = false

        init(_ shared: Shared) { self.shared = shared }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body.clear()
            case .body(var part): body.writeBuffer(&part)
            case .end:
                guard let head else { return }
                let request = Request(
                    method: head.method.rawValue, uri: head.uri,
                    headers: Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { $0 + "," + $1 },
                    body: String(buffer: body))
                shared.state.withLock { $0.requests.append(request) }
                answer(context, shared.reply(request))
            }
        }

        private func answer(_ context: ChannelHandlerContext, _ reply: Reply) {
            switch reply {
            case .answer(let status, let text, let fields):
                var headers = HTTPHeaders(fields.map { ($0.key, $0.value) })
                headers.add(name: "content-length", value: String(text.utf8.count))
                write(
                    context,
                    .head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)))
                write(context, .body(.byteBuffer(ByteBuffer(string: text))))
                write(context, .end(nil))
            case .brokenOff(let text):
                let headers: HTTPHeaders = ["content-length": String(text.utf8.count + 100)]
                write(context, .head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)))
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))))
                    .assumeIsolated().whenComplete { _ in context.close(promise: nil) }
            case .pieces(let pieces):
                isAnswering = true
                write(context, .head(HTTPResponseHead(version: .http1_1, status: .ok)))
                for piece in pieces { write(context, .body(.byteBuffer(ByteBuffer(string: piece)))) }
            case .flood(let count):
                floodLeft = count
                write(context, .head(HTTPResponseHead(version: .http1_1, status: .ok)))
                flood(context)
            case .silence: isAnswering = true
            }
            context.flush()
        }

        private func flood(_ context: ChannelHandlerContext) {
            let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 16 * 1024)
            while floodLeft > 0, context.channel.isWritable {
                floodLeft -= piece.readableBytes
                shared.state.withLock { $0.flooded += piece.readableBytes }
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece))), promise: nil)
            }
            if floodLeft <= 0, floodLeft > Int.min {
                floodLeft = Int.min
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }

        func channelWritabilityChanged(context: ChannelHandlerContext) {
            if floodLeft > 0 { flood(context) }
            context.fireChannelWritabilityChanged()
        }

        func channelInactive(context: ChannelHandlerContext) {
            if isAnswering { shared.state.withLock { $0.closedStreams += 1 } }
            context.fireChannelInactive()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func write(_ context: ChannelHandlerContext, _ part: HTTPServerResponsePart) {
            context.write(wrapOutboundOut(part), promise: nil)
        }
    }
}

extension TestServer.Shared {
    fileprivate func opened(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        state.withLock {
            $0.connections += 1
            $0.open[id] = channel
        }
        channel.closeFuture.whenComplete { [self] _ in state.withLock { _ = $0.open.removeValue(forKey: id) } }
    }
}
