import ServiceKit
import TaskDomain
import WireValues

/// What a request for entries asks for.
struct AuditParameters: Equatable {
    static let limits = 1...200

    var filter = AuditLog.Filter()
    var position: AuditLog.Position?
    var limit = 50

    /// - Throws: `Problem` 400 that names every parameter that is wrong.
    init(_ query: Query) throws {
        try query.allowOnly("event_type", "task_id", "from", "to", "cursor", "limit")
        var reader = Reader(query: query)
        filter.eventTypes = query.all("event_type").map { text in
            let word = text.hasPrefix("task.") ? String(text.dropFirst("task.".count)) : text
            if !AuditEntry.eventTypes.contains(word) {
                reader.refuse("event_type", "one of \(AuditEntry.eventTypes.joined(separator: ", ")) is expected")
            }
            return word
        }
        if filter.eventTypes.count > AuditEntry.eventTypes.count {
            reader.refuse("event_type", "each once is enough")
        }
        filter.taskID = reader.value("task_id", "a whole number from 1 is expected") { text in
            Int64(text).flatMap { (1...9_007_199_254_740_991).contains($0) ? $0 : nil }
        }
        let instant = "an instant as in RFC 3339 is expected: 2026-03-05T17:00:00Z"
        filter.from = reader.value("from", instant, Self.instant)
        filter.to = reader.value("to", instant, Self.instant)
        position = reader.value("cursor", "the next_cursor of an earlier page is expected, as it was given") {
            AuditLog.Position($0)
        }
        limit =
            reader.value("limit", "a number from \(Self.limits.lowerBound) to \(Self.limits.upperBound) is expected") {
                text in
                Int(text).flatMap { Self.limits.contains($0) ? $0 : nil }
            } ?? limit
        try reader.finish()
    }

    /// A plus that was not escaped arrives as a space.
    private static func instant(_ text: String) -> Timestamp? { Timestamp(text.replacing(" ", with: "+")) }
}

/// A place and its link that the caller knows: `place` and `link`, both or neither.
struct VerificationParameters {
    let known: AuditLog.KnownLink?

    /// - Throws: `Problem` 400 that names every parameter that is wrong.
    init(_ query: Query) throws {
        try query.allowOnly("known")
        var reader = Reader(query: query)
        known = reader.value("known", "a place, a colon and its link of 64 hexadecimal digits are expected") { text in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].utf8.count <= 15, parts[0].utf8.allSatisfy(Self.digits.contains),
                let place = Int64(parts[0]), parts[1].utf8.count == 64,
                parts[1].utf8.allSatisfy({ Self.digits.contains($0) || Self.letters.contains($0) })
            else { return nil }
            return AuditLog.KnownLink(place: place, link: String(parts[1]))
        }
        try reader.finish()
    }

    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    private static let letters = UInt8(ascii: "a")...UInt8(ascii: "f")
}

/// Collects what is wrong with parameters.
private struct Reader {
    let query: Query
    private var problems: [FieldProblem] = []

    init(query: Query) { self.query = query }

    /// The one value of `name`, read by `read`; nil when there is none, or it is refused.
    mutating func value<Value>(_ name: String, _ expected: String, _ read: (String) -> Value?) -> Value? {
        let values = query.all(name)
        guard let text = values.first else { return nil }
        guard values.count == 1 else {
            refuse(name, "one value is expected")
            return nil
        }
        guard let value = read(text) else {
            refuse(name, expected)
            return nil
        }
        return value
    }

    mutating func refuse(_ name: String, _ detail: String) {
        problems.append(FieldProblem("invalid_parameter", "?\(name)", detail))
    }

    func finish() throws {
        guard problems.isEmpty else {
            throw Problem(400, "invalid_parameter", "The query is not acceptable.", errors: problems)
        }
    }
}
