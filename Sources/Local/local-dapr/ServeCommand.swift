import ArgumentParser
import LocalDapr
import Logging
import ServiceLifecycle
import UnixSignals

/// Sidecars for apps that somebody else starts.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve sidecars for apps that are started elsewhere.",
        discussion: """
            --app takes id=task-api,app-port=8081,dapr-port=3501 and, if wanted, name=task-api-0 (the instance's name, {podName}),
            health=/healthz (switches the app health check on), health-interval=5 (seconds), max-concurrency=10, config=NAME. Several --app with one id are replicas.
            DAPR_API_TOKEN and APP_API_TOKEN are taken from the environment.
            """)

    @OptionGroup var common: CommonOptions

    @Option(
        name: .customLong("app"), parsing: .upToNextOption, help: "An app and its sidecar; may be given several times.")
    var apps: [String]

    func run() async throws {
        let logger = common.logger()
        let options = try common.options(apps: try apps.map { try Self.app($0) })
        let dapr = try LocalDapr(options, logger: logger)
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: dapr), .init(service: Announcement(dapr: dapr))],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }

    static func app(_ text: String) throws -> LocalDapr.App {
        var app = LocalDapr.App(id: "")
        app.applyTokens()
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let value = pair.count > 1 ? pair[1] : ""
            func number() throws -> Int {
                guard let number = Int(value), (0...65_535).contains(number) else {
                    throw ValidationError("--app \(text): \(pair[0]) is no number from 0 to 65535.")
                }
                return number
            }
            switch pair[0] {
            case "id": app.id = value
            case "name": app.name = value
            case "app-port": app.appPort = try number()
            case "app-host": app.appHost = value
            case "dapr-port": app.daprPort = try number()
            case "max-concurrency": app.maxConcurrency = max(1, try number())
            case "config": app.configuration = value
            case "health":
                if app.healthCheck == nil { app.healthCheck = LocalDapr.HealthCheck() }
                app.healthCheck?.path = value
            case "health-interval":
                if app.healthCheck == nil { app.healthCheck = LocalDapr.HealthCheck() }
                app.healthCheck?.interval = .seconds(max(1, try number()))
            default:
                throw ValidationError(
                    "--app \(text): \(pair[0]) is unknown; use id, name, app-port, dapr-port, health, health-interval, max-concurrency, config."
                )
            }
        }
        guard !app.id.isEmpty else { throw ValidationError("--app \(text): id= is missing.") }
        return app
    }
}

/// Says where everything is when it listens, and when all apps are ready.
struct Announcement: Service {
    let dapr: LocalDapr

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await dapr.waitUntilListening()
                for instance in dapr.instances {
                    Console.line(
                        "local-dapr",
                        "\(instance.name): sidecar of \(instance.app) at http://127.0.0.1:\(instance.daprPort)")
                }
                if dapr.adminPort != 0 {
                    Console.line("local-dapr", "admin side at http://127.0.0.1:\(dapr.adminPort)")
                }
                try await dapr.waitUntilReady()
                Console.line("local-dapr", "all apps are ready")
                try await Task.sleep(for: .seconds(10_000_000))
            }
        } catch is CancellationError {}
    }
}
