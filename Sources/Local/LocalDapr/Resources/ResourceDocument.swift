import WireValues
import Yams

/// One YAML document of a resource file, as a Kubernetes object.
struct ResourceDocument: Sendable {
    /// The file, for messages.
    let source: String
    let json: JSON

    var kind: String { json["kind"]?.string ?? "" }
    var apiVersion: String { json["apiVersion"]?.string ?? "" }
    var name: String { json[path: ["metadata", "name"]]?.string ?? "" }
    var namespace: String? { json[path: ["metadata", "namespace"]]?.string }
    var spec: JSON { json["spec"] ?? .object(JSONObject()) }
    var place: String { "\(source): \(kind) \(name)" }
    /// App ids that may use it; empty: all.
    var scopes: [String] { json["scopes"]?.array?.compactMap(\.string) ?? [] }

    func isVisible(to appID: String) -> Bool { scopes.isEmpty || scopes.contains(appID) }

    /// The objects of a stream of YAML documents. Empty documents are left out, a `List` is taken apart.
    static func read(_ text: String, source: String) throws -> [ResourceDocument] {
        var documents: [ResourceDocument] = []
        let parser = try Parser(yaml: text)
        while let node = try next(parser, source: source) {
            let json = try json(node, depth: 0)
            guard json.object != nil else {
                if json.isNull { continue }
                throw ResourceError(source, "line \(node.mark?.line ?? 1): this document is no object")
            }
            if json["kind"]?.string?.hasSuffix("List") == true, let items = json["items"]?.array {
                documents += items.map { ResourceDocument(source: source, json: $0) }
            } else {
                documents.append(ResourceDocument(source: source, json: json))
            }
        }
        return documents
    }

    private static func next(_ parser: Parser, source: String) throws -> Node? {
        do {
            return try parser.nextRoot()
        } catch {
            throw ResourceError(source, "not readable as YAML: \(error)")
        }
    }

    /// A YAML document as one JSON value, for files that are no Kubernetes objects.
    static func value(_ text: String, source: String) throws -> JSON {
        let parser = try Parser(yaml: text)
        guard let node = try next(parser, source: source) else { return .null }
        return try json(node, depth: 0)
    }

    private static func json(_ node: Node, depth: Int) throws -> JSON {
        guard depth < JSON.maximumDepth else {
            throw ResourceError("YAML", "nested deeper than \(JSON.maximumDepth) levels")
        }
        switch node {
        case .scalar(let scalar):
            guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
            switch scalar.string {
            case "", "~", "null", "Null", "NULL": return .null
            case "true", "True", "TRUE": return .bool(true)
            case "false", "False", "FALSE": return .bool(false)
            default: break
            }
            if let integer = Int64(scalar.string) { return .integer(integer) }
            if scalar.string.first.map({ $0.isNumber || "+-.".contains($0) }) == true,
                let number = Double(scalar.string),
                number.isFinite
            {
                return .number(number)
            }
            return .string(scalar.string)
        case .sequence(let sequence): return .array(try sequence.map { try json($0, depth: depth + 1) })
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, value) in mapping { object[key.scalar?.string ?? ""] = try json(value, depth: depth + 1) }
            return .object(object)
        case .alias: throw ResourceError("YAML", "aliases are not read here: write the value out")
        }
    }
}

extension JSON {
    /// A scalar as the text that Dapr's metadata makes of it; nil for null, arrays and objects.
    var scalarText: String? {
        switch self {
        case .string(let text): text
        case .bool(let value): value ? "true" : "false"
        case .integer, .number: text
        case .null, .array, .object: nil
        }
    }
}
