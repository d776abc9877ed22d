import NIOCore
import WireValues

/// What the server says, each as the frame of one text message.
enum ServerMessage {
    /// `{"type":"authenticated","user_id":…,"expires_at":…}`: the token was good until then.
    static func authenticated(userID: String, expiresAt: Timestamp?) -> ByteBuffer {
        text([
            "type": "authenticated", "user_id": .string(userID),
            "expires_at": expiresAt.map { .string($0.rfc3339) } ?? .null,
        ])
    }

    /// `{"type":"live","user_seq":42}`: everything up to 42 has been sent, or was there before a client that asked for
    /// no replay; from here on changes come as they happen.
    static func live(_ sequence: Int64) -> ByteBuffer { text(["type": "live", "user_seq": .integer(sequence)]) }

    /// `{"type":"reset","user_seq":42}`: the changes after the client's number are not to be had, or the number is
    /// beyond the last one; load everything afresh, then go on from 42.
    static func reset(_ sequence: Int64) -> ByteBuffer { text(["type": "reset", "user_seq": .integer(sequence)]) }

    static let pong = text(["type": "pong"])

    /// `{"type":"task.changed","data":{…}}`; other types are passed on in the same form.
    static func event(_ type: String, _ data: JSON) -> ByteBuffer {
        text(["type": .string(type), "data": data])
    }

    private static func text(_ json: JSON) -> ByteBuffer { ServerFrame.text(json.bytes) }
}

/// One change of a user's tasks, as it is sent to each of the user's clients.
struct SyncUpdate: Hashable, Sendable {
    /// `user_seq`: counts the user's changes without gaps.
    let sequence: Int64
    /// The message's frame; all who get it share the bytes.
    let frame: ByteBuffer
}

/// A part of a user's feed of changes.
struct FeedPage: Hashable, Sendable {
    /// In ascending order.
    var changes: [SyncUpdate]
    /// The user's newest number when this was read.
    var newest: Int64
    /// Whether there is more after these.
    var hasMore: Bool
    /// Whether what was asked for is no longer kept.
    var isGone: Bool

    init(changes: [SyncUpdate] = [], newest: Int64, hasMore: Bool = false, isGone: Bool = false) {
        self.changes = changes
        self.newest = newest
        self.hasMore = hasMore
        self.isGone = isGone
    }
}
