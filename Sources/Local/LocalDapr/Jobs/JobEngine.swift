import Logging
import SQLite
import Synchronization
import WireValues

/// Keeps jobs in the state file and calls the apps when they are due.
final class JobEngine: Sendable {
    /// What the app said.
    enum Answer: Sendable {
        case done
        case failed(String)
    }

    private struct State {
        var queue = JobQueue()
        var targets: [String: [(instance: String, call: @Sendable (Job) async throws -> Answer)]] = [:]
        var nextTarget = 0
        var lastCreated = Timestamp(microseconds: 0)
    }

    private let store: Store
    private let time: TimeSource
    private let logger: Logger
    private let state = Mutex(State())
    private let changed = Pulse()

    /// How late a jump of the wall clock may be noticed.
    private static let longestSleep = Duration.seconds(1)

    init(store: Store, time: TimeSource, logger: Logger) throws {
        self.store = store
        self.time = time
        self.logger = logger
        let rows = try store.readAtStart { connection in
            try connection.query("SELECT app, name, definition, created, due, tick, attempts, runs FROM jobs")
        }
        for row in rows {
            let key = Job.Key(app: row.text(0), name: row.text(1))
            let definition = try JobDefinition(stored: try JSON(parsing: row.text(2)))
            var job = try Job(key: key, definition: definition, created: Timestamp(microseconds: row.int(3)))
            job.due = Timestamp(microseconds: row.int(4))
            job.tick = Timestamp(microseconds: row.int(5))
            job.attempts = Int(row.int(6))
            job.runs = Int(row.int(7))
            state.withLock { state in
                state.queue.set(job)
                state.lastCreated = max(state.lastCreated, job.created)
            }
        }
    }

    // MARK: What apps ask for

    private struct AlreadyExists: Error {}

