import NIOCore

extension SyncSession {
    /// A change of this user's tasks, from the broker.
    mutating func heard(_ update: SyncUpdate, isWritable: Bool, now: Duration) -> [Order] {
        switch phase {
        case .awaitingToken, .checkingToken, .closing, .ended: return []
        case .choosing:
            if early.reduce(0, { $0 + $1.frame.readableBytes }) + update.frame.readableBytes <= limits.heldBytes {
                early.append(update)
            } else {
                earlyHighest = max(earlyHighest, update.sequence)
            }
            return []
        case .following(var cursor, let isReplaying, let isFresh):
            let ready = cursor.hear(update, hold: isReplaying && !isWritable)
            // The next one in turn: nothing before it was lost.
            if !ready.isEmpty { recheckAt = nextRecheck(now: now) }
            phase = .following(cursor, isReplaying: isReplaying, isFresh: isFresh)
            return ready.isEmpty || isWritable ? ready.map { .send($0.frame) } : close(.tooSlow, now: now)
        }
    }

    /// Something for the user that is not a numbered change, live only; a client that is still reading old changes, and
    /// has no room for it, does without.
    mutating func heardAside(_ frame: ByteBuffer, isWritable: Bool, now: Duration) -> [Order] {
        switch phase {
        case .awaitingToken, .checkingToken, .closing, .ended: return []
        case .following(_, isReplaying: true, _) where !isWritable: return []
        case .choosing, .following: return isWritable ? [.send(frame)] : close(.tooSlow, now: now)
        }
    }

    /// The answer to `read`.
    mutating func pageRead(_ page: FeedPage, now: Duration) -> [Order] {
        var isStale = false
        if case .underway(true) = reading { isStale = true }
        reading = .none
        if isStale { return [] }
        switch phase {
        case .awaitingToken, .checkingToken, .closing, .ended: return []
        case .choosing(let until, _):
            failures = 0
            phase = .choosing(until: until, position: page.newest)
            return beginWhereTheUserStands(now: now)
        case .following(var cursor, let isReplaying, let isFresh):
            let next = page.changes.first { $0.sequence > cursor.last }?.sequence
            let isTorn = next.map { $0 > cursor.last + 1 } ?? false
            // A number that was never given out can only be the client's, from another history than this database's. Not
            // the last one that was sent: an update may have been quicker than this page.
            if page.isGone || isTorn || (isFresh && page.newest < cursor.began) {
                failures = 0
                cursor.jump(to: page.newest)
                phase = .following(cursor, isReplaying: true, isFresh: false)
                return [.send(ServerMessage.reset(page.newest))]
            }
            let before = cursor.last
            let ready = cursor.read(page)
            phase = .following(cursor, isReplaying: isReplaying, isFresh: false)
            // The update was quicker than what the feed is read from; it is read again after a moment.
            if cursor.isBehind, cursor.last == before {
                wait(now: now)
            } else {
                failures = 0
            }
            return ready.map { .send($0.frame) }
        }
    }

    /// `read` did not work. `reason`: it never will.
    mutating func readFailed(_ reason: CloseReason?, now: Duration) -> [Order] {
        reading = .none
        guard !isClosing else { return [] }
        if let reason { return close(reason, now: now) }
        wait(now: now)
        return []
    }

    /// To be called when orders have been carried out, and when the client has taken what was sent: asks for what is
    /// missing if there is room for it, and says so when nothing is missing any more.
    mutating func settle(isWritable: Bool, now: Duration) -> [Order] {
        if isWritable { stalledSince = nil }
        guard case .following(let cursor, let isReplaying, let isFresh) = phase, case .none = reading else { return [] }
        if cursor.isBehind || isFresh {
            guard isWritable else {
                stalledSince = stalledSince ?? now
                return []
            }
            reading = .underway(isStale: false)
            return [.read(after: cursor.last)]
        }
        guard isReplaying else { return [] }
        phase = .following(cursor, isReplaying: false, isFresh: false)
        return [.send(ServerMessage.live(cursor.last))]
    }

    mutating func follow(after number: Int64, now: Duration) -> [Order] {
        var cursor = ChangeCursor(after: number, maximumHeldBytes: limits.heldBytes)
        takeEarly(into: &cursor)
        phase = .following(cursor, isReplaying: true, isFresh: true)
        recheckAt = firstRecheck(now: now)
        // What is being read now is for another number. `settle` reads from this one, as soon as that is over.
        if case .underway = reading { reading = .underway(isStale: true) } else { reading = .none }
        return []
    }

    /// Ends the choosing, if its time is over and the position is known.
    mutating func beginWhereTheUserStands(now: Duration) -> [Order] {
        guard case .choosing(let until, let position?) = phase, now >= until else { return [] }
        var cursor = ChangeCursor(after: position, maximumHeldBytes: limits.heldBytes)
        let ready = takeEarly(into: &cursor, hold: false)
        phase = .following(cursor, isReplaying: false, isFresh: false)
        recheckAt = firstRecheck(now: now)
        return [.send(ServerMessage.live(position))] + ready.map { .send($0.frame) }
    }

    @discardableResult
    private mutating func takeEarly(into cursor: inout ChangeCursor, hold: Bool = true) -> [SyncUpdate] {
        var ready: [SyncUpdate] = []
        for update in early { ready += cursor.hear(update, hold: hold) }
        if earlyHighest > 0 { cursor.note(earlyHighest) }
        early = []
        earlyHighest = 0
        return ready
    }

    func nextRecheck(now: Duration) -> Duration { now + limits.recheckInterval * (0.75 + spread / 2) }

    private func firstRecheck(now: Duration) -> Duration {
        isReplicaYoung ? now + limits.firstRecheck * (1 + 2 * spread) : nextRecheck(now: now)
    }

    private mutating func wait(now: Duration) {
        failures += 1
        var pause = limits.shortestRetry
        for _ in 1..<min(failures, 16) { pause *= 2 }
        reading = .waiting(until: now + min(pause, limits.longestRetry) * (0.75 + spread / 2))
    }
}
