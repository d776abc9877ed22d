import KubernetesModel
import Yams

/// YAML for tests: golden files are written for people, samples and CRDs are read.
enum YAMLText {
    /// The documents of `text` as JSON values; empty documents are left out.
    static func documents(_ text: String) throws -> [JSON] {
        try Yams.compose_all(yaml: text).map(JSON.init(yaml:)).filter { !$0.isNull }
    }
}

extension JSON {
    init(yaml node: Node) {
        switch node {
        case .mapping(let mapping):
            var members = JSONObject()
            for (key, value) in mapping { members[key.string ?? ""] = JSON(yaml: value) }
            self = .object(members)
        case .sequence(let sequence): self = .array(sequence.map(JSON.init(yaml:)))
        case .scalar(let scalar):
            guard scalar.style == .plain || scalar.style == .any else {
                self = .string(scalar.string)
                return
            }
            switch scalar.string {
            case "", "~", "null": self = .null
            case "true": self = .bool(true)
            case "false": self = .bool(false)
            default:
                if let integer = Int64(scalar.string) {
                    self = .integer(integer)
                } else if let number = Double(scalar.string),
                    scalar.string.utf8.contains(where: { $0 < 0x3A && $0 > 0x2F })
                {
                    self = .number(number)
                } else {
                    self = .string(scalar.string)
                }
            }
        case .alias: self = .null
        }
    }
}
