import KubernetesModel

/// One candidate's part in leader election by a Lease. Pure: what is seen and answered comes in, requests come out, at
/// most one of them at a time.
///
/// Time is what passed here since *we* saw the record change or sent a write; no timestamp of another machine is ever
/// compared. A leader counts from the moment it sent its last successful write, a follower from the moment it saw that
/// write, which is later. So as long as clocks run at about the same rate, and the renew deadline is shorter than the lease,
/// the leader has stopped before anybody else begins.
struct LeaderState {
    struct Timing: Hashable, Sendable {
        /// How long a lease is respected that nobody renews.
        var leaseDuration: Duration = .seconds(30)
        /// How long a leader goes on without renewing it. Must be shorter.
        var renewDeadline: Duration = .seconds(20)
        /// The time from one renewal to the next; up to a tenth longer. At most six writes a minute.
        var retryPeriod: Duration = .seconds(10)
    }

    enum Input {
        case start
        /// What the Lease says, from a watch; nil when there is none.
        case seen(LeaseRecord?)
        /// The answer to `.read`.
        case read(LeaseRecord?)
        /// `.write` was carried out.
        case wrote(LeaseRecord)
        /// `.read` or `.write` failed.
        case failed(KubernetesError)
        /// `nextTime` has come.
        case tick
        /// Give it up and stop.
        case release
    }

    enum Effect {
        case read
        /// Create the Lease when the record has no resource version, else replace it.
        case write(LeaseRecord)
        case lead
        case stepDown(reason: String)
        /// Follow the Lease by a watch, or no longer.
        case follow(Bool)
        case finish
    }

    private enum Role {
        /// Somebody else leads, or nobody. Waits for the lease to be released or to expire.
        case follower
        /// We lead until `renewed` + deadline, if no further renewal succeeds.
        case leader(renewed: Duration)
        /// We gave it up; nothing more is started.
        case leaving
    }

    private enum Request {
        case none
        case reading
        case writing(sent: Duration)
    }

    private let identity: String
    private let timing: Timing
    private var role = Role.follower
    private var request = Request.none
    private var record: LeaseRecord?
    /// Whether we have seen the Lease, or its absence, at all.
    private var isKnown = false
    /// Whether `record` may be out of date, so that a write on top of it would be refused.
    private var needsRead = true
    /// When we saw the record change last.
    private var changed: Duration = .zero
    /// Nothing is asked before this.
    private var notBefore: Duration = .zero
    /// When to renew, as a leader.
    private var renewal: Duration = .zero
    private var conflicts = 0
    private var isFollowing = false

    init(identity: String, timing: Timing = Timing()) {
        precondition(!identity.isEmpty, "a candidate without identity")
        precondition(
            timing.leaseDuration > timing.renewDeadline && timing.renewDeadline > timing.retryPeriod * 1.2,
            "leader election needs lease duration > renew deadline > 1.2 × retry period")
        self.identity = identity
        self.timing = timing
    }

    /// Until when we may act as leader, if nothing more is heard; nil when we do not lead.
    var leadsUntil: Duration? {
        guard case .leader(let renewed) = role else { return nil }
        return renewed + timing.renewDeadline
    }

    /// Who holds the lease as far as we know; empty for nobody.
    var holder: String { record?.holder ?? "" }

    /// When `.tick` is due.
    var nextTime: Duration? {
        switch (role, request) {
        case (.leader(let renewed), .none): min(max(renewal, notBefore), renewed + timing.renewDeadline)
        case (.leader(let renewed), .reading), (.leader(let renewed), .writing): renewed + timing.renewDeadline
        case (.follower, .none): needsRead ? notBefore : max(notBefore, expiry ?? notBefore)
        case (.follower, .reading), (.follower, .writing), (.leaving, _): nil
        }
    }

    mutating func handle(_ input: Input, now: Duration, wallTime: Timestamp, random: Double) -> [Effect] {
        switch input {
        case .start:
            return read()
        case .seen(let seen):
            // Our own reads and writes tell a leader more; a follower's request in flight decides when it is answered.
            guard case .follower = role, isKnown else { return [] }
            note(seen, now: now)
            return act(now: now, wallTime: wallTime, mayTake: false)
        case .read(let read):
            request = .none
            needsRead = false
            let isSame = isKnown && read == record
            note(read, now: now)
            if case .leader = role, let read, read.holder != identity {
                return stepDown("\(read.holder.isEmpty ? "nobody" : read.holder) holds the lease now", now, wallTime)
            }
            return act(now: now, wallTime: wallTime, mayTake: isSame)
        case .wrote(let wrote): return self.wrote(wrote, now: now, wallTime: wallTime, random: random)
        case .failed(let error): return failed(error, now: now, wallTime: wallTime, random: random)
        case .tick: return act(now: now, wallTime: wallTime, mayTake: false)
        case .release:
            let wasLeader = leadsUntil != nil
            role = .leaving
            guard case .none = request else { return wasLeader ? [.stepDown(reason: "shutting down")] : [] }
            return (wasLeader ? [.stepDown(reason: "shutting down")] : []) + leave(now: now, wallTime: wallTime)
        }
    }

