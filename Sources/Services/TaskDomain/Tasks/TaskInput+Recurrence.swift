import WireValues

/// The four names under which a rule may come.
extension TaskInput {
    mutating func readRecurrence(_ reader: inout InputReader) {
        var rule: RecurrenceRule?
        var saidNothing = false
        switch reader["recurrence"] {
        case .absent: break
        case .null: saidNothing = true
        case .value(let value):
            guard value.string?.unicodeScalars.count ?? 0 <= TaskLimits.ruleCharacters,
                value["rrule"]?.string?.unicodeScalars.count ?? 0 <= TaskLimits.ruleCharacters
            else {
                let limit = TaskLimits.ruleCharacters
                reader.refuse("too_long", "/recurrence", "at most \(limit) characters are possible")
                return
            }
            guard let read = parse(value, "/recurrence", &reader) else { return }
            rule = read
        }
        // The texts beside it. A rule text says more than a word, so it is looked at first.
        var words: [(name: String, text: String)] = []
        for name in ["recurrence_rule", "recurring_pattern", "recurrence_pattern"] {
            switch reader.text(name) {
            case .absent: break
            case .null: saidNothing = true
            case .value(let text):
                guard text.unicodeScalars.count <= TaskLimits.ruleCharacters else {
                    reader.refuse(
                        "too_long", "/\(name)", "at most \(TaskLimits.ruleCharacters) characters are possible")
                    return
                }
                words.append((name, text))
            }
        }
        for (name, text) in words {
            let isWord = RecurrenceRule.Pattern(rawValue: text) != nil
            if let rule {
                if isWord ? rule.agrees(withPattern: text) : rule.agrees(withText: text) { continue }
                // It may be wrong in itself, which is the better thing to say.
                if isWord || parse(.string(text), "/\(name)", &reader) != nil {
                    reader.refuse(
                        "recurrence_conflict", "/\(name)", "another field names another rule; send one of them")
                }
                return
            }
            if text == RecurrenceRule.Pattern.custom.rawValue, words.count > 1 { continue }
            guard let read = simplified(text, words.map(\.text)) ?? parse(.string(text), "/\(name)", &reader) else {
                return
            }
            rule = read
            recurrenceField = "/\(name)"
        }
        if let rule {
            recurrence = .value(rule)
        } else if saidNothing {
            recurrence = .null
        }
    }

    /// `FREQ=DAILY` beside the word `daily` is the simple rule that we mirror in these two fields.
    private func simplified(_ text: String, _ words: [String]) -> RecurrenceRule? {
        for case let word? in words.map({ RecurrenceRule.Pattern(rawValue: $0) }) where word != .custom {
            // A word that cannot stand alone is refused where it is read.
            if let rule = try? RecurrenceRule(json: .string(word.rawValue)), rule.agrees(withText: text) { return rule }
        }
        return nil
    }

    private mutating func parse(_ value: JSON, _ pointer: String, _ reader: inout InputReader) -> RecurrenceRule? {
        do throws(FieldProblem) {
            return try RecurrenceRule(json: value)
        } catch {
            // In a text there is nothing below the field itself.
            reader.refuse(value.object == nil ? FieldProblem(error.code, pointer, error.detail) : error.under(pointer))
            return nil
        }
    }
}
