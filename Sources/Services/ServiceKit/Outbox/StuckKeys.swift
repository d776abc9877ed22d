import TaskStorage

/// The keys whose events could not be published, and when each is to be tried again: 100 ms after its first failure, then
/// twice as long each time, up to 30 s, times the jitter. Until then their rows are not even claimed, so that they take no
/// place from those of others.
///
/// Times are counted from the relay's start.
struct StuckKeys {
    private var keys: [String: (failures: Int, until: Duration)] = [:]

    var isEmpty: Bool { keys.isEmpty }

    /// Those that are to be left alone for now.
    func waiting(at time: Duration) -> [String] {
        keys.isEmpty ? [] : keys.filter { $0.value.until > time }.map(\.key)
    }

    /// How long until the first of them is to be tried again.
    func nextTry(at time: Duration) -> Duration? {
        keys.values.map { max($0.until - time, .zero) }.min()
    }

    /// Whether one of the rows is of a key that was not stuck before.
    func hasOthers(in rows: [OutboxBatch.Claimed]) -> Bool { rows.contains { keys[$0.row.key] == nil } }

    /// Notes what came of a round.
    mutating func note(_ rows: [OutboxBatch.Claimed], published: [Int64], at time: Duration, jitter: () -> Double) {
        // Another relay may have brought the rest of a key to its end: then it is never claimed here again.
        if !keys.isEmpty { keys = keys.filter { $0.value.until + OutboxRelay.longestPause > time } }
        let published = Set(published)
        let failed = Set(rows.lazy.filter { !published.contains($0.id) }.map(\.row.key))
        if !keys.isEmpty {
            for row in rows where !failed.contains(row.row.key) { keys[row.row.key] = nil }
        }
        for key in failed {
            let failures = (keys[key]?.failures ?? 0) + 1
            keys[key] = (failures, time + OutboxRelay.pause(after: failures, jitter: jitter()))
        }
    }

    /// The broker is back: nobody waits any longer.
    mutating func tryAllAgain() {
        keys = keys.mapValues { ($0.failures, .zero) }
    }
}
