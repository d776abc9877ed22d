import TaskDomain
import Testing
import WireValues

struct ChatCommandTests {
    @Test(arguments: [
        ChatSentence("add task buy groceries due tomorrow at 5pm", "add buy groceries | 2026-03-05T17:00 | "),
        ChatSentence("Add a new task: call Ann, high priority", "add call Ann | - | high"),
        ChatSentence("please add buy milk #home", "add buy milk | - | #home"),
        ChatSentence(
            "Can you create a task to pay rent every month on the 1st?",
            "add pay rent? | 2026-04-01 | FREQ=MONTHLY;BYMONTHDAY=1"),
        ChatSentence("add milk to my list", "add milk | - | "),
        ChatSentence("remind me to call Ann at 5pm", "add call Ann | 2026-03-04T17:00 | remind PT0M"),
        ChatSentence("remind me about the dentist tomorrow", "add the dentist | 2026-03-05 | "),
        ChatSentence("I need to buy milk tomorrow", "add buy milk | 2026-03-05 | "),
        ChatSentence("new task water the plants weekly", "add water the plants | 2026-03-04 | FREQ=WEEKLY"),
        ChatSentence("add task buy milk tomorrow please", "add buy milk | 2026-03-05 | "),
        ChatSentence("add task", "unclear missing_value"), ChatSentence("add", "unclear missing_value"),
        ChatSentence("add task tomorrow at 5pm", "unclear missing_value"),
    ])
    func `sentences that add`(sentence: ChatSentence) throws { try sentence.check() }

