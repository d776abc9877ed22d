import ArgumentParser
import FoundationEssentials
import LocalDapr
import Logging
import ServiceLifecycle
import UnixSignals

/// Sidecars and the apps beside them, by Dapr's multi-app run template.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Start the apps of a run template with their sidecars, and start again what dies."
    )

    @OptionGroup var common: CommonOptions

    @Option(
        name: [.customShort("f"), .customLong("run-file")], help: "The template (Dapr's multi-app run file, version 1)."
    )
    var file: String

    func run() async throws {
        let logger = common.logger()
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw ValidationError("\(file) cannot be read.")
        }
        let absolute = file.hasPrefix("/") ? file : FileManager.default.currentDirectoryPath + "/" + file
        var template = try RunTemplate(String(decoding: bytes, as: UTF8.self), file: absolute)
        for index in template.apps.indices where template.apps[index].daprPort == 0 {
            // The app's environment holds the port, so it has to be known before anything starts.
            template.apps[index].daprPort = try LocalDapr.freePort()
        }
        let apps = template.apps.map { app in
            var settings = LocalDapr.App(
                id: app.id, name: app.name, appPort: app.appPort, daprPort: app.daprPort, healthCheck: app.healthCheck,
                maxConcurrency: app.maxConcurrency, configuration: app.configuration)
            settings.applyTokens(app.environment)
            return settings
        }
        let dapr = try LocalDapr(try common.options(apps: apps, template: template), logger: logger)
        let supervised = zip(template.apps, dapr.instances).filter { !$0.0.command.isEmpty }.map { app, instance in
            Supervisor(app: app, name: instance.name, logger: logger)
        }
        // Stopped in the opposite order: the apps, then their sidecars.
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [.init(service: dapr)]
        services += supervised.map { .init(service: $0) }
        services.append(.init(service: Announcement(dapr: dapr)))
        let group = ServiceGroup(
            configuration: .init(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}

extension LocalDapr.App {
    /// The tokens out of the app's environment, or this process's.
    mutating func applyTokens(_ environment: [String: String] = [:]) {
        func token(_ name: String) -> String? {
            (environment[name] ?? ProcessInfo.processInfo.environment[name]).flatMap { $0.isEmpty ? nil : $0 }
        }
        apiToken = token("DAPR_API_TOKEN")
        appToken = token("APP_API_TOKEN")
    }
}
