internal import WireValues

extension ChatReader {
    /// `show my high priority tasks`, `what's overdue`, `tasks due this week`.
    func listing(_ command: ChatPhrase) -> ChatIntent? {
        var rest = command
        var isCount = false
        var isSearch = false
        var isQuestion = false
        if let next = rest.dropping(["how many", "count"]) {
            (rest, isCount) = (next, true)
        } else if let next = rest.dropping(["search for", "search", "find", "look for"]) {
            (rest, isSearch) = (next, true)
        } else if let next = rest.dropping([
            "show", "list", "display", "view", "see", "get", "give me", "tell me",
        ]) {
            rest = next
        } else if let next = rest.dropping([
            "what's", "whats", "what is", "what are", "what", "which", "do i have", "are there", "is there", "when is",
            "when",
            "anything", "any",
        ]) {
            (rest, isQuestion) = (next, true)
        } else if !(command.keys.contains { QueryReader.nouns.contains($0) } || command.keys.first == "overdue") {
            return nil
        } else {
            isQuestion = true
        }
        if !isCount, let task = oneTask(rest) { return .show(task) }
        var reader = QueryReader(now: now, settings: settings, isCount: isCount)
        let text = rest.plainText
        guard let query = reader.read(text) else { return nil }
        // A question about anything else is none about tasks, nor is a text that merely mentions them.
        if isQuestion, !reader.hasNoun, !reader.hasFilter { return nil }
        if isQuestion, command.words.count == rest.words.count, query.search != nil, !reader.hasSearchWord {
            return nil
        }
        if !isSearch, text.isEmpty, isQuestion { return nil }
        return .list(query)
    }

    /// `task 12`, `me task #12`.
    private func oneTask(_ phrase: ChatPhrase) -> TaskReference? {
        let rest = phrase.dropping(["me", "the"]) ?? phrase
        guard rest.words.count <= 3, case .success(.id(let id)) = reference(rest) else { return nil }
        return .id(id)
    }
}

/// Reads what stands behind `show me`: filters in any order, an order, a number; what is left is searched for.
struct QueryReader {
    private var query = ChatQuery()
    /// A word such as `tasks` was there.
    private(set) var hasNoun = false
    private(set) var hasFilter = false
    /// A word such as `about` says that the rest is to be searched for.
    private(set) var hasSearchWord = false

    private let now: WallTime
    private let settings: QuickAddSettings
    private let today: Int
    private var keys: [String] = []
    private var unknown: [String] = []

    init(now: WallTime, settings: QuickAddSettings, isCount: Bool) {
        self.now = now
        self.settings = settings
        today = now.date.dayNumber
        query.isCount = isCount
    }

    static let nouns: Set = [
        "task", "tasks", "todo", "todos", "to-do", "to-dos", "item", "items", "thing", "things", "stuff", "list",
        "reminders",
        "agenda", "plate",
    ]
    private static let small: Set = [
        "me", "my", "the", "a", "an", "of", "i", "do", "have", "has", "are", "is", "there", "that", "which", "to", "on",
        "please", "should", "need", "be", "were", "with", "for", "in", "and", "or", "due", "by", "up", "at",
        "scheduled",
        "must", "it", "marked", "as", "still", "been", "priority", "level", "got", "does", "anything", "any",
    ]
    private static let searchWords: Set = [
        "about", "containing", "contain", "contains", "mentioning", "mention", "matching", "named", "called", "titled",
        "like",
        "regarding",
    ]
    private enum State { case open, done, all }

    private static func state(_ key: String) -> State? {
        switch key {
        case "all", "every", "everything": .all
        case "completed", "complete", "done", "finished", "closed": .done
        case "open", "pending", "incomplete", "unfinished", "active", "remaining", "outstanding", "undone", "left",
            "current":
            .open
        default: nil
        }
    }

