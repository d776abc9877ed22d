import TaskDomain
import Testing

struct QuickAddTagTests {
    @Test(arguments: [
        Sentence("Plan #Work #work #deep-work/now_2", "Plan | - | #work, #deep-work/now_2"),
        Sentence(##"Plan #"two Words" trip"##, "Plan trip | - | #two words"),
        Sentence("Plan tagged a, b and c", "Plan | - | #a, #b, #c"),
        Sentence("Plan tagged a, b, and c tomorrow", "Plan | 2026-03-05 | #a, #b, #c"),
        Sentence("Plan tags: a, b", "Plan | - | #a, #b"),
        Sentence("Plan tags:a,b", "Plan | - | #a, #b"),
        Sentence("Kaffee #café #日本", "Kaffee | - | #café, #日本"),
        Sentence("Buy #errands.", "Buy. | - | #errands"),
        // What people add behind a comma is no tag.
        Sentence("Plan tagged home, tomorrow at 5pm", "Plan | 2026-03-05T17:00 | #home"),
        Sentence("Plan tagged home, high priority", "Plan | - | high, #home"),
        Sentence("Plan tagged home and every monday", "Plan and | 2026-03-09 | #home, FREQ=WEEKLY;BYDAY=MO"),
    ])
    func `tags are taken out, lower case, once each`(sentence: Sentence) throws { try sentence.check() }

    @Test(arguments: [
        Sentence("Issue #123", "Issue #123 | - | "), Sentence("C# code", "C# code | - | "),
        Sentence("a#b", "a#b | - | "), Sentence("# heading", "# heading | - | "),
        Sentence("was tagged", "was tagged | - | "), Sentence("price tags", "price tags | - | "),
        Sentence(##"see #"12""##, "see #12 | - | "), Sentence("#tag's end", "#tag's end | - | "),
    ])
    func `what is no tag stays`(sentence: Sentence) throws { try sentence.check() }

    @Test(arguments: [
        Sentence("Fix p2", "Fix | - | medium"), Sentence("P3 fix", "fix | - | low"),
        Sentence("Fix !low now", "Fix now | - | low"), Sentence("Fix !1 it", "Fix it | - | high"),
        Sentence("Fix !2", "Fix | - | medium"), Sentence("Fix !medium !3", "Fix | - | low"),
        Sentence("p1 fix p3 it", "fix it | - | low"),
        Sentence("Fix it, priority: medium", "Fix it | - | medium"),
        Sentence("Fix it with low priority tomorrow", "Fix it | 2026-03-05 | low"),
        Sentence("Fix it, high priority, for Ann", "Fix it, for Ann | - | high"),
        Sentence("Fix it high priority tomorrow", "Fix it | 2026-03-05 | high"),
        Sentence("High priority: fix it", "fix it | - | high"),
        Sentence("priority: low fix it", "priority: low fix it | - | "),
        Sentence("Fix it p1, low priority", "Fix it | - | high"),
        Sentence("Call Ann fri, low priority", "Call Ann | 2026-03-06 | low"),
    ])
    func `marks count anywhere and phrases where they stand apart`(sentence: Sentence) throws { try sentence.check() }

    @Test(arguments: [
        Sentence("Discuss high priority bugs", "Discuss high priority bugs | - | "),
        Sentence("Buy p4 and p10 paper", "Buy p4 and p10 paper | - | "),
        Sentence("Wow!high", "Wow!high | - | "), Sentence("Say !4", "Say !4 | - | "),
        Sentence("a high-priority", "a high-priority | - | "),
    ])
    func `what is no priority stays`(sentence: Sentence) throws { try sentence.check() }
}