    // MARK: Deciding

    private var expiry: Duration? {
        guard let record, !record.holder.isEmpty, record.holder != identity else { return nil }
        return changed + .seconds(max(1, record.durationSeconds))
    }

    private mutating func note(_ seen: LeaseRecord?, now: Duration) {
        if !isKnown || seen != record { changed = now }
        isKnown = true
        record = seen
    }

    /// Does what the situation demands now. - Parameter mayTake: the record was just read and has not changed, so that
    /// an expired lease may be taken.
    private mutating func act(now: Duration, wallTime: Timestamp, mayTake: Bool) -> [Effect] {
        if case .leader(let renewed) = role, now >= renewed + timing.renewDeadline {
            return stepDown("the lease could not be renewed in time", now, wallTime)
        }
        guard case .none = request, now >= notBefore else { return [] }
        switch role {
        case .leader:
            guard now >= renewal else { return [] }
            return needsRead ? read() : write(now: now, wallTime: wallTime)
        case .leaving: return leave(now: now, wallTime: wallTime)
        case .follower:
            guard !needsRead else { return read() }
            guard let expiry else { return write(now: now, wallTime: wallTime) }
            guard now >= expiry else { return follow() }
            // A watch that fell silent looks like a holder that did: look once more before taking it.
            return mayTake ? write(now: now, wallTime: wallTime) : read()
        }
    }

    /// Somebody else leads: from now on the watch tells what becomes of the lease.
    private mutating func follow() -> [Effect] {
        guard !isFollowing else { return [] }
        isFollowing = true
        return [.follow(true)]
    }

    private mutating func read() -> [Effect] {
        request = .reading
        return [.read]
    }

    private mutating func write(now: Duration, wallTime: Timestamp) -> [Effect] {
        request = .writing(sent: now)
        let isOurs = record?.holder == identity
        return [
            .write(
                LeaseRecord(
                    holder: identity, durationSeconds: Int(timing.leaseDuration.components.seconds),
                    acquireTime: (isOurs ? record?.acquireTime : nil) ?? wallTime, renewTime: wallTime,
                    transitions: (record?.transitions ?? 0) + (isOurs || record == nil ? 0 : 1),
                    resourceVersion: record?.resourceVersion))
        ]
    }

    private mutating func leave(now: Duration, wallTime: Timestamp) -> [Effect] {
        guard var record, record.holder == identity else { return [.finish] }
        record.holder = ""
        record.durationSeconds = 1
        record.renewTime = wallTime
        request = .writing(sent: now)
        return [.write(record)]
    }

    private mutating func stepDown(_ reason: String, _ now: Duration, _ wallTime: Timestamp) -> [Effect] {
        role = .follower
        return [.stepDown(reason: reason)] + act(now: now, wallTime: wallTime, mayTake: false)
    }

    // MARK: Answers

    private mutating func wrote(_ wrote: LeaseRecord, now: Duration, wallTime: Timestamp, random: Double) -> [Effect] {
        guard case .writing(let sent) = request else { return [] }
        request = .none
        conflicts = 0
        note(wrote, now: now)
        if case .leaving = role { return leave(now: now, wallTime: wallTime) }
        // An answer from so long ago is no leadership: the time counts from when it was sent.
        guard now < sent + timing.renewDeadline else {
            notBefore = now
            if case .leader = role { return stepDown("the lease could not be renewed in time", now, wallTime) }
            return act(now: now, wallTime: wallTime, mayTake: false)
        }
        let wasLeader = leadsUntil != nil
        role = .leader(renewed: sent)
        renewal = sent + timing.retryPeriod + timing.retryPeriod * (random * 0.1)
        guard !wasLeader else { return [] }
        guard isFollowing else { return [.lead] }
        isFollowing = false
        return [.follow(false), .lead]
    }

    private mutating func failed(
        _ error: KubernetesError, now: Duration, wallTime: Timestamp, random: Double
    ) -> [Effect] {
        if case .leaving = role { return [.finish] }
        let wasWriting = if case .writing = request { true } else { false }
        request = .none
        // Whatever was meant to be written, only the server knows now what is there.
        needsRead = true
        let isConflict = error.code == .conflict || error.code == .alreadyExists || error.code == .notFound
        if wasWriting, isConflict {
            // Somebody else wrote. Look who at once; wait a little when that happens again and again.
            conflicts += 1
            if conflicts > 1 { notBefore = now + .milliseconds(200) * (1 + random * Double(min(conflicts, 10))) }
        } else {
            // A fifth of the period: a leader gets several tries before its deadline.
            let share = error.isTransient ? 0.2 : 1
            notBefore = now + timing.retryPeriod * (share + 0.05 * random)
        }
        return act(now: now, wallTime: wallTime, mayTake: false)
    }
}
