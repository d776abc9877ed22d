import ServiceKit
import TaskDomain
import WireValues

/// Reads what a list is asked for from the parameters of the URL, all problems at once.
struct ListParameters {
    static let limits = 1...200

    private let query: Query
    private var problems: [FieldProblem] = []

    /// - Returns: the list, and where its page begins.
    /// - Throws: 400 naming every parameter that is wrong; 409 for a cursor of another list.
    static func read(_ query: Query) throws -> (TaskList, Cursor.Position?) {
        try query.allowOnly(
            "completed", "priority", "tag", "due_from", "due_before", "search", "sort", "order", "limit", "cursor")
        var reader = ListParameters(query: query)
        let list = reader.list()
        let cursor = reader.cursor()
        guard reader.problems.isEmpty else {
            throw Problem(
                400, "invalid_parameter", "Some parameters are not acceptable.", errors: reader.problems)
        }
        if let cursor, cursor.fingerprint != list.fingerprint {
            throw Problem(
                409, "other_list", "The cursor is of a list with other parameters; only limit may change.",
                errors: [
                    FieldProblem(
                        "other_list", "?cursor", "send it with the parameters that it came with, or leave it out")
                ])
        }
        return (list, cursor?.position)
    }

    private init(query: Query) { self.query = query }

    private mutating func list() -> TaskList {
        var list = TaskList()
        if let text = single("completed") {
            switch text {
            case "true": list.completed = true
            case "false": list.completed = false
            default: refuse("completed", "true or false is expected")
            }
        }
        for text in query.all("priority") {
            if let priority = Priority(rawValue: text), !list.priorities.contains(priority) {
                list.priorities.append(priority)
            } else {
                refuse("priority", "one of low, medium, high is expected, each once")
            }
        }
        list.tags = query.all("tag")
        if list.tags.count > TaskLimits.tags
            || list.tags.contains(where: { !Self.isText($0, TaskLimits.tagCharacters) })
        {
            refuse("tag", "at most \(TaskLimits.tags) tags of 1 to \(TaskLimits.tagCharacters) characters are possible")
        }
        list.dueFrom = instant("due_from")
        list.dueBefore = instant("due_before")
        if let text = single("search") {
            if Self.isText(text, TaskLimits.searchCharacters) {
                list.search = text
            } else {
                refuse("search", "1 to \(TaskLimits.searchCharacters) characters are expected, none of them NUL")
            }
        }
        if let text = single("sort") {
            if let order = TaskList.Order(rawValue: text) {
                list.order = order
            } else {
                refuse("sort", "one of due, priority, created is expected")
            }
        }
        list.descending = list.order.isDescendingByDefault
        if let text = single("order") {
            switch text {
            case "asc": list.descending = false
            case "desc": list.descending = true
            default: refuse("order", "asc or desc is expected")
            }
        }
        if let text = single("limit") {
            if let limit = Int(text), Self.limits.contains(limit) {
                list.limit = limit
            } else {
                refuse("limit", "a number from \(Self.limits.lowerBound) to \(Self.limits.upperBound) is expected")
            }
        }
        return list
    }

    private mutating func cursor() -> Cursor? {
        guard let text = single("cursor") else { return nil }
        guard let cursor = Cursor(text) else {
            refuse("cursor", "the next_cursor of an earlier page is expected, as it was given")
            return nil
        }
        return cursor
    }

    private mutating func single(_ name: String) -> String? {
        let values = query.all(name)
        if values.count > 1 { refuse(name, "one value is expected") }
        return values.first
    }

    private mutating func instant(_ name: String) -> Timestamp? {
        guard let text = single(name) else { return nil }
        // A plus that was not escaped arrives as a space.
        guard
            let instant = Timestamp(text.split(separator: " ", omittingEmptySubsequences: false).joined(separator: "+"))
        else {
            refuse(name, "an instant as in RFC 3339 is expected: 2026-03-05T17:00:00Z")
            return nil
        }
        return instant
    }

    private mutating func refuse(_ name: String, _ detail: String) {
        problems.append(FieldProblem("invalid_parameter", "?\(name)", detail))
    }

    private static func isText(_ text: String, _ limit: Int) -> Bool {
        !text.isEmpty && text.unicodeScalars.count <= limit && !text.unicodeScalars.contains("\0")
    }
}
