import WireValues

/// A job and where it stands. Pure: the engine asks it what comes next.
struct Job: Sendable {
    struct Key: Hashable, Sendable {
        let app: String
        let name: String
    }

    let key: Key
    let definition: JobDefinition
    /// When it was made; unique among all, so that a job made anew is told from the one before.
    let created: Timestamp
    /// When the next attempt is due.
    var due: Timestamp
    /// The tick that the attempt belongs to.
    var tick: Timestamp
    /// Attempts of this tick that failed.
    var attempts = 0
    /// Ticks that are done.
    var runs = 0

    private let schedule: JobSchedule?
    private let expires: Timestamp?

    /// - Throws: `Refusal` with status 500, as the scheduler's answers come back.
    ///
    /// - Parameter now: what relative times count from; `created` may be a little later, to be unique.
    init(
        key: Key, definition: JobDefinition, created: Timestamp, now: Timestamp? = nil
    ) throws(JobDefinition.Refusal) {
        let now = now ?? created
        func refused(_ why: String) -> JobDefinition.Refusal {
            JobDefinition.Refusal(
                status: 500, code: "DAPR_SCHEDULER_SCHEDULE_JOB",
                message: "failed to schedule job due to: rpc error: code = Unknown desc = \(why)")
        }
        self.key = key
        self.definition = definition
        self.created = created
        if let text = definition.scheduleText {
            do throws(JobSchedule.Unreadable) {
                schedule = try JobSchedule(text)
            } catch {
                throw refused(error.description)
            }
        } else {
            schedule = nil
        }
        if let repeats = definition.repeats {
            guard repeats > 0 else { throw refused("repeats must be greater than 0") }
            guard repeats == 1 || schedule != nil else { throw refused("repeats needs a schedule") }
        }
        var first: Timestamp
        if let text = definition.dueText {
            guard let due = Self.instant(text, from: now) else { throw refused("failed to parse due time \(text)") }
            first = due
        } else {
            guard let tick = schedule?.tick(after: now) else { throw refused("the schedule never comes due") }
            first = tick
        }
        if let text = definition.ttlText {
            guard schedule != nil else { throw refused("ttl needs a schedule") }
            let base = definition.dueText == nil ? now : first
            guard let end = Self.instant(text, from: base) else { throw refused("failed to parse ttl \(text)") }
            guard definition.dueText == nil || end > first else { throw refused("ttl must be later than the due time") }
            expires = end
        } else {
            expires = nil
        }
        first = max(first, Timestamp(microseconds: 0))
        tick = first
        due = first
    }

    /// RFC 3339, a Go duration or an ISO 8601 duration.
    private static func instant(_ text: String, from base: Timestamp) -> Timestamp? {
        if let instant = Timestamp(text) { return instant }
        guard let duration = GoDuration.parse(text) ?? GoDuration.parseISO8601(text) else { return nil }
        return base.advanced(by: duration)
    }

    /// Whether its time is over before the tick came.
    var isExpired: Bool { expires.map { tick > $0 } ?? false }

    /// The job after this tick is done; nil when it was the last. Ticks follow from the tick before, not from the time now: what was missed
    /// comes in a burst.
    var afterTick: Job? {
        var next = self
        next.runs += 1
        next.attempts = 0
        if let repeats = definition.repeats, next.runs >= repeats { return nil }
        guard let tick = schedule?.tick(after: tick) else { return nil }
        next.tick = tick
        next.due = tick
        return next.isExpired ? nil : next
    }

    /// The job after an attempt failed: another attempt, or the next tick.
    var afterFailure: Job? {
        guard case .constant(let interval, let maxRetries) = definition.failurePolicy else { return afterTick }
        if let maxRetries, attempts >= maxRetries { return afterTick }
        var next = self
        next.attempts += 1
        // Counted from the time that was planned: a late job's retries follow at once.
        next.due = due.advanced(by: interval)
        return next
    }
}
