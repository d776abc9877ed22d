import TaskDomain
import Testing

struct QuickAddCommandTests {
    @Test(arguments: [
        Sentence("create a task water the plants", "water the plants | - | "),
        Sentence("make an todo call Ann", "call Ann | - | "),
        Sentence("please add new task to call Ann", "call Ann | - | "),
        Sentence("add task called Groceries", "Groceries | - | "),
        Sentence("ADD TASK: Call Ann", "Call Ann | - | "),
        Sentence("add reminder call Ann tomorrow", "call Ann | 2026-03-05 | "),
        Sentence("add low priority weekly task sweep", "sweep | 2026-03-04 | low, FREQ=WEEKLY"),
        Sentence("add monthly high priority task pay rent", "pay rent | 2026-03-04 | high, FREQ=MONTHLY"),
        Sentence("add yearly task physical", "physical | 2026-03-04 | FREQ=YEARLY"),
        // A mark beats the adjective.
        Sentence("add low priority task fix it p1", "fix it | - | high"),
        // A later repetition beats the adjective.
        Sentence("add daily task stretch every 3 days", "stretch | 2026-03-04 | FREQ=DAILY;INTERVAL=3"),
        Sentence("add daily task stretch monthly #x", "stretch | 2026-03-04 | #x, FREQ=MONTHLY"),
        Sentence("please remind me to call Ann", "call Ann | - | "),
        // All day: nothing to remind of at a time, so the user's default applies.
        Sentence("remind me to call Ann tomorrow", "call Ann | 2026-03-05 | "),
        Sentence("remind me to call Ann at 5pm remind me 1h before", "call Ann | 2026-03-04T17:00 | remind PT1H"),
    ])
    func `the command opening is cut off and its adjectives count`(sentence: Sentence) throws { try sentence.check() }

    @Test(arguments: [
        Sentence("Please add salt", "Please add salt | - | "),
        Sentence("Ask to add task list", "Ask to add task list | - | "),
        Sentence("Create quarterly task force", "Create quarterly task force | - | "),
        Sentence("Add tasks to board", "Add tasks to board | - | "),
        Sentence("remind me about Ann", "remind me about Ann | - | "),
    ])
    func `other openings are text`(sentence: Sentence) throws { try sentence.check() }

    @Test(arguments: [
        Sentence(#""add task p1 tomorrow #x""#, "add task p1 tomorrow #x | - | "),
        Sentence(#"Watch "every day" daily"#, "Watch every day | 2026-03-04 | FREQ=DAILY"),
        Sentence(##"Buy \#1 fan \p1 \!high"##, "Buy #1 fan p1 !high | - | "),
        Sentence(#"Meet \5pm tomorrow"#, "Meet 5pm | 2026-03-05 | "),
        Sentence(#"Buy 5" and 6" boards tomorrow"#, #"Buy 5" and 6" boards | 2026-03-05 | "#),
        Sentence(#"Say "hi, " tomorrow"#, "Say hi, | 2026-03-05 | "),
        Sentence(#"C:\today is a path"#, #"C:\today is a path | - | "#),
    ])
    func `quoted stretches and escaped words are literal`(sentence: Sentence) throws { try sentence.check() }

    @Test(arguments: [
        Sentence("mid-friday release", "mid-friday release | - | "),
        Sentence("Visit example.today", "Visit example.today | - | "),
        Sentence("Mail bob@tomorrow", "Mail bob@tomorrow | - | "),
        Sentence("Fix today/tomorrow toggle", "Fix today/tomorrow toggle | - | "),
        Sentence("Fix C#today", "Fix C#today | - | "),
        Sentence("Note:tomorrow is odd", "Note:tomorrow is odd | - | "),
        Sentence("Read Tomorrow’s paper", "Read Tomorrow’s paper | - | "),
        Sentence("Buy étomorrow", "Buy étomorrow | - | "),
        Sentence("Call Ann (tomorrow)", "Call Ann () | 2026-03-05 | "),
        Sentence("Call Ann TOMORROW!", "Call Ann! | 2026-03-05 | "),
        Sentence("tomorrow: call Ann", "call Ann | 2026-03-05 | "),
        Sentence("Treffen в 5pm٣", "Treffen в 5pm٣ | - | "),
        Sentence("Call\u{A0}tomorrow\u{A0}Ann", "Call\u{A0}\u{A0}Ann | 2026-03-05 | "),
        Sentence("明日 call tomorrow", "明日 call | 2026-03-05 | "),
        Sentence("In ٣ days", "In ٣ days | - | "),
    ])
    func `a word counts only whole`(sentence: Sentence) throws { try sentence.check() }

    @Test(arguments: [
        Sentence("  Call   Ann \t tomorrow  ", "Call Ann | 2026-03-05 | "),
        Sentence("- call Ann, tomorrow -", "call Ann | 2026-03-05 | "),
        Sentence("tomorrow — call Ann;", "call Ann | 2026-03-05 | "),
        Sentence("Buy milk, tomorrow, at the corner shop", "Buy milk, at the corner shop | 2026-03-05 | "),
        Sentence("Call Ann tomorrow. Twice.", "Call Ann. Twice. | 2026-03-05 | "),
        Sentence("-5 degrees at home", "-5 degrees at home | - | "),
        Sentence(":-) party", ":-) party | - | "),
        Sentence("tomorrow!", "tomorrow! | 2026-03-05 | title_from_input"),
        Sentence("add task", "add task | - | title_from_input"),
        Sentence("#home p2", "#home p2 | - | medium, #home, title_from_input"),
        Sentence("!!!", "!!! | - | "),
        Sentence("🎉 tomorrow", "🎉 | 2026-03-05 | "),
    ])
    func `the title is what is left, closed up`(sentence: Sentence) throws { try sentence.check() }
}
