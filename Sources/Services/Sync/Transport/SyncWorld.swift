import Logging
import NIOCore
import ServiceKit

/// What every connection of a replica shares.
struct SyncWorld: Sendable {
    let hub: SyncHub
    let work: SyncWork
    let feed: ChangeFeed
    /// Who brings this token, or the problem with it.
    let authenticate: @Sendable (_ token: String) async -> Result<SyncSession.Client, Problem>
    let logger: Logger
    private let born = NIODeadline.now()

    /// Whether updates may not come to this replica yet.
    var isYoung: Bool { Duration(NIODeadline.now() - born) < hub.limits.youth }

    init(
        hub: SyncHub, work: SyncWork, feed: ChangeFeed,
        authenticate: @escaping @Sendable (_ token: String) async -> Result<SyncSession.Client, Problem>,
        logger: Logger
    ) {
        self.hub = hub
        self.work = work
        self.feed = feed
        self.authenticate = authenticate
        self.logger = logger
    }
}

extension CloseReason {
    /// What the answer to a request would say, as the end of a connection.
    init(_ problem: Problem) {
        switch problem.status {
        case 401: self = .tokenRefused(problem.detail)
        case 403: self = .otherUser
        case 429: self = .tooManyConnections
        default: self = .failed
        }
    }
}
