package import KubernetesClient
import KubernetesModel
package import Logging
import Synchronization
package import Telemetry

/// Decides by a Lease which of several replicas works (Kubernetes documentation, "Leases").
///
/// A replica that loses the lease goes on running with warm caches and stands for election again. While it stands by, it
/// follows the Lease by a watch, so that it costs no polling and sees a release at once. It is no fencing: two leaders
/// are impossible only while clocks run at about the same rate, so writes must be harmless when repeated.
package final class LeaderElection: Sendable {
    package struct Configuration: Sendable {
        package var namespace: String
        package var name: String
        /// Different for every process: `<pod>_<uuid>`.
        package var identity: String
        /// How long the others respect a lease that nobody renews.
        package var leaseDuration: Duration = .seconds(30)
        /// How long a leader goes on when it cannot renew. Shorter than `leaseDuration`.
        package var renewDeadline: Duration = .seconds(20)
        /// From one renewal to the next. `renewDeadline` must be longer than 1.2 times this.
        package var retryPeriod: Duration = .seconds(10)

        package init(namespace: String, name: String, identity: String) {
            self.namespace = namespace
            self.name = name
            self.identity = identity
        }
    }

    private struct State {
        var leader: LeaderState
        /// The Lease as last seen, whose other fields a write keeps.
        var base: KubernetesObject?
        var stopFollowing: Signal?
    }

    private let configuration: Configuration
    private let client: KubernetesClient
    private let surroundings: Surroundings
    private let logger: Logger
    private let gauge: Gauge?
    private let state: Mutex<State>
    /// At most one answer, one tick, one release, and what the watch reports, which is one for each renewal.
    private let inputs: AsyncStream<LeaderState.Input>
    private let input: AsyncStream<LeaderState.Input>.Continuation
    private let timeChanged = Signal()
    private let finished = Signal()

    package init(
        client: KubernetesClient, configuration: Configuration, surroundings: Surroundings = .system,
        metrics: MetricRegistry? = nil, logger: Logger
    ) {
        self.configuration = configuration
        // Retrying is the election's business: it has a deadline.
        self.client = client.with(retry: .never)
        self.surroundings = surroundings
        var logger = logger
        logger[metadataKey: "lease"] = "\(configuration.namespace)/\(configuration.name)"
        logger[metadataKey: "identity"] = "\(configuration.identity)"
        self.logger = logger
        gauge = metrics?.gauge(
            "leader_election_master_status", help: "1 while this process leads, else 0.", labels: ["name"])
        gauge?.declare(configuration.name)
        state = Mutex(
            State(
                leader: LeaderState(
                    identity: configuration.identity,
                    timing: LeaderState.Timing(
                        leaseDuration: configuration.leaseDuration, renewDeadline: configuration.renewDeadline,
                        retryPeriod: configuration.retryPeriod))))
        (inputs, input) = AsyncStream.makeStream()
    }

    /// Whether this process may work now. Looks at the clock, so it is right even when a timer comes late: ask before
    /// each batch of writes.
    package var isLeader: Bool {
        guard let until = state.withLock({ $0.leader.leadsUntil }) else { return false }
        return surroundings.now() < until
    }

    /// Who holds the lease as far as we know; empty for nobody.
    package var holder: String { state.withLock { $0.leader.holder } }

    /// The version of the Lease that was seen last.
    var seenVersion: String? { state.withLock { $0.base?.resourceVersion } }

    /// Takes part in the election until `release`, or until the task is cancelled. To be called once.
    ///
    /// - Parameter onChange: called in order with whether this process leads, each time that changes. False means: stop
    ///   starting work at once.
    package func run(onChange: @escaping @Sendable (Bool) -> Void) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.runTimer() }
            input.yield(.start)
            for await next in inputs {
                guard perform(decide(next), in: &group, onChange: onChange) else { break }
                timeChanged.raise()
            }
            group.cancelAll()
        }
        // Cancelled: nobody renews any more.
        if state.withLock({ $0.leader.leadsUntil != nil }) {
            gauge?.set(0, configuration.name)
            onChange(false)
        }
        finished.raise()
    }

    /// Gives the lease up, so that another replica can take it at once, and makes `run` return. To be called when
    /// nothing works any more. Takes at most two seconds.
    package func release() async {
        input.yield(.release)
        await surroundings.wait(until: surroundings.now() + .seconds(2), or: finished)
        input.finish()
    }

    private func decide(_ next: LeaderState.Input) -> [LeaderState.Effect] {
        let now = surroundings.now()
        let wallTime = surroundings.wallTime()
        let random = surroundings.random()
        return state.withLock { $0.leader.handle(next, now: now, wallTime: wallTime, random: random) }
    }

    /// Returns false when there is nothing more to do.
    private func perform(
        _ effects: [LeaderState.Effect], in group: inout DiscardingTaskGroup, onChange: @Sendable (Bool) -> Void
    ) -> Bool {
        for effect in effects {
            switch effect {
            case .read: group.addTask { await self.read() }
            case .write(let record): group.addTask { await self.write(record) }
            case .lead:
                logger.info("leading")
                gauge?.set(1, configuration.name)
                onChange(true)
            case .stepDown(let reason):
                logger.info("no longer leading", metadata: ["reason": "\(reason)"])
                gauge?.set(0, configuration.name)
                onChange(false)
            case .follow(true):
                let stop = Signal()
                state.withLock { $0.stopFollowing = stop }
                group.addTask { await self.follow(until: stop) }
            case .follow(false): state.withLock { $0.stopFollowing.take() }?.raise()
            case .finish: return false
            }
        }
        return true
    }

    private func runTimer() async {
        while !Task.isCancelled {
            let next = state.withLock { $0.leader.nextTime }
            if let next, next <= surroundings.now() {
                // The decision that this brings raises the signal; until it is made, the same time would come up again.
                input.yield(.tick)
                await timeChanged.wait()
            } else {
                await surroundings.wait(until: next, or: timeChanged)
            }
        }
    }

    private func follow(until stop: Signal) async {
        let watch = NamedWatch(
            LeaseRecord.type, namespace: configuration.namespace, name: configuration.name, client: client,
            surroundings: surroundings
        ) { [weak self] report in
            guard let self else { return }
            switch report {
            case .present(let object):
                state.withLock { $0.base = object }
                input.yield(.seen(LeaseRecord(object)))
            case .missing: input.yield(.seen(nil))
            case .forbidden(let error):
                logger.warning("lease cannot be watched", metadata: ["error.message": "\(error.message)"])
            case .streamingListRefused: break
            }
        }
        await withTaskGroup(of: Void.self) { race in
            race.addTask { await watch.run() }
            race.addTask { await stop.wait() }
            await race.next()
            race.cancelAll()
        }
    }

    private func read() async {
        await answer { [self] () throws(KubernetesError) in
            do throws(KubernetesError) {
                let object = try await client.get(
                    LeaseRecord.type, namespace: configuration.namespace, name: configuration.name)
                state.withLock { $0.base = object }
                return .read(LeaseRecord(object))
            } catch {
                guard error.code == .notFound else { throw error }
                return .read(nil)
            }
        }
    }

    private func write(_ record: LeaseRecord) async {
        await answer { [self] () throws(KubernetesError) in
            let base = record.resourceVersion == nil ? nil : state.withLock { $0.base }
            let object = record.object(namespace: configuration.namespace, name: configuration.name, base: base)
            let written =
                record.resourceVersion == nil
                ? try await client.create(object, LeaseRecord.type)
                : try await client.replace(object, LeaseRecord.type)
            state.withLock { $0.base = written }
            return .wrote(LeaseRecord(written))
        }
    }

    /// Makes a request, and gives up when its answer would be too late to be of use.
    private func answer(_ request: @escaping @Sendable () async throws(KubernetesError) -> LeaderState.Input) async {
        let limit = configuration.retryPeriod / 2
        let answer = await withTaskGroup(of: LeaderState.Input.self) { group in
            group.addTask {
                do throws(KubernetesError) {
                    return try await request()
                } catch {
                    return .failed(error)
                }
            }
            group.addTask { [surroundings] in
                await surroundings.pause(limit)
                return .failed(KubernetesError(.transport, "the lease request took longer than \(limit)"))
            }
            let answer = await group.next()
            group.cancelAll()
            return answer
        }
        if let answer { input.yield(answer) }
        if case .failed(let error) = answer {
            logger.info("lease request failed", metadata: ["error.message": "\(error.message)"])
        }
    }
}
