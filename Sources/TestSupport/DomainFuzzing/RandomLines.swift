import TestKit

/// Lines for the reader of sentences: words that mean something and words that do not, joined at random.
package struct RandomLines: Sendable {
    private var generator: SeededGenerator

    package init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// A line with at least one character that is no white space, of at most a few hundred.
    package mutating func next() -> String {
        var line = ""
        for _ in 0..<Int.random(in: 1...14, using: &generator) {
            line += Self.pieces.randomElement(using: &generator) ?? ""
            line += Self.joints.randomElement(using: &generator) ?? ""
        }
        return line.contains { !$0.isWhitespace } ? line : "x"
    }

    /// A line that begins as a chat command does.
    package mutating func command() -> String { (Self.openings.randomElement(using: &generator) ?? "") + " " + next() }

    /// Any text at all: random bytes repaired to UTF-8, and a few scalars from the whole of Unicode.
    package mutating func noise() -> String {
        let bytes = (0..<Int.random(in: 1...80, using: &generator)).map { _ in
            UInt8.random(in: .min ... .max, using: &generator)
        }
        var line = String(decoding: bytes, as: UTF8.self)
        for _ in 0..<5 {
            if let scalar = Unicode.Scalar(UInt32.random(in: 1...0x10_FFFF, using: &generator)) {
                line.unicodeScalars.append(scalar)
            }
        }
        return line + " tomorrow"
    }

    private static let openings = [
        "add", "add task", "add tag", "show", "show my", "what's", "how many", "find", "mark", "complete", "reopen",
        "skip",
        "delete", "remove the due date of", "change the due date of", "set priority of", "move", "postpone", "rename",
        "tag",
        "make", "repeat", "stop repeating", "remind me",
    ]
    private static let joints = Array(repeating: " ", count: 14) + ["", ", ", "  ", "-", ": ", ". ", "/", "\t"]
    private static let pieces = """
        add|task|create|a|new|please|remind|me|to|call|Ann|milk|#home|#Work|#1|tagged|tags:|and|with|high|low|priority|p1|\
        !high|!2|no|reminder|reminders|1h|15|m|minutes|before|early|every|each|every!|other|second|2|3|two|days|weeks|month|\
        months|hour|weekday|weekend|daily|weekly|monthly|on|the|of|1st|15th|31st|last|day|monday|tue|fri|sat|jan|27|may|5|\
        march|until|till|for|4|times|starting|from|after|completion|done|today|tomorrow|tonight|this|next|morning|evening|\
        night|end|eow|in|half|an|due|by|at|noon|5pm|17:30|5:30|pm|2026-03-05|25/9|5/6|@|"two words"|"|\\today|it's|é|日本|🎉|\
        ٣|…|(|)|!|?|;|show|my|tasks|mark|as|complete|delete|change|date|set|rename|move|reopen|skip|what's|overdue|12|#12|all|
        """.split(separator: "|").map(String.init)
}
