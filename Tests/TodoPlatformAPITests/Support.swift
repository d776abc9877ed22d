import FoundationEssentials
import KubernetesModel
import TestSupport
import TodoPlatformAPI
import Yams

extension JSON {
    /// Reads one YAML document with another implementation than ours.
    init(yaml text: String) throws {
        self = try Yams.load(yaml: text).map { try JSON(loaded: $0) } ?? .null
    }

    private init(loaded value: Any) throws {
        switch value {
        case let value as Bool: self = .bool(value)
        case let value as Int: self = JSON(value)
        case let value as Double: self = .number(value)
        case let value as String: self = .string(value)
        case let value as [Any]: self = .array(try value.map { try JSON(loaded: $0) })
        case let value as [AnyHashable: Any]:
            var members = JSONObject()
            for (key, member) in value { members[String(describing: key)] = try JSON(loaded: member) }
            self = .object(members)
        default:
            if String(describing: type(of: value)) == "NSNull" {
                self = .null
            } else {
                throw Unreadable(type: "\(type(of: value))")
            }
        }
    }

    struct Unreadable: Error { let type: String }
}

/// A resource with this spec, given as YAML.
func resource(_ spec: String, name: String = "todo") throws -> KubernetesObject {
    try resource(spec.isEmpty ? [:] : JSON(yaml: spec), name: name)
}

func resource(_ spec: JSON, name: String = "todo") -> KubernetesObject {
    KubernetesObject(TodoPlatform.type, namespace: "shop", name: name, body: JSONObject([("spec", spec)]))
}

extension SeededGenerator {
}

extension SeededGenerator {
    /// Text that breaks careless code: quotes, line breaks, syntax, numbers, words with a meaning.
    mutating func hostileText() -> String {
        let pieces = [
            "a", "Z", "0", "7", ".", "-", ":", " ", "#", "\n", "\t", "\r", "\"", "'", "\\", "${x}", "{{x}}", "é", "漢",
            "🙂", "\u{7F}",
            "\u{85}", "\u{2028}", "\u{0}", "\u{1B}", "null", "true", "no", "1e3", "0x1F", "2024-01-01", "- ", "? ",
            ": ", "&a",
            "*a", "!t", "|", ">", "%", "@", "`", "[", "]", "{", "}", ",", "~", "<<", "=",
        ]
        return (0..<Int.random(in: 0...6, using: &self)).map { _ in pieces.randomElement(using: &self) ?? "" }.joined()
    }

    mutating func json(depth: Int = 4) -> JSON {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 7), using: &self) {
        case 0: .null
        case 1: .bool(.random(using: &self))
        case 2: .integer(.random(in: -3...100, using: &self))
        case 3: .integer(.random(in: .min ... .max, using: &self))
        case 4: .number(Double.random(in: -1...1, using: &self) * (Bool.random(using: &self) ? 1e-9 : 1e30))
        case 5, 6: .string(hostileText())
        case 7: .array((0..<Int.random(in: 0...4, using: &self)).map { _ in json(depth: depth - 1) })
        default:
            .object(
                JSONObject(
                    (0..<Int.random(in: 0...4, using: &self)).map { _ in (hostileText(), json(depth: depth - 1)) }))
        }
    }
}
