internal import WireValues

extension ChatReader {
    /// What sentences call the parts of a task.
    enum Field { case due, time, priority, title, tags, reminders, recurrence }

    private static let fields: [(String, Field)] = [
        ("due date", .due), ("due time", .time), ("due", .due), ("deadline", .due), ("date", .due), ("time", .time),
        ("priority", .priority), ("title", .title), ("name", .title), ("tags", .tags), ("tag", .tags),
        ("labels", .tags),
        ("label", .tags), ("reminders", .reminders), ("reminder", .reminders), ("recurrence", .recurrence),
        ("repetition", .recurrence), ("repeat", .recurrence), ("schedule", .recurrence), ("frequency", .recurrence),
    ]

    /// `due date of report`: the field and the task.
    func fieldAndTask(_ phrase: ChatPhrase, behind prepositions: [String]) -> (Field, ChatPhrase)? {
        var rest = phrase
        if let next = rest.dropping(["the", "its", "my"]) { rest = next }
        for (name, field) in Self.fields {
            if let behind = rest.dropping([name]), let task = behind.dropping(prepositions), !task.isEmpty {
                return (field, task)
            }
        }
        return nil
    }

    func change(_ command: ChatPhrase) -> ChatIntent? {
        if let rest = command.dropping(["rename"]) { return renamed(rest) }
        if let rest = command.dropping(["repeat"]) {
            return changedByParts(rest)
        }
        if let rest = command.dropping([
            "reschedule", "move", "postpone", "push back", "push", "delay", "defer", "shift", "bump", "bring forward",
            "snooze",
        ]) {
            let isForward = command.dropping(["bring forward"]) != nil
            return shifted(rest, isEarlier: isForward) ?? changedByParts(rest)
        }
        guard
            let rest = command.dropping([
                "change", "set", "update", "edit", "modify", "make", "adjust", "put", "give", "raise", "lower", "mark",
                "bring",
            ])
        else { return nil }
        return changedField(rest) ?? shifted(rest, isEarlier: false) ?? changedByParts(rest)
    }

    private func renamed(_ phrase: ChatPhrase) -> ChatIntent? {
        guard let (task, title) = phrase.split(at: ["to", "as", "into"]), !title.isEmpty else {
            return missing(.missingValue, ["intent": "update"], "that a task gets another title, but not which one")
        }
        return withTask(task, "update") { set(.title, title, of: $0) }
    }

    // MARK: One named field

    /// `priority of 12 to high`, `report's due date to friday`, `task 12 priority to low`.
    private func changedField(_ phrase: ChatPhrase) -> ChatIntent? {
        if let (field, rest) = fieldAndTask(phrase, behind: ["of", "for", "on"]) {
            let isTitle = field == .title
            guard let (task, value) = rest.split(at: ["to", "as", "at"], last: !isTitle) else {
                return withTask(rest, "update") {
                    missing(.missingValue, understood($0), "which part of \($0.text) is to be changed, but not to what")
                }
            }
            return withTask(task, "update") { set(field, value, of: $0) }
        }
        guard let (before, value) = phrase.split(at: ["to", "as"], last: true) else { return nil }
        for (name, field) in Self.fields {
            guard let owner = before.droppingEnd([name]), !owner.isEmpty else { continue }
            var task = owner.text
            for ending in ["'s", "\u{2019}s", "'"] where task.hasSuffix(ending) {
                task.removeLast(ending.count)
                break
            }
            return withTask(ChatPhrase(task), "update") { set(field, value, of: $0) }
        }
        return nil
    }

    private func understood(_ task: TaskReference) -> JSON { ["intent": "update", "task": task.json] }

    /// The change of one field to `value`, or the question what is meant by it.
    private func set(_ field: Field, _ value: ChatPhrase, of task: TaskReference) -> ChatIntent {
        var change = ChatChange()
        let text = value.plainText
        guard !text.isEmpty else {
            return missing(
                .missingValue, understood(task), "which part of \(task.text) is to be changed, but not to what")
        }
        let isNone = ["none", "nothing", "never", "off"].contains(text.lowercased())
        switch field {
        case .title: change.title = text
        case .priority: change.priority = priority(text)
        case .due: change.due = isNone ? .remove : due(text)
        case .time: change.due = isNone ? .remove : due("at " + text) ?? due(text)
        case .tags: change.tags = isNone ? [] : tags(value)
        case .reminders: change.reminders = isNone ? [] : quickAdd("x tomorrow remind " + text)?.reminders
        case .recurrence:
            if isNone { return .cancelSeries(task) }
            change.recurrence = quickAdd("x " + text)?.recurrence ?? quickAdd("x every " + text)?.recurrence
        }
        if change.isEmpty {
            return missing(
                .unreadableValue, understood(task),
                "which part of \(task.text) is to be changed, but not what is meant by \"\(text)\"")
        }
        return .update(task, change)
    }

