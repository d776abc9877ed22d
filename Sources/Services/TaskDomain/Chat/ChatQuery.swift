package import WireValues

/// Which tasks a sentence asks to see.
package struct ChatQuery: Hashable, Sendable {
    package enum Sort: String, CaseIterable, Sendable { case due, priority, created }

    /// False: open ones, unless the sentence says otherwise. Nil: all.
    package var completed: Bool? = false
    package var priorities: [QuickAddPriority] = []
    /// Lower case.
    package var tags: [String] = []
    /// Local dates, both inclusive.
    package var dueFrom: CivilDate?
    package var dueTo: CivilDate?
    /// Due before now, all-day ones before today.
    package var isOverdue = false
    /// False: only tasks without a due.
    package var hasDue: Bool?
    /// In titles and tags.
    package var search: String?
    package var sort: Sort?
    package var isDescending = false
    /// 1 to 100.
    package var limit: Int?
    /// "how many": the number is the answer.
    package var isCount = false

    package init() {}

    package var json: JSON {
        var json: JSON = ["completed": completed.map { .bool($0) } ?? .null]
        if !priorities.isEmpty { json["priority"] = JSON(priorities.map(\.rawValue)) }
        if !tags.isEmpty { json["tags"] = JSON(tags) }
        if let dueFrom { json["due_from"] = .string(dueFrom.text) }
        if let dueTo { json["due_to"] = .string(dueTo.text) }
        if isOverdue { json["overdue"] = true }
        if let hasDue { json["has_due"] = .bool(hasDue) }
        if let search { json["search"] = .string(search) }
        if let sort { json["sort"] = .string((isDescending ? "-" : "") + sort.rawValue) }
        if let limit { json["limit"] = JSON(limit) }
        if isCount { json["count"] = true }
        return json
    }
}
