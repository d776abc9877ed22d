package import NIOCore
package import NIOHTTP1

/// The last handler of a connection: writes answers, closes the connection when nothing happens on it, and when the service
/// ends as soon as what was asked is answered.
package final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPServerRequestPart
    package typealias InboundOut = HTTPServerRequestPart
    package typealias OutboundIn = ServiceAnswer
    package typealias OutboundOut = HTTPServerResponsePart

    private let idleTimeout: TimeAmount
    private var lastActive = NIODeadline.now()
    /// Requests whose head has come and whose answer has not gone.
    private var unanswered = 0
    /// A request's end has not come yet.
    private var isReceiving = false
    private var isEnding = false
    private var watch: Scheduled<Void>?

    init(idleTimeout: TimeAmount) { self.idleTimeout = idleTimeout }

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { look(context, at: .now() + idleTimeout) }
    }

    package func channelActive(context: ChannelHandlerContext) {
        if watch == nil { look(context, at: .now() + idleTimeout) }
        context.fireChannelActive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        watch?.cancel()
        watch = nil
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastActive = .now()
        switch unwrapInboundIn(data) {
        case .head:
            unanswered += 1
            isReceiving = true
        case .body: break
        case .end: isReceiving = false
        }
        context.fireChannelRead(data)
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let answer = unwrapOutboundIn(data)
        lastActive = .now()
        unanswered -= 1
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status), headers: answer.headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if answer.body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
        }
        guard answer.closes || (isEnding && unanswered <= 0) else {
            context.write(wrapOutboundOut(.end(nil)), promise: promise)
            return
        }
        // Closing drops what the kernel has not taken yet, so that waits for this.
        let done = promise ?? context.eventLoop.makePromise(of: Void.self)
        done.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: done)
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        isEnding = true
        if unanswered == 0 { context.close(promise: nil) }
    }

    private func look(_ context: ChannelHandlerContext, at time: NIODeadline) {
        watch = context.eventLoop.assumeIsolated().scheduleTask(deadline: time) { self.closeIfIdle(context) }
    }

    private func closeIfIdle(_ context: ChannelHandlerContext) {
        watch = nil
        guard context.channel.isActive else { return }
        // Whoever has sent everything waits for us.
        let isWaiting = unanswered > 0 && !isReceiving
        if !isWaiting, lastActive + idleTimeout <= .now() {
            context.close(promise: nil)
        } else {
            look(context, at: isWaiting ? .now() + idleTimeout : lastActive + idleTimeout)
        }
    }
}
