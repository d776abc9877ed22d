import TaskDomain
import Testing

private let sundayWeek = QuickAddSettings(weekStart: .sunday)

struct QuickAddDateTests {
    @Test(arguments: [
        Sentence("Call today", "Call | 2026-03-04 | "), Sentence("Call tmrw", "Call | 2026-03-05 | "),
        Sentence("Call tmr", "Call | 2026-03-05 | "), Sentence("Call day after tomorrow", "Call | 2026-03-06 | "),
        Sentence("Call the day after tomorrow", "Call | 2026-03-06 | "),
        Sentence("Call this morning", "Call | 2026-03-04T09:00 | "),
        Sentence("Call this afternoon", "Call | 2026-03-04T15:00 | "),
        Sentence("Call this evening", "Call | 2026-03-04T19:00 | "),
        // Never today.
        Sentence("Call wednesday", "Call | 2026-03-11 | "),
        Sentence("Call this wednesday", "Call | 2026-03-04 | "),
        Sentence("Call this monday", "Call | 2026-03-09 | "), Sentence("Call this sunday", "Call | 2026-03-08 | "),
        Sentence("Call next sunday", "Call | 2026-03-15 | "),
        Sentence("Call next sunday", "Call | 2026-03-08 | ", settings: sundayWeek),
        Sentence("Call mon", "Call | 2026-03-09 | "), Sentence("Call tues 5pm", "Call | 2026-03-10T17:00 | "),
        Sentence("Call on thur about it", "Call about it | 2026-03-05 | "),
        Sentence("Call thurs", "Call | 2026-03-05 | "), Sentence("Call next fri", "Call | 2026-03-13 | "),
        Sentence("cat sat on the mat", "cat sat on the mat | - | "),
        Sentence("Fri dinner prep", "Fri dinner prep | - | "),
        Sentence("Rest next week", "Rest | 2026-03-08 | ", settings: sundayWeek),
        Sentence("Rest next month", "Rest | 2026-04-01 | "),
        Sentence("Rest next weekend", "Rest | 2026-03-14 | "),
        Sentence("Rest this weekend", "Rest | 2026-03-08 | ", now: "2026-03-08T10:15:00"),
        Sentence("Rest this weekend", "Rest | 2026-03-14 | ", now: "2026-03-08T10:15:00", settings: sundayWeek),
        Sentence("File end of week", "File | 2026-03-08 | "),
        Sentence("File by the end of the week", "File | 2026-03-07 | ", settings: sundayWeek),
        Sentence("File eow", "File | 2026-03-08 | "), Sentence("File eom", "File | 2026-03-31 | "),
        Sentence("Rest in 10 years", "Rest | 2036-03-04 | "), Sentence("Rest in one week", "Rest | 2026-03-11 | "),
        Sentence("Rest in a year", "Rest | 2025-02-28 | ", now: "2024-02-29T08:00:00"),
        Sentence("Call in 2 hours", "Call | 2026-03-04T12:15 | "),
        Sentence("Call in an hour", "Call | 2026-03-05T00:05 | ", now: "2026-03-04T23:05:59"),
        Sentence("Call in half an hour", "Call | 2026-03-04T10:45 | "),
        Sentence("Call in 3 days at 5pm", "Call | 2026-03-07T17:00 | "),
        Sentence("due by friday call Ann", "call Ann | 2026-03-06 | "),
        Sentence("Call before friday", "Call | 2026-03-06 | "), Sentence("Cake for friday", "Cake | 2026-03-06 | "),
        Sentence("Pay by the 1st", "Pay | 2026-04-01 | "),
        Sentence("Pay due the 15th, then rest", "Pay, then rest | 2026-03-15 | "),
        Sentence("Pay on the 4th", "Pay | 2026-04-04 | "),
        Sentence("Pay on the 15th at 5pm", "Pay | 2026-03-15T17:00 | "),
        Sentence("Party mar 5", "Party | 2026-03-05 | "), Sentence("Party march 4", "Party | 2026-03-04 | "),
        Sentence("Party 5th of march", "Party | 2026-03-05 | "), Sentence("Party 3 march", "Party | 2027-03-03 | "),
        Sentence("Party 5 march 2031", "Party | 2031-03-05 | "),
        Sentence("Party March 5, 2031", "Party | 2031-03-05 | "),
        Sentence("Party on saturday, march 7", "Party | 2026-03-07 | "),
        Sentence("Party feb 29", "Party | 2028-02-29 | "), Sentence("Party feb 30", "Party feb 30 | - | "),
        Sentence("Party sept 1", "Party | 2026-09-01 | "), Sentence("Party 2020-01-01", "Party | 2020-01-01 | "),
        Sentence("Party 2026-02-30", "Party 2026-02-30 | - | "),
        Sentence("Party 2026-03-05T17:00", "Party 2026-03-05T17:00 | - | "),
        Sentence("Rest in 400 years", "Rest in 400 years | - | "),
        Sentence("Rest in 3.5 days", "Rest in 3.5 days | - | "),
        Sentence("Rest next year", "Rest next year | - | "),
    ])
    func `each phrase gives its date`(sentence: Sentence) throws { try sentence.check() }

