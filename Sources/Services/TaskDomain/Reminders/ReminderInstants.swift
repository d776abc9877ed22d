package import WireValues

/// One reminder of a due: when it comes.
package struct ReminderInstant: Hashable, Sendable {
    package let spec: ReminderSpec
    package let remindAt: Timestamp
    /// At or before now: kept, but not scheduled.
    package let isPast: Bool

    /// `skipped_past` or `pending`.
    package var state: String { isPast ? "skipped_past" : "pending" }
}

/// When the reminders of a due come, in order of instant; of equal instants the one named first.
///
/// Days go by wall time: the same time of day that many days earlier, gaps and overlaps of the clocks as for slots.
/// Then hours and minutes are taken off exactly.
///
/// - Parameters:
///   - due: Nil when the task has none: then only reminders at an instant come.
///   - morning: Second of the day that an all-day due is counted back from, in the due's zone.
package func reminderInstants(
    _ specs: [ReminderSpec], due: WallTime?, zone: TimeZoneRules, morning: Int = 9 * 3_600, now: Timestamp
) -> [ReminderInstant] {
    var seen: Set<Timestamp> = []
    var result: [ReminderInstant] = []
    for spec in specs {
        let instant: Timestamp
        switch spec {
        case .at(let given): instant = given
        case .before(let offset):
            guard let due else { continue }
            let start = WallTime(date: due.date.adding(days: -offset.days), secondOfDay: due.secondOfDay ?? morning)
            instant = zone.instant(of: start).advanced(by: .seconds(-offset.minutes * 60))
        }
        guard seen.insert(instant).inserted else { continue }
        result.append(ReminderInstant(spec: spec, remindAt: instant, isPast: instant <= now))
    }
    return result.sorted { $0.remindAt < $1.remindAt }
}
