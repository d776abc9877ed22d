/// A piece of a sentence: a word with what touches it, a sign, or a literal stretch.
struct Token: Sendable {
    enum Kind: UInt8, Sendable {
        /// Letters, or a letter and a digit (`p1`); `term` says whether the reader knows them.
        case word
        /// ASCII digits: `a`.
        case number
        /// `5pm`, `15th`, `2h`: `a` and the suffix in `term`.
        case quantity
        /// `17:30`, `5:30pm`: hour `a`, minute `b`; `term` is a meridiem when one is written to it.
        case clock
        /// `2026-03-05`: year `a`, month `b`, day `c`.
        case isoDate
        /// `25/9/2026`: `a`, `b`, and the year `c` or 0.
        case slashDate
        /// `#work`, `#"two words"`.
        case tag
        /// `!high`, `!1`: the level in `term.value`.
        case mark
        /// Words and numbers that something touches; never recognised.
        case text
        /// `"two words"`, with its marks.
        case quoted
        /// `\word`, with its mark.
        case escaped
        /// `-`, `--`, `–`, `—`.
        case dash
        /// One sign of ASCII: `a`.
        case sign
        /// Anything else.
        case symbol
    }

    enum Role: UInt8, Sendable {
        case text
        /// Recognised, but the caller wants it to stay.
        case held
        /// Belongs to a recognised part and leaves the title.
        case part
        /// Belongs to the command opening: leaves the title, but nothing leans on it.
        case command
    }

    var kind: Kind
    var role: Role = .text
    /// White space stands in front.
    var isSpaced: Bool
    var term: Term = .none
    var a: Int32 = 0
    var b: Int32 = 0
    var c: Int32 = 0
    /// Offsets into the UTF-8.
    var start: Int32
    var end: Int32
    /// Offsets in code points.
    var firstPoint: Int32 = 0
    var lastPoint: Int32 = 0

    func isSign(_ character: Unicode.Scalar) -> Bool { kind == .sign && a == Int32(character.value) }

    /// A sign that may close a sentence or a clause.
    var isClosing: Bool {
        switch kind {
        case .dash: true
        case .sign:
            switch Unicode.Scalar(UInt8(truncatingIfNeeded: a)) {
            case ".", ",", ";", ":", "!", "?", ")", "]", "}", "\"": true
            default: false
            }
        default: false
        }
    }
}
