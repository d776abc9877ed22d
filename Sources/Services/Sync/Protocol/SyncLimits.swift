/// What one replica of the sync service grants, all of it bounded.
struct SyncLimits: Hashable, Sendable {
    /// Connections of one user that have shown their token; one more is refused (429 or close code 4429).
    var connectionsPerUser = 20
    /// Connections in all; one more is refused with 503.
    var connections = 10_000
    /// Connections that have not yet shown a token, so that strangers cannot use up the room of users.
    var strangers = 1_000
    /// Bytes of a message of the client, which is a token at most.
    var messageBytes = 16_384
    /// Frames that a client may send a second, and at once after a pause.
    var messagesPerSecond = 10
    var messageBurst = 40
    /// Bytes that wait for one client before it counts as too slow.
    var pendingBytes = 262_144
    /// Bytes of changes that are kept aside for one client while what comes before them is read.
    var heldBytes = 262_144
    /// Changes that are read at once.
    var pageSize = 100
    /// Reads and token checks that run at once.
    var concurrentWork = 32

    /// From the upgrade to the token.
    var tokenDeadline = Duration.seconds(10)
    /// How long a client without `after` may take to say where it wants to begin; then it begins where the user stands.
    var resumeGrace = Duration.seconds(1)
    /// Silence after which the server sends a ping.
    var pingInterval = Duration.seconds(30)
    /// From the ping to a sign of life.
    var pongDeadline = Duration.seconds(15)
    /// How long a replay may stand still because the client does not read.
    var stallDeadline = Duration.seconds(20)
    /// From our close frame to the client's.
    var closeGrace = Duration.seconds(2)
    /// Changes come by the broker, which may lose one that nothing follows; so each client's position is read again when
    /// no update has confirmed it for so long.
    var recheckInterval = Duration.seconds(60)
    /// A replica that has just started may not hear everything yet: who came while it was younger than `youth` has the
    /// position read again after one to three times this long.
    var firstRecheck = Duration.seconds(5)
    var youth = Duration.seconds(30)
    /// The wait before a read that failed is tried again; doubles up to the longest.
    var shortestRetry = Duration.milliseconds(200)
    var longestRetry = Duration.seconds(10)

    init() {}
}
