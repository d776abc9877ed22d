/// Where we are in a resource while reading or checking it.
enum PathComponent: Sendable {
    case key(String)
    case index(Int)
}

extension [PathComponent] {
    /// `spec.messaging.kafka.brokers[0]`; keys that are no plain words in brackets and quotes.
    var text: String {
        var text = ""
        for component in self {
            switch component {
            case .index(let index): text += "[\(index)]"
            case .key(let key):
                let isWord =
                    !key.isEmpty && key.utf8.allSatisfy { Format.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
                // Keys of maps come from strangers: bounded, and no line breaks in our messages.
                text += isWord ? (text.isEmpty ? key : ".\(key)") : "[\(key.prefix(100).debugDescription)]"
            }
        }
        return text
    }
}

/// Collects what is wrong while values are read from JSON.
struct Reader {
    private var path: [PathComponent]
    private(set) var problems: [Problem] = []

    /// More problems than this are not collected: nobody reads them, and a hostile resource must not fill the memory.
    static let maximumProblems = 100

    init(at path: [PathComponent] = []) { self.path = path }

    mutating func descend(_ component: PathComponent, _ body: (inout Reader) -> Void) {
        path.append(component)
        body(&self)
        path.removeLast()
    }

    mutating func report(_ message: String, _ remedy: String, severity: Problem.Severity = .error) {
        guard problems.count < Self.maximumProblems else { return }
        problems.append(Problem(path: path.text, message: message, remedy: remedy, severity: severity))
    }

    mutating func reportUnknown(_ key: String, known: [String]) {
        descend(.key(key)) { reader in
            let near = known.map { ($0, $0.editDistance(to: key)) }.min { $0.1 < $1.1 }
            let remedy =
                if let near, near.1 <= 2 { "did you mean \"\(near.0)\"?" } else {
                    "remove it, or use one of \(known.joined(separator: ", "))"
                }
            reader.report("no such field", remedy, severity: .warning)
        }
    }
}

/// Collects what is wrong while values are checked against bounds and rules.
struct Checker {
    private var path: [PathComponent]
    private(set) var problems: [Problem] = []
    /// Paths of values that could not be read. Rules above them would complain about the default in their place.
    private let unread: [String]

    init(at path: [PathComponent] = [], unread: [String] = []) {
        self.path = path
        self.unread = unread
    }

    mutating func descend(_ component: PathComponent, _ body: (inout Checker) -> Void) {
        path.append(component)
        body(&self)
        path.removeLast()
    }

    mutating func report(_ message: String, _ remedy: String) {
        guard problems.count < Reader.maximumProblems else { return }
        let text = path.text
        // The value in place of an unreadable one is a default, and none of its author's making.
        guard !unread.contains(where: { Self.isPath(text, within: $0) }) else { return }
        problems.append(Problem(path: text, message: message, remedy: remedy))
    }

    mutating func reportRule(_ message: String, _ remedy: String) {
        let text = path.text
        guard !unread.contains(where: { Self.isPath($0, within: text) }) else { return }
        report(message, remedy)
    }

    private static func isPath(_ path: String, within outer: String) -> Bool {
        guard path.hasPrefix(outer) else { return false }
        let next = path.utf8.dropFirst(outer.utf8.count).first
        return next == nil || next == UInt8(ascii: ".") || next == UInt8(ascii: "[")
    }
}

extension String {
    /// How many letters must be inserted, removed or replaced to get `other` (Levenshtein); 99 for long texts.
    func editDistance(to other: String) -> Int {
        let left = Array(utf8)
        let right = Array(other.utf8)
        guard left.count <= 64, right.count <= 64 else { return 99 }
        var previous = Array(0...right.count)
        for (row, a) in left.enumerated() {
            var current = [row + 1]
            for (column, b) in right.enumerated() {
                current.append(
                    Swift.min(previous[column + 1] + 1, current[column] + 1, previous[column] + (a == b ? 0 : 1)))
            }
            previous = current
        }
        return previous.last ?? 0
    }
}
