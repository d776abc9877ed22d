/// Words of a sentence in a row, compared without case and without the signs at their edges.
struct ChatPhrase {
    struct Word {
        let text: String
        /// Lower case, no signs at the edges, straight apostrophes.
        let key: String

        init(_ text: Substring) {
            self.text = String(text)
            var key = text.lowercased()
            key.replace("\u{2019}", with: "'")
            let signs: Set<Character> = [".", ",", "!", "?", ";", ":", "\"", "(", ")"]
            while let last = key.last, signs.contains(last) { key.removeLast() }
            while let first = key.first, signs.contains(first) { key.removeFirst() }
            self.key = key
        }
    }

    let words: ArraySlice<Word>

    private init(_ words: ArraySlice<Word>) { self.words = words }

    init(_ text: String) {
        words = text.split { $0 == " " || $0.isWhitespace && $0.isASCII }.map { Word($0) }[...]
    }

    var isEmpty: Bool { words.allSatisfy { $0.key.isEmpty && $0.text.allSatisfy { ".,!?;:".contains($0) } } }
    var text: String { words.map(\.text).joined(separator: " ") }
    var keys: [String] { words.map(\.key) }

    /// The text without signs that end a sentence, and without quotation marks around all of it.
    var plainText: String {
        var text = self.text
        while let last = text.last, ".!?,;:".contains(last) { text.removeLast() }
        if text.count > 1, text.first == "\"", text.last == "\"" { text = String(text.dropFirst().dropLast()) }
        return text
    }

    /// What follows the first of `phrases` that begins this one; nil when none does.
    func dropping(_ phrases: [String]) -> ChatPhrase? {
        for phrase in phrases {
            let wanted = phrase.split(separator: " ")
            if words.count >= wanted.count, zip(words, wanted).allSatisfy({ $0.key == $1 }) {
                return ChatPhrase(words.dropFirst(wanted.count))
            }
        }
        return nil
    }

    /// What stands before the first of `phrases` that ends this one.
    func droppingEnd(_ phrases: [String]) -> ChatPhrase? {
        for phrase in phrases {
            let wanted = phrase.split(separator: " ")
            if words.count >= wanted.count, zip(words.suffix(wanted.count), wanted).allSatisfy({ $0.key == $1 }) {
                return ChatPhrase(words.dropLast(wanted.count))
            }
        }
        return nil
    }

    /// Before and behind the first (or last) of `phrases` inside; nil when none occurs or nothing stands before it.
    func split(at phrases: [String], last: Bool = false) -> (before: ChatPhrase, behind: ChatPhrase)? {
        let starts = Array(words.indices.dropFirst())
        for start in last ? starts.reversed() : starts {
            if let behind = ChatPhrase(words[start...]).dropping(phrases) {
                return (ChatPhrase(words[..<start]), behind)
            }
        }
        return nil
    }
}
