import ServiceKit
import TaskDomain

/// What `If-Match` asks for (RFC 9110, 13.1.1): the versions that the sender knows.
enum Precondition: Hashable, Sendable {
    case none
    /// `*`: that the task is there.
    case exists
    case versions([Int])

    /// - Throws: 400 when the header is no list of entity tags.
    init(_ header: String?) throws {
        guard let header else {
            self = .none
            return
        }
        if header.allSatisfy({ $0 == " " }) || header == "*" {
            self = header == "*" ? .exists : .none
            return
        }
        // A tag of another form than ours is a tag of a state that the task never had: it matches nothing.
        self = .versions(try EntityTag.list(header, "If-Match").compactMap { $0.isWeak ? nil : $0.version })
    }

    /// - Throws: 412 when the task is not as the sender knows it.
    func check(_ version: Int) throws {
        if case .versions(let known) = self, !known.contains(version) {
            throw Problem(
                412, "version_mismatch", "The task has version \(version) by now; read it again and repeat the change.",
                headers: [("ETag", EntityTag.text(version))])
        }
    }
}

/// Entity tags of tasks: the version in quotes.
struct EntityTag {
    let isWeak: Bool
    /// nil when it is no tag of ours.
    let version: Int?

    static func text(_ version: Int) -> String { "\"\(version)\"" }

    /// - Throws: 400 when `header` is no list of entity tags.
    static func list(_ header: String, _ name: String) throws -> [EntityTag] {
        try header.split(separator: ",").map { part in
            var text = part.drop { $0 == " " || $0 == "\t" }
            while text.last == " " || text.last == "\t" { text.removeLast() }
            let isWeak = text.hasPrefix("W/")
            if isWeak { text = text.dropFirst(2) }
            guard text.utf8.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else {
                throw Problem(
                    400, "malformed_header", "\(name) is no list of entity tags.",
                    errors: [.init("malformed_header", name, "an ETag in its quotes is expected: \"3\"")])
            }
            return EntityTag(isWeak: isWeak, version: Int(text.dropFirst().dropLast()))
        }
    }

    /// Whether `If-None-Match` names the version: then a reader has it already.
    static func isKnown(_ version: Int, _ header: String?) throws -> Bool {
        guard let header, !header.isEmpty else { return false }
        return try header == "*" || list(header, "If-None-Match").contains { $0.version == version }
    }
}
