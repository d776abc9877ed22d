import Logging
import NIOCore
import NIOHTTP1
import NIOWebSocket
import ServiceKit
import TaskDomain
import Telemetry

/// One connection after its upgrade: frames and timers go into the session, its orders come out of it. All on the
/// connection's event loop.
final class SessionHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = ByteBuffer

    private let world: SyncWorld
    private let client: SyncSession.Client?
    private var session: SyncSession
    private var assembly: MessageAssembly
    private var place: SyncHub.Place
    private var hasLeft = false
    /// The token that was good, for reading the feed; and the one that is being checked.
    private var token: String
    private var tokenBeingChecked = ""
    private var context: ChannelHandlerContext?
    private var born = NIODeadline.distantPast
    private var timer: (scheduled: Scheduled<Void>, due: Duration)?

    init(_ handshake: Handshake, place: SyncHub.Place, client: SyncSession.Client?, world: SyncWorld) {
        self.world = world
        self.client = client
        self.place = place
        token = handshake.token ?? ""
        session = SyncSession(
            userID: handshake.userID, beginning: handshake.beginning, limits: world.hub.limits,
            spread: Double(place.id % 97) / 96, isReplicaYoung: world.isYoung)
        assembly = MessageAssembly(maximumBytes: world.hub.limits.messageBytes)
    }

    private var now: Duration {
        guard let context else { return .zero }
        return .nanoseconds((context.eventLoop.now - born).nanoseconds)
    }

    // MARK: What the channel says

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        born = context.eventLoop.now
        let limit = world.hub.limits.pendingBytes
        let mark = ChannelOptions.Types.WriteBufferWaterMark(low: limit / 4, high: limit)
        context.channel.setOption(.writeBufferWaterMark, value: mark).whenFailure { _ in }
        // The kernel's own buffer counts as well: without a bound it grows to megabytes for a client that does not read.
        context.channel.setOption(.socketOption(.so_sndbuf), value: numericCast(limit / 2)).whenFailure { _ in }
        context.channel.setOption(.tcpOption(.tcp_nodelay), value: 1).whenFailure { _ in }
        guard context.channel.isActive else { return leave() }
        if let client { perform(admitted(client) ?? session.begin(as: client, now: now)) }
        arm()
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch assembly.take(unwrapInboundIn(data)) {
        case .part: break
        case .message(let bytes): perform(session.received(bytes, now: now))
        case .ping(let payload): perform(session.receivedPing(payload, now: now))
        case .pong: perform(session.receivedPong(now: now))
        case .close(let code): perform(session.receivedClose(code))
        case .violation(let reason): perform(session.close(reason, now: now))
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        perform([])
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: perform(session.close(.goingAway, now: now))
        case ChannelEvent.inputClosed: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength:
            perform(session.close(.tooBig(world.hub.limits.messageBytes), now: now))
        case is NIOWebSocketError: perform(session.close(.protocolError("a frame that cannot be read"), now: now))
        default: context.close(promise: nil)
        }
    }

    // MARK: What others say

    private func hear(_ update: SyncUpdate) {
        guard let context else { return }
        perform(session.heard(update, isWritable: context.channel.isWritable, now: now))
    }

    private func hearAside(_ frame: ByteBuffer) {
        guard let context else { return }
        perform(session.heardAside(frame, isWritable: context.channel.isWritable, now: now))
    }

    private func checked(_ result: Result<SyncSession.Client, Problem>) {
        switch result {
        case .success(let client):
            if UserKey(client.userID) == UserKey(session.userID) {
                token = tokenBeingChecked
                if let refusal = admitted(client) { return perform(refusal) }
            }
            perform(session.tokenChecked(.success(client), now: now))
        case .failure(let problem): perform(session.tokenChecked(.failure(CloseReason(problem)), now: now))
        }
    }

    /// Lets it hear its user's changes, before the feed is read: what happens in between is heard twice, not missed.
    private func admitted(_ client: SyncSession.Client) -> [SyncSession.Order]? {
        guard let context, !session.isClosing else { return nil }
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let member = SyncHub.Member(
            hear: { update in eventLoop.execute { me.value.hear(update) } },
            hearAside: { frame in eventLoop.execute { me.value.hearAside(frame) } })
        let joined = world.hub.join(&place, userID: client.userID, member)
        return joined ? nil : session.close(.tooManyConnections, now: now)
    }

    private func read(_ result: Result<FeedPage, ChangeFeed.Failure>) {
        switch result {
        case .success(let page):
            world.hub.metrics.reads.increment("success")
            perform(session.pageRead(page, now: now))
        case .failure(let failure):
            world.hub.metrics.reads.increment("failure")
            world.logger.debug("A user's changes could not be read.", metadata: ["error": "\(failure)"])
            let reason: CloseReason? =
                switch failure {
                case .unavailable: nil
                case .unauthorized: .tokenRefused("the token is no longer accepted")
                case .refused: .failed
                }
            perform(session.readFailed(reason, now: now))
        }
    }

    // MARK: Orders

    private func perform(_ orders: [SyncSession.Order]) {
        guard let context else { return }
        carryOut(orders, context)
        carryOut(session.settle(isWritable: context.channel.isWritable, now: now), context)
        arm()
    }

    private func carryOut(_ orders: [SyncSession.Order], _ context: ChannelHandlerContext) {
        guard !orders.isEmpty else { return }
        for order in orders {
            switch order {
            case .send(let frame):
                world.hub.metrics.sent.increment()
                context.write(wrapOutboundOut(frame), promise: nil)
            case .ping: context.write(wrapOutboundOut(ServerFrame.ping), promise: nil)
            case .pong(let payload): context.write(wrapOutboundOut(ServerFrame.pong(payload)), promise: nil)
            case .close(let reason):
                world.hub.metrics.closed.increment(String(reason.code))
                context.write(wrapOutboundOut(ServerFrame.close(reason)), promise: nil)
            case .echoClose(let code):
                context.write(wrapOutboundOut(ServerFrame.close(CloseReason(code, ""))), promise: nil)
            case .check(let token): check(token, context)
            case .read(let after): readFeed(after, context)
            case .cut:
                context.flush()
                context.close(promise: nil)
                return
            }
        }
        context.flush()
    }

    private func check(_ token: String, _ context: ChannelHandlerContext) {
        tokenBeingChecked = token
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        world.work.submit { [authenticate = world.authenticate] in
            let result = await authenticate(token)
            eventLoop.execute { me.value.checked(result) }
        }
    }

    private func readFeed(_ after: Int64?, _ context: ChannelHandlerContext) {
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        world.work.submit { [feed = world.feed, userID = session.userID, token] in
            let result: Result<FeedPage, ChangeFeed.Failure>
            do throws(ChangeFeed.Failure) {
                result = .success(try await feed.read(userID, after, token))
            } catch {
                result = .failure(error)
            }
            eventLoop.execute { me.value.read(result) }
        }
    }

    // MARK: Time and the end

    /// Keeps one timer for the session's next deadline. One that is due too early costs a look, no more.
    private func arm() {
        guard let context, let due = session.nextDeadline else { return }
        if let timer {
            if timer.due <= due { return }
            timer.scheduled.cancel()
        }
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let wait = (due - now).nanoseconds
        let scheduled = context.eventLoop.scheduleTask(in: .nanoseconds(max(0, wait))) {
            me.value.timer = nil
            me.value.perform(me.value.session.timePassed(now: me.value.now))
        }
        timer = (scheduled, due)
    }

    private func leave() {
        guard !hasLeft else { return }
        hasLeft = true
        timer?.scheduled.cancel()
        timer = nil
        session.disconnected()
        world.hub.leave(place, userID: session.userID)
        context = nil
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
