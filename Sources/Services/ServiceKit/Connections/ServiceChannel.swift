import HummingbirdCore
package import Logging
package import NIOCore
package import NIOHTTP1

/// HTTP/1.1 connections of a service. A request goes from the decoder to the handler as a whole, and its answer to the
/// encoder, without being turned into another library's idea of a request in between: that cost more than most handlers do.
package struct ServiceChannel: ServerChildChannel {
    package typealias Value = NIOAsyncChannel<AssembledRequest, ServiceAnswer>
    /// The longest body of a request with that head.
    package typealias BodyLimit = @Sendable (HTTPRequestHead, _ isLocal: Bool) -> Int
    package typealias Answer = @Sendable (AssembledRequest) async -> ServiceAnswer

    private let limits: HTTPLimits
    private let longerBodies: BodyLimit
    private let answer: Answer

    /// - Parameter longerBodies: asked about bodies beyond `HTTPLimits.maximumBodyBytes`.
    package init(
        limits: HTTPLimits = HTTPLimits(), longerBodies: @escaping BodyLimit = { _, _ in 0 }, answer: @escaping Answer
    ) {
        self.limits = limits
        self.longerBodies = longerBodies
        self.answer = answer
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try addHandlers(to: channel.pipeline.syncOperations)
            // So that back-pressure is felt after each read, not after the fourth.
            try channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
            let connection = try Value(wrappingChannelSynchronously: channel)
            // A server that ends at this moment lets go of it without handing it over, and a channel that is let go while it
            // is open ends the process.
            channel.closeFuture.whenComplete { _ in withExtendedLifetime(connection) {} }
            return connection
        }
    }

    /// Between bytes and `AssembledRequest`, `ServiceAnswer` and bytes.
    func addHandlers(to pipeline: ChannelPipeline.SynchronousOperations) throws {
        var decoding = NIOHTTPDecoderLimitConfiguration()
        decoding.maxHeaderFieldSize = limits.maximumHeaderBytes
        decoding.maxHeaderListSize = limits.maximumHeaderBytes
        decoding.maxHeaderFieldCount = limits.maximumHeaderCount
        try pipeline.addHandlers([
            OrderlyClose(limits: limits), HTTPResponseEncoder(),
            // The parser passes over spaces between the parts of a head without telling the decoder of them, which would
            // keep them all without a bound of its own.
            ByteToMessageHandler(
                HTTPRequestDecoder(limitConfiguration: decoding), maximumBufferSize: 2 * limits.maximumHeaderBytes),
            PipelineBound(maximum: limits.maximumPipelined), HTTPServerPipelineHandler(),
            NIOHTTPResponseHeadersValidator(),
        ])
        try pipeline.addHandler(RequestAssembler(limits: limits, longerBodies: longerBodies))
    }

    /// Takes HTTP off a connection that goes on as something else. To be called on its event loop.
    package static func removeHandlers(from channel: any Channel) throws -> EventLoopFuture<Void> {
        let pipeline = channel.pipeline.syncOperations
        return EventLoopFuture.andAllSucceed(
            [
                pipeline.removeHandler(try pipeline.handler(type: HTTPResponseEncoder.self)),
                pipeline.removeHandler(try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)),
                pipeline.removeHandler(try pipeline.handler(type: PipelineBound.self)),
                pipeline.removeHandler(try pipeline.handler(type: HTTPServerPipelineHandler.self)),
                pipeline.removeHandler(try pipeline.handler(type: RequestAssembler.self)),
                pipeline.removeHandler(try pipeline.handler(type: OrderlyClose.self)),
            ], on: channel.eventLoop)
    }

    package func handle(value: Value, logger: Logger) async {
        do {
            try await withTaskCancellationHandler {
                try await value.executeThenClose { requests, answers in
                    for try await request in requests { try await answers.write(answer(request)) }
                }
            } onCancel: {
                value.channel.close(mode: .input, promise: nil)
            }
        } catch {
            // The other side went away, and there is nobody to tell.
            logger.trace("a connection ended", metadata: ["error": "\(error)"])
        }
    }
}
