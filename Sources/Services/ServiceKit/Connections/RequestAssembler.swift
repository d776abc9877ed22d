import NIOCore
import NIOHTTP1

/// The last handler of an HTTP connection: makes one request of its parts, and of one answer its parts.
///
/// A whole request costs its handler one look at the connection, not one for each part. Requests come here one at a time:
/// `HTTPServerPipelineHandler` holds the next one back until this one's answer was written, and ends the connection after it
/// when the service ends.
final class RequestAssembler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = AssembledRequest
    typealias OutboundIn = ServiceAnswer
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        /// No request has begun since then.
        case idle(since: NIODeadline)
        /// The body is on its way.
        case receiving(HTTPRequestHead)
        /// The request was handed over, and its answer has not come. `isLast`: the connection ends with it.
        case answering(isLast: Bool)
        /// The last answer was written. What still comes is passed over.
        case over
    }

    private let limits: HTTPLimits
    private let longerBodies: ServiceChannel.BodyLimit
    /// The other side is on this machine.
    private var isLocal = false
    private var state = State.idle(since: .distantPast)
    private var body = ByteBuffer()
    /// The longest body that is taken in, of the request at hand.
    private var bodyLimit = 0
    private var bodyTimer: Scheduled<Void>?
    private var idleTimer: Scheduled<Void>?

    /// - Parameter longerBodies: asked only about bodies beyond `maximumBodyBytes`.
    init(limits: HTTPLimits, longerBodies: @escaping ServiceChannel.BodyLimit) {
        self.limits = limits
        self.longerBodies = longerBodies
    }

    // MARK: The connection's life

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        idleTimer?.cancel()
        bodyTimer?.cancel()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard idleTimer == nil else { return }
        isLocal = context.remoteAddress?.isLoopback ?? false
        state = .idle(since: context.eventLoop.now)
        look(context, at: context.eventLoop.now + .nanoseconds(limits.idleTimeout.nanoseconds))
    }

    private func look(_ context: ChannelHandlerContext, at time: NIODeadline) {
        idleTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: time) { self.closeIfIdle(context) }
    }

    private func closeIfIdle(_ context: ChannelHandlerContext) {
        let timeout = TimeAmount.nanoseconds(limits.idleTimeout.nanoseconds)
        let now = context.eventLoop.now
        // Whoever still takes its last answer is not idle; whether it does, `OrderlyClose` watches.
        guard case .idle(let since) = state else { return look(context, at: now + timeout) }
        guard context.channel.queuedBytes == 0 else {
            // When it has taken it is seen the next time.
            state = .idle(since: now + timeout)
            return look(context, at: now + timeout)
        }
        guard since + timeout <= now else { return look(context, at: since + timeout) }
        state = .over
        context.close(promise: nil)
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (state, unwrapInboundIn(data)) {
        case (.idle, .head(let head)): begin(head, context)
        case (.receiving(let head), .body(var part)):
            guard fits(body.readableBytes + part.readableBytes, head, context) else {
                return handOver(head, .tooLong, context)
            }
            if body.readableBytes == 0 { body = part } else { body.writeBuffer(&part) }
        case (.receiving(let head), .end): handOver(head, .whole(body), context)
        // The rest of a body that was refused.
        case (.idle, _), (.receiving, _), (.answering, _), (.over, _): break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most bodies come with their head, and need no timer.
        if case .receiving = state, bodyTimer == nil {
            let timeout = TimeAmount.nanoseconds(limits.bodyTimeout.nanoseconds)
            bodyTimer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { self.giveUp(.tooSlow, context) }
        }
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        guard context.channel.isActive else { return }
        switch state {
        case .idle:
            send(ServiceAnswer(status: error == .headerOverflow ? 431 : 400), isLast: true, context, promise: nil)
        case .receiving: giveUp(.broken, context)
        case .answering, .over: break
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        bodyLimit = limits.maximumBodyBytes
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        guard fits(announced, head, context) else { return handOver(head, .tooLong, context) }
        state = .receiving(head)
        // RFC 9110, 10.1.1: the client sends its body only when it is told to.
        if head.version == .http1_1, head.headers.first(name: "expect")?.lowercased() == "100-continue" {
            context.writeAndFlush(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
        }
    }

    private func fits(_ size: Int, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) -> Bool {
        if size > bodyLimit { bodyLimit = max(bodyLimit, longerBodies(head, isLocal)) }
        return size <= bodyLimit
    }

    private func giveUp(_ body: RequestBody, _ context: ChannelHandlerContext) {
        guard case .receiving(let head) = state else { return }
        handOver(head, body, context)
        context.fireChannelReadComplete()
    }

    private func handOver(_ head: HTTPRequestHead, _ body: RequestBody, _ context: ChannelHandlerContext) {
        bodyTimer?.cancel()
        bodyTimer = nil
        self.body = ByteBuffer()
        let isWhole = if case .whole = body { true } else { false }
        // Behind a wish for another protocol, or for a tunnel, the decoder reads nothing any more.
        let isLast =
            !isWhole || !head.isKeepAlive || head.headers.contains(name: "upgrade") || head.method == .CONNECT
        state = .answering(isLast: isLast)
        context.fireChannelRead(wrapInboundOut(AssembledRequest(head: head, body: body, isLocal: isLocal)))
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .answering(let isLast) = state else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        send(unwrapOutboundIn(data), isLast: isLast, context, promise: promise)
    }

    private func send(
        _ answer: ServiceAnswer, isLast: Bool, _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?
    ) {
        var headers = answer.headers
        if isLast { headers.replaceOrAdd(name: "Connection", value: "close") }
        // First, since the next request may come out of the writing of the end.
        state = isLast ? .over : .idle(since: context.eventLoop.now)
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if answer.body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil)
        }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
        if isLast { context.close(promise: nil) }
    }
}

extension SocketAddress {
    /// Whether it is this machine's own, as the sidecar's is.
    fileprivate var isLoopback: Bool {
        guard let ipAddress else { return false }
        return ipAddress.hasPrefix("127.") || ipAddress == "::1" || ipAddress.hasPrefix("::ffff:127.")
    }
}
