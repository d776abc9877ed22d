import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import ServiceKit

/// HTTP/1.1 connections on which a request may turn into a WebSocket: one port for both.
struct SyncChannel: ServerChildChannel {
    typealias Value = ServiceChannel.Value

    private let http: ServiceChannel
    /// nil until the service is up; until then there are no WebSockets, and the routes say why.
    private let world: @Sendable () -> SyncWorld?

    init(http: ServiceChannel, world: @escaping @Sendable () -> SyncWorld?) {
        self.http = http
        self.world = world
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        http.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(UpgradeDoor(world: world), position: .after(decoder))
            return value
        }
    }

    func handle(value: Value, logger: Logger) async { await http.handle(value: value, logger: logger) }
}
