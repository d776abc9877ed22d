import AsyncHTTPClient
import DaprClient
import HummingbirdCore
package import Logging
package import NIOCore
import NIOPosix
import ServiceLifecycle
package import TaskStorage
package import Telemetry
package import WireValues

/// Runs one service: opens its ports, brings it up, and takes it down without losing anything.
///
/// The order at the start: both ports open, since the sidecar waits for the service's; then the sidecar is waited for,
/// secrets are read, the database is opened and its tables looked at; then there are routes, and readiness. At the end:
/// readiness says so, the server takes no more connections and finishes what is under way, the service's background
/// work ends, the relay empties the outbox, the database is closed.
package struct ServiceHost<S: TodoService>: Service {
    /// What tests put in the place of the real thing.
    package struct Parts: Sendable {
        package var database: (any Database)?
        package var clock: any Clock<Duration> = ContinuousClock()
        package var now: @Sendable () -> Timestamp = { .systemNow() }
        package var eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
        package var metrics = MetricRegistry()
        package var levels = LogLevels()

        package init() {}
    }

    let reader: SettingsReader
    let configuration: ServiceConfiguration
    let authentication: AuthenticationSettings?
    let parts: Parts
    let http: HTTPClient
    let logger: Logger
    let state = HostState<S>()

    /// - Throws: `SettingsRefused` with everything that is wrong with the environment.
    package init(
        _ type: S.Type, environment: [String: String], parts: Parts = Parts(), logger: Logger? = nil
    ) throws(SettingsRefused) {
        reader = SettingsReader(environment: environment)
        configuration = ServiceConfiguration(
            reader, usesDatabase: S.usesDatabase && parts.database == nil, maximumConnections: S.maximumConnections)
        authentication = S.authenticatesUsers ? AuthenticationSettings(reader) : nil
        S.check(reader)
        let problems = reader.problems
        guard problems.isEmpty else { throw SettingsRefused(problems: problems) }
        self.parts = parts
        parts.levels.set(configuration.logLevel)
        var logger = logger ?? Logger(label: S.name)
        logger[metadataKey: "service"] = "\(S.name)"
        self.logger = logger
        http = DaprClient.httpClient(on: parts.eventLoopGroup)
    }

    /// Runs until graceful shutdown, cancellation, or a failure that a restart may mend.
    /// - Throws: `SettingsRefused` when secrets are wrong.
    package func run() async throws {
        defer { state.end() }
        ProcessMetrics.register(in: parts.metrics)
        do {
            try await serve()
        } catch {
            try await http.shutdown()
            throw error
        }
        try await http.shutdown()
    }

    /// How long a graceful shutdown may take.
    package var shutdownLimit: Duration { configuration.shutdownLimit }

    /// The port of the service, as soon as it is ready.
    /// - Throws: `CancellationError` when it ended before it was.
    package func waitUntilReady() async throws -> Int { try await state.waitUntilReady() }

    /// The port of the service as soon as it is open, ready or not.
    package func waitUntilListening() async throws -> Int { try await state.waitUntilListening() }

    /// The port of probes and metrics as soon as it is open.
    package func waitUntilObservable() async throws -> Int { try await state.waitUntilObservable() }

    /// What the service waits for; nothing when it is ready.
    package func readiness() async -> [HealthProblem] {
        switch state.phase {
        case .starting(let waitsFor): [HealthProblem(check: "start", message: "waits for \(waitsFor)")]
        case .running(let service): await service.readiness() + databaseProblems()
        }
    }

    private func databaseProblems() async -> [HealthProblem] {
        guard let database = state.database else { return [] }
        do {
            try await database.ping()
            return []
        } catch {
            return [HealthProblem(check: "database", message: "\(error.message); \(error.remedy)")]
        }
    }

    private func serve() async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: admin()), .init(service: BringUp(host: self)), .init(service: server()),
                    .init(service: Drain(state: state, delay: configuration.drainDelay, clock: parts.clock)),
                ], logger: logger))
        // Child tasks inherit it: those of connections, of the relay, of background work.
        try await withTaskExecutorPreference(EventLoopExecutor(parts.eventLoopGroup.next())) {
            try await group.run()
        }
    }

    private func admin() -> any Service {
        let state = state
        let endpoints = AdminEndpoints(
            registry: parts.metrics, levels: parts.levels,
            readiness: {
                // Kubernetes looks here: whoever is on the way out gets no new connections. The sidecar looks at the
                // service's own port, where that is no reason to stop what is under way.
                if state.isDraining { return [HealthProblem(check: "shutdown", message: "is stopping")] }
                return await self.readiness()
            })
        return ServiceChannel.admin(endpoints).server(
            configuration: ServerConfiguration(
                address: .hostname(configuration.address, port: configuration.metricsPort),
                availableConnectionsDelegate: MaximumAvailableConnections(64, logger: logger)),
            onServerRunning: { channel in state.observable(port: channel.localAddress?.port ?? 0) },
            eventLoopGroup: parts.eventLoopGroup, logger: logger)
    }

    private func server() -> any Service {
        let state = state
        let responder = ServiceResponder(
            routes: state.routes,
            probes: AdminEndpoints(
                paths: .probes, registry: parts.metrics, levels: parts.levels, readiness: { await self.readiness() }),
            limits: configuration.limits, metrics: RequestMetrics(parts.metrics), now: parts.now, logger: logger)
        let http = ServiceChannel(
            limits: configuration.limits, longerBodies: { responder.bodyLimit($0, isLocal: $1) },
            answer: { await responder.answer($0) })
        return S.channel(http, service: { state.service }).server(
            configuration: ServerConfiguration(
                address: .hostname(configuration.address, port: configuration.httpPort), backlog: 1_024,
                availableConnectionsDelegate: MaximumAvailableConnections(
                    configuration.limits.maximumConnections, logger: logger)),
            onServerRunning: { channel in state.listening(port: channel.localAddress?.port ?? 0) },
            eventLoopGroup: parts.eventLoopGroup, logger: logger)
    }
}

/// First to be told of the end: says so, and leaves a moment in which those who have not heard yet are still served.
private struct Drain<S: TodoService>: Service {
    let state: HostState<S>
    let delay: Duration
    let clock: any Clock<Duration>

    func run() async throws {
        try await gracefulShutdown()
        state.drain()
        if delay > .zero { try await clock.sleep(for: delay) }
    }
}
