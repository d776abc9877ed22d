import ServiceKit
import TaskDomain
import WireValues

/// The OpenAPI 3.1 description, built from the same limits that requests are checked by. A test holds its paths against the
/// routes.
struct APIDocument {
    let host: String?

    var json: JSON {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "Todo platform: tasks", "version": "1.0.0",
                "description": """
                Tasks with due dates, reminders and recurrence. Every error is a problem document (RFC 9457) that names each \
                field that is wrong. Errors that concern no single operation, such as 405, 408, 429 or 503, are described by \
                the default response.
                """,
            ],
            "servers": [["url": .string(host.map { "https://\($0)" } ?? "/")]],
            "security": [["token": []]],
            "tags": [
                ["name": "tasks", "description": "A user's tasks."],
                ["name": "series", "description": "Tasks that repeat."],
                ["name": "sentences", "description": "Tasks from plain English."],
                ["name": "feed", "description": "What changed since."],
                ["name": "settings", "description": "What holds for all tasks of a user."],
                [
                    "name": "others",
                    "description": "Reminders, notifications and the audit trail, answered by their services.",
                ],
                ["name": "description", "description": "This document."],
            ],
            "paths": paths,
            "components": [
                "securitySchemes": [
                    "token": [
                        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                        "description": "A JWT whose sub is the user_id of the path.",
                    ]
                ],
                "parameters": APIParameters.components, "headers": APIParameters.headers,
                "responses": APIResponses.components, "schemas": APISchemas.components,
            ],
        ]
    }

    /// All operations: path, method, operation.
    static var operations: [(path: String, method: Method, operation: JSON)] {
        taskOperations + seriesOperations + sentenceOperations + feedOperations + forwardedOperations
    }

    private var paths: JSON {
        var paths = JSONObject()
        for (path, method, operation) in Self.operations {
            var item = paths[path] ?? Self.shared(path)
            item[method.rawValue.lowercased()] = operation
            paths[path] = item
        }
        return .object(paths)
    }

    /// The parameters that a path itself has.
    private static func shared(_ path: String) -> JSON {
        var parameters: [JSON] = []
        if path.contains("{user_id}") { parameters.append(APIParameters.reference("user_id")) }
        if path.contains("{id}") { parameters.append(APIParameters.reference("id")) }
        return parameters.isEmpty ? [:] : ["parameters": .array(parameters)]
    }

    /// One operation.
    ///
    /// - Parameters:
    ///   - parameters: names of components.
    ///   - checksVersion: It heeds `If-Match`. Said in words: as a parameter, tools would send tags that no task ever had,
    ///     and take the refusal for a fault.
    ///   - body: the schema of the body by name, with an example.
    ///   - success: statuses and what they answer.
    ///   - refusals: statuses beside 401, 403 and the default.
    static func operation(
        _ id: String, _ tag: String, _ summary: String, description: String? = nil, parameters: [String] = [],
        checksVersion: Bool = false, body: (schema: String, example: JSON)? = nil,
        success: [(status: Int, response: JSON)],
        refusals: [Int] = []
    ) -> JSON {
        var operation: JSON = ["operationId": .string(id), "tags": [.string(tag)], "summary": .string(summary)]
        var sentences = description.map { [$0] } ?? []
        if checksVersion {
            sentences.append(
                "With an ETag in `If-Match`, refused with 412 when the task has another version by now.")
        }
        if !sentences.isEmpty { operation["description"] = .string(sentences.joined(separator: " ")) }
        if !parameters.isEmpty { operation["parameters"] = .array(parameters.map { APIParameters.reference($0) }) }
        if let body {
            operation["requestBody"] = [
                "required": true,
                "content": [
                    "application/json": ["schema": APISchemas.reference(body.schema), "example": body.example]
                ],
            ]
        }
        var responses = JSONObject()
        for (status, response) in success { responses[String(status)] = response }
        var statuses = Set(refusals + [400, 401, 403])
        if checksVersion { statuses.insert(412) }
        if body != nil { statuses.formUnion([413, 415, 422]) }
        for status in statuses.sorted() { responses[String(status)] = APIResponses.reference(status) }
        responses["default"] = APIResponses.reference(nil)
        operation["responses"] = .object(responses)
        return operation
    }
}
