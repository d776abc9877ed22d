import KubernetesModel

/// Which objects a list or watch asks for.
struct Selector: Sendable {
    private enum Requirement: Sendable {
        case isIn(String, Set<String>)
        case isNotIn(String, Set<String>)
        case exists(String)
        case isAbsent(String)
    }

    private var requirements: [Requirement] = []
    /// Path (`metadata.name`) and value; negated when the last member is false.
    private var fields: [(path: [String], value: String, isEqual: Bool)] = []

    var isEmpty: Bool { requirements.isEmpty && fields.isEmpty }

    /// - Throws: `APIStatus` 400 for what cannot be read or is not supported.
    init(labels: String?, fields: String?) throws(APIStatus) {
        if let labels, !labels.isEmpty { requirements = try Self.requirements(labels) }
        for term in (fields ?? "").split(separator: ",") {
            let isNegated = term.contains("!=")
            let parts = term.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw .badRequest("invalid field selector: \(term)") }
            var path = String(parts[0])
            var value = String(parts[1])
            if isNegated { path.removeLast() }
            if value.hasPrefix("=") { value.removeFirst() }
            self.fields.append((path.split(separator: ".").map(String.init), value, !isNegated))
        }
    }

    func matches(_ object: JSON) -> Bool {
        for field in fields where (object[path: field.path]?.string == field.value) != field.isEqual { return false }
        guard !requirements.isEmpty else { return true }
        let labels = object["metadata"]?["labels"]
        return requirements.allSatisfy { requirement in
            switch requirement {
            case .isIn(let key, let values): labels?[key]?.string.map(values.contains) ?? false
            case .isNotIn(let key, let values): !(labels?[key]?.string.map(values.contains) ?? false)
            case .exists(let key): labels?[key] != nil
            case .isAbsent(let key): labels?[key] == nil
            }
        }
    }

    private static func requirements(_ text: String) throws(APIStatus) -> [Requirement] {
        var result: [Requirement] = []
        for term in terms(text) {
            if let range = term.firstRange(of: "!=") {
                result.append(.isNotIn(trimmed(term[..<range.lowerBound]), [trimmed(term[range.upperBound...])]))
            } else if let range = term.firstRange(of: "==") ?? term.firstRange(of: "=") {
                result.append(.isIn(trimmed(term[..<range.lowerBound]), [trimmed(term[range.upperBound...])]))
            } else if term.last == ")", let open = term.firstIndex(of: "(") {
                let words = term[..<open].split(separator: " ").map(String.init)
                let values = term[term.index(after: open)...].dropLast().split(separator: ",").map { trimmed($0) }
                switch words.count == 2 ? words[1] : "" {
                case "in": result.append(.isIn(words[0], Set(values)))
                case "notin": result.append(.isNotIn(words[0], Set(values)))
                default: throw .badRequest("unable to parse requirement: \(term)")
                }
            } else if term.first == "!" {
                result.append(.isAbsent(trimmed(term.dropFirst())))
            } else {
                result.append(.exists(trimmed(term[...])))
            }
        }
        return result
    }

    /// Splits at commas outside parentheses.
    private static func terms(_ text: String) -> [String] {
        var result: [String] = [""]
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 { result.append("") } else { result[result.count - 1].append(character) }
        }
        return result.map { trimmed($0[...]) }.filter { !$0.isEmpty }
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
