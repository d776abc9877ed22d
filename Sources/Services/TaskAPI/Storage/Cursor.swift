/// Where the next page of a list begins. Opaque to clients, and good only for the query that it came from.
struct Cursor {
    struct Position: Hashable, Sendable {
        /// Of the column that the list is sorted by.
        let value: Int64
        let id: Int64
    }

    let position: Position
    let fingerprint: String

    init(_ position: Position, of list: TaskList) {
        self.position = position
        fingerprint = list.fingerprint
    }

    /// Four parts in hexadecimal, so that it needs no escapes in a URL.
    var text: String {
        "1-\(fingerprint)-\(Self.hexadecimal(position.value))-\(Self.hexadecimal(position.id))"
    }

    /// - Returns: nil when `text` is none of ours.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "1", parts[1].utf8.count == 8, let value = Self.integer(parts[2]),
            let id = Self.integer(parts[3])
        else { return nil }
        position = Position(value: value, id: id)
        fingerprint = String(parts[1])
    }

    private static func hexadecimal(_ value: Int64) -> String { String(UInt64(bitPattern: value), radix: 16) }

    private static func integer(_ text: Substring) -> Int64? {
        guard !text.hasPrefix("+") else { return nil }
        return UInt64(text, radix: 16).map { Int64(bitPattern: $0) }
    }
}
