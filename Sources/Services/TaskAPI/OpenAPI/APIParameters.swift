import TaskDomain
import WireValues

/// Parameters and headers, by name.
enum APIParameters {
    static func reference(_ name: String) -> JSON { ["$ref": .string("#/components/parameters/\(name)")] }

    private static func query(_ name: String, _ description: String, _ schema: JSON, key: String? = nil) -> (
        String, JSON
    ) {
        (key ?? name, ["name": .string(name), "in": "query", "description": .string(description), "schema": schema])
    }

    private static func path(_ name: String, _ description: String, _ schema: JSON, _ example: JSON) -> (String, JSON) {
        (
            name,
            [
                "name": .string(name), "in": "path", "required": true, "description": .string(description),
                "schema": schema, "example": example,
            ]
        )
    }

    static func text(_ limit: Int) -> JSON {
        ["type": "string", "minLength": 1, "maxLength": JSON(limit), "not": ["type": "string", "pattern": "\\u0000"]]
    }

    static var components: JSON {
        let paths: [(String, JSON)] = [
            path(
                "user_id", "The token's user.",
                ["type": "string", "minLength": 1], "user-7"),
            path("id", "An id.", ["type": "integer", "minimum": 1, "maximum": 9_007_199_254_740_991], 123),
        ]
        let others: [(String, JSON)] = [

            query("completed", "Only tasks that are done, or that are not.", ["type": "boolean"]),
            query(
                "priority", "Only tasks of one of these priorities.",
                [
                    "type": "array", "maxItems": 3, "uniqueItems": true,
                    "items": ["enum": ["low", "medium", "high"]],
                ]),
            query(
                "tag", "Only tasks with all of these tags.",
                [
                    "type": "array", "maxItems": JSON(TaskLimits.tags), "items": text(TaskLimits.tagCharacters),
                ]),
            query("due_from", "Only tasks due at this instant or later.", APISchemas.instant),
            query("due_before", "Only tasks due before this instant.", APISchemas.instant),
            query(
                "search", "Only tasks with this text in the title or in a tag, in any case.",
                text(TaskLimits.searchCharacters)),
            query(
                "sort", "What to sort by. Tasks without a due come last.",
                ["enum": ["due", "priority", "created"], "default": "created"]),
            query(
                "order", "The direction; unless named, ascending by due and descending by all else.",
                ["enum": ["asc", "desc"]]),
            query(
                "limit", "How many at most.", ["type": "integer", "minimum": 1, "maximum": 200, "default": 50]),
            query(
                "limit", "How many at most.", ["type": "integer", "minimum": 1, "maximum": 500, "default": 100],
                key: "feed_limit"),
            query(
                "cursor", "The `next_cursor` of the page before; good only with the same parameters.",
                ["type": "string", "pattern": "^1-[0-9a-f]{8}-[0-9a-f]{1,16}-[0-9a-f]{1,16}$"]),
            query(
                "scope",
                "How far a change of the due of a repeating task reaches: only this occurrence, or all that follow, too.",
                ["enum": ["this", "future"], "default": "this"]),
            query(
                "count", "How many occurrences.",
                ["type": "integer", "minimum": 1, "maximum": 50, "default": 5]),
            query(
                "since", "The last `user_seq` that is known; 0 for everything.",
                ["type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991, "default": 0]),
            query(
                "dry_run", "Only say how the sentence is read; make nothing.", ["type": "boolean", "default": false]),
        ]
        return .object(JSONObject(paths + others))
    }

    static var headers: JSON {
        [
            "ETag": [
                "description": "The task's version.", "required": true,
                "schema": ["type": "string", "pattern": "^\"[1-9][0-9]*\"$"],
            ],
            "Location": [
                "description": "The path of the new task.", "required": true, "schema": ["type": "string"],
            ],
        ]
    }
}
