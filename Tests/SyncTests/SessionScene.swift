import NIOCore
import Testing
import WireValues

@testable import Sync

/// A session with a database of numbered changes behind it, and a client in front of it that writes down what it hears.
struct SessionScene {
    static let user = "user-7"

    var session: SyncSession
    /// The user's newest change.
    var newest: Int64 = 0
    /// Changes up to this one are no longer kept.
    var purged: Int64 = 0
    var pageSize = 3
    var now = Duration.zero
    var isWritable = true

    /// What the client was sent, in order.
    private(set) var heard: [JSON] = []
    private(set) var pings = 0
    private(set) var pongs: [String] = []
    private(set) var closed: CloseReason?
    private(set) var isCut = false
    /// Reads that were asked for and have not been answered.
    private(set) var reads: [Int64?] = []
    private(set) var checks: [String] = []

    init(
        _ beginning: SyncSession.Beginning = .unsaid, limits: SyncLimits = SyncLimits(), spread: Double = 0.5,
        isReplicaYoung: Bool = false
    ) {
        session = SyncSession(
            userID: Self.user, beginning: beginning, limits: limits, spread: spread, isReplicaYoung: isReplicaYoung)
    }

    static func update(_ sequence: Int64, padding: Int = 0) -> SyncUpdate {
        let data: JSON = ["user_seq": .integer(sequence), "padding": .string(String(repeating: "x", count: padding))]
        return SyncUpdate(sequence: sequence, frame: ServerMessage.event("task.changed", data))
    }

    static func client(_ userID: String = user, expiresIn: Duration? = nil) -> SyncSession.Client {
        SyncSession.Client(
            userID: userID, expiresAt: expiresIn.map { _ in Timestamp(seconds: 1_800_000_000) }, expiresIn: expiresIn)
    }

    // MARK: Facts

    mutating func logIn(expiresIn: Duration? = nil) { run { $0.begin(as: Self.client(expiresIn: expiresIn), now: $1) } }
    mutating func say(_ text: String) { run { $0.received(Array(text.utf8), now: $1) } }
    mutating func answerCheck(_ result: Result<SyncSession.Client, CloseReason>) {
        checks.removeFirst()
        run { $0.tokenChecked(result, now: $1) }
    }
    mutating func hear(_ sequence: Int64, padding: Int = 0) {
        let isWritable = isWritable
        run { $0.heard(Self.update(sequence, padding: padding), isWritable: isWritable, now: $1) }
    }
    /// A change happens, and the broker brings it.
    mutating func change() {
        newest += 1
        hear(newest)
    }

    mutating func wait(_ duration: Duration) {
        let end = now + duration
        while let due = session.nextDeadline, due <= end, !isCut {
            now = max(now, due)
            run { $0.timePassed(now: $1) }
        }
        now = end
    }

    /// Answers the oldest read from what is there now.
    mutating func answerRead() {
        let after = reads.removeFirst()
        let page = page(after)
        run { $0.pageRead(page, now: $1) }
    }
    /// Answers the oldest read from what was there when `newest` was the newest change.
    mutating func answerRead(at newest: Int64) {
        let newestNow = self.newest
        self.newest = newest
        answerRead()
        self.newest = newestNow
    }
    mutating func failRead(_ reason: CloseReason? = nil) {
        reads.removeFirst()
        run { $0.readFailed(reason, now: $1) }
    }
    mutating func answerReads() { while !reads.isEmpty { answerRead() } }

    mutating func setWritable(_ value: Bool) {
        isWritable = value
        run { _, _ in [] }
    }

    func page(_ after: Int64?) -> FeedPage {
        guard let after, after < newest else { return FeedPage(newest: newest) }
        if after < purged { return FeedPage(newest: newest, isGone: true) }
        let last = min(after + Int64(pageSize), newest)
        return FeedPage(changes: (after + 1...last).map { Self.update($0) }, newest: newest, hasMore: last < newest)
    }

    // MARK: What came of it

    /// The numbers of the changes that the client has, in the order in which they came.
    var numbers: [Int64] { heard.compactMap { $0["data"]?["user_seq"]?.int.map(Int64.init) } }
    /// The types of everything that came, in order, changes as their numbers.
    var story: [String] {
        heard.map { message in
            message["data"]?["user_seq"]?.int.map(String.init)
                ?? (message["type"]?.string ?? "?") + (message["user_seq"]?.int.map { " \($0)" } ?? "")
        }
    }

    mutating func run(_ fact: (inout SyncSession, Duration) -> [SyncSession.Order]) {
        take(fact(&session, now))
        take(session.settle(isWritable: isWritable, now: now))
    }

    private mutating func take(_ orders: [SyncSession.Order]) {
        for order in orders {
            switch order {
            case .send(let frame): heard.append(Self.json(frame))
            case .ping: pings += 1
            case .pong(let payload): pongs.append(String(buffer: payload))
            case .check(let token): checks.append(token)
            case .read(let after):
                #expect(reads.isEmpty, "two reads at once")
                reads.append(after)
            case .close(let reason):
                #expect(closed == nil, "closed twice")
                closed = reason
            case .echoClose(let code):
                #expect(closed == nil, "closed twice")
                closed = CloseReason(code, "")
            case .cut: isCut = true
            }
        }
    }

    /// The payload of a text frame.
    static func json(_ frame: ByteBuffer) -> JSON {
        var frame = frame
        frame.moveReaderIndex(forwardBy: 1)
        let short: UInt8 = frame.readInteger() ?? 0
        if short == 126 { frame.moveReaderIndex(forwardBy: 2) }
        if short == 127 { frame.moveReaderIndex(forwardBy: 8) }
        do { return try JSON(parsing: Array(frame.readableBytesView)) } catch {
            Issue.record("a message that is no JSON: \(error)")
            return .null
        }
    }
}
