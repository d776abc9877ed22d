import Synchronization
import WireValues

extension LocalDapr {
    /// The API port of the first instance with this app id; 0 before it listens.
    package func port(of app: String) -> Int { machine.instances(of: app).first?.port ?? 0 }
    package func port(ofInstance name: String) -> Int { machine.sidecars.first { $0.name == name }?.port ?? 0 }
    package var adminPort: Int { adminPortFound.withLock { $0 } }
    /// Every instance: its name, app id and API port.
    package var instances: [(name: String, app: String, daprPort: Int)] {
        machine.sidecars.map { ($0.name, $0.appID, $0.port) }
    }

    /// Tells where an app listens that was not there before.
    package func attach(instance name: String, appPort: Int) {
        machine.sidecars.first { $0.name == name }?.app.attach(port: appPort)
    }

    /// A port that nobody listens on at the moment, for apps that must know theirs before they start.
    package static func freePort() throws -> Int { try PortProbe.free() }

    /// Returns when every sidecar, and the admin side, takes requests.
    package func waitUntilListening() async throws {
        while !(machine.sidecars.allSatisfy(\.isListening) && (machine.options.adminPort == nil || adminPort != 0)) {
            try await ContinuousClock().sleep(for: .milliseconds(2))
        }
    }

    /// Returns when every app that has a port was asked for its subscriptions and gets events and jobs.
    package func waitUntilReady() async throws {
        while !machine.sidecars.allSatisfy({ $0.isReady || $0.app.appPort == nil }) {
            try await ContinuousClock().sleep(for: .milliseconds(2))
        }
    }

    /// Whether an instance gets events and jobs.
    package func isReady(instance name: String) -> Bool { machine.sidecars.first { $0.name == name }?.isReady ?? false }

    /// Returns when every group that somebody reads for has handled every record there is.
    package func waitUntilIdle() async throws {
        while !machine.groups.all.allSatisfy({ $0.isIdle }) { try await ContinuousClock().sleep(for: .milliseconds(2)) }
    }

    /// How many records each group has not handled yet, by group and topic.
    package var backlogs: [(group: String, topic: String, records: Int64)] {
        machine.groups.all.map { ($0.group, $0.topic.name, $0.backlog) }.sorted {
            ($0.group, $0.topic) < ($1.group, $1.topic)
        }
    }

    // MARK: Jobs

    package func jobNames(app: String) -> [String] { machine.jobs.names(of: app) }

    /// How many attempts of the job's present run have failed; nil when there is no such job.
    package func failedAttempts(app: String, job name: String) -> Int? {
        machine.jobs.job(Job.Key(app: app, name: name))?.attempts
    }

    /// Makes a job due at once. - Throws: `ResourceError` when there is none.
    package func fireJob(app: String, name: String) throws {
        guard machine.jobs.fire(Job.Key(app: app, name: name)) else {
            throw ResourceError("job \(name) of \(app)", "there is no such job")
        }
    }

    // MARK: Faults

    private func mayBreak() throws {
        guard machine.options.allowFaults else {
            throw ResourceError("faults", "they are not allowed: start with --allow-faults")
        }
    }

    /// Publishing fails for this long; zero ends it. - Throws: when faults are not allowed.
    package func refusePublishing(for duration: Duration) throws {
        try mayBreak()
        machine.broker.refuse(until: duration > .zero ? machine.time.now().advanced(by: duration) : nil)
    }

    /// Every nth delivery is made twice; 0 ends it.
    package func duplicateDeliveries(everyNth number: Int) throws {
        try mayBreak()
        machine.faults.duplicate(every: number)
    }

    /// Each record's follower is delivered before it, and once more after it.
    package func reorderDeliveries(_ isOn: Bool) throws {
        try mayBreak()
        machine.faults.reorder(isOn)
    }
}
