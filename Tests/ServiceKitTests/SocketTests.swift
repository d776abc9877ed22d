import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import TestKit
import Testing

@testable import ServiceKit

/// What only a real socket shows: buffers of the system that fill, and connections that are reset.
@Suite(.timeLimit(.minutes(1))) struct SocketTests {
    private typealias Bytes = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// Serves one connection, and talks on its other side.
    ///
    /// - Parameter isEndedByServer: whether to wait for the server's end of it, when all is said.
    private func connection<Result: Sendable>(
        limits: HTTPLimits = HTTPLimits(), isEndedByServer: Bool = false, answer: @escaping ServiceChannel.Answer,
        _ talk:
            @escaping @Sendable (
                NIOAsyncChannelInboundStream<ByteBuffer>, NIOAsyncChannelOutboundWriter<ByteBuffer>
            ) async throws -> Result
    ) async throws -> Result {
        let http = ServiceChannel(limits: limits, answer: answer)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(host: "127.0.0.1", port: 0) { http.setup(channel: $0, logger: quiet) }
        return try await server.executeThenClose { connections in
            let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: server.channel.localAddress?.port ?? 0) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try Bytes(
                            wrappingChannelSynchronously: channel,
                            configuration: .init(isOutboundHalfClosureEnabled: true))
                    }
                }
            return try await client.executeThenClose { inbound, outbound in
                try await withThrowingTaskGroup(of: Void.self) { serving in
                    for try await connection in connections {
                        serving.addTask { await http.handle(value: connection, logger: quiet) }
                        break
                    }
                    let result = try await talk(inbound, outbound)
                    if !isEndedByServer { serving.cancelAll() }
                    try await serving.waitForAll()
                    return result
                }
            }
        }
    }

    private static let size = 16 * 1024 * 1024

    private static func large(_ request: AssembledRequest) -> ServiceAnswer {
        ServiceAnswer(
            status: 200, headers: ["Content-Length": "\(size)"], body: ByteBuffer(repeating: 7, count: size))
    }

    @Test(arguments: ["", "Connection: close\r\n"])
    func `an answer that the system does not take at once arrives whole, and the next one after it`(
        field: String
    ) async throws {
        let text = "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\(field)\r\n"
        try await connection(answer: Self.large) { inbound, outbound in
            try await outbound.write(ByteBuffer(string: text))
            // A client that ends its side when it has asked is not done with listening.
            if field.isEmpty { outbound.finish() }
            var received = ByteBuffer()
            var answers = 0
            // The connection's end may never be seen: a database that another test starts at this moment inherits the
            // server's socket, and holds it open.
            for try await var part in inbound {
                received.writeBuffer(&part)
                if Self.readLarge(&received) { answers += 1 }
                if answers == 2 { break }
            }
            #expect(answers == 2)
            #expect(received.readableBytes == 0)
        }
    }

    /// Takes a whole answer off the front, if there is one.
    private static func readLarge(_ received: inout ByteBuffer) -> Bool {
        let view = received.readableBytesView
        guard view.count > size, let end = view.prefix(200).firstRange(of: "\r\n\r\n".utf8)?.upperBound,
            view.endIndex - end >= size, view.starts(with: "HTTP/1.1 200 ".utf8)
        else { return false }
        received.moveReaderIndex(to: end + size)
        received.discardReadBytes()
        return true
    }

    @Test func `whoever still sends a body that nobody wants gets its answer, and the end`() async throws {
        let text = try await connection(
            answer: { _ in ServiceAnswer(status: 404) },
            { inbound, outbound in
                let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"
                try await outbound.write(ByteBuffer(string: head))
                async let sent: Void = Self.sendForEver(outbound)
                var text = ""
                do {
                    for try await part in inbound { text += String(buffer: part) }
                } catch {
                    // The end may be a hard one, after the answer.
                }
                await sent
                return text
            })
        #expect(text.hasPrefix("HTTP/1.1 404 "))
    }

    private static func sendForEver(_ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) async {
        do {
            while true { try await outbound.write(ByteBuffer(repeating: 1, count: 100_000)) }
        } catch {
            // The server was tired of it.
        }
    }

    @Test func `a connection that was accepted while the server ended does no harm`() async throws {
        let http = ServiceChannel { _ in ServiceAnswer(status: 500) }
        let accepted = Signal()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Active(accepted))
                }
                .flatMap { http.setup(channel: channel, logger: quiet) }
            }
        let client = try await server.executeThenClose { _ in
            let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: server.channel.localAddress?.port ?? 0).get()
            await accepted.wait(beyond: 0)
            return client
        }
        try await client.close()
    }

    private final class Active: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let signal: Signal
        init(_ signal: Signal) { self.signal = signal }
        func channelActive(context: ChannelHandlerContext) {
            context.fireChannelActive()
            signal.raise()
        }
    }

    @Test func `whoever takes nothing of its answers is cut off`() async throws {
        var limits = HTTPLimits()
        limits.idleTimeout = .seconds(1)
        try await connection(limits: limits, isEndedByServer: true, answer: Self.large) { _, outbound in
            do {
                try await outbound.write(
                    ByteBuffer(string: String(repeating: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", count: 3)))
            } catch {
                // On a machine so busy that this took a second the connection was idle, and is cut off as well.
            }
            // What comes is not read. The server's end of the connection is what `connection` waits for.
        }
    }
}
