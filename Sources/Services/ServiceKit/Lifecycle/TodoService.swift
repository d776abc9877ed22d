package import HummingbirdCore
import NIOCore
package import ServiceLifecycle
package import TaskStorage
package import Telemetry

/// One of the services, as the kit runs it: its tables, its routes, its background work.
package protocol TodoService: Sendable {
    /// `api`, `audit`, …: the program's argument, the outbox's name, a label in the log.
    static var name: String { get }
    /// The service's own tables, without outbox and inbox.
    static var migrations: [Migrations] { get }
    /// Default true.
    static var usesDatabase: Bool { get }
    /// Whether the inbox's table is among the service's; default: as `usesDatabase`.
    static var usesInbox: Bool { get }
    /// Whether the service has an outbox of its name, and the kit runs a relay for it; default false.
    static var usesOutbox: Bool { get }
    /// Whether users talk to it, so that it must be able to tell who they are; default true.
    static var authenticatesUsers: Bool { get }

    /// Connections at a time, unless `TODO_HTTP_MAX_CONNECTIONS` says otherwise; default 4,096.
    static var maximumConnections: Int { get }

    /// Reads the service's own settings, so that what is wrong with them is told with all the rest. Default: none.
    static func check(_ settings: SettingsReader)

    /// One more secret of the secret store that the service needs, by its name: `ServiceContext.secret` has it then.
    /// Default: none.
    static func secretName(_ settings: SettingsReader) -> String?

    /// Called when sidecar, secrets and database are there.
    init(context: ServiceContext) throws

    func routes(_ routes: Routes)

    /// Run as long as the service. Default: none.
    var backgroundTasks: [any ServiceLifecycle.Service] { get }

    /// Takes away what nobody needs any more, in small transactions; called once an hour in each replica, if the service
    /// has a database. What it throws is logged. Default: nothing.
    func tidy() async throws

    /// What the service still waits for; nothing when it is ready. Default: nothing.
    func readiness() async -> [HealthProblem]

    /// Carries the outbox's rows away; default: `standard`, which knows the topics.
    func publisher(_ standard: any OutboxPublisher) -> any OutboxPublisher

    /// The server's connections. The port opens before there is a service: `service` is nil until then. Default: HTTP alone.
    static func channel(
        _ http: ServiceChannel, service: @escaping @Sendable () -> Self?
    ) -> any ServerChildChannel
}

extension TodoService {
    package static var usesDatabase: Bool { true }
    package static var usesInbox: Bool { usesDatabase }
    package static var usesOutbox: Bool { false }
    package static var authenticatesUsers: Bool { true }
    package static var maximumConnections: Int { 4_096 }
    package static func check(_ settings: SettingsReader) {}
    package static func secretName(_ settings: SettingsReader) -> String? { nil }
    package var backgroundTasks: [any ServiceLifecycle.Service] { [] }
    package func tidy() async throws {}
    package func readiness() async -> [HealthProblem] { [] }
    package func publisher(_ standard: any OutboxPublisher) -> any OutboxPublisher { standard }

    package static func channel(
        _ http: ServiceChannel, service: @escaping @Sendable () -> Self?
    ) -> any ServerChildChannel {
        http
    }

    /// Every table that the service needs.
    package static var allMigrations: [Migrations] {
        migrations + (usesOutbox ? [Outbox(name: name).migrations] : []) + (usesInbox ? [Inbox.migrations] : [])
    }
}

extension Duration {
    var nanoseconds: Int64 {
        let parts = components
        return parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000
    }
}
