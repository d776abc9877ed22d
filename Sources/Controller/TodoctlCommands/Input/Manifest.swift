package import KubernetesModel
import Yams

/// One object of a YAML or JSON text, with where its fields stand.
package struct Manifest: Sendable {
    /// The file's name, `-` for standard input.
    package let source: String
    package let object: KubernetesObject
    /// The line where the object starts, from 1.
    package let line: Int
    /// Lines by path, written as in `Problem.path`.
    fileprivate let lines: [String: Int]

    /// The line of `path`, or of the nearest field around it that is in the text.
    package func line(of path: String) -> Int {
        var path = path[...]
        while !path.isEmpty {
            if let line = lines[String(path)] { return line }
            guard let cut = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { break }
            path = path[..<cut]
        }
        return line
    }

    /// The same object in `namespace`.
    func moved(to namespace: String) -> Manifest {
        var object = object
        object.json[path: ["metadata", "namespace"]] = .string(namespace)
        return Manifest(source: source, object: object, line: line, lines: lines)
    }

    /// `a.yaml:12`.
    package func place(of path: String = "") -> String { "\(source):\(path.isEmpty ? line : line(of: path))" }
}

extension Manifest {
    /// The objects of a stream of YAML documents (JSON is part of YAML), read as kubectl reads them. Empty documents
    /// are left out, a `List` is taken apart.
    ///
    /// - Throws: with source and line, for what is no YAML, holds a key twice, or is no object.
    package static func read(_ text: String, source: String) throws(CommandError) -> [Manifest] {
        var manifests: [Manifest] = []
        for node in try nodes(text, source: source) {
            var conversion = Conversion(source: source)
            let json = try conversion.json(node, path: "", depth: 0)
            if json.isNull { continue }
            guard json.object != nil else {
                throw CommandError(
                    "\(source):\(node.mark?.line ?? 1): this document is no object",
                    remedy: "a manifest has apiVersion, kind and metadata")
            }
            let line = node.mark?.line ?? 1
            if json["kind"]?.string?.hasSuffix("List") == true, let items = json["items"]?.array {
                for (index, item) in items.enumerated() {
                    let prefix = "items[\(index)]."
                    let lines = conversion.lines.filter { $0.key.hasPrefix(prefix) }
                    manifests.append(
                        Manifest(
                            source: source, object: KubernetesObject(item),
                            line: conversion.lines["items[\(index)]"] ?? line,
                            lines: Dictionary(
                                uniqueKeysWithValues: lines.map { (String($0.key.dropFirst(prefix.count)), $0.value) }))
                    )
                }
            } else {
                manifests.append(
                    Manifest(source: source, object: KubernetesObject(json), line: line, lines: conversion.lines))
            }
        }
        return manifests
    }

    private static func nodes(_ text: String, source: String) throws(CommandError) -> [Node] {
        do {
            let parser = try Parser(yaml: text)
            var nodes: [Node] = []
            while let node = try parser.nextRoot() { nodes.append(node) }
            return nodes
        } catch let error as YamlError {
            throw CommandError(source: source, error)
        } catch {
            throw CommandError("\(source): \(error)", remedy: "write it as YAML")
        }
    }
}

extension CommandError {
    fileprivate init(source: String, _ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let around = context.map { " \($0.text)" } ?? ""
            self.init(
                "\(source):\(mark.line): no valid YAML: \(problem)\(around)", remedy: "look at indentation and quotes")
        case .reader(let problem, _, _, _):
            self.init("\(source): no valid YAML: \(problem)", remedy: "write it in UTF-8")
        case .duplicatedKeysInMapping(let keys, let context):
            self.init(
                "\(source):\(context.mark.line): the key \(keys.joined(separator: ", ")) occurs twice",
                remedy: "keep one of them")
        default: self.init("\(source): no valid YAML", remedy: "look at indentation and quotes")
        }
    }
}

/// Turns YAML nodes into JSON as kubectl does, and notes the line of every field.
private struct Conversion {
    let source: String
    private(set) var lines: [String: Int] = [:]
    private var count = 0

    /// Aliases can make a short text huge.
    private static let maximumNodes = 200_000

    init(source: String) { self.source = source }

    mutating func json(_ node: Node, path: String, depth: Int) throws(CommandError) -> JSON {
        count += 1
        guard count <= Self.maximumNodes, depth <= JSON.maximumDepth else {
            throw error(node, "the text is too large or nested too deeply", "split it, and use fewer aliases")
        }
        switch node {
        case .scalar(let scalar): return try json(scalar, node)
        case .sequence(let sequence):
            var elements: [JSON] = []
            for (index, element) in sequence.enumerated() {
                let place = "\(path)[\(index)]"
                lines[place] = element.mark?.line
                elements.append(try json(element, path: place, depth: depth + 1))
            }
            return .array(elements)
        case .mapping(let mapping):
            var members = JSONObject()
            for (key, value) in mapping {
                if key.scalar?.style == .plain, key.scalar?.string == "<<", value.scalar == nil {
                    try merge(value, into: &members, path: path, depth: depth)
                    continue
                }
                let name = try self.key(key)
                let place = Self.path(path, name)
                lines[place] = key.mark?.line
                members[name] = try json(value, path: place, depth: depth + 1)
            }
            return .object(members)
        case .alias: throw error(node, "an alias without an anchor", "write the value out")
        }
    }

    /// `<<`: the members of another mapping, or of several, of which the first counts most.
    private mutating func merge(_ node: Node, into members: inout JSONObject, path: String, depth: Int)
        throws(CommandError)
    {
        let merged = try json(node, path: path, depth: depth + 1)
        for mapping in (merged.array ?? [merged]).reversed() {
            guard let object = mapping.object else {
                throw error(node, "<< takes a mapping or a list of mappings", "write the fields out")
            }
            for (key, value) in object { members[key] = value }
        }
    }

    private func key(_ node: Node) throws(CommandError) -> String {
        guard let scalar = node.scalar else { throw error(node, "a key must be text", "write it as \"name: value\"") }
        switch try json(scalar, node) {
        case .string(let text): return text
        case .bool(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .number: return scalar.string
        case .null, .array, .object: throw error(node, "a key must be text", "put it in quotes")
        }
    }

    private func json(_ scalar: Node.Scalar, _ node: Node) throws(CommandError) -> JSON {
        let tag = scalar.tag.rawValue
        let isText = scalar.style != .plain && scalar.style != .any
        switch tag {
        case "" where isText, Tag.Name.str.rawValue, Tag.Name.nonSpecific.rawValue: return .string(scalar.string)
        case Tag.Name.binary.rawValue:
            throw error(node, "the tag !!binary is not supported", "write the text itself")
        default: break
        }
        guard let value = YAMLScalar.json(plain: scalar.string) else {
            throw error(node, "\(scalar.string) is no number that JSON can hold", "put it in quotes, or give a number")
        }
        return value
    }

    private func error(_ node: Node, _ what: String, _ remedy: String) -> CommandError {
        CommandError("\(source):\(node.mark?.line ?? 1): \(what)", remedy: remedy)
    }

    /// As `Problem.path` writes it.
    private static func path(_ parent: String, _ key: String) -> String {
        let isWord =
            !key.isEmpty
            && key.utf8.allSatisfy {
                ($0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z"))
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
            }
        return isWord ? (parent.isEmpty ? key : "\(parent).\(key)") : "\(parent)[\(key.prefix(100).debugDescription)]"
    }
}
