import TaskDomain
import Testing

struct ChatListTests {
    @Test(arguments: [
        ChatSentence("show my high priority tasks", #"list {"completed":false,"priority":["high"]}"#),
        ChatSentence(
            "show tasks due this week", #"list {"completed":false,"due_from":"2026-03-02","due_to":"2026-03-08"}"#),
        ChatSentence("what's overdue", #"list {"completed":false,"overdue":true}"#),
        ChatSentence("what’s overdue?", #"list {"completed":false,"overdue":true}"#),
        ChatSentence("show me all tasks", #"list {"completed":null}"#),
        ChatSentence("list my tasks", #"list {"completed":false}"#),
        ChatSentence("tasks", #"list {"completed":false}"#),
        ChatSentence("overdue tasks", #"list {"completed":false,"overdue":true}"#),
        ChatSentence("show completed tasks", #"list {"completed":true}"#),
        ChatSentence("show all my completed tasks", #"list {"completed":true}"#),
        ChatSentence("which tasks are not done", #"list {"completed":false}"#),
        ChatSentence("show high and medium priority tasks", #"list {"completed":false,"priority":["high","medium"]}"#),
        ChatSentence("list low-priority items", #"list {"completed":false,"priority":["low"]}"#),
        ChatSentence("show tasks with priority high", #"list {"completed":false,"priority":["high"]}"#),
        ChatSentence("show tasks tagged work and home", #"list {"completed":false,"tags":["work","home"]}"#),
        ChatSentence("show #Work tasks", #"list {"completed":false,"tags":["work"]}"#),
        ChatSentence("show tasks with tag errands", #"list {"completed":false,"tags":["errands"]}"#),
        ChatSentence(
            "what do I have to do today?", #"list {"completed":false,"due_from":"2026-03-04","due_to":"2026-03-04"}"#),
        ChatSentence("today's tasks", #"list {"completed":false,"due_from":"2026-03-04","due_to":"2026-03-04"}"#),
        ChatSentence(
            "anything due tomorrow?", #"list {"completed":false,"due_from":"2026-03-05","due_to":"2026-03-05"}"#),
        ChatSentence(
            "show tasks due next week", #"list {"completed":false,"due_from":"2026-03-09","due_to":"2026-03-15"}"#),
        ChatSentence(
            "show tasks due this month", #"list {"completed":false,"due_from":"2026-03-01","due_to":"2026-03-31"}"#),
        ChatSentence(
            "show tasks for this weekend", #"list {"completed":false,"due_from":"2026-03-07","due_to":"2026-03-08"}"#),
        ChatSentence("show tasks due before friday", #"list {"completed":false,"due_to":"2026-03-05"}"#),
        ChatSentence("show tasks due by friday", #"list {"completed":false,"due_to":"2026-03-06"}"#),
        ChatSentence("show tasks due after mar 10", #"list {"completed":false,"due_from":"2026-03-11"}"#),
        ChatSentence(
            "show tasks due in the next 7 days",
            #"list {"completed":false,"due_from":"2026-03-04","due_to":"2026-03-11"}"#),
        ChatSentence(
            "show tasks between march 1 and march 5",
            #"list {"completed":false,"due_from":"2027-03-01","due_to":"2026-03-05"}"#),
        ChatSentence("show tasks without a due date", #"list {"completed":false,"has_due":false}"#),
        ChatSentence("find dentist", #"list {"completed":false,"search":"dentist"}"#),
        ChatSentence("show tasks about the report", #"list {"completed":false,"search":"report"}"#),
        ChatSentence("search for \"buy milk\"", #"list {"completed":false,"search":"buy milk"}"#),
        ChatSentence("show the dentist task", #"list {"completed":false,"search":"dentist"}"#),
        ChatSentence("show task 12", "show task 12"),
        ChatSentence("show tasks sorted by due date", #"list {"completed":false,"sort":"due"}"#),
        ChatSentence("show tasks sorted by priority descending", #"list {"completed":false,"sort":"-priority"}"#),
        ChatSentence("show my tasks by priority", #"list {"completed":false,"sort":"priority"}"#),
        ChatSentence("show my tasks newest first", #"list {"completed":false,"sort":"-created"}"#),
        ChatSentence("show the first 5 tasks", #"list {"completed":false,"limit":5}"#),
        ChatSentence("how many tasks are overdue?", #"list {"completed":false,"overdue":true,"count":true}"#),
        ChatSentence(
            "show my open high priority tasks tagged work due this week sorted by due date",
            #"list {"completed":false,"priority":["high"],"tags":["work"],"due_from":"2026-03-02","due_to":"2026-03-08","sort":"due"}"#
        ),
    ])
    func `sentences that list`(sentence: ChatSentence) throws { try sentence.check() }

    @Test func `a reference means the best kind of match`() {
        func candidate(_ id: Int64, _ title: String, _ completed: Bool = false) -> ChatCandidate {
            ChatCandidate(id: id, title: title, due: nil, completed: completed)
        }
        let tasks = [
            candidate(1, "Buy milk"), candidate(2, "Buy milk and bread"), candidate(3, "Dentist"),
            candidate(4, "Call the dentist", true), candidate(5, "Reporting"),
        ]
        func ids(_ words: String, completed: Bool? = nil) -> [Int64] {
            TaskReference.words(words).best(among: tasks, completed: completed).map(\.id)
        }
        #expect(ids("buy  MILK!") == [1])
        #expect(ids("milk") == [1, 2])
        #expect(ids("call dentist") == [4])
        #expect(ids("report") == [5])
        #expect(ids("dentist") == [3])
        #expect(ids("the dentist") == [4])
        #expect(ids("bread milk") == [2])
        #expect(ids("cheese") == [])
        #expect(ids("d", completed: false) == [3])
        #expect(TaskReference.id(2).best(among: tasks).map(\.title) == ["Buy milk and bread"])
        let ambiguity = ChatAmbiguity(.words("milk"), action: "complete", candidates: [tasks[0], tasks[1]])
        #expect(ambiguity.message.contains("1: Buy milk; 2: Buy milk and bread"))
    }

    @Test(arguments: [
        (ChatChange.Due.date(CivilDate(dayNumber: 20_600)), "2026-03-10T17:00:00", "2026-05-27T17:00:00"),
        (.date(CivilDate(dayNumber: 20_600)), "2026-03-10", "2026-05-27"),
        (.time(3_600), "2026-03-10", "2026-03-10T01:00:00"),
        (.shift(months: 1, days: 0, minutes: 0), "2026-01-31", "2026-02-28"),
        (.shift(months: 0, days: -7, minutes: 0), "2026-03-10T17:00:00", "2026-03-03T17:00:00"),
        (.shift(months: 0, days: 0, minutes: -1_080), "2026-03-10T17:00:00", "2026-03-09T23:00:00"),
        (.shift(months: 0, days: 0, minutes: 90), "2026-03-10", "2026-03-10T01:30:00"),
    ])
    func `a changed due keeps what the sentence leaves open`(due: ChatChange.Due, task: String, expected: String) throws
    {
        var change = ChatChange()
        change.due = due
        let before = try #require(WallTime(task) as WallTime?)
        #expect(change.due(of: before, now: ChatSentence.now)?.text == expected)
    }

    @Test func `a due is set on a task without one, removed, or left alone`() throws {
        var change = ChatChange()
        #expect(change.due(of: ChatSentence.now, now: ChatSentence.now) == ChatSentence.now)
        change.due = .remove
        #expect(change.due(of: ChatSentence.now, now: ChatSentence.now) == nil)
        change.due = .time(9 * 3_600)
        #expect(change.due(of: nil, now: ChatSentence.now)?.text == "2026-03-05T09:00:00")
        change.due = .shift(months: 0, days: 2, minutes: 0)
        #expect(change.due(of: nil, now: ChatSentence.now)?.text == "2026-03-06")
    }
}
