import WireValues

/// Why a consumer cannot use an event.
package enum EventProblem: Error, Hashable, Sendable {
    /// It cannot be read and never will be: drop it, so that it goes to the dead letters.
    case malformed(String)
    /// A type that this reader does not know, perhaps of a newer release: not an error; pass over it.
    case unknownType(String)
}

extension EventProblem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let what): "unreadable event: \(what)"
        case .unknownType(let type): "unknown event type \(type)"
        }
    }
}

/// Reads members of an event's `data`, each failure naming the member.
struct EventReader {
    let object: JSON

    init(_ data: JSON) throws(EventProblem) {
        guard data.object != nil else { throw .malformed("data is no object") }
        object = data
    }

    /// The member, with null the same as absent.
    subscript(name: String) -> JSON? {
        guard let value = object[name], !value.isNull else { return nil }
        return value
    }

    func text(_ name: String) throws(EventProblem) -> String {
        guard let text = self[name]?.string, !text.isEmpty else { throw .malformed("\(name) is no text") }
        return text
    }

    func optionalText(_ name: String) throws(EventProblem) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.string else { throw .malformed("\(name) is no text") }
        return text
    }

    func integer(_ name: String, from minimum: Int = 1) throws(EventProblem) -> Int {
        guard let value = self[name]?.int, value >= minimum, value < 1 << 53 else {
            throw .malformed("\(name) is no integer from \(minimum)")
        }
        return value
    }

    func optionalInteger(_ name: String, from minimum: Int = 0) throws(EventProblem) -> Int? {
        self[name] == nil ? nil : try integer(name, from: minimum)
    }

    func instant(_ name: String) throws(EventProblem) -> Timestamp {
        guard let instant = self[name]?.string.flatMap({ Timestamp($0) }) else {
            throw .malformed("\(name) is no instant")
        }
        return instant
    }

    func optionalInstant(_ name: String) throws(EventProblem) -> Timestamp? {
        self[name] == nil ? nil : try instant(name)
    }
}
