import TaskDomain
import Testing

struct QuickAddRecurrenceTests {
    @Test(arguments: [
        Sentence("Report due every friday", "Report | 2026-03-06 | FREQ=WEEKLY;BYDAY=FR"),
        Sentence("Run each day", "Run | 2026-03-04 | FREQ=DAILY"),
        Sentence("Run ev week", "Run | 2026-03-04 | FREQ=WEEKLY"),
        Sentence("Run every month", "Run | 2026-03-04 | FREQ=MONTHLY"),
        Sentence("Run every year", "Run | 2026-03-04 | FREQ=YEARLY"),
        Sentence("Run every quarter", "Run | 2026-03-04 | FREQ=MONTHLY;INTERVAL=3"),
        Sentence("Run every two quarters", "Run | 2026-03-04 | FREQ=MONTHLY;INTERVAL=6"),
        Sentence("Run every twelve weeks", "Run | 2026-03-04 | FREQ=WEEKLY;INTERVAL=12"),
        Sentence("Run every other week", "Run | 2026-03-04 | FREQ=WEEKLY;INTERVAL=2"),
        Sentence("Run every second week", "Run | 2026-03-04 | FREQ=WEEKLY;INTERVAL=2"),
        Sentence("Run every 3rd day", "Run | 2026-03-04 | FREQ=DAILY;INTERVAL=3"),
        Sentence("Run every fourth year", "Run | 2026-03-04 | FREQ=YEARLY;INTERVAL=4"),
        Sentence("Run every tue, thu and sat", "Run | 2026-03-05 | FREQ=WEEKLY;BYDAY=TU,TH,SA"),
        Sentence("Run every wed & mon", "Run | 2026-03-04 | FREQ=WEEKLY;BYDAY=MO,WE"),
        Sentence("Run every mon wed fri", "Run | 2026-03-04 | FREQ=WEEKLY;BYDAY=MO,WE,FR"),
        Sentence("Run every other friday", "Run | 2026-03-06 | FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
        Sentence("Run every 3 weeks on sun", "Run | 2026-03-08 | FREQ=WEEKLY;INTERVAL=3;BYDAY=SU"),
        Sentence("Run every week on monday", "Run | 2026-03-09 | FREQ=WEEKLY;BYDAY=MO"),
        Sentence("Run every workday", "Run | 2026-03-04 | FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        Sentence("Run every weekend", "Run | 2026-03-07 | FREQ=WEEKLY;BYDAY=SA,SU"),
        Sentence("Pay every 15th", "Pay | 2026-03-15 | FREQ=MONTHLY;BYMONTHDAY=15"),
        Sentence("Pay every 1st of the month", "Pay | 2026-04-01 | FREQ=MONTHLY;BYMONTHDAY=1"),
        Sentence("Pay every 1st and 15th", "Pay | 2026-03-15 | FREQ=MONTHLY;BYMONTHDAY=1,15"),
        Sentence("Pay every 2 months on the 15th", "Pay | 2026-03-15 | FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=15"),
        Sentence("Meet every last monday of the month", "Meet | 2026-03-30 | FREQ=MONTHLY;BYDAY=-1MO"),
        Sentence("Meet every second friday", "Meet | 2026-03-13 | FREQ=MONTHLY;BYDAY=2FR"),
        Sentence("Meet every 2 months on the first monday", "Meet | 2026-04-06 | FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO"),
        Sentence(
            "Meet every first weekday of the month", "Meet | 2026-04-01 | FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1"),
        Sentence("Meet every last weekday", "Meet | 2026-03-31 | FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
        Sentence("Meet every last day", "Meet | 2026-03-31 | FREQ=MONTHLY;BYMONTHDAY=-1"),
        Sentence("Meet every 2nd day of the month", "Meet | 2026-04-02 | FREQ=MONTHLY;BYMONTHDAY=2"),
        Sentence("Feast every 27 january", "Feast | 2027-01-27 | FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=27"),
        Sentence("Feast every 5th of may", "Feast | 2026-05-05 | FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=5"),
        Sentence("Feast every feb 29", "Feast | 2027-02-28 | FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"),
        Sentence("Run every morning", "Run | 2026-03-05T09:00 | FREQ=DAILY"),
        Sentence("Run every afternoon", "Run | 2026-03-04T15:00 | FREQ=DAILY"),
        Sentence("Run every evening", "Run | 2026-03-04T19:00 | FREQ=DAILY"),
        Sentence("Run every night", "Run | 2026-03-04T22:00 | FREQ=DAILY"),
        Sentence("Run every monday morning", "Run | 2026-03-09T09:00 | FREQ=WEEKLY;BYDAY=MO"),
        Sentence("Run every evening at 8", "Run | 2026-03-04T20:00 | FREQ=DAILY"),
        Sentence("Run EVERY DAY", "Run | 2026-03-04 | FREQ=DAILY"),
    ])
    func `each phrase gives its rule and the first slot`(sentence: Sentence) throws { try sentence.check() }

    @Test(arguments: [
        Sentence("Run weekly", "Run | 2026-03-04 | FREQ=WEEKLY"),
        Sentence("Run fortnightly.", "Run. | 2026-03-04 | FREQ=WEEKLY;INTERVAL=2"),
        Sentence("Run monthly #home", "Run | 2026-03-04 | #home, FREQ=MONTHLY"),
        Sentence("Run quarterly until 2027-01-01", "Run | 2026-03-04 | FREQ=MONTHLY;INTERVAL=3;UNTIL=20270101"),
        Sentence("Run yearly starting may 5", "Run | 2026-05-05 | FREQ=YEARLY"),
        Sentence("Run annually on may 5", "Run | 2026-05-05 | FREQ=YEARLY"),
        Sentence("Run daily for 3 times", "Run | 2026-03-04 | FREQ=DAILY;COUNT=3"),
        Sentence("Run weekly 5pm", "Run | 2026-03-04T17:00 | FREQ=WEEKLY"),
        Sentence("Run weekly on friday", "Run | 2026-03-06 | FREQ=WEEKLY"),
        Sentence("Run weekly on mon and thu", "Run | 2026-03-05 | FREQ=WEEKLY;BYDAY=MO,TH"),
        Sentence("Pay monthly on the 15th", "Pay | 2026-03-15 | FREQ=MONTHLY"),
        Sentence("Pay monthly on the first monday", "Pay | 2026-04-06 | FREQ=MONTHLY;BYDAY=1MO"),
        Sentence("Daily standup notes", "Daily standup notes | - | "),
        Sentence("Read the weekly news", "Read the weekly news | - | "),
    ])
    func `adverbs count only where they stand apart`(sentence: Sentence) throws { try sentence.check() }

    @Test(arguments: [
        Sentence("Water every! week", "Water | 2026-03-04 | FREQ=WEEKLY after completion"),
        Sentence("Water every 3 days after done", "Water | 2026-03-04 | FREQ=DAILY;INTERVAL=3 after completion"),
        Sentence("Water every 2 weeks after finishing", "Water | 2026-03-04 | FREQ=WEEKLY;INTERVAL=2 after completion"),
        Sentence("Water weekly after completion", "Water | 2026-03-04 | FREQ=WEEKLY after completion"),
        Sentence("Run every day till may 1", "Run | 2026-03-04 | FREQ=DAILY;UNTIL=20260501"),
        Sentence("Run every day ending 2026-05-01 at 6pm", "Run | 2026-03-04T18:00 | FREQ=DAILY;UNTIL=20260501"),
        Sentence("Run every day 5 times", "Run | 2026-03-04 | FREQ=DAILY;COUNT=5"),
        Sentence("Run every week from may 5", "Run | 2026-05-05 | FREQ=WEEKLY"),
        Sentence("Run every week starting next monday at 7am", "Run | 2026-03-09T07:00 | FREQ=WEEKLY"),
        // Any date in the line is the first due.
        Sentence("Run every monday tomorrow", "Run | 2026-03-05 | FREQ=WEEKLY;BYDAY=MO"),
        Sentence("tomorrow run every week", "run | 2026-03-05 | FREQ=WEEKLY"),
        // The last phrase counts.
        Sentence("Discuss every day plan every week", "Discuss every day plan | 2026-03-04 | FREQ=WEEKLY"),
    ])
    func `bounds and anchors go with the rule`(sentence: Sentence) throws { try sentence.check() }

    @Test(arguments: [
        // Its time is over today: the first slot after today.
        Sentence("Run every day at 9am", "Run | 2026-03-05T09:00 | FREQ=DAILY"),
        Sentence("Run every 3 days at 9am", "Run | 2026-03-07T09:00 | FREQ=DAILY;INTERVAL=3"),
        Sentence("Run every wednesday at 9am", "Run | 2026-03-11T09:00 | FREQ=WEEKLY;BYDAY=WE"),
        Sentence("Run every wednesday at 11am", "Run | 2026-03-04T11:00 | FREQ=WEEKLY;BYDAY=WE"),
        Sentence("Run every day at 10:15", "Run | 2026-03-05T10:15 | FREQ=DAILY"),
        // A month too short for the day.
        Sentence("Pay every 31st", "Pay | 2026-04-30 | FREQ=MONTHLY;BYMONTHDAY=31", now: "2026-04-04T10:15:00"),
        Sentence("Meet every 5th monday", "Meet | 2026-06-29 | FREQ=MONTHLY;BYDAY=5MO", now: "2026-04-04T10:15:00"),
    ])
    func `a series without a date begins at its first slot`(sentence: Sentence) throws { try sentence.check() }

    @Test(arguments: [
        Sentence("Look every hour", "Look every hour | - | unsupported_recurrence"),
        Sentence("Look every 5 minutes", "Look every 5 minutes | - | unsupported_recurrence"),
        Sentence("Look every 30 seconds tomorrow", "Look every 30 seconds | 2026-03-05 | unsupported_recurrence"),
        Sentence("Look every other hour", "Look every other hour | - | unsupported_recurrence"),
        Sentence("Look every 0 days", "Look every 0 days | - | "),
        Sentence("Look every 1000 days", "Look every 1000 days | - | "),
        Sentence("Look every 32nd", "Look every 32nd | - | "),
        Sentence("Look every feb 30", "Look every feb 30 | - | "),
        Sentence("Look everyday", "Look everyday | - | "),
        Sentence("Look for every one", "Look for every one | - | "),
    ])
    func `what is no rule stays`(sentence: Sentence) throws { try sentence.check() }
}