    /// Nil only for text that cannot be cut into words.
    mutating func read(_ text: String) -> ChatQuery? {
        var text = text
        text.withUTF8 { bytes in
            let sentence = SentenceReader(bytes, now: now, settings: settings, ignoring: [])
            keys = sentence.tokens.map { token in
                sentence.text(token).lowercased().replacing("\u{2019}", with: "'")
            }
            var index = 0
            while index < keys.count { index = step(index, sentence) }
        }
        if !unknown.isEmpty {
            let words = unknown.joined(separator: " ")
            query.search = query.search.map { $0 + " " + words } ?? words
        }
        return query
    }

    /// Reads what begins at `index`. - Returns: where it ends.
    private mutating func step(_ index: Int, _ sentence: SentenceReader) -> Int {
        let end =
            order(index) ?? duePresence(index) ?? priority(index) ?? tags(index, sentence) ?? range(index, sentence)
            ?? state(index) ?? limit(index)
        if let end {
            hasFilter = true
            return end
        }
        let token = sentence.tokens[index]
        if token.kind == .quoted {
            query.search = String(sentence.text(token).dropFirst().dropLast())
            hasSearchWord = true
            return index + 1
        }
        if Self.searchWords.contains(keys[index]) {
            hasSearchWord = true
        } else if Self.nouns.contains(keys[index]) {
            hasNoun = true
        } else if token.kind != .sign, token.kind != .dash, !Self.small.contains(keys[index]) {
            unknown.append(sentence.text(token))
        }
        return index + 1
    }

    private func key(_ index: Int) -> String { keys.indices.contains(index) ? keys[index] : "" }

    private func follows(_ index: Int, _ phrase: String) -> Int? {
        let words = phrase.split(separator: " ")
        for (offset, word) in words.enumerated() where key(index + offset) != word { return nil }
        return index + words.count
    }

    // MARK: State, priority, tags, order, number

    private mutating func state(_ index: Int) -> Int? {
        if key(index) == "overdue" || key(index) == "late" || key(index) == "past" && key(index + 1) == "due" {
            query.isOverdue = true
            query.completed = false
            return key(index) == "past" ? index + 2 : index + 1
        }
        if key(index) == "not", Self.state(key(index + 1)) == .done {
            query.completed = false
            return index + 2
        }
        switch Self.state(key(index)) {
        case nil: return nil
        case .done: query.completed = true
        case .open: query.completed = false
        // "all my completed tasks": the narrower word counts.
        case .all: if query.completed == false { query.completed = nil }
        }
        return index + 1
    }

    private mutating func priority(_ index: Int) -> Int? {
        var at = index
        if key(at) == "priority" {
            at += 1
            if key(at) == ":" || key(at) == "is" { at += 1 }
        }
        guard let level = Self.level(key(at)) else { return nil }
        // "high" alone is a word like any other, unless another level follows: "high or medium priority".
        let isNamed = at > index || keys[at].contains("-") || keys[at].hasPrefix("p") || keys[at].hasPrefix("!")
        var end = at + 1
        var levels = [level]
        while key(end) == "or" || key(end) == "and" || key(end) == ",", let next = Self.level(key(end + 1)) {
            levels.append(next)
            end += 2
        }
        let isFollowed = key(end) == "priority" || key(end) == "priorities"
        let isAdjective = keys[at] == "urgent" || keys[at] == "important"
        guard isNamed || isFollowed || isAdjective else { return nil }
        query.priorities += levels.filter { !query.priorities.contains($0) }
        return isFollowed ? end + 1 : end
    }

    private static func level(_ key: String) -> QuickAddPriority? {
        switch key {
        case "high", "high-priority", "p1", "urgent", "important", "!high", "!1": .high
        case "medium", "medium-priority", "p2", "normal", "!medium", "!2": .medium
        case "low", "low-priority", "p3", "!low", "!3": .low
        default: nil
        }
    }

