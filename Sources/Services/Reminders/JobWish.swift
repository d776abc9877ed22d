import TaskDomain
package import TaskStorage
import WireValues

/// What the scheduler is to be asked for. A row of the outbox, written with the change that it follows from, so that it
/// is neither lost nor asked for without the change.
package enum JobWish: Hashable, Sendable {
    case set(ReminderJob)
    case delete(name: String)

    /// The role of such rows; no topic has this name.
    package static let role = "job"

    package var name: String {
        switch self {
        case .set(let job): job.name
        case .delete(let name): name
        }
    }

    /// Wishes about one task are carried out in their order.
    package func row(taskID: Int64) -> OutboxRow {
        let body: JSON =
            switch self {
            case .set(let job): ["set": job.data]
            case .delete(let name): ["delete": .string(name)]
            }
        return OutboxRow(role: Self.role, key: "task-\(taskID)", eventID: name, bytes: body.bytes)
    }

    /// Nil when the bytes are no wish.
    package init?(_ bytes: [UInt8]) {
        // What cannot be read is no wish; the caller says so in the log.
        guard let json = try? JSON(parsing: bytes) else { return nil }
        if let data = json["set"], let job = ReminderJob(data: data) {
            self = .set(job)
        } else if let name = json["delete"]?.string {
            self = .delete(name: name)
        } else {
            return nil
        }
    }
}
