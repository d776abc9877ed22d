import HummingbirdCore
package import Logging
package import NIOCore
package import NIOHTTP1

/// HTTP/1.1 connections of a service. A request goes from the decoder to the handler, and its answer to the encoder, without
/// being turned into another library's idea of a request in between: that cost more than most handlers do.
package struct ServiceChannel: ServerChildChannel {
    package typealias Value = NIOAsyncChannel<HTTPServerRequestPart, ServiceAnswer>
    /// Of a request: its head, whence its body can be read, and whether it came from this machine.
    package typealias Answer = @Sendable (HTTPRequestHead, RequestParts, _ isLocal: Bool) async -> ServiceAnswer

    private let limits: HTTPLimits
    private let answer: Answer

    package init(limits: HTTPLimits = HTTPLimits(), answer: @escaping Answer) {
        self.limits = limits
        self.answer = answer
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            var decoding = NIOHTTPDecoderLimitConfiguration()
            decoding.maxHeaderFieldSize = limits.maximumHeaderBytes
            decoding.maxHeaderListSize = limits.maximumHeaderBytes
            decoding.maxHeaderFieldCount = limits.maximumHeaderCount
            let pipeline = channel.pipeline.syncOperations
            try pipeline.configureHTTPServerPipeline(
                // One task reads and answers, one request after the other.
                withPipeliningAssistance: false, withErrorHandling: false, withEncoderConfiguration: .init(),
                withDecoderLimitConfiguration: decoding)
            try pipeline.addHandler(ConnectionHandler(idleTimeout: .nanoseconds(limits.idleTimeout.nanoseconds)))
            return try Value(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    package func handle(value: Value, logger: Logger) async {
        let isLocal = Self.isLocal(value.channel.remoteAddress)
        do {
            try await withTaskCancellationHandler {
                try await value.executeThenClose { inbound, outbound in
                    let parts = RequestParts(inbound.makeAsyncIterator())
                    do {
                        while let head = try await parts.head() {
                            var answer = await answer(head, parts, isLocal)
                            // Behind a wish for another protocol the decoder reads nothing any more.
                            if !head.isKeepAlive || head.headers.contains(name: "upgrade") { answer.close() }
                            try await outbound.write(answer)
                            if answer.closes { break }
                        }
                    } catch let error as HTTPParserError {
                        var answer = ServiceAnswer(status: error == .headerOverflow ? 431 : 400)
                        answer.close()
                        try await outbound.write(answer)
                    }
                    outbound.finish()
                    try await value.channel.closeFuture.get()
                }
            } onCancel: {
                value.channel.close(mode: .input, promise: nil)
            }
        } catch {
            // The other side went away, and there is nobody to tell.
            logger.trace("a connection ended", metadata: ["error": "\(error)"])
        }
    }

    private static func isLocal(_ address: SocketAddress?) -> Bool {
        let address = address?.ipAddress ?? ""
        return address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
    }
}

/// An answer on its way to the encoder.
package struct ServiceAnswer: Sendable {
    package let status: Int
    package private(set) var headers: HTTPHeaders
    package let body: ByteBuffer
    /// Whether it is the connection's last.
    package private(set) var closes = false

    package init(status: Int, headers: HTTPHeaders = ["Content-Length": "0"], body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    mutating func close() {
        closes = true
        headers.replaceOrAdd(name: "Connection", value: "close")
    }
}
