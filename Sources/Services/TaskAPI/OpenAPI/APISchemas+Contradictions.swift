import WireValues

/// Several names for one thing in one body.
extension APISchemas {
    /// An object with both members, the one as `schema` says and the other as `other` says.
    private static func pair(_ name: String, _ schema: JSON, _ other: String, _ otherSchema: JSON) -> JSON {
        let properties = JSONObject([(name, schema), (other, otherSchema)])
        return ["required": [.string(name), .string(other)], "properties": .object(properties)]
    }

    /// What cannot be meant: two names that say different things. Null says nothing. Where only reading both tells
    /// whether they agree, one of them has to be left out.
    static let contradictions: JSON = {
        let given: JSON = ["not": ["type": "null"]]
        func text(_ pattern: String) -> JSON { ["type": "string", "pattern": .string(pattern)] }
        var all = [
            pair("due_at", given, "due_local", given), pair("reminders", given, "reminder_offset_minutes", given),
            pair("all_day", ["const": true], "due_local", text("T")),
            pair("all_day", ["const": false], "due_local", text("^[^T]*$")),
        ]
        var sameRule: [JSON] = []
        for pattern in patterns {
            let word: JSON = ["const": .string(pattern)]
            let rule = "FREQ=\(pattern.uppercased())"
            sameRule.append(pair("recurrence", word, "recurrence_rule", ["const": .string(rule)]))
            func otherThan(_ same: [JSON]) -> JSON { ["not": ["anyOf": .array([["type": "null"], word] + same)]] }
            all.append(pair("recurring_pattern", word, "recurrence_pattern", otherThan([])))
            for name in ["recurring_pattern", "recurrence_pattern"] {
                all.append(pair(name, word, "recurrence_rule", otherThan([text("^\(rule)")])))
                let objects: [JSON] = [
                    ["required": ["pattern"], "properties": ["pattern": word]],
                    ["required": ["rrule"], "properties": ["rrule": text("^\(rule)")]],
                ]
                let object: JSON = ["type": "object", "anyOf": .array(objects)]
                all.append(pair(name, word, "recurrence", otherThan([text("^\(rule)"), object])))
            }
        }
        var rules = pair("recurrence", given, "recurrence_rule", given)
        rules["not"] = ["anyOf": .array(sameRule)]
        return ["anyOf": .array(all + [rules])]
    }()
}
