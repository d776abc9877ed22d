import TaskDomain
import Testing
import WireValues

@Suite struct TaskInputTests {
    private func problems(_ json: JSON, isPatch: Bool = false) -> [String] {
        do throws(FieldProblems) {
            let input = try TaskInput(json: json, isPatch: isPatch)
            do throws(TaskRefusal) {
                _ = try World().machine.create(input, id: 1, userID: "u", seriesID: UUIDText.v5("s"))
                return []
            } catch {
                guard case .invalid(let problems) = error else { return ["\(error)"] }
                return problems.map { "\($0.field) \($0.code)" }
            }
        } catch { return error.problems.map { "\($0.field) \($0.code)" }.sorted() }
    }

    @Test(arguments: [
        (#"[]"#, [" wrong_type"]),
        (#"{}"#, ["/title required"]),
        (#"{"title": null}"#, ["/title required"]),
        (#"{"title": "  "}"#, ["/title required"]),
        (#"{"title": 5}"#, ["/title wrong_type"]),
        (#"{"title": "a\u0000b"}"#, ["/title invalid_characters"]),
        (#"{"title": "a", "titel": "b"}"#, ["/titel unknown_field"]),
        (#"{"title": "a", "a/b~c": 1}"#, ["/a~1b~0c unknown_field"]),
        (#"{"title": "a", "id": 7}"#, ["/id read_only"]),
        (#"{"title": "a", "priority": "urgent"}"#, ["/priority not_allowed"]),
        (#"{"title": "a", "tags": "x"}"#, ["/tags wrong_type"]),
        (#"{"title": "a", "tags": ["x", 1, ""]}"#, ["/tags/1 wrong_type", "/tags/2 required"]),
        (#"{"title": "a", "due_at": "tomorrow"}"#, ["/due_at invalid_instant"]),
        (#"{"title": "a", "due_at": "2026-03-05T17:00:00"}"#, ["/due_at invalid_instant"]),
        (#"{"title": "a", "due_at": "1969-12-31T23:59:59Z"}"#, ["/due_at due_out_of_range"]),
        (#"{"title": "a", "due_local": "2200-01-01"}"#, ["/due_local due_out_of_range"]),
        (#"{"title": "a", "due_local": "2026-02-30"}"#, ["/due_local invalid_wall_time"]),
        (#"{"title": "a", "due_local": "2026-03-05", "all_day": false}"#, ["/all_day due_conflict"]),
        (
            #"{"title": "a", "due_at": "2026-03-05T17:00:00Z", "due_local": "2026-03-05T18:00:00"}"#,
            ["/due_at due_conflict"]
        ),
        (#"{"title": "a", "time_zone": "Mars/Olympus"}"#, ["/time_zone unknown_time_zone"]),
        (#"{"title": "a", "time_zone": "../../etc/passwd"}"#, ["/time_zone unknown_time_zone"]),
        (
            #"{"title": "a", "reminders": [{"before": "PT30M"}, {"before": "soon"}]}"#,
            ["/reminders/1/before invalid_reminder"]
        ),
        (#"{"title": "a", "reminder_offset_minutes": 2.5}"#, ["/reminder_offset_minutes wrong_type"]),
        (#"{"title": "a", "reminder_offset_minutes": -1}"#, ["/reminder_offset_minutes invalid_reminder"]),
        (#"{"title": "a", "reminder_offset_minutes": 40321}"#, ["/reminder_offset_minutes invalid_reminder"]),
        (
            #"{"title": "a", "reminders": ["1h"], "reminder_offset_minutes": 30}"#,
            ["/reminder_offset_minutes reminders_conflict"]
        ),
        (#"{"title": "a", "recurrence": "hourly"}"#, ["/recurrence malformed_rule"]),
        (
            #"{"title": "a", "recurrence": {"pattern": "daily", "interval": 0}}"#,
            ["/recurrence/interval invalid_interval"]
        ),
        (
            #"{"title": "a", "recurrence_rule": "FREQ=DAILY;COUNT=5;UNTIL=20261231"}"#,
            ["/recurrence_rule conflicting_end"]
        ),
        (
            #"{"title": "a", "recurring_pattern": "daily", "recurrence_rule": "FREQ=WEEKLY"}"#,
            ["/recurring_pattern recurrence_conflict"]
        ),
        (
            #"{"title": "a", "recurrence": "daily", "recurrence_pattern": "weekly"}"#,
            ["/recurrence_pattern recurrence_conflict"]
        ),
        (
            #"{"title": "a", "due_local": "2026-03-05", "recurrence_rule": "FREQ=DAILY;UNTIL=20260301"}"#,
            ["/recurrence_rule until_before_due"]
        ),
        // Everything that is wrong, at once.
        (
            #"{"tags": 1, "due_at": 2, "priority": 3, "recurrence": 4, "time_zone": 5, "all_day": 6}"#,
            [
                "/all_day wrong_type", "/due_at wrong_type", "/priority wrong_type", "/recurrence malformed_rule",
                "/tags wrong_type",
                "/time_zone wrong_type", "/title required",
            ]
        ),
    ])
    func `what is wrong is told, and where`(text: String, expected: [String]) throws {
        #expect(problems(try JSON(parsing: text)) == expected)
    }

    @Test func `sizes are bounded`() {
        func long(_ count: Int) -> JSON { .string(String(repeating: "é", count: count)) }
        #expect(problems(["title": long(TaskLimits.titleCharacters)]) == [])
        #expect(problems(["title": long(TaskLimits.titleCharacters + 1)]) == ["/title too_long"])
        #expect(
            problems(["title": "a", "description": long(TaskLimits.descriptionCharacters + 1)]) == [
                "/description too_long"
            ])
        #expect(problems(["title": "a", "tags": [long(TaskLimits.tagCharacters + 1)]]) == ["/tags/0 too_long"])
        #expect(problems(["title": "a", "tags": JSON((0...TaskLimits.tags).map(String.init))]) == ["/tags too_many"])
        #expect(
            problems(["title": "a", "reminders": JSON((0...TaskLimits.reminders).map { "\($0 + 1)m" })]) == [
                "/reminders too_many"
            ])
        #expect(
            problems(["title": "a", "recurrence_rule": long(TaskLimits.ruleCharacters + 1)]) == [
                "/recurrence_rule too_long"
            ])
    }

    @Test(arguments: [
        #"{"recurrence": {"pattern": "weekly", "by_weekday": ["MO"]}}"#, #"{"recurrence": "weekly"}"#,
        #"{"recurring_pattern": "weekly"}"#, #"{"recurrence_pattern": "weekly"}"#,
        #"{"recurrence_pattern": "FREQ=WEEKLY"}"#,
        #"{"recurrence_rule": "FREQ=WEEKLY"}"#, #"{"recurring_pattern": "custom", "recurrence_rule": "FREQ=WEEKLY"}"#,
        #"{"recurring_pattern": "weekly", "recurrence_rule": "FREQ=WEEKLY"}"#,
    ])
    func `a rule comes under any of its names`(text: String) throws {
        var json = try JSON(parsing: text)
        json["title"] = "a"
        json["due_local"] = "2026-03-02T09:00:00"
        var world = World()
        let task = try world.create(json)
        #expect(
            task.recurrence?.slots(from: try #require(task.due), in: .utc, limit: 2).last?.scheduledLocal
                == WallTime("2026-03-09T09:00:00"))
        // What we answer with can be sent back.
        var mirrored: JSON = ["title": "a"]
        for name in TaskInput.fields { mirrored[name] = task.json[name] }
        try world.patch(task.id, mirrored)
        #expect(try world.task(task.id) == task)
    }

    @Test func `the wall time is taken in the task's zone, or the user's`() throws {
        var world = World()
        world.settings.timeZone = "America/New_York"
        let theirs = try world.create(["title": "a", "due_at": "2026-03-05T17:00:00+01:00"])
        #expect(theirs.due == WallTime("2026-03-05T11:00:00") && theirs.timeZone == "America/New_York")
        let own = try world.create(["title": "a", "due_at": "2026-03-05T17:00:00Z", "time_zone": "Europe/Berlin"])
        #expect(own.due == WallTime("2026-03-05T18:00:00"))
        let day = try world.create(["title": "a", "due_local": "2026-03-05", "time_zone": "Europe/Berlin"])
        #expect(day.allDay && day.dueAt == Timestamp("2026-03-04T23:00:00Z"))
    }

    @Test func `reminders that are not named are the usual ones, an empty list means none`() throws {
        var world = World()
        func reminders(_ json: JSON) throws -> [String] { try world.create(json).reminders.map(\.json.text) }
        #expect(try reminders(["title": "a"]) == [])
        #expect(try reminders(["title": "a", "due_at": "2026-03-05T17:00:00Z"]) == [#"{"before":"PT30M"}"#])
        #expect(try reminders(["title": "a", "due_local": "2026-03-05"]) == [#"{"before":"PT0M"}"#])
        #expect(try reminders(["title": "a", "due_at": "2026-03-05T17:00:00Z", "reminders": []]) == [])
        #expect(
            try reminders(["title": "a", "due_at": "2026-03-05T17:00:00Z", "reminder_offset_minutes": 15]) == [
                #"{"before":"PT15M"}"#
            ])
        #expect(
            try reminders([
                "title": "a", "due_at": "2026-03-05T17:00:00Z", "reminders": ["1d", "15m"],
                "reminder_offset_minutes": 1440,
            ]).count == 2)
    }

    @Test func `a patch changes what it names, and what is named as it is changes nothing`() throws {
        var world = World()
        let task = try world.create(["title": "a", "tags": ["x"], "due_at": "2026-03-05T17:00:00Z"])
        try world.patch(task.id, ["title": "a", "tags": ["x"], "due_local": "2026-03-05T17:00:00"])
        #expect(world.events.count == 1)
        try world.patch(task.id, ["due_at": .null, "tags": []])
        let changed = try world.task(task.id)
        #expect(changed.due == nil && changed.tags == [] && changed.title == "a" && changed.version == 2)
        #expect(throws: FieldProblems.self) { try world.patch(task.id, ["title": .null]) }
    }

    @Test func `replacing puts everything that is not named back`() throws {
        var world = World()
        let task = try world.create([
            "title": "a", "description": "d", "priority": "high", "tags": ["x"], "due_local": "2026-03-05",
            "recurrence": "daily",
        ])
        let input = try TaskInput(json: ["title": "b"], isPatch: false)
        world.write(try world.machine.replace(try world.situation(task.id), input, seriesID: UUIDText.v5("s")))
        let after = try world.task(task.id)
        #expect(after.title == "b" && after.description == "" && after.priority == .medium && after.due == nil)
        #expect(after.recurrence == nil && after.seriesID == nil && after.reminders == [])
        #expect(world.events.last?.reason == .seriesCancelled)
        #expect(world.series[task.seriesID ?? ""]?.state == .cancelled)
    }

    @Test func `another morning or zone of the owner changes open all-day tasks`() throws {
        var world = World()
        let day = try world.create(["title": "a", "due_local": "2026-03-05"])
        let timed = try world.create(["title": "b", "due_local": "2026-03-05T09:00:00"])
        let old = world.settings
        world.settings = try old.changed(by: ["time_zone": "Asia/Tokyo", "all_day_reminder_time": "07:30"])
        for id in [day.id, timed.id] { world.write(try world.machine.settle(try world.situation(id), from: old)) }
        let after = try world.task(day.id)
        #expect(after.dueAt == Timestamp("2026-03-04T15:00:00Z") && after.timeZone == "Asia/Tokyo")
        #expect(after.reminderInstants(now: world.now).map(\.remindAt) == [Timestamp("2026-03-04T22:30:00Z")])
        #expect(try world.task(timed.id) == timed)
        #expect(world.events.count == 3)
        #expect(world.events.last?.changes["all_day_reminder_time"] == ["from": "09:00", "to": "07:30"])
    }

    @Test(arguments: [
        (#"{"time_zone": "x"}"#, "/time_zone unknown_time_zone"), (#"{"time_zone": null}"#, "/time_zone wrong_type"),
        (#"{"all_day_reminder_time": "25:00"}"#, "/all_day_reminder_time invalid_time"),
        (#"{"default_reminders": [{"remind_at": "2026-03-05T17:00:00Z"}]}"#, "/default_reminders invalid_reminder"),
        (#"{"week_start": "XX"}"#, "/week_start not_allowed"), (#"{"date_order": "ymd"}"#, "/date_order not_allowed"),
        (#"{"colour": "blue"}"#, "/colour unknown_field"),
    ])
    func `settings that cannot be are refused`(text: String, expected: String) throws {
        let json = try JSON(parsing: text)
        do throws(FieldProblems) {
            _ = try UserSettings().changed(by: json)
            Issue.record("accepted")
        } catch { #expect(error.problems.map { "\($0.field) \($0.code)" } == [expected]) }
    }
}
