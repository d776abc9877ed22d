/// A repeating rule with its history: what successors are counted from. Owned by the task API.
package struct Series: Hashable, Sendable {
    package enum State: String, Hashable, Sendable {
        case live
        /// Its owner wanted no more occurrences.
        case cancelled
        /// Its count or its until is reached, or its head was deleted.
        case ended
    }

    /// A UUID.
    package var id: String
    package var userID: String
    package var rule: RecurrenceRule
    /// Slot 1.
    package var anchorLocal: WallTime
    package var timeZone: String
    package var state: State
    /// With `ended`: `count`, `until` or `deleted`.
    package var endReason: String?
    /// From 1; grows whenever slots would be counted differently.
    package var version: Int
    /// The one open occurrence; nil between a completion and its successor, and when there is none any more.
    package var headID: Int64?
    /// The completed occurrence that a successor is still owed for, when it was deleted before that was made.
    package var departed: TodoTask?

    package init(
        id: String, userID: String, rule: RecurrenceRule, anchorLocal: WallTime, timeZone: String,
        state: State = .live, endReason: String? = nil, version: Int = 1, headID: Int64?, departed: TodoTask? = nil
    ) {
        self.id = id
        self.userID = userID
        self.rule = rule
        self.anchorLocal = anchorLocal
        self.timeZone = timeZone
        self.state = state
        self.endReason = endReason
        self.version = version
        self.headID = headID
        self.departed = departed
    }

    package var zone: TimeZoneRules { TimeZoneRules.named(timeZone) ?? .utc }

    /// Where `task`, an occurrence of this series, stands in it.
    func position(of task: TodoTask) -> SeriesPosition {
        SeriesPosition(
            rule: rule, anchorLocal: anchorLocal, zone: zone, scheduledLocal: task.scheduledLocal ?? anchorLocal,
            index: task.occurrenceIndex ?? 1)
    }
}
