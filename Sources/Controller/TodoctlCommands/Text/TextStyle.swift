/// How text is marked for people: with colours on a terminal, not at all elsewhere.
package struct TextStyle: Sendable {
    private let isColored: Bool

    package init(isColored: Bool) { self.isColored = isColored }

    package static let plain = TextStyle(isColored: false)

    package func good(_ text: String) -> String { marked(text, "32") }
    package func warn(_ text: String) -> String { marked(text, "33") }
    package func bad(_ text: String) -> String { marked(text, "31") }
    package func bold(_ text: String) -> String { marked(text, "1") }
    package func dim(_ text: String) -> String { marked(text, "2") }

    /// SGR sequences of ECMA-48.
    private func marked(_ text: String, _ code: String) -> String {
        isColored && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

/// `1 warning`, `2 warnings`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

extension String {
    /// At least `width` characters wide.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

    /// Without control characters, which a stranger's text could use to rewrite the screen; lines become one.
    var printable: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { scalar in
                    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? " " : scalar
                }))
    }
}
