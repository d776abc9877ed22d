import NIOCore
import TaskDomain
import WireValues

/// One client's connection from the upgrade to its end. A pure value: facts go in, orders come out; no clock, no socket.
///
/// ```
/// awaitingToken ─auth→ checkingToken ─good→ choosing ─resume or grace over→ following ─┐
///       └───────────────────────────── any of them ────────────────────────────────────┴→ closing → ended
/// ```
/// A client that brought a good token in the request's header begins after the check, and one that said where to begin
/// skips the choosing. All times are since the connection's upgrade, by a clock that does not jump. After the orders of
/// any fact have been carried out, `settle` is called: it asks for what is missing, once there is room to send it.
struct SyncSession: Sendable {
    /// What the connection is to do.
    enum Order: Hashable, Sendable {
        /// Send this text message's frame.
        case send(ByteBuffer)
        case ping
        case pong(ByteBuffer)
        /// Check the token, then call `tokenChecked`.
        case check(token: String)
        /// Read the feed after this number, then call `pageRead` or `readFailed`; nil: only where the user stands.
        case read(after: Int64?)
        /// Send a close frame.
        case close(CloseReason)
        /// Answer the client's close frame with its own code.
        case echoClose(code: UInt16)
        /// End the connection now.
        case cut
    }

    /// Who the client is, once its token was checked.
    struct Client: Hashable, Sendable {
        let userID: String
        let expiresAt: Timestamp?
        /// From now to then.
        let expiresIn: Duration?
    }

    /// Where the client wants to begin.
    enum Beginning: Hashable, Sendable {
        /// It has not said so.
        case unsaid
        /// Now.
        case now
        /// After this change.
        case after(Int64)
    }

    /// The one read of the feed that there may be at a time.
    enum Reading {
        case none
        /// `isStale`: the client has asked for another beginning meanwhile.
        case underway(isStale: Bool)
        /// The last one failed, or brought less than is known to be there.
        case waiting(until: Duration)
    }

    enum Phase {
        /// Nobody has said who this is.
        case awaitingToken
        case checkingToken
        /// Who it is, is known; where it wants to begin is not. What happens meanwhile is kept in `early`; `position` is
        /// where the user stood at first.
        case choosing(until: Duration, position: Int64?)
        /// `isReplaying`: until the first time that nothing is missing. `isFresh`: nothing was read yet, so the number
        /// is the client's word.
        case following(ChangeCursor, isReplaying: Bool, isFresh: Bool)
        /// A close frame has been sent.
        case closing(until: Duration)
        case ended
    }

    let limits: SyncLimits
    /// The user whose address was asked for; the token must be theirs.
    let userID: String
    /// 0…1, this connection's own: clients that came together do not ask again together.
    let spread: Double
    /// Whether this replica may not hear every update yet.
    let isReplicaYoung: Bool
    var phase = Phase.awaitingToken
    var beginning: Beginning
    var reading = Reading.none
    /// Updates from the broker before there is a cursor, and the highest number among those that were too many to keep.
    var early: [SyncUpdate] = []
    var earlyHighest: Int64 = 0
    /// Reads in a row that brought nothing.
    var failures = 0
    var expiresAt: Duration?
    var isRefreshing = false
    var recheckAt: Duration?
    var lastHeard = Duration.zero
    var pingedAt: Duration?
    /// Since when a replay waits for the client to take what was sent.
    var stalledSince: Duration?
    private var allowance: Double
    private var allowanceAt = Duration.zero

    init(userID: String, beginning: Beginning, limits: SyncLimits, spread: Double, isReplicaYoung: Bool) {
        self.userID = userID
        self.beginning = beginning
        self.limits = limits
        self.spread = spread
        self.isReplicaYoung = isReplicaYoung
        allowance = Double(limits.messageBurst)
    }

    var isClosing: Bool {
        switch phase {
        case .closing, .ended: true
        case .awaitingToken, .checkingToken, .choosing, .following: false
        }
    }

    // MARK: The client's token

    /// The request's header had a good token.
    mutating func begin(as client: Client, now: Duration) -> [Order] { admit(client, now: now) }