    /// - Throws: `JobDefinition.Refusal`; what the database says.
    func create(_ key: Job.Key, _ definition: JobDefinition) async throws {
        let now = time.now()
        let created = state.withLock { state in
            let next = Timestamp(microseconds: state.lastCreated.microseconds + 1)
            state.lastCreated = max(now, next)
            return state.lastCreated
        }
        let job = try Job(key: key, definition: definition, created: created, now: now)
        let text = definition.json(name: key.name).text
        do {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                store.submit { connection in
                    if !definition.overwrite,
                        !(try connection.query(
                            "SELECT 1 FROM jobs WHERE app = $1 AND name = $2", [.text(key.app), .text(key.name)]
                        ).isEmpty)
                    {
                        throw AlreadyExists()
                    }
                    try connection.execute(
                        """
                        INSERT OR REPLACE INTO jobs (app, name, definition, created, due, tick, attempts, runs)
                        VALUES ($1, $2, $3, $4, $5, $6, 0, 0)
                        """,
                        [
                            .text(key.app), .text(key.name), .text(text), .integer(job.created.microseconds),
                            .integer(job.due.microseconds), .integer(job.tick.microseconds),
                        ])
                } completion: { [self] result in
                    // In the order of the commits, which is the order of the store's thread.
                    if case .success = result {
                        state.withLock { $0.queue.set(job) }
                        changed.raise()
                    }
                    continuation.resume(with: result)
                }
            }
        } catch is AlreadyExists {
            throw JobDefinition.Refusal(
                status: 409, code: "DAPR_SCHEDULER_SCHEDULE_JOB",
                message:
                    "failed to schedule job due to: rpc error: code = AlreadyExists desc = job already exists: \(key.name)"
            )
        }
    }

    func delete(_ key: Job.Key) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            store.submit { connection in
                try connection.execute(
                    "DELETE FROM jobs WHERE app = $1 AND name = $2", [.text(key.app), .text(key.name)])
            } completion: { [self] result in
                if case .success = result { state.withLock { $0.queue.remove(key) } }
                continuation.resume(with: result)
            }
        }
    }

    func job(_ key: Job.Key) -> Job? { state.withLock { $0.queue[key] } }
    func names(of app: String) -> [String] { state.withLock { $0.queue.names(of: app) } }

    /// Whether all that was due so far has been called and has answered.
    var isSettled: Bool {
        let now = time.now()
        return state.withLock { state in !state.queue.isRunning && (state.queue.nextDue().map { $0 > now } ?? true) }
    }

    /// Makes a job due now. - Returns: whether there is one.
    func fire(_ key: Job.Key) -> Bool {
        let now = time.now()
        let found = state.withLock { state in
            guard var job = state.queue[key] else { return false }
            job.due = min(job.due, now)
            state.queue.set(job)
            return true
        }
        if found { changed.raise() }
        return found
    }

    // MARK: Apps that can be called

    func connect(app: String, instance: String, _ call: @escaping @Sendable (Job) async throws -> Answer) {
        state.withLock { state in
            state.targets[app, default: []].removeAll { $0.instance == instance }
            state.targets[app, default: []].append((instance, call))
            state.queue.setActive(app, true)
        }
        changed.raise()
    }

    func disconnect(app: String, instance: String) {
        state.withLock { state in
            state.targets[app, default: []].removeAll { $0.instance == instance }
            if state.targets[app, default: []].isEmpty { state.queue.setActive(app, false) }
        }
    }

    // MARK: Running

    /// Calls apps until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let seen = changed.count
                let now = time.now()
                let (starting, due) = state.withLock { state in (state.queue.take(at: now), state.queue.nextDue()) }
                for job in starting { group.addTask { await self.run(job) } }
                guard let due else {
                    await changed.wait(beyond: seen)
                    continue
                }
                let wait = due.since(time.now())
                if wait > .zero { await changed.wait(beyond: seen, limit: min(wait, Self.longestSleep), time) }
            }
            group.cancelAll()
        }
    }

    private func run(_ job: Job) async {
        let target = state.withLock { state -> (@Sendable (Job) async throws -> Answer)? in
            guard let targets = state.targets[job.key.app], !targets.isEmpty else { return nil }
            state.nextTarget &+= 1
            return targets[state.nextTarget % targets.count].call
        }
        guard let target else {
            // The last one went away just now: the job stays as it is until one comes back.
            _ = state.withLock { $0.queue.finish(job, next: job) }
            return
        }
        let next: Job?
        do {
            switch try await target(job) {
            case .done: next = job.afterTick
            case .failed(let reason):
                next = job.afterFailure
                logger.warning(
                    "a job failed",
                    metadata: [
                        "app": "\(job.key.app)", "job": "\(job.key.name)", "attempt": "\(job.attempts + 1)",
                        "reason": "\(reason)",
                        "next": "\(next?.due.rfc3339 ?? "never")",
                    ])
            }
        } catch {
            return  // Cancelled: it is called again after the next start.
        }
        if state.withLock({ $0.queue.finish(job, next: next) }) { keep(job, next: next) }
        changed.raise()
    }

    /// Nobody waits for it: what a crash loses of it is done once more.
    private func keep(_ job: Job, next: Job?) {
        store.submit { connection in
            let key: [SQLValue] = [.text(job.key.app), .text(job.key.name), .integer(job.created.microseconds)]
            guard let next else {
                try connection.execute("DELETE FROM jobs WHERE app = $1 AND name = $2 AND created = $3", key)
                return
            }
            try connection.execute(
                "UPDATE jobs SET due = $4, tick = $5, attempts = $6, runs = $7 WHERE app = $1 AND name = $2 AND created = $3",
                key + [
                    .integer(next.due.microseconds), .integer(next.tick.microseconds), .integer(Int64(next.attempts)),
                    .integer(Int64(next.runs)),
                ])
        } completion: { [logger] result in
            if case .failure(let error) = result {
                logger.error(
                    "a job's progress cannot be stored", metadata: ["job": "\(job.key.name)", "error": "\(error)"])
            }
        }
    }
}
