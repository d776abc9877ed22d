import WireValues

/// A member of a request: not there, null, or a value.
package enum Given<Value> {
    case absent
    case null
    case value(Value)

    package var value: Value? {
        if case .value(let value) = self { value } else { nil }
    }

    package var isAbsent: Bool {
        if case .absent = self { true } else { false }
    }
}

extension Given: Sendable where Value: Sendable {}
extension Given: Equatable where Value: Equatable {}
extension Given: Hashable where Value: Hashable {}

/// Reads the members of a request's object and gathers what is wrong with them.
struct InputReader {
    private let object: JSONObject
    private(set) var problems: [FieldProblem] = []

    /// - Parameters:
    ///   - known: The names that may stand in it.
    ///   - readOnly: Names that we answer with but do not take.
    /// - Throws: when `json` is no object: then there is nothing more to say.
    init(_ json: JSON, known: [String], readOnly: [String] = []) throws(FieldProblems) {
        guard let object = json.object else {
            throw FieldProblems([FieldProblem("wrong_type", "", "a JSON object is expected")])
        }
        self.object = object
        for name in object.keys where !known.contains(name) {
            if readOnly.contains(name) {
                refuse("read_only", Self.pointer(name), "\(name) cannot be set; leave it out")
            } else {
                refuse(
                    "unknown_field", Self.pointer(name),
                    "there is no such field; known are \(known.joined(separator: ", "))")
            }
        }
    }

    mutating func refuse(_ code: String, _ field: String, _ detail: String) {
        problems.append(FieldProblem(code, field, detail))
    }

    mutating func refuse(_ problem: FieldProblem) { problems.append(problem) }

    /// - Throws: when anything was wrong.
    func finish() throws(FieldProblems) {
        if !problems.isEmpty { throw FieldProblems(problems) }
    }

    func has(_ name: String) -> Bool { object[name] != nil }

    subscript(name: String) -> Given<JSON> {
        guard let value = object[name] else { return .absent }
        return value.isNull ? .null : .value(value)
    }

    mutating func refuseNull(_ name: String) {
        if case .null = self[name] { refuse("wrong_type", "/\(name)", "\(name) cannot be null") }
    }

    /// A text without limits of its own.
    mutating func text(_ name: String) -> Given<String> {
        switch self[name] {
        case .absent: return .absent
        case .null: return .null
        case .value(.string(let text)): return .value(text)
        case .value:
            refuse("wrong_type", "/\(name)", "\(name) must be a string")
            return .absent
        }
    }

    mutating func boolean(_ name: String) -> Given<Bool> {
        switch self[name] {
        case .absent: return .absent
        case .null: return .null
        case .value(.bool(let value)): return .value(value)
        case .value:
            refuse("wrong_type", "/\(name)", "\(name) must be true or false")
            return .absent
        }
    }

    mutating func word<Word: RawRepresentable & CaseIterable>(_ name: String, _: Word.Type) -> Given<Word>
    where Word.RawValue == String {
        switch text(name) {
        case .absent: return .absent
        case .null: return .null
        case .value(let text):
            if let word = Word(rawValue: text) { return .value(word) }
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            refuse("not_allowed", "/\(name)", "one of \(words) is expected")
            return .absent
        }
    }

    /// A text of at most `limit` code points without control characters.
    ///
    /// - Parameter multiline: Tabs and line ends are fine.
    mutating func checked(_ text: String, _ pointer: String, limit: Int, multiline: Bool) -> String? {
        var count = 0
        for scalar in text.unicodeScalars {
            count += 1
            let isSpace = scalar.value == 9 || scalar.value == 10 || scalar.value == 13
            if scalar.value < 0x20 && !(multiline && isSpace) || scalar.value == 0x7F {
                refuse("invalid_characters", pointer, "control characters cannot stand here")
                return nil
            }
        }
        guard count <= limit else {
            refuse("too_long", pointer, "\(count) characters; at most \(limit) are possible")
            return nil
        }
        return text
    }

    /// An instant in RFC 3339 within the years that tasks may lie in.
    mutating func instant(_ name: String) -> Given<Timestamp> {
        switch text(name) {
        case .absent: return .absent
        case .null: return .null
        case .value(let text):
            guard let instant = Timestamp(text) else {
                refuse("invalid_instant", "/\(name)", "an instant as in RFC 3339 is expected: 2026-03-05T17:00:00Z")
                return .absent
            }
            return .value(instant)
        }
    }

    /// `time_zone`: an IANA name that this machine has the rules of.
    mutating func timeZone() -> Given<TimeZoneRules> {
        switch text("time_zone") {
        case .absent: return .absent
        case .null: return .null
        case .value(let name):
            guard name.utf8.count <= TaskLimits.timeZoneCharacters, let zone = TimeZoneRules.named(name) else {
                refuse("unknown_time_zone", "/time_zone", "an IANA name is expected: Europe/Berlin, UTC")
                return .absent
            }
            return .value(zone)
        }
    }

    /// A list of reminders, each in any of the forms that are accepted.
    mutating func reminders(_ name: String) -> Given<[ReminderSpec]> {
        switch self[name] {
        case .absent: return .absent
        case .null: return .null
        case .value(.array(let items)):
            guard items.count <= TaskLimits.reminders else {
                refuse("too_many", "/\(name)", "\(items.count) reminders; at most \(TaskLimits.reminders) are possible")
                return .absent
            }
            var specs: [ReminderSpec] = []
            for (index, item) in items.enumerated() {
                do throws(FieldProblem) {
                    let spec = try ReminderSpec(json: item)
                    if case .at(let instant) = spec, !Self.isInRange(instant) {
                        refuse(
                            "out_of_range", "/\(name)/\(index)/remind_at", "only the years 1970 to 2199 are possible")
                    }
                    specs.append(spec)
                } catch { refuse(error.under("/\(name)/\(index)")) }
            }
            return .value(specs)
        case .value:
            refuse("wrong_type", "/\(name)", "\(name) must be a list")
            return .absent
        }
    }

    static func isInRange(_ instant: Timestamp) -> Bool {
        // 1970-01-01 up to, not including, 2200-01-01.
        (0..<7_258_118_400).contains(instant.seconds)
    }

    /// A name as a step of a JSON pointer (RFC 6901).
    static func pointer(_ name: String) -> String {
        var result = "/"
        for scalar in name.unicodeScalars.prefix(100) {
            switch scalar {
            case "~": result += "~0"
            case "/": result += "~1"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
