import TaskDomain
import WireValues

/// Runs `work`, which does `size` things, again and again for `seconds`. - Returns: things per second.
func rate(of size: Int, seconds: Double, _ work: () throws -> Void) rethrows -> Int {
    try work()
    let clock = ContinuousClock()
    let start = clock.now
    var done = 0
    var elapsed = Duration.zero
    while elapsed < .seconds(seconds) {
        try work()
        done += size
        elapsed = clock.now - start
    }
    return Int(Double(done) / (Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18))
}

/// Sentences as people type them: each kind of part, several at once, and none.
enum SentenceSpeed {
    static func measure(seconds: Double) throws -> Int {
        let now = WallTime(date: CivilDate(dayNumber: 20_516), secondOfDay: 36_900)
        return try rate(of: sentences.count, seconds: seconds) {
            for sentence in sentences {
                let result = try QuickAdd.parse(sentence, now: now)
                precondition(!result.title.isEmpty)
            }
        }
    }

    private static let sentences = [
        "add task buy groceries due tomorrow at 5pm", "add high priority task prepare presentation",
        "add task buy milk tagged groceries, urgent", "add daily task morning standup", "Call mom tomorrow",
        "tomorrow call Ann at 17:30", "Dentist fri 9:30", "Team lunch next friday", "Submit report in 3 days",
        "Check the oven in 45 minutes", "Pay rent on the 1st", "File taxes by end of month", "Dinner tonight at 7",
        "Taxes 15 April", "Party on 2026-05-05 at 19:30", "Buy milk #errands tomorrow !high",
        "Fix login p1 #work #backend",
        "Write tests, low priority", "Backup daily at 23:00", "Team sync every 2 weeks on mon and thu at 14:00",
        "Standup every weekday at 9:15am #work", "Replace filter every 3 months after completion",
        "Board meeting every 3rd friday", "Close the books every last day of the month",
        "Yoga every tue, thu 6:30pm until june 30", "Submit report friday 5pm remind me 1h before",
        "Renew passport 2026-11-30 remind 1 day and 2 hours before", "Remind me to call Bob tomorrow at 9am",
        "Read \"Tomorrow Never Dies\" friday", "Discuss the plan with Ann and Bob and write up what they think of it",
        "Größe der Bestellung für Anfang März klären #büro",
    ]
}
