import KubernetesModel

/// Which events are sent and which only counted (events.k8s.io/v1). Pure: no clock, no request.
///
/// What happens for the first time is created. The same again makes it a series of two, with one patch; more are
/// counted here and written every half hour, and once when nothing more has come for six minutes. A token bucket for each
/// object and reason bounds the requests even when reasons alternate.
struct EventSeries {
    static let refreshInterval: Duration = .seconds(30 * 60)
    static let quietTime: Duration = .seconds(6 * 60)
    static let burst = 25.0
    static let refillInterval: Duration = .seconds(5 * 60)
    /// Series and buckets that are remembered; the one that was quiet longest goes first.
    static let capacity = 2_000

    enum Request: Equatable {
        case create(EventNote, name: String, time: Timestamp)
        case patch(EventNote, name: String, count: Int, lastTime: Timestamp)

        var note: EventNote {
            switch self {
            case .create(let note, _, _), .patch(let note, _, _, _): note
            }
        }
    }

    /// What makes two notes the same: all but the text. Ours have one controller and instance.
    private struct Key: Hashable {
        let regarding: ObjectReference
        let related: ObjectReference?
        let kind: EventNote.Kind
        let reason: String
        let action: String

        init(_ note: EventNote) {
            regarding = note.regarding
            related = note.related
            kind = note.kind
            reason = note.reason
            action = note.action
        }
    }

    private struct Series {
        let note: EventNote
        var name: String
        var count = 1
        var lastTime: Timestamp
        var last: Duration
        var written: Duration
        var writtenCount = 1
    }

    private struct BucketKey: Hashable {
        let uid: String
        let reason: String
    }

    private struct Bucket {
        var tokens: Double
        var time: Duration
    }

    private var series: [Key: Series] = [:]
    private var buckets: [BucketKey: Bucket] = [:]
    private var lastName: Int64 = 0
    private(set) var limitedCount = 0

    /// When `advance` has something to do next.
    var nextTime: Duration? { series.values.map { $0.last + Self.quietTime }.min() }

    /// `note` happened now. Returns what to send, if anything.
    mutating func record(_ note: EventNote, now: Duration, wallTime: Timestamp) -> Request? {
        let key = Key(note)
        guard var present = series[key] else {
            guard takeToken(note, now: now) else { return nil }
            makeRoom()
            let name = name(for: note, wallTime)
            series[key] = Series(note: note, name: name, lastTime: wallTime, last: now, written: now)
            return .create(note, name: name, time: wallTime)
        }
        present.count += 1
        present.last = now
        present.lastTime = wallTime
        let isDue = present.writtenCount == 1 || now - present.written >= Self.refreshInterval
        guard isDue, takeToken(note, now: now) else {
            series[key] = present
            return nil
        }
        return patch(present, key, now: now)
    }

    /// Ends the series that have been quiet, with a last word where something was not written yet.
    mutating func advance(to now: Duration) -> [Request] {
        var requests: [Request] = []
        for (key, present) in series where now - present.last >= Self.quietTime {
            if present.count > present.writtenCount { requests.append(patch(present, key, now: now)) }
            series[key] = nil
        }
        for (key, bucket) in buckets where filled(bucket, now) >= Self.burst { buckets[key] = nil }
        return requests
    }

    /// The server does not have the event of `request` (any more). Returns what to send instead.
    mutating func lost(_ request: Request, now: Duration, wallTime: Timestamp) -> Request? {
        let key = Key(request.note)
        guard case .patch(let note, _, _, _) = request, var present = series[key] else { return nil }
        // The old one was deleted after its time: this is the first of a new series.
        present.name = name(for: note, wallTime)
        present.count = 1
        present.writtenCount = 1
        present.written = now
        series[key] = present
        return .create(note, name: present.name, time: wallTime)
    }

    /// `request` was never sent: the next of its kind starts over.
    mutating func dropped(_ request: Request) {
        if case .create(let note, _, _) = request { series[Key(note)] = nil }
    }

    private mutating func patch(_ present: Series, _ key: Key, now: Duration) -> Request {
        var present = present
        present.written = now
        present.writtenCount = present.count
        series[key] = present
        return .patch(present.note, name: present.name, count: present.count, lastTime: present.lastTime)
    }

    private func filled(_ bucket: Bucket, _ now: Duration) -> Double {
        min(Self.burst, bucket.tokens + (now - bucket.time) / Self.refillInterval)
    }

    private mutating func takeToken(_ note: EventNote, now: Duration) -> Bool {
        let key = BucketKey(uid: note.regarding.uid, reason: note.reason)
        let tokens = buckets[key].map { filled($0, now) } ?? Self.burst
        guard tokens >= 1 else {
            limitedCount += 1
            return false
        }
        buckets[key] = Bucket(tokens: tokens - 1, time: now)
        return true
    }

    private mutating func makeRoom() {
        if series.count >= Self.capacity, let oldest = series.min(by: { $0.value.last < $1.value.last }) {
            series[oldest.key] = nil
        }
        if buckets.count > Self.capacity, let oldest = buckets.min(by: { $0.value.time < $1.value.time }) {
            buckets[oldest.key] = nil
        }
    }

    /// `<object>.<hexadecimal nanoseconds>`, never the same twice.
    private mutating func name(for note: EventNote, _ wallTime: Timestamp) -> String {
        lastName = max(lastName + 1, wallTime.microseconds * 1_000)
        let suffix = "." + String(lastName, radix: 16)
        return EventNote.cut(note.regarding.name, maximumBytes: 253 - suffix.utf8.count) + suffix
    }
}