    private mutating func tags(_ index: Int, _ sentence: SentenceReader) -> Int? {
        if sentence.tokens[index].kind == .tag {
            add(tag: keys[index])
            return index + 1
        }
        var at = index
        switch key(at) {
        case "tagged":
            at += 1
            if key(at) == "with" || key(at) == "as" { at += 1 }
        case "tag", "tags", "label", "labels":
            at += 1
            if key(at) == ":" { at += 1 }
        default: return nil
        }
        guard !key(at).isEmpty else { return nil }
        add(tag: keys[at])
        at += 1
        while key(at) == "and" || key(at) == ",", !key(at + 1).isEmpty, !Self.small.contains(key(at + 1)),
            !Self.nouns.contains(key(at + 1)), Self.state(key(at + 1)) == nil
        {
            add(tag: keys[at + 1])
            at += 2
        }
        return at
    }

    private mutating func add(tag key: String) {
        let name = key.filter { $0 != "#" && $0 != "\"" }
        if !name.isEmpty, !query.tags.contains(name) { query.tags.append(name) }
    }

    /// `sorted by due date descending`, `newest first`.
    private mutating func order(_ index: Int) -> Int? {
        if let end = follows(index, "newest first") ?? follows(index, "latest first") {
            (query.sort, query.isDescending) = (.created, true)
            return end
        }
        if let end = follows(index, "oldest first") {
            (query.sort, query.isDescending) = (.created, false)
            return end
        }
        var at = index
        if ["sorted", "ordered", "sort", "order"].contains(key(at)) { at += 1 }
        guard key(at) == "by" else { return nil }
        at += 1
        switch key(at) {
        case "due", "date", "deadline":
            query.sort = .due
            if key(at + 1) == "date" || key(at + 1) == "time" { at += 1 }
        case "priority": query.sort = .priority
        case "created", "creation", "age", "newest", "oldest":
            query.sort = .created
            query.isDescending = key(at) == "newest"
            if key(at + 1) == "date" || key(at + 1) == "time" { at += 1 }
        default: return nil
        }
        at += 1
        if ["desc", "descending", "reversed"].contains(key(at)) {
            query.isDescending = true
            at += 1
        } else if ["asc", "ascending"].contains(key(at)) {
            at += 1
        }
        return at
    }

    /// `first 5`, `top three`.
    private mutating func limit(_ index: Int) -> Int? {
        guard ["first", "top", "next", "last"].contains(key(index)), let number = Int(key(index + 1)),
            (1...100).contains(number)
        else { return nil }
        query.limit = number
        if key(index) == "last" { (query.sort, query.isDescending) = (.created, true) }
        return index + 2
    }

    // MARK: Dates

    /// `without a due date`, `undated`; `with a due date`.
    private mutating func duePresence(_ index: Int) -> Int? {
        if key(index) == "undated" || key(index) == "unscheduled" {
            query.hasDue = false
            return index + 1
        }
        var at = index
        let isWithout = key(at) == "without" || key(at) == "no" || key(at) == "with" && key(at + 1) == "no"
        guard isWithout || key(at) == "with" else { return nil }
        at += key(at) == "with" && key(at + 1) == "no" ? 2 : 1
        if ["a", "any", "an"].contains(key(at)) { at += 1 }
        guard
            let end = follows(at, "due date") ?? follows(at, "due dates") ?? follows(at, "deadline")
                ?? follows(at, "date") ?? (isWithout && key(at) == "due" ? at + 1 : nil)
        else { return nil }
        query.hasDue = !isWithout
        return end
    }

