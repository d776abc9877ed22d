import Logging
import NIOCore
import NIOHTTP1
import NIOWebSocket
import ServiceKit
import TaskDomain

/// Stands behind the HTTP decoder of each connection: turns a proper WebSocket request into a WebSocket, answers an
/// improper one, and lets everything else through to the routes. Any request of a connection may ask, not only the first,
/// since proxies keep connections.
///
/// After the upgrade the handlers behind this one stay, and hear nothing any more but the connection's end.
final class UpgradeDoor: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        /// Requests pass. `unanswered`: how many have no answer yet.
        case open(unanswered: Int)
        /// The head of a proper request has come; its end has not.
        case asked(Handshake, SyncWorld)
        /// The token is being checked.
        case checking(SyncHub.Place, SyncWorld)
        case upgraded
        /// Answered; the connection ends when that is written.
        case refused
    }

    private let service: @Sendable () -> SyncWorld?
    private var state = State.open(unanswered: 0)
    /// The decoder reads nothing after a request with `Upgrade`, granted or not: the answer to it is the last one.
    private var isLastRequest = false
    /// The `X-Request-Id` of the request that asks for a WebSocket.
    private var requestID: String?

    init(world service: @escaping @Sendable () -> SyncWorld?) { self.service = service }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch (state, part) {
        case (.open(let unanswered), .head(let head)):
            // An answer may not overtake those before it, so behind others there is no upgrade.
            if unanswered == 0, Handshake.wantsUpgrade(head) {
                requestID = head.headers.first(name: "x-request-id")
                do {
                    if let handshake = try Handshake(head), let world = service() {
                        state = .asked(handshake, world)
                        return
                    }
                } catch {
                    return refuse(error, context: context)
                }
            }
            state = .open(unanswered: unanswered + 1)
            context.fireChannelRead(wrapInboundOut(.head(passable(head))))
        case (.open, _): context.fireChannelRead(data)
        case (.asked(let handshake, let world), .end): decide(handshake, world, context: context)
        case (.asked, _), (.checking, _), (.upgraded, _), (.refused, _): break
        }
    }

    private func passable(_ head: HTTPRequestHead) -> HTTPRequestHead {
        guard Handshake.wantsUpgrade(head) else { return head }
        isLastRequest = true
        var head = head
        head.headers.remove(name: "upgrade")
        head.headers.replaceOrAdd(name: "connection", value: "close")
        return head
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .open(let unanswered) = state else { return context.write(data, promise: promise) }
        switch unwrapOutboundIn(data) {
        case .head(var head) where isLastRequest && unanswered == 1 && head.status.code >= 200:
            head.headers.replaceOrAdd(name: "connection", value: "close")
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            state = .open(unanswered: unanswered - 1)
            context.write(data, promise: promise)
        case .head, .body: context.write(data, promise: promise)
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // A connection on its way out gets no WebSocket any more, whatever is found out about its token.
        if mode == .all {
            switch state {
            case .checking(let place, let world):
                world.hub.leave(place, userID: "")
                state = .refused
            case .asked: state = .refused
            case .open, .upgraded, .refused: break
            }
        }
        context.close(mode: mode, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .checking(let place, let world) = state { world.hub.leave(place, userID: "") }
        if case .upgraded = state {} else { state = .refused }
        context.fireChannelInactive()
    }

    // MARK: May it come in

    private func decide(_ handshake: Handshake, _ world: SyncWorld, context: ChannelHandlerContext) {
        let place: SyncHub.Place
        switch world.hub.takePlace() {
        case .success(let taken): place = taken
        case .failure(let full): return refuse(full.problem, context: context)
        }
        guard let token = handshake.token else {
            return upgrade(handshake, place: place, client: nil, world, context: context)
        }
        state = .checking(place, world)
        // Whatever the client sends before it has its answer stays in the kernel.
        setReading(false, context.channel)
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        let door = NIOLoopBound(context, eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        world.work.submit {
            let result = await world.authenticate(token)
            eventLoop.execute { me.value.decided(handshake, place, result, context: door.value) }
        }
    }

    private func decided(
        _ handshake: Handshake, _ place: SyncHub.Place, _ result: Result<SyncSession.Client, Problem>,
        context: ChannelHandlerContext
    ) {
        guard case .checking(_, let world) = state else { return }
        setReading(true, context.channel)
        switch result {
        case .success(let client) where UserKey(client.userID) != UserKey(handshake.userID):
            world.hub.leave(place, userID: "")
            refuse(.otherUser, context: context)
        case .success where world.hub.isFull(userID: handshake.userID):
            world.hub.leave(place, userID: "")
            refuse(
                Problem(
                    429, "too_many_connections",
                    "A user has at most \(world.hub.limits.connectionsPerUser) connections; close one first.",
                    headers: [("Retry-After", "30")]), context: context)
        case .success(let client): upgrade(handshake, place: place, client: client, world, context: context)
        case .failure(let problem):
            world.hub.leave(place, userID: "")
            refuse(problem, context: context)
        }
    }

    private func refuse(_ problem: Problem, context: ChannelHandlerContext) {
        state = .refused
        let response = problem.answer(requestID: requestID)
        var headers = HTTPHeaders(response.headers.map { ($0.name, $0.value) })
        headers.replaceOrAdd(name: "content-length", value: String(response.body.count))
        headers.replaceOrAdd(name: "connection", value: "close")
        let status = HTTPResponseStatus(statusCode: response.status)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: response.body)))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }

    // MARK: Coming in

    private func upgrade(
        _ handshake: Handshake, place: SyncHub.Place, client: SyncSession.Client?, _ world: SyncWorld,
        context: ChannelHandlerContext
    ) {
        state = .upgraded
        context.writeAndFlush(
            wrapOutboundOut(
                .head(
                    HTTPResponseHead(
                        version: .http1_1, status: .switchingProtocols,
                        headers: [
                            "Upgrade": "websocket", "Connection": "upgrade", "Sec-WebSocket-Accept": handshake.accept,
                        ]))), promise: nil)
        let session = SessionHandler(handshake, place: place, client: client, world: world)
        do {
            let me = NIOLoopBound(self, eventLoop: context.eventLoop)
            let newcomer = NIOLoopBound(session, eventLoop: context.eventLoop)
            let maximumBytes = world.hub.limits.messageBytes
            let channel = context.channel
            try ServiceChannel.removeHandlers(from: channel)
                .flatMapThrowing {
                    let pipeline = channel.pipeline.syncOperations
                    let frames = ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: maximumBytes))
                    try pipeline.addHandler(frames, position: .before(me.value))
                    try pipeline.addHandler(newcomer.value, position: .before(me.value))
                }
                .whenFailure { [hub = world.hub] _ in
                    hub.leave(place, userID: handshake.userID)
                    channel.close(promise: nil)
                }
        } catch {
            world.logger.error("A connection could not be upgraded.", metadata: ["error": "\(error)"])
            world.hub.leave(place, userID: handshake.userID)
            context.close(promise: nil)
        }
    }

    private func setReading(_ isOn: Bool, _ channel: any Channel) {
        // Channels that have no such option have no socket to spare either.
        channel.setOption(.autoRead, value: isOn).whenFailure { _ in }
    }
}

extension SyncHub.Full {
    var problem: Problem {
        switch self {
        case .draining:
            Problem(503, "stopping", "This server is stopping; connect again.", headers: [("Retry-After", "1")])
        case .connections, .strangers:
            Problem(
                503, "too_many_connections", "This server has as many connections as it takes; try again later.",
                headers: [("Retry-After", "10")])
        }
    }
}
