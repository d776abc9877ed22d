import WireValues

/// What operations answer.
enum APIResponses {
    private static let problems: [(status: Int, name: String, description: String)] = [
        (400, "BadRequest", "The request cannot be read, or a parameter is not acceptable."),
        (401, "Unauthorized", "No token, or none that counts."),
        (403, "Forbidden", "The token is another user's than the path names."),
        (404, "NotFound", "There is no such thing, or it is another user's."),
        (409, "Conflict", "The task's state does not allow it."),
        (410, "Gone", "Some of it is not kept any more; `user_seq` is where to go on when all tasks were read anew."),
        (412, "PreconditionFailed", "The task has another version than If-Match names."),
        (413, "TooLarge", "The body is too long."),
        (415, "UnsupportedMediaType", "The body is no JSON by its Content-Type."),
        (422, "Invalid", "The body can be read but not accepted; `errors` names every field."),
        (502, "BadGateway", "Another service refused to do its share."),
        (503, "Unavailable", "Something that is needed does not answer now; try again."),
    ]

    static func reference(_ status: Int?) -> JSON {
        let name = problems.first { $0.status == status }?.name ?? "Problem"
        return ["$ref": .string("#/components/responses/\(name)")]
    }

    static var components: JSON {
        var members = JSONObject()
        for (_, name, description) in problems { members[name] = problem(description) }
        members["Problem"] = problem("Anything else that went wrong.")
        return .object(members)
    }

    private static func problem(_ description: String) -> JSON {
        [
            "description": .string(description),
            "content": ["application/problem+json": ["schema": APISchemas.reference("Problem")]],
        ]
    }

    /// An answer in JSON.
    static func json(_ description: String, _ schema: String, example: JSON? = nil, headers: [String] = []) -> JSON {
        var content: JSON = ["schema": APISchemas.reference(schema)]
        if let example { content["example"] = example }
        var response: JSON = ["description": .string(description), "content": ["application/json": content]]
        if !headers.isEmpty {
            response["headers"] = .object(
                JSONObject(headers.map { ($0, ["$ref": .string("#/components/headers/\($0)")]) }))
        }
        return response
    }

    static func task(_ description: String) -> JSON {
        json(description, "Task", example: APIExamples.task, headers: ["ETag"])
    }

    static func empty(_ description: String, headers: [String] = []) -> JSON {
        var response: JSON = ["description": .string(description)]
        if !headers.isEmpty {
            response["headers"] = .object(
                JSONObject(headers.map { ($0, ["$ref": .string("#/components/headers/\($0)")]) }))
        }
        return response
    }
}
