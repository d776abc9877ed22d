package import AsyncHTTPClient
package import DaprClient
package import Logging
package import TaskStorage
package import Telemetry
package import WireValues

/// What a service gets to work with.
package struct ServiceContext: Sendable {
    package let configuration: ServiceConfiguration
    /// For the service's own settings.
    package let settings: SettingsReader
    /// The members of the secret that `TodoService.secretName` named.
    package let secret: [String: String]
    package let dapr: DaprClient
    /// For calls to the world: no redirects, HTTP/1.1.
    package let http: HTTPClient
    package let metrics: MetricRegistry
    package let logger: Logger
    /// The wall clock.
    package let now: @Sendable () -> Timestamp
    package let clock: any Clock<Duration>
    package let authenticator: Authenticator
    let storage: (any Database)?
    let serviceName: String

    /// The service's database. Asking without `usesDatabase` is our own mistake.
    package var database: any Database {
        guard let storage else { preconditionFailure("\(serviceName) has no database") }
        return storage
    }

    /// The outbox of the service's name.
    package var outbox: Outbox { Outbox(name: serviceName) }
}