    /// The answer to `check`.
    mutating func tokenChecked(_ result: Result<Client, CloseReason>, now: Duration) -> [Order] {
        isRefreshing = false
        switch (phase, result) {
        case (.closing, _), (.ended, _): return []
        case (_, .failure(let reason)): return close(reason, now: now)
        case (.awaitingToken, .success(let client)), (.checkingToken, .success(let client)):
            return admit(client, now: now)
        case (.choosing, .success(let client)), (.following, .success(let client)):
            guard UserKey(client.userID) == UserKey(userID) else { return close(.otherUser, now: now) }
            return [greet(client, now: now)]
        }
    }

    private mutating func admit(_ client: Client, now: Duration) -> [Order] {
        guard UserKey(client.userID) == UserKey(userID) else { return close(.otherUser, now: now) }
        let greeting = greet(client, now: now)
        if case .after(let number) = beginning { return [greeting] + follow(after: number, now: now) }
        let grace = beginning == .now ? .zero : limits.resumeGrace
        phase = .choosing(until: now + grace, position: nil)
        reading = .underway(isStale: false)
        return [greeting, .read(after: nil)]
    }

    private mutating func greet(_ client: Client, now: Duration) -> Order {
        expiresAt = client.expiresIn.map { now + $0 }
        return .send(ServerMessage.authenticated(userID: userID, expiresAt: client.expiresAt))
    }

    // MARK: What the client says

    mutating func received(_ message: [UInt8], now: Duration) -> [Order] {
        guard !isClosing else { return [] }
        if let refusal = spendAllowance(now: now) { return refusal }
        do {
            switch try ClientMessage(parsing: message) {
            case .ping: return [.send(ServerMessage.pong)]
            case .auth(let token): return receivedToken(token, now: now)
            case .resume(let number): return receivedResume(number.map { .after($0) } ?? .now, now: now)
            }
        } catch {
            return close(.unreadable(error.detail), now: now)
        }
    }

    private mutating func receivedToken(_ token: String, now: Duration) -> [Order] {
        switch phase {
        case .awaitingToken: phase = .checkingToken
        case .choosing, .following:
            guard !isRefreshing else { return close(.unreadable("one token at a time"), now: now) }
            isRefreshing = true
        case .checkingToken: return close(.unreadable("one token at a time"), now: now)
        case .closing, .ended: return []
        }
        return [.check(token: token)]
    }

    private mutating func receivedResume(_ wanted: Beginning, now: Duration) -> [Order] {
        switch (phase, wanted) {
        case (.awaitingToken, _): return close(.unreadable("\"auth\" comes first, then \"resume\""), now: now)
        case (.checkingToken, _):
            beginning = wanted
            return []
        case (.choosing, .after(let number)), (.following, .after(let number)): return follow(after: number, now: now)
        case (.choosing(_, let position), .now), (.choosing(_, let position), .unsaid):
            phase = .choosing(until: now, position: position)
            return beginWhereTheUserStands(now: now)
        case (.following, .now), (.following, .unsaid), (.closing, _), (.ended, _): return []
        }
    }

    mutating func receivedPing(_ payload: ByteBuffer, now: Duration) -> [Order] {
        guard !isClosing else { return [] }
        return spendAllowance(now: now) ?? [.pong(payload)]
    }

    mutating func receivedPong(now: Duration) -> [Order] {
        guard !isClosing else { return [] }
        return spendAllowance(now: now) ?? []
    }

    /// The client's close frame: answered when it is the first one (RFC 6455, section 5.5.1).
    /// - Parameter code: nil if the client named none.
    mutating func receivedClose(_ code: UInt16?) -> [Order] {
        defer { phase = .ended }
        return isClosing ? [.cut] : [.echoClose(code: code ?? 1000), .cut]
    }

    /// The connection is gone.
    mutating func disconnected() { phase = .ended }

    /// Any sign of life; each costs, so that nobody keeps us busy for nothing.
    private mutating func spendAllowance(now: Duration) -> [Order]? {
        lastHeard = now
        pingedAt = nil
        let earned = (now - allowanceAt) / .seconds(1) * Double(limits.messagesPerSecond)
        allowance = min(Double(limits.messageBurst), allowance + earned) - 1
        allowanceAt = now
        return allowance < 0 ? close(.tooManyMessages, now: now) : nil
    }

    // MARK: The end

    mutating func close(_ reason: CloseReason, now: Duration) -> [Order] {
        guard !isClosing else { return [] }
        phase = .closing(until: now + limits.closeGrace)
        early = []
        return [.close(reason)]
    }
}
