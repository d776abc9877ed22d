internal import WireValues

/// Chat: a sentence that adds, lists, completes, changes or deletes tasks.
///
/// A grammar, not a model: the same sentence, time and settings always mean the same, and a sentence that fits no form is
/// answered with a question instead of a guess. Dates, repetitions and the like are read by quick-add, so both understand
/// the same phrases. Entry point: `Chat.parse`; the caller turns the intent into calls.
package enum Chat {
    /// Reads one sentence.
    ///
    /// - Parameter now: The user's wall time.
    /// - Throws: `text_required` or `text_too_long`, as quick-add does. Every other sentence has an intent, if only `unclear`.
    package static func parse(
        _ text: String, now: WallTime, settings: QuickAddSettings = QuickAddSettings()
    ) throws(FieldProblem) -> ChatIntent {
        // Quick-add knows the limits.
        let whole = try QuickAdd.parse(text, now: now, settings: settings)
        let reader = ChatReader(text, now: now, settings: settings)
        return reader.intent() ?? reader.unknown(whole)
    }
}

/// Reads a sentence by trying its forms one after the other. Forms live in extensions, by what they do.
struct ChatReader {
    let now: WallTime
    let settings: QuickAddSettings
    /// Without courtesies.
    let sentence: ChatPhrase

    init(_ text: String, now: WallTime, settings: QuickAddSettings) {
        self.now = now
        self.settings = settings
        var phrase = ChatPhrase(text)
        while let rest = phrase.dropping(Self.courtesies), !rest.isEmpty { phrase = rest }
        while let rest = phrase.droppingEnd(Self.endings), !rest.isEmpty { phrase = rest }
        sentence = phrase
    }

    private static let courtesies = [
        "please", "hey", "hi", "hello", "ok", "okay", "can you", "could you", "would you", "will you", "i want you to",
        "i'd like you to", "i want to", "i'd like to", "i would like to", "let's", "just", "also", "and",
    ]
    private static let endings = ["please", "thanks", "thank you"]

    func intent() -> ChatIntent? {
        tagging(sentence) ?? reminding(sentence) ?? seriesEnd(sentence) ?? adding() ?? completion(sentence)
            ?? deletion(sentence) ?? change(sentence) ?? listing(sentence)
    }

    // MARK: Adding

    private func adding() -> ChatIntent? {
        if let task = quickAdd(sentence), task.spans.contains(where: { $0.kind == .command }) { return added(task) }
        if let rest = sentence.dropping(["remind me about", "remind me of", "remind me that"]) {
            return quickAdd(rest).map(added)
        }
        guard
            let rest = sentence.dropping([
                "add new", "add", "create", "new task", "new todo", "new", "todo", "i need to", "i have to", "i must",
                "i've got to", "remember to", "don't let me forget to", "remind me", "schedule",
            ])
        else { return nil }
        if rest.isEmpty { return missing(.missingValue, ["intent": "add"], "a new task, but not what is to be done") }
        let title = rest.droppingEnd(Self.listEndings("to")) ?? rest
        return quickAdd(title).map(added)
    }

    private func added(_ task: QuickAddResult) -> ChatIntent {
        guard task.warnings.contains(.titleFromInput), !task.spans.isEmpty else { return .add(task) }
        return missing(
            .missingValue, ["intent": "add", "reading": task.json], "a new task and when, but not what is to be done"
        )
    }

    static func listEndings(_ preposition: String) -> [String] {
        ["my list", "the list", "my tasks", "my todo list", "my to-do list", "my task list"].map {
            "\(preposition) \($0)"
        }
    }

    // MARK: Parts that forms share

    func quickAdd(_ phrase: ChatPhrase) -> QuickAddResult? { quickAdd(phrase.text) }

    /// Nil only for text without a word.
    func quickAdd(_ text: String) -> QuickAddResult? {
        try? QuickAdd.parse(text, now: now, settings: settings)  // its limits were checked with the sentence
    }

    /// The task that a phrase names, or what is wrong with it.
    func reference(_ phrase: ChatPhrase) -> Result<TaskReference, Unclear> {
        var rest = phrase
        while rest.words.first?.text.hasPrefix("\"") != true,
            let next = rest.dropping(["the", "my", "this", "that", "a", "an"]), !next.isEmpty
        {
            rest = next
        }
        rest = rest.droppingEnd(["from", "off", "on"].flatMap { Self.listEndings($0) }) ?? rest
        let isQuoted = rest.words.first?.text.hasPrefix("\"") ?? false
        if !isQuoted, let named = rest.dropping(Self.introductions), !named.isEmpty {
            rest = named
        } else if !isQuoted, let named = rest.droppingEnd(Self.nouns), !named.isEmpty {
            rest = named
        }
        let text = rest.plainText
        let keys = rest.keys
        let pronouns = ["it", "one", "this", "that"] + Self.nouns
        if text.isEmpty || !isQuoted && keys.count == 1 && pronouns.contains(keys[0]) { return .failure(.missing) }
        if let id = Self.id(text) { return .success(.id(id)) }
        let numbers = keys.filter { Self.id($0) != nil }
        if numbers.count > 1, keys.allSatisfy({ Self.id($0) != nil || $0 == "and" || $0.isEmpty }) {
            return .failure(.several)
        }
        let several: Set = ["all", "everything", "them", "these", "those", "every"]
        if !isQuoted, let first = keys.first, several.contains(first) { return .failure(.several) }
        return .success(.words(text))
    }

    enum Unclear: Error { case missing, several }

    static let nouns = ["task", "todo", "to-do", "item", "reminder"]

    /// `task called`, `task number`, `task`.
    private static let introductions = nouns.flatMap { noun in
        ["called", "named", "titled", "number", "no", "id"].map { "\(noun) \($0)" } + [noun]
    }

    /// `12`, `#12`.
    static func id(_ text: String) -> Int64? {
        let digits = text.hasPrefix("#") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ isDigit($0) }) else { return nil }
        return Int64(digits)
    }

    /// The intent for the task that `phrase` names, or the question which one.
    func withTask(_ phrase: ChatPhrase, _ name: String, _ intent: (TaskReference) -> ChatIntent) -> ChatIntent {
        switch reference(phrase) {
        case .success(let task): return intent(task)
        case .failure(.missing):
            return missing(.missingTask, ["intent": .string(name)], "\(Self.described(name)), but not which task")
        case .failure(.several):
            return missing(
                .oneAtATime, ["intent": .string(name)],
                "\(Self.described(name)) for several tasks at once, which is not offered: name one task in each sentence"
            )
        }
    }
}
