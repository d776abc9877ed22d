import TaskDomain

/// The parameters after `?`, decoded, in their order.
package struct Query: Sendable {
    /// More parameters than this are refused.
    static let maximumCount = 100

    package let items: [(name: String, value: String)]

    /// - Throws: `Problem` 400 for escapes that are broken, or too many parameters.
    package init(_ text: Substring?) throws(Problem) {
        var items: [(name: String, value: String)] = []
        for part in (text ?? "").split(separator: "&") {
            let mark = part.firstIndex(of: "=") ?? part.endIndex
            let value = mark == part.endIndex ? "" : part[part.index(after: mark)...]
            guard let name = PercentEncoding.decoded(part[..<mark], isForm: true),
                let value = PercentEncoding.decoded(value, isForm: true)
            else {
                throw Problem(400, "malformed_query", "The query has an escape that is broken or no UTF-8.")
            }
            items.append((name, value))
            guard items.count <= Self.maximumCount else {
                throw Problem(400, "malformed_query", "The query has more than \(Self.maximumCount) parameters.")
            }
        }
        self.items = items
    }

    /// The first value of `name`; nil when there is none.
    package subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    /// Every value of `name`.
    package func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    /// The names that occur.
    package var names: Set<String> { Set(items.map(\.name)) }

    /// Refuses parameters that the route does not know, so that a misspelt filter is not silently none.
    package func allowOnly(_ known: String...) throws(Problem) {
        let unknown = names.subtracting(known).sorted()
        guard unknown.isEmpty else {
            throw Problem(
                400, "unknown_parameter",
                known.isEmpty
                    ? "This path takes no parameters." : "Known parameters are \(known.joined(separator: ", ")).",
                errors: unknown.map { .init("unknown_parameter", "?\($0)", "is not known here") })
        }
    }

    /// An integer parameter.
    /// - Throws: `Problem` 400 when it is there and no integer within `range`.
    package func integer(
        _ name: String, default fallback: Int, in range: ClosedRange<Int>
    ) throws(Problem) -> Int {
        guard let text = self[name] else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            throw Problem(
                400, "invalid_parameter", "The parameter \(name) is not acceptable.",
                errors: [
                    .init(
                        "invalid_parameter", "?\(name)",
                        "must be an integer from \(range.lowerBound) to \(range.upperBound)")
                ])
        }
        return value
    }
}
