import NIOCore
import NIOHTTP1

/// Stands between the decoder and the pipeline handler, which keeps whatever comes before its turn: lets only so many
/// requests wait. What a client sends beyond is not answered, and the connection ends behind the last answer; HTTP has
/// clients repeat such requests on another connection (RFC 9112, 9.3.2).
final class PipelineBound: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let maximum: Int
    private var unanswered = 0
    private var isExceeded = false

    init(maximum: Int) { self.maximum = maximum }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data) {
            if unanswered == maximum { isExceeded = true } else { unanswered += 1 }
        }
        if !isExceeded { context.fireChannelRead(data) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The pipeline handler puts the parser's errors into their place behind the requests before.
        let isTooLong = error is ByteToMessageDecoderError.PayloadTooLargeError
        context.fireErrorCaught(isTooLong ? HTTPParserError.headerOverflow : error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let isEnd = if case .end = unwrapOutboundIn(data) { true } else { false }
        context.write(data, promise: promise)
        guard isEnd else { return }
        unanswered -= 1
        if isExceeded, unanswered == 0 { context.close(promise: nil) }
    }
}
