package import WireValues

/// How a sentence names a task.
package enum TaskReference: Hashable, Sendable {
    /// `task 12`, `#12`.
    case id(Int64)
    /// Words of its title: `the dentist task`. Never empty.
    case words(String)

    package var json: JSON {
        switch self {
        case .id(let id): ["id": .integer(id)]
        case .words(let words): ["words": .string(words)]
        }
    }

    /// For people: `task 12`, `"dentist"`.
    package var text: String {
        switch self {
        case .id(let id): "task \(id)"
        case .words(let words): "\"\(words)\""
        }
    }
}

/// A task that a reference may mean.
package struct ChatCandidate: Hashable, Sendable {
    package let id: Int64
    package let title: String
    package let due: WallTime?
    package let completed: Bool

    package init(id: Int64, title: String, due: WallTime?, completed: Bool) {
        self.id = id
        self.title = title
        self.due = due
        self.completed = completed
    }

    package var json: JSON {
        [
            "id": .integer(id), "title": .string(title), "due_local": due.map { .string($0.text) } ?? .null,
            "completed": .bool(completed),
        ]
    }
}

/// Several tasks that a sentence may mean; the user picks one by its number.
package struct ChatAmbiguity: Hashable, Sendable {
    /// How many are shown.
    package static let maximumCount = 10

    package let reference: TaskReference
    /// The intent's name.
    package let action: String
    /// At most `maximumCount`.
    package let candidates: [ChatCandidate]

    package init(_ reference: TaskReference, action: String, candidates: [ChatCandidate]) {
        self.reference = reference
        self.action = action
        self.candidates = Array(candidates.prefix(Self.maximumCount))
    }

    package var message: String {
        let list = candidates.map { "\($0.id): \($0.title)" }.joined(separator: "; ")
        return "Several tasks match \(reference.text): \(list). Say it again with the number, such as \"task "
            + "\(candidates.first?.id ?? 1)\"."
    }

    package var json: JSON {
        [
            "action": .string(action), "task": reference.json, "candidates": .array(candidates.map(\.json)),
            "message": .string(message),
        ]
    }
}

extension TaskReference {
    /// The tasks that are meant, of the best kind of match that there is: the id; the whole title, but for case, signs and
    /// spaces; all words of the reference in the title; all as beginnings of words.
    ///
    /// - Parameter completed: Of several equal matches those in this state are preferred.
    /// - Returns: one task: that is it. Several: ask. None: there is no such task among them.
    package func best(among tasks: [ChatCandidate], completed: Bool? = nil) -> [ChatCandidate] {
        let found: [ChatCandidate]
        switch self {
        case .id(let id): found = tasks.filter { $0.id == id }
        case .words(let text):
            let wanted = Self.titleWords(text)
            guard !wanted.isEmpty else { return tasks.filter { $0.title == text } }
            let titles = tasks.map { Self.titleWords($0.title) }
            func matching(_ fits: ([String]) -> Bool) -> [ChatCandidate] {
                zip(tasks, titles).filter { fits($0.1) }.map(\.0)
            }
            let kinds: [([String]) -> Bool] = [
                { $0 == wanted },
                { title in wanted.allSatisfy { title.contains($0) } },
                { title in wanted.allSatisfy { word in title.contains { $0.hasPrefix(word) } } },
            ]
            found = kinds.lazy.map(matching).first { !$0.isEmpty } ?? []
        }
        guard found.count > 1, let completed else { return found }
        let preferred = found.filter { $0.completed == completed }
        return preferred.isEmpty ? found : preferred
    }

    private static func titleWords(_ text: String) -> [String] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }
}
