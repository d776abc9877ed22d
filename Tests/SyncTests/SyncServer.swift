import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceKit
import ServiceLifecycle
import Synchronization
import Telemetry

@testable import Sync

/// What stands for the task API: each user's newest change, and the changes up to it.
final class FeedDouble: Sendable {
    private let newest = Mutex<[String: Int64]>([:])
    private let counted = Atomic(0)
    let padding: Int

    init(padding: Int = 0) { self.padding = padding }

    var reads: Int { counted.load(ordering: .relaxed) }

    /// A change of the user's; the update that the broker would bring.
    func change(_ userID: String) -> SyncUpdate {
        update(
            newest.withLock {
                $0[userID, default: 0] += 1
                return $0[userID, default: 0]
            })
    }

    func update(_ sequence: Int64) -> SyncUpdate { SessionScene.update(sequence, padding: padding) }

    func page(_ userID: String, _ after: Int64?, size: Int) -> FeedPage {
        counted.add(1, ordering: .relaxed)
        let newest = newest.withLock { $0[userID] ?? 0 }
        guard let after, after < newest else { return FeedPage(newest: newest) }
        let last = min(after + Int64(size), newest)
        return FeedPage(changes: (after + 1...last).map(update), newest: newest, hasMore: last < newest)
    }
}

/// The sync service's server on a real port. `token-USER` is a good token of USER's.
struct SyncServer: Sendable {
    let port: Int
    let hub: SyncHub
    let feed: FeedDouble
    private let group: ServiceGroup

    func stop() async { await group.triggerGracefulShutdown() }

    /// A change that the broker brings at once.
    func change(_ userID: String) { hub.publish(feed.change(userID), to: userID) }

    static func running(
        _ limits: SyncLimits = SyncLimits(), feed: FeedDouble = FeedDouble(),
        _ body: @escaping @Sendable (SyncServer) async throws -> Void
    ) async throws {
        let logger = Logger(label: "sync-test") { _ in SwiftLogNoOpLogHandler() }
        let hub = SyncHub(limits: limits, metrics: MetricRegistry())
        let work = SyncWork(maximumRunning: limits.concurrentWork)
        let world = SyncWorld(
            hub: hub, work: work,
            feed: ChangeFeed { (userID, after, _) throws(ChangeFeed.Failure) in
                feed.page(userID, after, size: limits.pageSize)
            },
            authenticate: { token in
                guard token.hasPrefix("token-") else {
                    return .failure(Problem(401, "unauthorized", "The token cannot be read."))
                }
                return .success(SyncSession.Client(userID: String(token.dropFirst(6)), expiresAt: nil, expiresIn: nil))
            }, logger: logger)
        let channel = SyncChannel(
            http: ServiceChannel { request in
                let uri = request.head.uri
                return ServiceAnswer(
                    status: 404, headers: ["Content-Length": "\(uri.utf8.count)"], body: ByteBuffer(string: uri))
            }, world: { world })
        let (started, start) = AsyncStream<Int>.makeStream()
        let server = channel.server(
            configuration: ServerConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { start.yield($0.localAddress?.port ?? 0) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        let services = ServiceGroup(configuration: .init(services: [work, server], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await services.run() }
            var ports = started.makeAsyncIterator()
            guard let port = await ports.next() else { return }
            tasks.addTask {
                try await body(SyncServer(port: port, hub: hub, feed: feed, group: services))
                await services.triggerGracefulShutdown()
            }
            do {
                while try await tasks.next() != nil {}
            } catch {
                tasks.cancelAll()
                throw error
            }
        }
    }
}
