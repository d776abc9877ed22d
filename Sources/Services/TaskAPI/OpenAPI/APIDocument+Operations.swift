import ServiceKit
import WireValues

/// The operations, group by group.
extension APIDocument {
    private static let tasks = "/api/{user_id}/tasks"
    private static let task = "/api/{user_id}/tasks/{id}"
    private static let repeatable = """
        Under an `Idempotency-Key` header (1 to 255 printable ASCII characters), for 24 hours the same request gets the same \
        answer and does nothing more; another request under the same key is refused with 422.
        """
    private static let created = APIResponses.json(
        "The new task.", "Task", example: APIExamples.task, headers: ["ETag", "Location"])

    static var taskOperations: [(path: String, method: Method, operation: JSON)] {
        [
            (
                tasks, .get,
                operation(
                    "listTasks", "tasks", "The user's tasks, page by page",
                    parameters: [
                        "completed", "priority", "tag", "due_from", "due_before", "search", "sort", "order", "limit",
                        "cursor",
                    ],
                    success: [(200, APIResponses.json("A page of tasks.", "TaskPage"))], refusals: [409])
            ),
            (
                tasks, .post,
                operation(
                    "createTask", "tasks", "Make a task", description: repeatable,
                    body: ("TaskInput", APIExamples.newTask), success: [(201, created)])
            ),
            (
                task, .get,
                operation(
                    "getTask", "tasks", "One task",
                    description: "With an ETag in `If-None-Match`, 304 when the task still has that version.",
                    success: [
                        (200, APIResponses.task("The task.")),
                        (304, APIResponses.empty("The task is as If-None-Match says.", headers: ["ETag"])),
                    ], refusals: [404])
            ),
            (
                task, .put,
                operation(
                    "replaceTask", "tasks", "Replace what can be set on a task", parameters: ["scope"],
                    checksVersion: true,
                    body: ("TaskInput", APIExamples.newTask),
                    success: [(200, APIResponses.task("The task afterwards."))],
                    refusals: [404, 409])
            ),
            (
                task, .patch,
                operation(
                    "patchTask", "tasks", "Change some fields of a task", parameters: ["scope"], checksVersion: true,
                    body: ("TaskPatch", APIExamples.patch), success: [(200, APIResponses.task("The task afterwards."))],
                    refusals: [404, 409])
            ),
            (
                task, .delete,
                operation(
                    "deleteTask", "tasks", "Delete a task", description: "Without its open occurrence, a series ends.",
                    checksVersion: true, success: [(204, APIResponses.empty("It is gone."))], refusals: [404])
            ),
            (
                task + "/complete", .post,
                operation(
                    "completeTask", "tasks", "Complete a task",
                    description:
                        "Once or more often: the same. The next occurrence of a repeating task follows by itself.",
                    checksVersion: true, success: [(200, APIResponses.task("The task afterwards."))],
                    refusals: [404])
            ),
            (
                task + "/reopen", .post,
                operation(
                    "reopenTask", "tasks", "Open a completed task again",
                    description: "The next occurrence is withdrawn unless somebody touched it.",
                    checksVersion: true, success: [(200, APIResponses.task("The task afterwards."))],
                    refusals: [404])
            ),
        ]
    }

    static var seriesOperations: [(path: String, method: Method, operation: JSON)] {
        [
            (
                task + "/skip", .post,
                operation(
                    "skipOccurrence", "series", "Move a repeating task to its next time", checksVersion: true,
                    success: [(200, APIResponses.task("The task afterwards."))], refusals: [404, 409])
            ),
            (
                task + "/recurrence", .delete,
                operation(
                    "cancelSeries", "series", "No more occurrences",
                    description: "The open occurrence stays as a task of its own.", checksVersion: true,
                    success: [(200, APIResponses.task("The task afterwards."))], refusals: [404])
            ),
            (
                task + "/recurrence/preview", .get,
                operation(
                    "previewOccurrences", "series", "When a repeating task comes back", parameters: ["count"],
                    success: [(200, APIResponses.json("The next occurrences.", "Occurrences"))], refusals: [404, 409])
            ),
        ]
    }

    static var sentenceOperations: [(path: String, method: Method, operation: JSON)] {
        let quickAdd = [("quickAdd", "/api/{user_id}/quick-add"), ("quickAddTask", "/api/{user_id}/tasks/quick-add")]
        return quickAdd.map { id, path in
            (
                path, .post,
                operation(
                    id, "sentences", "Make a task from one line of English",
                    description: repeatable, parameters: ["dry_run"],
                    body: ("Sentence", APIExamples.sentence),
                    success: [
                        (200, APIResponses.json("With dry_run: how the line is read.", "Reading")),
                        (
                            201,
                            APIResponses.json(
                                "The new task, and how the line was read.", "QuickTask", headers: ["ETag", "Location"])
                        ),
                    ])
            )
        } + [
            (
                "/api/{user_id}/chat", .post,
                operation(
                    "chat", "sentences", "Add, list, complete, change or delete tasks by a sentence",
                    description: repeatable, body: ("ChatMessage", APIExamples.message),
                    success: [(200, APIResponses.json("What was understood, and what came of it.", "ChatAnswer"))],
                    refusals: [404, 409])
            )
        ]
    }

    static var feedOperations: [(path: String, method: Method, operation: JSON)] {
        let settings = "/api/{user_id}/settings"
        let answer = (200, APIResponses.json("The settings.", "SettingsAnswer", example: APIExamples.settings))
        return [
            (
                "/api/{user_id}/changes", .get,
                operation(
                    "listChanges", "feed", "Everything that changed after a number, without gaps",
                    description: """
                        Changes are kept for a while. 410 when some after `since` are not there any more: read all tasks \
                        anew, then go on with the `user_seq` of that answer.
                        """,
                    parameters: ["since", "feed_limit"],
                    success: [(200, APIResponses.json("The changes, in order.", "Feed"))], refusals: [410])
            ),
            (
                settings, .get,
                operation("getSettings", "settings", "The user's settings", success: [answer])
            ),
            (
                settings, .put,
                operation(
                    "replaceSettings", "settings", "Replace the user's settings",
                    body: ("SettingsInput", APIExamples.settings),
                    success: [answer])
            ),
            (
                settings, .patch,
                operation(
                    "patchSettings", "settings", "Change some of the user's settings",
                    body: ("SettingsInput", APIExamples.settingsPatch), success: [answer])
            ),
            (
                "/openapi.json", .get,
                {
                    var own = operation(
                        "getDescription", "description", "This document",
                        success: [(200, APIResponses.json("OpenAPI 3.1.", "Any"))])
                    own["security"] = []
                    own["responses"]?["401"] = nil
                    own["responses"]?["403"] = nil
                    return own
                }()
            ),
        ]
    }
}
