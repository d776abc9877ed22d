package import DaprClient
import WireValues

/// The scheduler's side: what Dapr's Jobs API does for one app.
package protocol JobScheduler: Sendable {
    /// Sets a job that fires once, in place of one of that name.
    func set(_ job: ReminderJob) async throws(DaprError)
    /// Deletes a job, if there is one.
    func delete(_ name: String) async throws(DaprError)
    /// Whether it has the job, set with the same data.
    func holds(_ job: ReminderJob) async throws(DaprError) -> Bool
}

extension DaprClient: JobScheduler {
    package func set(_ job: ReminderJob) async throws(DaprError) {
        try await setJob(name: job.name, dueAt: job.remindAt, data: job.data)
    }

    package func delete(_ name: String) async throws(DaprError) { try await deleteJob(name) }

    package func holds(_ job: ReminderJob) async throws(DaprError) -> Bool {
        guard let stored = try await self.job(job.name) else { return false }
        // The scheduler keeps data as a protobuf value and shows it with its type.
        return ReminderJob(data: stored["data"]?["value"] ?? stored["data"] ?? .null) == job
    }
}
