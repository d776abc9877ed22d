import AsyncHTTPClient
import DaprClient
package import Logging
import NIOPosix

/// Where the database is, for commands that people run beside a service: as that is told, by the environment and, through
/// its sidecar, by the secret store.
package enum DatabaseAddress {
    /// - Throws: `SettingsRefused`, `CancellationError`.
    package static func read(environment: [String: String], logger: Logger) async throws -> String {
        let reader = SettingsReader(environment: environment)
        let configuration = ServiceConfiguration(reader, usesDatabase: true)
        // What else is wrong with a service's settings is no concern of the command's.
        let problems = reader.problems.filter { $0.name.hasPrefix("TODO_DATABASE") || $0.name == "TODO_SECRET_STORE" }
        guard problems.isEmpty else { throw SettingsRefused(problems: problems) }
        if case .url(let url) = configuration.database { return url }
        let http = DaprClient.httpClient(on: MultiThreadedEventLoopGroup.singleton)
        do {
            var settings = DaprClient.Configuration()
            settings.port = configuration.daprPort
            settings.apiToken = configuration.daprToken
            let clock = ContinuousClock()
            let secrets = try await SecretReading(
                dapr: DaprClient(settings, http: http, clock: clock, logger: logger),
                store: configuration.secretStore ?? "", clock: clock,
                waits: { logger.notice("waiting", metadata: ["for": "\($0)"]) }
            ).read(configuration: configuration, authentication: nil, own: nil)
            try await http.shutdown()
            return secrets.databaseURL ?? ""
        } catch {
            try await http.shutdown()
            throw error
        }
    }
}
