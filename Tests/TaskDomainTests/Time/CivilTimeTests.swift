import TaskDomain
import TestKit
import Testing

struct CivilTimeTests {
    @Test func `dates and day numbers are each other's inverse over all the years that tasks may have`() {
        var expected = (year: 1900, month: 1, day: 1)
        for dayNumber in -25_567..<84_006 {
            let date = CivilDate(dayNumber: dayNumber)
            #expect((date.year, date.month, date.day) == expected)
            #expect(date.dayNumber == dayNumber)
            expected.day += 1
            if expected.day > CivilDate.daysIn(month: expected.month, year: expected.year) {
                expected = expected.month == 12 ? (expected.year + 1, 1, 1) : (expected.year, expected.month + 1, 1)
            }
        }
        #expect(expected == (2200, 1, 1))
    }

    @Test(arguments: [
        ("1970-01-01", Weekday.thursday), ("2026-03-05", .thursday), ("2000-02-29", .tuesday),
        ("1969-12-31", .wednesday),
    ])
    func `weekdays are those of the calendar`(text: String, weekday: Weekday) {
        #expect(CivilDate(text)?.weekday == weekday)
    }

    @Test(arguments: [
        ("2026-01-31", 1, "2026-02-28"), ("2024-01-31", 1, "2024-02-29"), ("2026-01-31", -2, "2025-11-30"),
        ("2026-12-15", 1, "2027-01-15"), ("2024-02-29", 12, "2025-02-28"), ("2026-03-31", -13, "2025-02-28"),
    ])
    func `months are added within the calendar`(text: String, months: Int, result: String) {
        #expect(CivilDate(text)?.adding(months: months).text == result)
    }

    @Test(arguments: [
        "2026-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "26-01-01", "2026-01-32", "2026/01/01", "0000-01-01",
        "2026-01-01 ", "-026-01-01", "２026-01-01", "",
    ])
    func `what is no date is refused`(text: String) {
        #expect(CivilDate(text) == nil)
        #expect(WallTime(text + "T09:00:00") == nil)
    }

    @Test(arguments: [
        ("2026-03-05", "2026-03-05"), ("2026-03-05T17:00:00", "2026-03-05T17:00:00"),
        ("2026-03-05T17:00", "2026-03-05T17:00:00"), ("2026-03-05T00:00:59", "2026-03-05T00:00:59"),
    ])
    func `wall times are written with seconds, whole days as dates`(text: String, written: String) {
        #expect(WallTime(text)?.text == written)
    }

    @Test(arguments: [
        "2026-03-05T24:00:00", "2026-03-05T17", "2026-03-05T17:60:00", "2026-03-05T17:00:60", "2026-03-05 17:00:00",
        "2026-03-05T17:00:00Z", "2026-03-05T17:00:00.5", "2026-03-05T", "2026-03-05T1a:00:00",
    ])
    func `what is no wall time is refused`(text: String) {
        #expect(WallTime(text) == nil)
    }

    @Test func `a whole day comes before the times on it and after the day before`() throws {
        let ordered = try ["2026-03-04T23:59:59", "2026-03-05", "2026-03-05T00:00:00", "2026-03-06"].map {
            try #require(WallTime($0))
        }
        #expect(ordered.sorted() == ordered)
        #expect(Set(ordered).count == 4)
    }
}
