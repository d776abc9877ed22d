import NIOCore

/// The handler nearest to the socket: whatever was written before a connection is closed reaches the other side, as long as
/// that takes it; and a connection whose other side takes nothing is closed.
///
/// Closing a socket drops what the system has not taken of us yet. If something unread is in it, that resets the
/// connection, and the other side may lose what it has not read. So a close waits for what is queued, ends our output, and
/// passes over what still comes until the other side ends as well, or for `closingTimeout`. When the service ends, all of
/// that has `endTimeout`: nobody keeps it from ending by reading slowly.
final class OrderlyClose: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let stallTimeout: TimeAmount
    private let closingTimeout: TimeAmount
    private let endTimeout: TimeAmount
    private var writtenBytes = 0
    /// What the system had taken when it was last looked; nil when nothing was queued then.
    private var takenBytes: Int?
    private var isClosing = false
    private var stallTimer: Scheduled<Void>?
    private var closingTimer: Scheduled<Void>?
    private var endTimer: Scheduled<Void>?

    init(limits: HTTPLimits) {
        stallTimeout = .nanoseconds(limits.idleTimeout.nanoseconds)
        closingTimeout = .nanoseconds(limits.closingTimeout.nanoseconds)
        endTimeout = .nanoseconds(limits.endTimeout.nanoseconds)
    }

    func handlerAdded(context: ChannelHandlerContext) { watch(context) }

    func handlerRemoved(context: ChannelHandlerContext) {
        stallTimer?.cancel()
        closingTimer?.cancel()
        endTimer?.cancel()
    }

    // MARK: A client that does not read

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        writtenBytes += unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
    }

    private func watch(_ context: ChannelHandlerContext) {
        stallTimer = context.eventLoop.assumeIsolated().scheduleTask(in: stallTimeout) { self.closeIfStalled(context) }
    }

    private func closeIfStalled(_ context: ChannelHandlerContext) {
        let queued = context.channel.queuedBytes
        let taken = queued > 0 ? writtenBytes - queued : nil
        if let taken, taken == takenBytes {
            context.close(promise: nil)
        } else {
            takenBytes = taken
            watch(context)
        }
    }

    // MARK: The end

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, endTimer == nil {
            endTimer = context.eventLoop.assumeIsolated().scheduleTask(in: endTimeout) { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all, context.channel.isActive else { return context.close(mode: mode, promise: promise) }
        context.channel.closeFuture.cascade(to: promise)
        guard !isClosing else { return }
        isClosing = true
        // Nothing, but behind all that is queued.
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer()))).assumeIsolated().whenComplete { _ in
            self.endOutput(context)
        }
    }

    private func endOutput(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        closingTimer = context.eventLoop.assumeIsolated().scheduleTask(in: closingTimeout) {
            context.close(promise: nil)
        }
        // If the other side has ended before, this is the end of all.
        context.close(mode: .output, promise: nil)
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !isClosing { context.fireChannelRead(data) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // The handlers behind may have stopped asking for more.
        if isClosing { context.read() } else { context.fireChannelReadComplete() }
    }
}

extension Channel {
    /// Bytes that were written and that the system has not taken yet. To be asked on the channel's event loop.
    var queuedBytes: Int {
        // A channel that cannot say it has no socket either.
        (try? syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
