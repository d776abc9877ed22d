import TaskStorage

/// The keys whose events could not be published, and when each is to be tried again: 100 ms after its first failure, then
/// twice as long each time, up to 30 s, times the jitter. Their rows are left out of what is claimed, so that they take no
/// place from those of others; every second round, those whose time has come are in it.
///
/// Times are counted from the relay's start.
struct StuckKeys {
    private struct Entry {
        var failures: Int
        var failedAt: Duration
        var until: Duration
    }

    private var keys: [String: Entry] = [:]
    /// Since when nothing got through at all, and in how many rounds.
    private var away: (since: Duration, rounds: Int)?
    private var wasTheirTurn = false

    var isEmpty: Bool { keys.isEmpty }

    /// Whether there are any whose time has come.
    func hasDue(at time: Duration) -> Bool { keys.values.contains { $0.until <= time } }

    /// How long until the time of the first of them has come.
    func nextTry(at time: Duration) -> Duration? { keys.values.map { max($0.until - time, .zero) }.min() }

    /// Whether those whose time has come are in the round that begins now.
    mutating func takeTurn(at time: Duration) -> Bool {
        if !hasDue(at: time) { wasTheirTurn = true }
        wasTheirTurn.toggle()
        return wasTheirTurn
    }

    func leftOut(at time: Duration, withDue: Bool) -> [String] {
        keys.isEmpty ? [] : keys.filter { !withDue || $0.value.until > time }.map(\.key)
    }

    /// A claim had room for all whose time had come: what is not in it is not here any more. Another relay has brought it to
    /// its end.
    mutating func forgetDue(at time: Duration, except rows: [OutboxBatch.Claimed]) {
        let present = Set(rows.map(\.row.key))
        keys = keys.filter { $0.value.until > time || present.contains($0.key) }
    }

    /// Notes what came of a round.
    ///
    /// - Returns: how long to wait before the next, if this one says that the broker takes nothing: up to 5 s. A key that
    ///   was stuck before says nothing about others.
    mutating func note(
        _ rows: [OutboxBatch.Claimed], published: [Int64], at time: Duration, jitter: Double
    ) -> Duration? {
        let published = Set(published)
        let failed = Set(rows.lazy.filter { !published.contains($0.id) }.map(\.row.key))
        if failed.isEmpty, keys.isEmpty { return nil }
        var wait: Duration?
        if !published.isEmpty {
            if let away {
                // The broker is back: whoever waits since then only for its sake waits no longer.
                for (key, entry) in keys where entry.failedAt >= away.since { keys[key]?.until = time }
            }
            away = nil
        } else if failed.contains(where: { keys[$0] == nil }) {
            let rounds = (away?.rounds ?? 0) + 1
            away = (away?.since ?? time, rounds)
            wait = min(OutboxRelay.pause(after: rounds, jitter: jitter), OutboxRelay.longestPauseOfAll)
        }
        for key in Set(rows.map(\.row.key)).subtracting(failed) { keys[key] = nil }
        for key in failed {
            let failures = (keys[key]?.failures ?? 0) + 1
            // The same jitter for all, so that what failed together is tried together.
            let until = time + OutboxRelay.pause(after: failures, jitter: jitter)
            keys[key] = Entry(failures: failures, failedAt: time, until: until)
        }
        return wait
    }
}