    /// `this week`, `before friday`, `between march 1 and march 5`, `in the next 7 days`.
    private mutating func range(_ index: Int, _ sentence: SentenceReader) -> Int? {
        var at = index
        if key(at) == "due" { at += 1 }
        let word = key(at)
        let bound = ["before", "by", "until", "till", "after", "since", "from", "between", "on", "for", "in", "within"]
        if bound.contains(word) { at += 1 }
        guard let (days, end) = days(at, sentence, isLed: at > index || word == "in") else {
            // "in 3 days" begins with its own word.
            if word == "in", let match = sentence.dateMatch(at: at - 1, isLed: true), !match.isAmbiguous {
                set(from: match.day, to: match.day)
                return match.end
            }
            return nil
        }
        switch word {
        case "before": set(from: nil, to: days.lowerBound - 1)
        case "by", "until", "till": set(from: nil, to: days.upperBound)
        case "after": set(from: days.upperBound + 1, to: nil)
        case "since": set(from: days.lowerBound, to: nil)
        case "from", "between":
            if ["to", "until", "till", "and", "through"].contains(key(end)),
                let (last, lastEnd) = self.days(end + 1, sentence, isLed: true)
            {
                set(from: days.lowerBound, to: last.upperBound)
                return lastEnd
            }
            set(from: days.lowerBound, to: nil)
        default: set(from: days.lowerBound, to: days.upperBound)
        }
        return end
    }

    private mutating func set(from: Int?, to: Int?) {
        if let from { query.dueFrom = CivilDate(dayNumber: from) }
        if let to { query.dueTo = CivilDate(dayNumber: to) }
    }

    /// The days that a phrase names; both ends belong to it.
    private func days(_ index: Int, _ sentence: SentenceReader, isLed: Bool) -> (ClosedRange<Int>, Int)? {
        let at = key(index) == "the" ? index + 1 : index
        let weekday = now.date.weekday.rawValue
        let weekStart = today - (weekday - settings.weekStart.rawValue + 7) % 7
        let monthStart = now.date.adding(days: 1 - now.date.day)
        func month(_ offset: Int) -> ClosedRange<Int> {
            monthStart.adding(months: offset).dayNumber...(monthStart.adding(months: offset + 1).dayNumber - 1)
        }
        if key(at) == "yesterday" || key(at) == "yesterday's" { return ((today - 1)...(today - 1), at + 1) }
        if key(at) == "today's" { return (today...today, at + 1) }
        if key(at) == "tomorrow's" { return ((today + 1)...(today + 1), at + 1) }
        if key(at) == "upcoming" { return (today...(today + 30), at + 1) }
        if key(at) == "soon" { return (today...(today + 7), at + 1) }
        let isComing = key(at) == "next" || key(at) == "coming" || key(at) == "following"
        if isComing || key(at - 1) == "within", let count = sentence.count(isComing ? at + 1 : at) {
            let place = isComing ? at + 2 : at + 1
            switch sentence.unit(place) {
            case .day: return (today...(today + min(count, 36_500)), place + 1)
            case .week: return (today...(today + 7 * min(count, 5_200)), place + 1)
            case .month: return (today...now.date.adding(months: min(count, 1_200)).dayNumber, place + 1)
            default: return nil
            }
        }
        let offset = key(at) == "this" || key(at) == "current" ? 0 : isComing ? 1 : key(at) == "last" ? -1 : nil
        if let offset {
            switch key(at + 1) {
            case "week", "week's": return ((weekStart + 7 * offset)...(weekStart + 7 * offset + 6), at + 2)
            case "month", "month's": return (month(offset), at + 2)
            case "year":
                guard let first = CivilDate(year: now.date.year + offset, month: 1, day: 1) else { return nil }
                return (first.dayNumber...(first.adding(months: 12).dayNumber - 1), at + 2)
            case "weekend":
                guard let match = sentence.dateMatch(at: at, isLed: true) else { return nil }
                let isSaturday = CivilDate.weekday(dayNumber: match.day) == .saturday
                return (match.day...(match.day + (isSaturday ? 1 : 0)), at + 2)
            default: break
            }
        }
        guard let match = sentence.dateMatch(at: at, isLed: isLed), !match.isAmbiguous else { return nil }
        return (match.day...match.day, match.end)
    }
}