    private func priority(_ text: String) -> QuickAddPriority? {
        let word = text.lowercased().split(separator: " ").first.map(String.init) ?? ""
        switch word {
        case "urgent", "important", "1", "p1", "highest", "top": return .high
        case "normal", "2", "p2", "mid": return .medium
        case "3", "p3", "lowest": return .low
        default: return QuickAddPriority(rawValue: word)
        }
    }

    private func tags(_ phrase: ChatPhrase) -> [String]? {
        let names = phrase.keys.filter { $0 != "and" && $0 != "&" && !$0.isEmpty }.map {
            $0.hasPrefix("#") ? String($0.dropFirst()) : $0
        }
        return names.isEmpty || names.contains("") ? nil : names
    }

    // MARK: Dates

    /// The due that `text` is: all of it must be a date, a time or both.
    private func due(_ text: String) -> ChatChange.Due? {
        for candidate in [text, "on " + text] {
            guard let read = quickAdd(candidate), read.warnings.contains(.titleFromInput), read.recurrence == nil,
                read.tags.isEmpty, read.priority == nil
            else { continue }
            return Self.due(read)
        }
        return nil
    }

    /// The due that a reading names: whether a date, a time of day, or both.
    private static func due(_ read: QuickAddResult) -> ChatChange.Due? {
        guard let due = read.due else { return nil }
        let values = read.spans.filter { $0.kind == .due }.compactMap(\.value.string)
        guard !values.isEmpty else { return nil }
        guard let second = due.secondOfDay else { return .date(due.date) }
        return values.contains { $0.utf8.count >= 10 } ? .moment(due) : .time(second)
    }

    /// `report by 2 days`, `report 1 week later`.
    private func shifted(_ phrase: ChatPhrase, isEarlier: Bool) -> ChatIntent? {
        var rest = phrase
        var isEarlier = isEarlier
        if let task = rest.droppingEnd(["earlier", "forward"]) {
            rest = task
            isEarlier = true
        } else if let task = rest.droppingEnd(["later", "back"]) {
            rest = task
        }
        let isMarked = rest.words.count < phrase.words.count
        let parts: (before: ChatPhrase, behind: ChatPhrase)?
        if let atBy = rest.split(at: ["by"], last: true) {
            parts = atBy
        } else if isMarked, rest.words.count > 2 {
            // "2 days later": the number and the unit are the last two words.
            let number = rest.words.dropLast().last?.key ?? ""
            parts = rest.split(at: [number], last: true).map { ($0.before, ChatPhrase(number + " " + $0.behind.text)) }
        } else {
            parts = nil
        }
        guard let (task, distance) = parts, let due = shift(distance, isEarlier: isEarlier) else { return nil }
        let owner = task.droppingEnd(["back", "forward", "out"]) ?? task
        return withTask(owner, "update") {
            var change = ChatChange()
            change.due = due
            return .update($0, change)
        }
    }

