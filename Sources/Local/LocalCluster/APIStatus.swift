import KubernetesModel

/// A refusal as the API server sends it: the `Status` object of a failed request.
struct APIStatus: Error, Sendable {
    struct Cause: Sendable {
        let reason: String
        let message: String
        let field: String
    }

    var code: Int
    var reason: String
    var message: String
    var kind: String?
    var group: String?
    var name: String?
    var causes: [Cause] = []

    init(
        _ code: Int, _ reason: String, _ message: String, kind: String? = nil, group: String? = nil,
        name: String? = nil, causes: [Cause] = []
    ) {
        self.code = code
        self.reason = reason
        self.message = message
        self.kind = kind
        self.group = group
        self.name = name
        self.causes = causes
    }

    var json: JSON {
        var details = JSONObject()
        if let name { details["name"] = .string(name) }
        if let group, !group.isEmpty { details["group"] = .string(group) }
        if let kind { details["kind"] = .string(kind) }
        if !causes.isEmpty {
            details["causes"] = .array(
                causes.map { cause in
                    var json: JSON = ["reason": .string(cause.reason), "message": .string(cause.message)]
                    if !cause.field.isEmpty { json["field"] = .string(cause.field) }
                    return json
                })
        }
        var json: JSON = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message),
            "reason": .string(reason),
        ]
        if !details.isEmpty { json["details"] = .object(details) }
        json["code"] = JSON(code)
        return json
    }

    /// A path that serves nothing.
    static var noSuchPath: APIStatus {
        APIStatus(404, "NotFound", "the server could not find the requested resource")
    }

    static func badRequest(_ message: String) -> APIStatus { APIStatus(400, "BadRequest", message) }

    static func methodNotAllowed(_ message: String) -> APIStatus { APIStatus(405, "MethodNotAllowed", message) }

    static func expired(_ message: String) -> APIStatus { APIStatus(410, "Expired", message) }

    static func notFound(_ definition: ResourceDefinition, name: String) -> APIStatus {
        APIStatus(
            404, "NotFound", "\(definition.qualifiedName) \"\(name)\" not found", kind: definition.plural,
            group: definition.group, name: name)
    }

    static func alreadyExists(_ definition: ResourceDefinition, name: String) -> APIStatus {
        APIStatus(
            409, "AlreadyExists", "\(definition.qualifiedName) \"\(name)\" already exists", kind: definition.plural,
            group: definition.group, name: name)
    }

    static func conflict(_ definition: ResourceDefinition, name: String, _ why: String) -> APIStatus {
        APIStatus(
            409, "Conflict", "Operation cannot be fulfilled on \(definition.qualifiedName) \"\(name)\": \(why)",
            kind: definition.plural, group: definition.group, name: name)
    }

    static func forbidden(_ definition: ResourceDefinition, name: String, _ why: String) -> APIStatus {
        APIStatus(
            403, "Forbidden", "\(definition.qualifiedName) \"\(name)\" is forbidden: \(why)", kind: definition.plural,
            group: definition.group, name: name)
    }

    /// 422 with one cause for each of `problems`.
    static func invalid(_ definition: ResourceDefinition, name: String, _ problems: [FieldProblem]) -> APIStatus {
        let texts = problems.map { "\($0.field): \($0.message)" }
        let kind = definition.group.isEmpty ? definition.kind : "\(definition.kind).\(definition.group)"
        let what = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        return APIStatus(
            422, "Invalid", "\(kind) \"\(name)\" is invalid: \(what)", kind: definition.kind, group: definition.group,
            name: name, causes: problems.map { Cause(reason: $0.reason, message: $0.message, field: $0.field) })
    }
}

/// One field that validation refused, in the API server's words.
struct FieldProblem: Hashable, Sendable {
    let reason: String
    let field: String
    let message: String

    static func invalid(_ field: String, _ value: JSON, _ why: String) -> FieldProblem {
        FieldProblem(reason: "FieldValueInvalid", field: field, message: "Invalid value: \(shown(value)): \(why)")
    }

    static func required(_ field: String, _ why: String = "") -> FieldProblem {
        FieldProblem(
            reason: "FieldValueRequired", field: field,
            message: why.isEmpty ? "Required value" : "Required value: \(why)")
    }

    static func unsupported(_ field: String, _ value: JSON, _ allowed: [JSON]) -> FieldProblem {
        FieldProblem(
            reason: "FieldValueNotSupported", field: field,
            message: "Unsupported value: \(shown(value)): supported values: "
                + allowed.map(\.text).joined(separator: ", "))
    }

    static func forbidden(_ field: String, _ why: String) -> FieldProblem {
        FieldProblem(reason: "FieldValueForbidden", field: field, message: "Forbidden: \(why)")
    }

    static func tooLong(_ field: String, _ limit: Int) -> FieldProblem {
        FieldProblem(reason: "FieldValueTooLong", field: field, message: "Too long: may not be longer than \(limit)")
    }

    static func tooMany(_ field: String, _ count: Int, _ limit: Int) -> FieldProblem {
        FieldProblem(
            reason: "FieldValueTooMany", field: field, message: "Too many: \(count): must have at most \(limit) items")
    }

    /// Objects and lists are named by their kind only, as the server does.
    private static func shown(_ value: JSON) -> String {
        switch value {
        case .object: "\"object\""
        case .array: "\"array\""
        default: value.text
        }
    }
}