    @Test(arguments: [
        Sentence("Ship 25/9", "Ship | 2026-09-25 | "), Sentence("Ship by 9/25", "Ship | 2026-09-25 | "),
        Sentence("Ship 25/9/2027", "Ship | 2027-09-25 | "), Sentence("Ship 5/5", "Ship | 2026-05-05 | "),
        Sentence("Ship due 5/6", "Ship | 2026-05-06 | ", settings: QuickAddSettings(dateOrder: .mdy)),
        Sentence("Ship 5/6/2026", "Ship 5/6/2026 | - | ambiguous_date"),
        Sentence("Ship 31/31", "Ship 31/31 | - | "), Sentence("Eat 3/4 of it", "Eat 3/4 of it | - | "),
        Sentence("Ship tomorrow by 5/6", "Ship by 5/6 | 2026-03-05 | ambiguous_date"),
    ])
    func `dates with a slash need one reading`(sentence: Sentence) throws { try sentence.check() }

    @Test(arguments: [
        Sentence("Call 5:30 pm", "Call | 2026-03-04T17:30 | "), Sentence("Call 12am", "Call | 2026-03-05T00:00 | "),
        Sentence("Call 12pm", "Call | 2026-03-04T12:00 | "), Sentence("5pm call Ann", "call Ann | 2026-03-04T17:00 | "),
        Sentence("Call 10am", "Call | 2026-03-05T10:00 | "), Sentence("Call at noon", "Call | 2026-03-04T12:00 | "),
        Sentence("Call noon tomorrow", "Call | 2026-03-05T12:00 | "),
        Sentence("Call @ 17:30", "Call | 2026-03-04T17:30 | "),
        Sentence("Call @17:30", "Call | 2026-03-04T17:30 | "),
        Sentence("Call 17:30 #x", "Call | 2026-03-04T17:30 | #x"),
        Sentence("High noon duel", "High noon duel | - | "), Sentence("Call 13pm", "Call 13pm | - | "),
        Sentence("Call at 24:00", "Call at 24:00 | - | "), Sentence("Call at 5:60", "Call at 5:60 | - | "),
        Sentence("Call at 17", "Call | 2026-03-04T17:00 | "), Sentence("Call at 0", "Call | 2026-03-05T00:00 | "),
        Sentence("Call at 8", "Call | 2026-03-05T08:00 | ambiguous_time"),
        Sentence("Call at 12", "Call | 2026-03-04T12:00 | ambiguous_time"),
        Sentence("Call at 6 tomorrow", "Call | 2026-03-05T18:00 | ambiguous_time"),
        Sentence("Call at 24", "Call at 24 | - | "), Sentence("Call at 5 Main Street", "Call at 5 Main Street | - | "),
        Sentence("Call this afternoon at 4", "Call | 2026-03-04T16:00 | "),
        Sentence("Call tonight at 11", "Call | 2026-03-04T23:00 | "),
        Sentence("Call tonight 7:30", "Call | 2026-03-04T19:30 | "),
        Sentence("Call tonight at 12", "Call | 2026-03-04T12:00 | ambiguous_time"),
        Sentence("Call tomorrow evening at 7", "Call | 2026-03-05T19:00 | "),
        Sentence("Call tomorrow morning at 6", "Call | 2026-03-05T06:00 | ambiguous_time"),
        Sentence("Call tomorrow evening", "Call | 2026-03-05T19:00 | "),
        Sentence("Call friday night", "Call | 2026-03-06T22:00 | "),
        Sentence("Call mar 9 afternoon", "Call | 2026-03-09T15:00 | "),
        Sentence("Evening walk", "Evening walk | - | "), Sentence("Meet 3-4pm", "Meet 3-4pm | - | "),
        Sentence("Meet 3pm - 4pm tomorrow", "Meet 3pm - 4pm | 2026-03-05 | "),
        Sentence("Meet 3–4pm", "Meet 3–4pm | - | "),
        // Several times: the last.
        Sentence("Move 3pm call to Ann 5pm", "Move 3pm call to Ann | 2026-03-04T17:00 | "),
        Sentence("Finish by 5pm", "Finish | 2026-03-04T17:00 | "), Sentence("Pay 5.30pm", "Pay 5.30pm | - | "),
        Sentence("fri at 5", "fri at 5 | 2026-03-06T17:00 | ambiguous_time, title_from_input"),
    ])
    func `each phrase gives its time`(sentence: Sentence) throws { try sentence.check() }
}