    @Test(arguments: [
        ChatSentence("mark buy milk as done", #"complete "buy milk""#),
        ChatSentence("Mark task 12 as complete.", "complete task 12"),
        ChatSentence("mark #12 done", "complete task 12"),
        ChatSentence("mark as done buy milk", #"complete "buy milk""#),
        ChatSentence("complete task 12", "complete task 12"),
        ChatSentence("complete 12", "complete task 12"), ChatSentence("finish the report", #"complete "report""#),
        ChatSentence("I finished the report task", #"complete "report""#),
        ChatSentence("check off buy milk", #"complete "buy milk""#),
        ChatSentence("tick buy milk off", #"complete "buy milk off""#),
        ChatSentence("check buy milk off", #"complete "buy milk""#),
        ChatSentence("buy milk is done", #"complete "buy milk""#),
        ChatSentence("done with buy milk", #"complete "buy milk""#),
        ChatSentence("complete \"the task\"", #"complete "the task""#),
        ChatSentence("mark the task called buy milk as finished", #"complete "buy milk""#),
        ChatSentence("complete it", "unclear missing_task"), ChatSentence("complete", "unclear missing_task"),
        ChatSentence("complete 3, 5 and 7", "unclear one_at_a_time"),
        ChatSentence("complete all tasks", "unclear one_at_a_time"),
    ])
    func `sentences that complete`(sentence: ChatSentence) throws { try sentence.check() }

    @Test(arguments: [
        ChatSentence("reopen task 12", "reopen task 12"),
        ChatSentence("mark buy milk as not done", #"reopen "buy milk""#),
        ChatSentence("mark task 3 as pending", "reopen task 3"), ChatSentence("undo buy milk", #"reopen "buy milk""#),
        ChatSentence("skip task 12", "skip task 12"), ChatSentence("skip the next standup", #"skip "standup""#),
        ChatSentence("skip this occurrence of standup", #"skip "standup""#),
        ChatSentence("delete the dentist task", #"delete "dentist""#),
        ChatSentence("remove buy milk from my list", #"delete "buy milk""#),
        ChatSentence("cancel task #7", "delete task 7"), ChatSentence("get rid of old report", #"delete "old report""#),
        ChatSentence("delete everything", "unclear one_at_a_time"), ChatSentence("delete task", "unclear missing_task"),
        ChatSentence("stop repeating standup", #"cancel_series "standup""#),
        ChatSentence("stop task 4 from repeating", "cancel_series task 4"),
        ChatSentence("cancel the series of task 4", "cancel_series task 4"),
        ChatSentence("don't repeat standup anymore", #"cancel_series "standup""#),
        ChatSentence("set recurrence of task 4 to none", "cancel_series task 4"),
    ])
    func `sentences that reopen, skip, delete and end a series`(sentence: ChatSentence) throws { try sentence.check() }

    @Test(arguments: [
        ChatSentence("change the due date of report to friday", #"update "report" {"due":{"date":"2026-03-06"}}"#),
        ChatSentence("change task 5 due date to friday at 3pm", #"update task 5 {"due":"2026-03-06T15:00"}"#),
        ChatSentence("set the deadline of report to the 15th", #"update "report" {"due":{"date":"2026-03-15"}}"#),
        ChatSentence("set the due time of report to 5", #"update "report" {"due":{"time":"17:00"}}"#),
        ChatSentence("set report's due date to 2026-05-01", #"update "report" {"due":{"date":"2026-05-01"}}"#),
        ChatSentence("remove the due date of report", #"update "report" {"due":null}"#),
        ChatSentence("reschedule dentist to friday at 3pm", #"update "dentist" {"due":"2026-03-06T15:00"}"#),
        ChatSentence("reschedule the dentist task for tomorrow", #"update "dentist" {"due":{"date":"2026-03-05"}}"#),
        ChatSentence("move monday meeting to friday", #"update "monday meeting" {"due":{"date":"2026-03-06"}}"#),
        ChatSentence("move task 12 to 5pm", #"update task 12 {"due":{"time":"17:00"}}"#),
        ChatSentence("postpone report until next week", #"update "report" {"due":{"date":"2026-03-09"}}"#),
        ChatSentence(
            "postpone report by 2 days", #"update "report" {"due":{"shift":{"months":0,"days":2,"minutes":0}}}"#),
        ChatSentence(
            "push back task 3 by an hour", #"update task 3 {"due":{"shift":{"months":0,"days":0,"minutes":60}}}"#),
        ChatSentence(
            "delay report 1 week later", #"update "report" {"due":{"shift":{"months":0,"days":7,"minutes":0}}}"#),
        ChatSentence(
            "bring forward report by one month",
            #"update "report" {"due":{"shift":{"months":-1,"days":0,"minutes":0}}}"#),
        ChatSentence("set priority of 12 to high", #"update task 12 {"priority":"high"}"#),
        ChatSentence("change buy milk to low priority", #"update "buy milk" {"priority":"low"}"#),
        ChatSentence("make report high priority", #"update "report" {"priority":"high"}"#),
        ChatSentence("update task 3 priority to urgent", #"update task 3 {"priority":"high"}"#),
        ChatSentence("rename task 12 to Call Ann to say hi", #"update task 12 {"title":"Call Ann to say hi"}"#),
        ChatSentence("change the title of milk to Oat milk!", #"update "milk" {"title":"Oat milk"}"#),
        ChatSentence("add tag home to task 12", #"update task 12 {"add_tags":["home"]}"#),
        ChatSentence("add #home #Garden to task 12", #"update task 12 {"add_tags":["home","garden"]}"#),
        ChatSentence("tag the report with work and urgent", #"update "report" {"add_tags":["work","urgent"]}"#),
        ChatSentence("remove tag work from report", #"update "report" {"remove_tags":["work"]}"#),
        ChatSentence("untag work from report", #"update "report" {"remove_tags":["work"]}"#),
        ChatSentence("set tags of 12 to a, b", #"update task 12 {"tags":["a","b"]}"#),
        ChatSentence("remind me 1 hour before dentist", #"update "dentist" {"reminders":["PT1H"]}"#),
        ChatSentence("set the reminder of dentist to 30 minutes before", #"update "dentist" {"reminders":["PT30M"]}"#),
        ChatSentence(
            "repeat standup every weekday",
            #"update "standup" {"recurrence":{"rrule":"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR","anchor":"due","month_end":"clamp"}}"#
        ),
        ChatSentence(
            "change the recurrence of task 4 to weekly",
            #"update task 4 {"recurrence":{"rrule":"FREQ=WEEKLY","anchor":"due","month_end":"clamp"}}"#),
        ChatSentence(
            "make standup repeat every 2 days",
            #"update "standup" {"recurrence":{"rrule":"FREQ=DAILY;INTERVAL=2","anchor":"due","month_end":"clamp"}}"#),
        ChatSentence("update report due friday", #"update "report" {"due":{"date":"2026-03-06"}}"#),
        ChatSentence("change the due date of report to purple", "unclear unreadable_value"),
        ChatSentence("change the priority of report", "unclear missing_value"),
        ChatSentence("update task 12", "unclear missing_value"),
        ChatSentence("rename task 12", "unclear missing_value"),
        ChatSentence("move it to friday", "unclear missing_task"),
    ])
    func `sentences that change`(sentence: ChatSentence) throws { try sentence.check() }

    @Test(arguments: [
        ChatSentence("hello there", "unclear unknown_command"),
        ChatSentence("buy milk tomorrow", "unclear unknown_command"),
        ChatSentence("what is the weather", "unclear unknown_command"), ChatSentence("???", "unclear unknown_command"),
        ChatSentence("the weekly task force meets", "unclear unknown_command"),
    ])
    func `other sentences are answered with a question`(sentence: ChatSentence) throws { try sentence.check() }

    @Test func `a question back says what was understood and what would work`() throws {
        guard case .unclear(let unknown) = try Chat.parse("buy milk tomorrow", now: ChatSentence.now) else {
            Issue.record("not unclear")
            return
        }
        #expect(unknown.message.contains("add task buy milk tomorrow"))
        #expect(unknown.understood["quick_add"]?["due"]?.string == "2026-03-05")
        guard
            case .unclear(let which) = try Chat.parse("change the due date of report to purple", now: ChatSentence.now)
        else {
            Issue.record("not unclear")
            return
        }
        #expect(which.understood["task"]?["words"]?.string == "report")
        #expect(which.message.contains("purple"))
        #expect(which.examples.contains("change the due date of report to friday"))
    }

    @Test func `every example of a question is a sentence that works`() throws {
        for text in ["zzz", "add", "complete", "reopen", "skip", "delete", "stop repeating", "rename"] {
            guard case .unclear(let question) = try Chat.parse(text, now: ChatSentence.now) else {
                Issue.record("\(text) is clear")
                continue
            }
            for example in question.examples {
                if case .unclear = try Chat.parse(example, now: ChatSentence.now) {
                    Issue.record("\(text): \(example)")
                }
            }
        }
    }

    @Test func `too long and empty sentences are refused like quick-add's`() {
        #expect(throws: FieldProblem.self) { try Chat.parse("  ", now: ChatSentence.now) }
        #expect(throws: FieldProblem.self) {
            try Chat.parse(String(repeating: "x", count: 1_001), now: ChatSentence.now)
        }
    }
}