    /// `2 days`, `an hour`.
    private func shift(_ phrase: ChatPhrase, isEarlier: Bool) -> ChatChange.Due? {
        let keys = phrase.keys
        guard keys.count == 2 else { return nil }
        let numbers = [
            "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        ]
        let count: Int
        if keys[0] == "a" || keys[0] == "an" {
            count = 1
        } else if let index = numbers.firstIndex(of: keys[0]) {
            count = index + 1
        } else if let number = Int(keys[0]), (1...9_999).contains(number) {
            count = number
        } else {
            return nil
        }
        let signed = isEarlier ? -count : count
        switch keys[1].hasSuffix("s") ? String(keys[1].dropLast()) : keys[1] {
        case "minute", "min": return .shift(months: 0, days: 0, minutes: signed)
        case "hour", "hr": return .shift(months: 0, days: 0, minutes: signed * 60)
        case "day": return .shift(months: 0, days: signed, minutes: 0)
        case "week": return .shift(months: 0, days: 7 * signed, minutes: 0)
        case "month": return .shift(months: signed, days: 0, minutes: 0)
        case "year": return .shift(months: 12 * signed, days: 0, minutes: 0)
        default: return nil
        }
    }

    // MARK: Parts without a field's name

    /// `the dentist task to friday at 3pm`, `report high priority`: the parts that quick-add finds are the changes, what is
    /// left names the task.
    private func changedByParts(_ phrase: ChatPhrase) -> ChatIntent? {
        guard let (task, read) = taskAndParts(phrase) else { return nil }
        var change = ChatChange()
        change.due = read.recurrence == nil || read.spans.contains { $0.kind == .due } ? Self.due(read) : nil
        change.priority = read.priority
        change.addedTags = read.tags
        change.recurrence = read.recurrence
        change.reminders = read.reminders
        if change.isEmpty {
            return withTask(phrase, "update") {
                missing(.missingValue, understood($0), "that \($0.text) is to be changed, but not to what")
            }
        }
        return withTask(task, "update") { .update($0, change) }
    }

    private func taskAndParts(_ phrase: ChatPhrase) -> (ChatPhrase, QuickAddResult)? {
        let prepositions = ["to", "as", "until", "till", "for", "with", "a", "to repeat", "repeat", "to be"]
        // The value alone first, so that words of the title are not taken for dates.
        if let (task, value) = phrase.split(at: ["to", "until", "till", "as"], last: true), !value.isEmpty {
            for text in [value.plainText, "on " + value.plainText] {
                if let read = quickAdd(text), read.warnings.contains(.titleFromInput), !read.spans.isEmpty {
                    return (task, read)
                }
            }
        }
        guard let read = quickAdd(phrase.plainText), !read.warnings.contains(.titleFromInput) else { return nil }
        var task = ChatPhrase(read.title)
        while let shorter = task.droppingEnd(prepositions), !shorter.isEmpty { task = shorter }
        return (task, read)
    }

    // MARK: Tags and reminders

    /// `add tag home to X`, `tag X with a, b`, `remove tag a from X`.
    func tagging(_ command: ChatPhrase) -> ChatIntent? {
        let names = ["the tags", "the tag", "a tag", "tags", "tag", "labels", "label"]
        if let rest = command.dropping(["add", "remove", "delete"]) {
            let isAdded = command.dropping(["add"]) != nil
            let list = rest.dropping(names) ?? (rest.words.first?.text.hasPrefix("#") == true ? rest : nil)
            if let list, let (value, task) = list.split(at: isAdded ? ["to"] : ["from", "of"]), let tags = tags(value) {
                return withTask(task, "update") { .update($0, Self.tagged(tags, isAdded: isAdded)) }
            }
        }
        if let rest = command.dropping(["tag"]), let (task, value) = rest.split(at: ["with", "as"], last: true),
            let tags = tags(value)
        {
            return withTask(task, "update") { .update($0, Self.tagged(tags, isAdded: true)) }
        }
        if let rest = command.dropping(["untag"]), let (task, value) = rest.split(at: ["from"], last: true) ?? nil,
            let tags = tags(task)
        {
            return withTask(value, "update") { .update($0, Self.tagged(tags, isAdded: false)) }
        }
        return nil
    }

    private static func tagged(_ tags: [String], isAdded: Bool) -> ChatChange {
        var change = ChatChange()
        if isAdded { change.addedTags = tags } else { change.removedTags = tags }
        return change
    }

    /// `remind me 1 hour before X`: a task that exists, since nothing in the sentence is a date.
    func reminding(_ command: ChatPhrase) -> ChatIntent? {
        guard command.dropping(["remind me"]) != nil, let read = quickAdd(command),
            read.warnings.contains(.reminderWithoutDue), let (ahead, task) = command.split(at: ["before"]),
            !task.isEmpty,
            let reminders = quickAdd("x tomorrow " + ahead.text + " before")?.reminders
        else { return nil }
        return withTask(task, "update") {
            var change = ChatChange()
            change.reminders = reminders
            return .update($0, change)
        }
    }
}
