import NIOHTTP1
import Synchronization
package import WireValues

extension DaprClient {
    /// What happens to a job whose callback fails.
    package enum FailurePolicy: Hashable, Sendable {
        /// Tried again every `interval` (seconds and fractions); `maxRetries` nil: for ever.
        case constant(interval: Duration, maxRetries: Int?)
        case drop
    }

    /// A job as it is set. At least one of `dueTime` and `schedule` is there.
    package struct Job: Sendable {
        /// Of `[a-z0-9-]`, at most 200 characters, so that every runtime takes it.
        package var name: String
        /// RFC 3339 with offset, a Go duration (`90s`) or ISO 8601 (`PT5M`); the past fires at once.
        package var dueTime: String?
        /// Six-field cron, `@every 1m`, `@daily`.
        package var schedule: String?
        package var repeats: Int?
        package var ttl: String?
        /// Comes back as the callback's body. Numbers pass through floating point.
        package var data: JSON = .object(JSONObject())
        /// The runtime's own default gives up after three seconds.
        package var failurePolicy = FailurePolicy.constant(interval: .seconds(10), maxRetries: nil)
        /// Replaces a job of that name.
        package var overwrite = true

        package init(name: String, dueTime: String? = nil, schedule: String? = nil) {
            self.name = name
            self.dueTime = dueTime
            self.schedule = schedule
        }
    }

    package func setJob(_ job: Job) async throws(DaprError) {
        var body = JSONObject()
        body["dueTime"] = job.dueTime.map(JSON.string)
        body["schedule"] = job.schedule.map(JSON.string)
        body["repeats"] = job.repeats.map { JSON($0) }
        body["ttl"] = job.ttl.map(JSON.string)
        body["data"] = job.data
        body["overwrite"] = .bool(job.overwrite)
        switch job.failurePolicy {
        case .drop: body["failurePolicy"] = ["drop": [:]]
        case .constant(let interval, let retries):
            var constant = JSONObject()
            constant["interval"] = .string(Self.seconds(interval))
            constant["maxRetries"] = retries.map { JSON($0) }
            body["failurePolicy"] = ["constant": .object(constant)]
        }
        _ = try await jobs(
            Exchange(
                operation: "set job \(job.name)", method: .POST, path: "/\(job.name.percentEncoded)",
                headers: [("Content-Type", "application/json")], body: JSON.object(body).bytes,
                isRepeatable: job.overwrite))
    }

    /// Sets a job that fires once at `dueAt`, replacing one of that name.
    package func setJob(name: String, dueAt: Timestamp, data: JSON) async throws(DaprError) {
        var job = Job(name: name, dueTime: dueAt.microTime)
        job.data = data
        try await setJob(job)
    }

    /// Removes a job; one that does not exist is no error.
    package func deleteJob(_ name: String) async throws(DaprError) {
        _ = try await jobs(
            Exchange(
                operation: "delete job \(name)", method: .DELETE, path: "/\(name.percentEncoded)", isRepeatable: true))
    }

    /// The job as the scheduler shows it; nil when there is none of that name.
    package func job(_ name: String) async throws(DaprError) -> JSON? {
        let operation = "get job \(name)"
        do {
            return try await jobs(
                Exchange(operation: operation, path: "/\(name.percentEncoded)", isRepeatable: true)
            ).json(operation)
        } catch  where error.isNotFound && !error.isUnknownRoute {
            return nil
        }
    }

    /// `path` is what follows the name of the API.
    private func jobs(_ exchange: Exchange) async throws(DaprError) -> Answer {
        var stable = exchange
        stable.path = "/v1.0/jobs" + exchange.path
        var older = exchange
        older.path = "/v1.0-alpha1/jobs" + exchange.path
        if learned.olderJobs.load(ordering: .relaxed) { return try await call(older) }
        do {
            return try await call(stable)
        } catch  where error.isUnknownRoute {
            let answer: Answer
            do {
                answer = try await call(older)
            } catch {
                if !error.isUnknownRoute { learned.olderJobs.store(true, ordering: .relaxed) }
                throw error
            }
            learned.olderJobs.store(true, ordering: .relaxed)
            return answer
        }
    }

    /// A protobuf duration: seconds only, with at most nine fraction digits.
    static func seconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        guard attoseconds != 0 else { return "\(seconds)s" }
        let digits = String(attoseconds / 1_000_000_000)
        var fraction = String(repeating: "0", count: max(0, 9 - digits.utf8.count)) + digits
        while fraction.last == "0" { fraction.removeLast() }
        return "\(seconds).\(fraction)s"
    }
}
