package import TaskStorage
package import WireValues

extension AuditLog {
    /// Which entries of a user are asked for.
    package struct Filter: Sendable, Equatable {
        /// Empty for all.
        package var eventTypes: [String] = []
        package var taskID: Int64?
        /// The first instant.
        package var from: Timestamp?
        /// The instant after the last.
        package var to: Timestamp?

        package init() {}
    }

    /// Where a page ended: its last entry.
    package struct Position: Sendable, Equatable {
        package let occurredAt: Timestamp
        package let taskVersion: Int64
        package let place: Int64

        package init(_ stored: Stored) {
            occurredAt = stored.entry.occurredAt
            taskVersion = stored.entry.taskVersion
            place = stored.place
        }

        /// As a client keeps it.
        package var text: String { "\(occurredAt.microseconds)~\(taskVersion)~\(place)" }

        package init?(_ text: String) {
            let parts = text.split(separator: "~", omittingEmptySubsequences: false)
            let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
            let isWritten = parts.enumerated().allSatisfy { index, part in
                let number = index == 0 && part.hasPrefix("-") ? part.dropFirst() : part
                return (1...18).contains(number.utf8.count) && number.utf8.allSatisfy(digits.contains)
            }
            let numbers = parts.map { Int64($0) }
            guard isWritten, numbers.count == 3, let time = numbers[0], let version = numbers[1], let place = numbers[2]
            else {
                return nil
            }
            occurredAt = Timestamp(microseconds: time)
            taskVersion = version
            self.place = place
        }
    }

    /// Entries by the time of their event, then by task version, at most `limit` after `position`.
    package static func page(
        of userID: String, _ filter: Filter, after position: Position?, limit: Int, in transaction: any Transaction
    ) throws(DatabaseError) -> [Stored] {
        var conditions = ["user_id = $1"]
        var parameters: [SQLValue] = [.text(userID)]
        func add(_ condition: String, _ values: SQLValue...) {
            var condition = condition
            // Each question mark is one more parameter.
            for value in values {
                parameters.append(value)
                if let mark = condition.firstIndex(of: "?") {
                    condition.replaceSubrange(mark...mark, with: "$\(parameters.count)")
                }
            }
            conditions.append(condition)
        }
        if let position {
            add(
                "(occurred_at, task_version, place) > (?, ?, ?)", .integer(position.occurredAt.microseconds),
                .integer(position.taskVersion), .integer(position.place))
        }
        if let from = filter.from { add("occurred_at >= ?", .integer(from.microseconds)) }
        if let to = filter.to { add("occurred_at < ?", .integer(to.microseconds)) }
        if let taskID = filter.taskID { add("task_id = ?", .integer(taskID)) }
        if !filter.eventTypes.isEmpty {
            parameters.append(.list(filter.eventTypes))
            conditions.append("event_type \(transaction.dialect.isInTexts(parameters.count))")
        }
        parameters.append(.of(limit))
        let rows = try transaction.query(
            """
            SELECT \(Stored.columns) FROM audit_entries WHERE \(conditions.joined(separator: " AND "))
            ORDER BY occurred_at, task_version, place LIMIT $\(parameters.count)
            """, parameters)
        return rows.map { Stored($0, userID: userID) }
    }
}
