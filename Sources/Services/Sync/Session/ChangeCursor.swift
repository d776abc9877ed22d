import NIOCore

/// Where one client stands in its user's changes: what it was sent, and what is known to be missing. A pure value.
///
/// Updates come from the broker in any order, several times or not at all; pages come from the feed, which has no gaps.
/// Whatever mixture arrives, what this hands out is each number once, in order, without a gap.
struct ChangeCursor: Sendable {
    /// The number after which it began.
    private(set) var began: Int64
    /// The number of the last change that the client was sent.
    private(set) var last: Int64
    /// The highest number heard of. Above `last`: something is missing.
    private(set) var heard: Int64
    /// Changes above `last + 1`, kept until what comes before them is there. Those beyond the bound are left to the feed.
    private var held: [Int64: SyncUpdate] = [:]
    private var heldBytes = 0
    private let maximumHeldBytes: Int

    init(after last: Int64, maximumHeldBytes: Int) {
        began = last
        self.last = last
        heard = last
        self.maximumHeldBytes = maximumHeldBytes
    }

    /// Whether changes are known that the client was not sent.
    var isBehind: Bool { heard > last }

    /// Takes an update from the broker.
    /// - Parameter hold: keep it back although it may be the next one, since the client cannot take it now.
    /// - Returns: the changes to send now, in order.
    mutating func hear(_ update: SyncUpdate, hold: Bool) -> [SyncUpdate] {
        guard update.sequence > last else { return [] }
        heard = max(heard, update.sequence)
        guard hold || update.sequence > last + 1 else {
            last = update.sequence
            return [update] + release()
        }
        if held[update.sequence] == nil, heldBytes + update.frame.readableBytes <= maximumHeldBytes {
            held[update.sequence] = update
            heldBytes += update.frame.readableBytes
        }
        return []
    }

    /// Takes a page of the feed, read after `last`.
    /// - Returns: the changes to send now, in order.
    mutating func read(_ page: FeedPage) -> [SyncUpdate] {
        var ready: [SyncUpdate] = []
        for change in page.changes where change.sequence == last + 1 {
            last = change.sequence
            ready.append(change)
        }
        heard = max(heard, last, page.newest)
        if page.hasMore { heard = max(heard, last + 1) }
        return ready + release()
    }

    /// Learns that there is a change with this number.
    mutating func note(_ sequence: Int64) { heard = max(heard, sequence) }

    /// Goes on after `sequence`, whatever lies between.
    mutating func jump(to sequence: Int64) {
        began = sequence
        last = sequence
        heard = sequence
        held = [:]
        heldBytes = 0
    }

    private mutating func release() -> [SyncUpdate] {
        var ready: [SyncUpdate] = []
        while let next = held.removeValue(forKey: last + 1) {
            heldBytes -= next.frame.readableBytes
            last += 1
            ready.append(next)
        }
        if !held.isEmpty {
            // What the feed has brought meanwhile.
            for (sequence, update) in held where sequence <= last {
                held[sequence] = nil
                heldBytes -= update.frame.readableBytes
            }
        }
        return ready
    }
}
