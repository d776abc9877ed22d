extension SyncSession {
    /// When `timePassed` is to be called at the latest; nil: no need.
    var nextDeadline: Duration? {
        var deadline = pingedAt.map { $0 + limits.pongDeadline } ?? lastHeard + limits.pingInterval
        switch phase {
        case .ended: return nil
        case .closing(let until): return until
        case .awaitingToken, .checkingToken: deadline = min(deadline, limits.tokenDeadline)
        case .choosing(let until, let position):
            if position != nil { deadline = min(deadline, until) }
        case .following:
            if let stalledSince { deadline = min(deadline, stalledSince + limits.stallDeadline) }
            if let recheckAt { deadline = min(deadline, recheckAt) }
        }
        if case .waiting(let until) = reading { deadline = min(deadline, until) }
        if let expiresAt { deadline = min(deadline, expiresAt) }
        return deadline
    }

    mutating func timePassed(now: Duration) -> [Order] {
        switch phase {
        case .ended: return []
        case .closing(let until):
            guard now >= until else { return [] }
            phase = .ended
            return [.cut]
        case .awaitingToken, .checkingToken:
            if now >= limits.tokenDeadline { return close(.noToken, now: now) }
        case .choosing, .following: break
        }
        if let expiresAt, now >= expiresAt { return close(.tokenExpired, now: now) }
        if let stalledSince, now >= stalledSince + limits.stallDeadline { return close(.tooSlow, now: now) }
        if let pingedAt, now >= pingedAt + limits.pongDeadline { return close(.silent, now: now) }
        var orders: [Order] = []
        if pingedAt == nil, now >= lastHeard + limits.pingInterval {
            pingedAt = now
            orders.append(.ping)
        }
        return orders + readAgain(now: now) + beginWhereTheUserStands(now: now)
    }

    /// Reads that wait for their time: those that failed, and the one that makes sure of the last update.
    private mutating func readAgain(now: Duration) -> [Order] {
        var isDue = false
        if let recheckAt, now >= recheckAt {
            self.recheckAt = nextRecheck(now: now)
            if case .none = reading, stalledSince == nil { isDue = true }
        }
        if case .waiting(let until) = reading, now >= until { isDue = true }
        guard isDue else { return [] }
        switch phase {
        case .choosing:
            reading = .underway(isStale: false)
            return [.read(after: nil)]
        case .following(let cursor, _, _):
            reading = .underway(isStale: false)
            return [.read(after: cursor.last)]
        case .awaitingToken, .checkingToken, .closing, .ended: return []
        }
    }
}
