import KubernetesModel

/// A value of a YAML text, before scalars get a type.
///
/// Kubeconfig fields say themselves whether they hold text: `token: 1234` is the token "1234". So a scalar keeps its text,
/// and only `json` guesses types.
enum YAMLNode: Hashable, Sendable {
    /// `isPlain`: written without quotes and not as a block, so that it may mean null, a number or a truth value.
    case scalar(String, isPlain: Bool)
    case sequence([YAMLNode])
    /// In the order of the text; keys are unique.
    case mapping([Member])

    struct Member: Hashable, Sendable {
        let key: String
        let value: YAMLNode
    }

    static let null = YAMLNode.scalar("", isPlain: true)

    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = self else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// The member `key`; nil when this is no mapping, or the member is missing or null.
    subscript(key: String) -> YAMLNode? {
        guard case .mapping(let members) = self, let value = members.first(where: { $0.key == key })?.value,
            !value.isNull
        else { return nil }
        return value
    }

    var text: String? {
        if case .scalar(let text, _) = self, !isNull { text } else { nil }
    }

    var elements: [YAMLNode]? {
        if case .sequence(let elements) = self { elements } else { nil }
    }

    var members: [Member]? {
        if case .mapping(let members) = self { members } else { nil }
    }

    var bool: Bool? {
        guard case .scalar(let text, isPlain: true) = self else { return nil }
        switch text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: return nil
        }
    }

    /// The value as JSON; plain scalars get the type that YAML's core schema gives them.
    var json: JSON {
        switch self {
        case .sequence(let elements): .array(elements.map(\.json))
        case .mapping(let members): .object(JSONObject(members.map { ($0.key, $0.value.json) }))
        case .scalar(let text, isPlain: false): .string(text)
        case .scalar(let text, isPlain: true):
            if isNull {
                .null
            } else if let bool {
                .bool(bool)
            } else if let integer = Int64(text) {
                .integer(integer)
            } else if text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }), let number = Double(text),
                number.isFinite
            {
                .number(number)
            } else {
                .string(text)
            }
        }
    }
}

/// Why a text was refused.
struct YAMLError: Error, Hashable, CustomStringConvertible {
    /// From 1.
    let line: Int
    let reason: String

    var description: String { "line \(line): \(reason)" }
}
