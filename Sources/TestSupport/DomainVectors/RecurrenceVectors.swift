import TaskDomain
package import WireValues

/// Runs vectors of recurrence and reminders. Each has an `op`:
///
/// | op | input | expected |
/// | --- | --- | --- |
/// | `next` | a series, its slot, a completion | `next_local`, `next_at`, `index`, `skipped`; or `ended` with a `reason` |
/// | `expand` | a rule, its anchor, `take` | `slots`, and `instants` |
/// | `reminders` | a due, `reminders`, `now` | the reminders in order with their state |
/// | `validate` | a rule, perhaps its anchor | `error`: the code it is refused with, or null |
/// | `export` | a rule and its anchor | `rrule` |
/// | `scenario` | steps | seen in running services |
package enum RecurrenceVectors {
    package static func run(_ vector: JSON) throws -> VectorOutcome {
        let input = Input(json: vector["input"] ?? .null)
        switch vector["op"]?.string {
        case "next": return .result(try next(input))
        case "expand": return .result(try expand(input))
        case "reminders": return .result(try reminders(input))
        case "validate": return .result(try validate(input))
        case "export": return .result(try export(input))
        case "scenario": return .leftToServices
        case let other: throw VectorFileProblem(description: "unknown op '\(other ?? "none")'")
        }
    }

    private static func next(_ input: Input) throws -> JSON {
        let rule = try input.rule()
        let anchor = try input.wallTime("anchor_local")
        let scheduled = try input.wallTime("scheduled_local")
        let position = SeriesPosition(
            rule: rule, anchorLocal: anchor, zone: try input.zone(), scheduledLocal: scheduled,
            index: input.json["index"]?.int ?? rule.index(of: scheduled, from: anchor))
        switch RecurrenceRule.successor(of: position, completedAt: try input.instant("completed_at")) {
        case .slot(let local, let dueAt, let index, let skipped):
            return [
                "ended": false, "next_local": JSON(local.text), "next_at": JSON(dueAt.rfc3339), "index": JSON(index),
                "skipped": JSON(skipped),
            ]
        case .ended(let reason): return ["ended": true, "reason": JSON(reason.rawValue)]
        }
    }

    private static func expand(_ input: Input) throws -> JSON {
        guard let take = input.json["take"]?.int else { throw VectorFileProblem(description: "no 'take' in the input") }
        let slots = try input.rule().slots(from: try input.wallTime("anchor_local"), in: try input.zone(), limit: take)
        return [
            "slots": JSON(slots.map(\.scheduledLocal.text)), "instants": JSON(slots.map(\.dueAt.rfc3339)),
        ]
    }

    private static func reminders(_ input: Input) throws -> JSON {
        var specs: [ReminderSpec] = []
        for entry in input.json["reminders"]?.array ?? [] { specs.append(try ReminderSpec(json: entry)) }
        for instant in input.json["absolute"]?.array ?? [] {
            specs.append(try ReminderSpec(json: ["remind_at": instant]))
        }
        var morning = 9 * 3_600
        if let text = input.json["all_day_reminder_time"]?.string {
            guard let time = WallTime("1970-01-01T" + text)?.secondOfDay else {
                throw VectorFileProblem(description: "all_day_reminder_time '\(text)' is no time of day")
            }
            morning = time
        }
        let found = reminderInstants(
            specs, due: try input.wallTime("due_local"), zone: try input.zone(), morning: morning,
            now: try input.instant("now"))
        return .array(
            found.map { reminder in
                var result: JSON = ["remind_at": JSON(reminder.remindAt.rfc3339), "state": JSON(reminder.state)]
                switch reminder.spec {
                case .before(let offset): result["before"] = JSON(offset.text)
                case .at(let instant): result["absolute"] = JSON(instant.rfc3339)
                }
                return result
            })
    }

    private static func validate(_ input: Input) throws -> JSON {
        do throws(FieldProblem) {
            let rule = try input.rule()
            if input.json["anchor_local"] != nil, let anchor = try? input.wallTime("anchor_local"),
                let zone = try? input.zone()
            {
                try rule.check(firstDue: anchor, zone: zone)
            }
            return ["error": .null]
        } catch {
            return ["error": JSON(error.code)]
        }
    }

    private static func export(_ input: Input) throws -> JSON {
        ["rrule": JSON(try input.rule().exportText(anchor: try input.wallTime("anchor_local"), zone: try input.zone()))]
    }
}

/// The members that inputs share.
private struct Input {
    let json: JSON

    /// The rule; what stands beside it (`anchor`, `catch_up`) belongs to it.
    func rule() throws(FieldProblem) -> RecurrenceRule {
        guard var rule = json["rule"] else { throw FieldProblem("malformed_rule", "", "no 'rule' in the input") }
        if rule.object != nil {
            for key in ["anchor", "catch_up"] where rule[key] == nil { rule[key] = json[key] }
        }
        return try RecurrenceRule(json: rule)
    }

    func zone() throws -> TimeZoneRules {
        let name = json["time_zone"]?.string ?? "UTC"
        guard let zone = TimeZoneRules.named(name) else {
            throw VectorFileProblem(description: "the zone database has no '\(name)'")
        }
        return zone
    }

    func wallTime(_ key: String) throws -> WallTime {
        guard var time = json[key]?.string.flatMap({ WallTime($0) }) else {
            throw VectorFileProblem(description: "'\(key)' is no wall time")
        }
        if json["all_day"]?.bool == true { time.secondOfDay = nil }
        return time
    }

    func instant(_ key: String) throws -> Timestamp {
        guard let instant = json[key]?.string.flatMap({ Timestamp($0) }) else {
            throw VectorFileProblem(description: "'\(key)' is no instant")
        }
        return instant
    }
}
