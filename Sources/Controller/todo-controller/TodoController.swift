import ArgumentParser
import ControllerRuntime
import KubernetesClient
import KubernetesModel
import Logging
import NIOCore
import NIOPosix
import ProcessMemory
import Reconciler
import ServiceLifecycle
import Telemetry
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The operator's process: reads its settings once, connects to the cluster, runs until told to stop.
@main
struct TodoController: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "todo-controller",
        abstract: "Keeps every TodoPlatform of a cluster as its resource asks.",
        discussion: """
            Inside a cluster it works as its service account; elsewhere it reads --kubeconfig, $KUBECONFIG or \
            ~/.kube/config. It logs JSON lines to standard error.
            """,
        version: operatorVersion)

    @Option(help: "The kubeconfig file to use instead of the pod's service account.")
    var kubeconfig: String?

    @Option(help: "The context of the kubeconfig file; its current one if left out.")
    var context: String?

    @Option(
        name: .customLong("namespace"), parsing: .upToNextOption,
        help: "Namespaces to look after; all if left out ($WATCH_NAMESPACE, separated by commas).")
    var namespaces: [String] = []

    @Option(help: "Where the operator runs and keeps its lease ($POD_NAMESPACE; todo-system).")
    var operatorNamespace: String?

    @Option(help: "Platforms that are reconciled at the same time.")
    var workers = 4

    @Flag(inversion: .prefixedNo, help: "Share the work with other replicas by a lease; one of them leads.")
    var leaderElection = true

    @Option(help: "Where probes and metrics are served, as HOST:PORT; port 0 takes a free one.")
    var listen = "0.0.0.0:8080"

    @Option(
        help: "trace, debug, info, notice, warning, error or critical; can be changed while it runs (PUT /loglevel).")
    var logLevel = "info"

    func validate() throws {
        guard (1...64).contains(workers) else { throw ValidationError("--workers must be between 1 and 64.") }
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError(
                "--log-level \(logLevel) is none of trace, debug, info, notice, warning, error, critical.")
        }
        guard listenAddress != nil else { throw ValidationError("--listen \(listen) is not HOST:PORT.") }
    }

    private var listenAddress: (host: String, port: Int)? {
        guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        return (String(listen[..<colon]), port)
    }

    func run() async throws {
        ProcessMemory.limit(heaps: 1, blockingThreads: 1)
        let levels = LogLevels(Logger.Level(rawValue: logLevel) ?? .info)
        JSONLogHandler.bootstrap(levels: levels)
        let logger = Logger(label: "todo-controller")
        let environment = Environment()
        let registry = MetricRegistry()
        ProcessMetrics.register(in: registry)

        let cluster: ClusterConfiguration
        do {
            cluster = try ClusterConfiguration.load(
                kubeconfig: kubeconfig, context: context, environment: environment.all)
        } catch {
            throw ValidationError(error.message)
        }
        var options = HTTPTransport.Options()
        options.userAgent = "todo-controller/\(operatorVersion)"
        // One loop: the operator waits far more than it works, and each loop costs memory.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let clock = EventLoopClock(eventLoop: group.next())
        let transport = HTTPTransport(cluster, options: options, eventLoopGroup: group, clock: clock)
        let client = KubernetesClient(
            transport: transport, observe: RestClientMetrics(registry, host: "\(cluster.server)").observe)

        var settings = Operator.Configuration()
        let watched =
            namespaces.isEmpty
            ? (environment["WATCH_NAMESPACE"] ?? "").split(separator: ",").map(String.init) : namespaces
        settings.namespaces = watched.isEmpty ? nil : Set(watched)
        settings.operatorNamespace = operatorNamespace ?? environment["POD_NAMESPACE"] ?? "todo-system"
        settings.identity = environment.identity
        settings.workers = workers
        settings.electsLeader = leaderElection
        settings.releaseMemory = { ProcessMemory.giveBack() }

        let todoOperator = Operator(
            client: client, configuration: settings, metrics: registry, logger: logger,
            surroundings: Surroundings(clock: clock, wallTime: Surroundings.system.wallTime))
        let endpoints = AdminEndpoints(
            registry: registry, levels: levels,
            health: {
                // A watch that has not even had a bookmark for so long is dead, and so is whoever should have noticed.
                todoOperator.oldestHeartbeat > Duration.seconds(300)
                    ? [HealthProblem(check: "watches", message: "a watch has been silent for five minutes")] : []
            },
            readiness: { todoOperator.waitsFor.map { HealthProblem(check: "caches", message: "waits for \($0)") } })
        let address = listenAddress ?? ("0.0.0.0", 8080)
        let admin = AdminServer(
            host: address.host, port: address.port, endpoints: endpoints, logger: logger,
            onListening: { logger.info("serving probes and metrics", metadata: ["port": "\($0)"]) })

        logger.info(
            "starting",
            metadata: [
                "version": "\(operatorVersion)", "cluster": "\(cluster)", "identity": "\(settings.identity)",
                "namespaces": "\(watched.isEmpty ? "all" : watched.joined(separator: ","))",
            ])
        let services = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: admin, successTerminationBehavior: .gracefullyShutdownGroup),
                    .init(
                        service: OperatorService(todoOperator: todoOperator),
                        successTerminationBehavior: .gracefullyShutdownGroup),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await withTaskExecutorPreference(EventLoopTasks(group.next())) { try await services.run() }
        await transport.shutdown()
        try await group.shutdownGracefully()
        logger.info("stopped")
    }
}

/// Runs the operator inside a service group: a graceful shutdown ends what is in flight and gives the lease up.
private struct OperatorService: Service {
    let todoOperator: Operator

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Thrown when the group is cancelled instead: then there is nothing to be graceful about.
                if (try? await gracefulShutdown()) != nil { await todoOperator.shutDown() }
            }
            await todoOperator.run()
            group.cancelAll()
        }
    }
}

/// The process environment, read once.
private struct Environment {
    let all: [String: String]

    init() {
        var values: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            let text = String(cString: pointer)
            if let mark = text.firstIndex(of: "=") {
                values[String(text[..<mark])] = String(text[text.index(after: mark)...])
            }
            entry += 1
        }
        all = values
    }

    subscript(name: String) -> String? { all[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// The pod's name, or the host's, and something that no earlier process of that name had.
    var identity: String {
        "\(self["POD_NAME"] ?? self["HOSTNAME"] ?? "todo-controller")_\(String(UInt32.random(in: .min ... .max), radix: 16))"
    }
}
