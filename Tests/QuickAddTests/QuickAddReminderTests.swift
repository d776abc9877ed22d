import TaskDomain
import Testing

struct QuickAddReminderTests {
    @Test(arguments: [
        Sentence("Call 5pm remind 15m", "Call | 2026-03-04T17:00 | remind PT15M"),
        Sentence("Call 5pm remind me 15 minutes early", "Call | 2026-03-04T17:00 | remind PT15M"),
        Sentence("Call tomorrow reminder 1 day ahead", "Call | 2026-03-05 | remind P1D"),
        Sentence("Call tomorrow reminder 2 weeks before", "Call | 2026-03-05 | remind P2W"),
        Sentence("Call tomorrow remind me 1d, 2h and 15 min before", "Call | 2026-03-05 | remind P1D PT2H PT15M"),
        Sentence("Call tomorrow remind me an hour before", "Call | 2026-03-05 | remind PT1H"),
        Sentence("Call tomorrow remind me half an hour before", "Call | 2026-03-05 | remind PT30M"),
        Sentence("Call tomorrow remind me two hours before", "Call | 2026-03-05 | remind PT2H"),
        Sentence("Call tomorrow remind me 1 hour 30 minutes before", "Call | 2026-03-05 | remind PT1H30M"),
        Sentence("remind me 2 days before friday to call", "to call | 2026-03-06 | remind P2D"),
        Sentence("Call friday with a reminder 1h before", "Call | 2026-03-06 | remind PT1H"),
        Sentence("Call friday, no reminders", "Call | 2026-03-06 | remind none"),
        Sentence("Call friday remind 0m", "Call | 2026-03-06 | remind PT0M"),
        Sentence("Stretch every day remind 1h before", "Stretch | 2026-03-04 | FREQ=DAILY, remind PT1H"),
    ])
    func `reminders count back from the due`(sentence: Sentence) throws { try sentence.check() }

    @Test(arguments: [
        Sentence("Call Ann remind me 1h before", "Call Ann remind me 1h before | - | reminder_without_due"),
        Sentence("Call Ann no reminder", "Call Ann | - | remind none"),
        // Longer before than a task allows.
        Sentence("Call friday remind 5 weeks before", "Call remind 5 weeks before | 2026-03-06 | "),
        Sentence("Write a reminder friday", "Write a reminder | 2026-03-06 | "),
    ])
    func `without a due or a sensible time it stays text`(sentence: Sentence) throws { try sentence.check() }
}
