import ServiceKit
import TaskDomain
import TaskStorage
import WireValues

/// What users see: their pending reminders, and all of one task.
struct ReminderListing: Sendable {
    private static let limits = 1...200

    let database: any Database
    let look: DeliveryLook

    /// `GET /api/{user_id}/reminders?limit=&cursor=`: pending ones by their instants, in pages.
    func pending(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        try request.query.allowOnly("limit", "cursor")
        let limit = try request.query.integer("limit", default: 50, in: Self.limits)
        let start = try request.query["cursor"].map { try Position($0) } ?? .beginning
        let user = identity.userID
        let rows = try await database.read { transaction in
            try transaction.query(
                """
                SELECT r.task_id, r.reminder_id, r.spec, r.remind_at, r.state, t.title, t.due_at, t.all_day, t.time_zone
                FROM reminders r JOIN reminder_tasks t ON t.task_id = r.task_id
                WHERE r.user_id = $1 AND r.state = 'pending'
                AND (r.remind_at, r.task_id, r.reminder_id) > ($2, $3, $4)
                ORDER BY r.remind_at, r.task_id, r.reminder_id LIMIT $5
                """,
                [
                    .text(user), .integer(start.remindAt), .integer(start.taskID), .integer(start.reminderID),
                    .of(limit + 1),
                ])
        }
        let page = rows.prefix(limit)
        let next = rows.count > limit ? page.last.map { Position($0).text } : nil
        return .json([
            "reminders": .array(try page.map(Self.entry)), "next_cursor": next.map { .string($0) } ?? .null,
        ])
    }

    /// `GET /api/{user_id}/tasks/{id}/reminders`: all of one task, and what became of them.
    func ofTask(_ request: ServiceRequest, _ identity: Identity) async throws -> ServiceResponse {
        try request.query.allowOnly()
        let id = try request.id("id")
        let user = identity.userID
        let rows = try await database.read { transaction in
            try transaction.query(
                """
                SELECT r.task_id, r.reminder_id, r.spec, r.remind_at, r.state, t.title, t.due_at, t.all_day, t.time_zone
                FROM reminder_tasks t LEFT JOIN reminders r ON t.task_id = r.task_id
                WHERE t.task_id = $1 AND t.user_id = $2 AND t.version > 0 ORDER BY r.remind_at, r.reminder_id
                """, [.integer(id), .text(user)])
        }
        guard !rows.isEmpty else { throw Problem.notFound("task of this id among yours") }
        var reminders = try rows.filter { !$0.isNull(0) }.map(Self.entry)
        let events = rows.map { row in
            row.isNull(0) || row.text(4) != TaskReminders.State.fired.rawValue
                ? nil
                : ReminderDue.id(
                    taskID: row.int(0), reminderID: row.int(1), remindAt: Timestamp(microseconds: row.int(3)))
        }
        let outcomes = await look.outcomes(of: events.compactMap(\.self), user: user)
        for (index, event) in events.enumerated() {
            if let outcome = event.flatMap({ outcomes[$0] }) { reminders[index]["state"] = .string(outcome) }
        }
        return .json(["reminders": .array(reminders)])
    }

    private static func entry(_ row: Row) throws -> JSON {
        let spec = try JSON(parsing: row.text(2))
        return [
            "task_id": .integer(row.int(0)), "reminder_id": .integer(row.int(1)), "title": .string(row.text(5)),
            "before": spec["before"] ?? .null, "remind_at": text(row.int(3)), "state": .string(row.text(4)),
            "due_at": row.intOrNil(6).map(text) ?? .null, "all_day": JSON(row.flag(7)),
            "time_zone": .string(row.text(8)),
        ]
    }

    private static func text(_ microseconds: Int64) -> JSON { .string(Timestamp(microseconds: microseconds).shortText) }

    /// Where a page begins: after this reminder.
    private struct Position {
        let remindAt, taskID, reminderID: Int64

        static let beginning = Position(remindAt: .min, taskID: 0, reminderID: 0)

        init(remindAt: Int64, taskID: Int64, reminderID: Int64) {
            self.remindAt = remindAt
            self.taskID = taskID
            self.reminderID = reminderID
        }

        init(_ row: Row) { self.init(remindAt: row.int(3), taskID: row.int(0), reminderID: row.int(1)) }

        init(_ text: String) throws(Problem) {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int64($0) }
            guard parts.count == 3, let remindAt = parts[0], let taskID = parts[1], let reminderID = parts[2] else {
                throw Problem(
                    400, "invalid_parameter", "The parameter cursor is not acceptable.",
                    errors: [
                        FieldProblem("invalid_parameter", "?cursor", "must be the next_cursor of an earlier page")
                    ])
            }
            self.init(remindAt: remindAt, taskID: taskID, reminderID: reminderID)
        }

        /// Needs no escapes in a URL.
        var text: String { "\(remindAt).\(taskID).\(reminderID)" }
    }
}
