import Logging
package import TaskDomain

/// What every service is told by its environment.
///
/// - `TODO_PLATFORM` (text): the platform's name.
/// - `TODO_POD_NAME` (text, the host's name): tells replicas apart.
/// - `TODO_HTTP_PORT` (port, 8080), `TODO_METRICS_PORT` (port, 9464): users and sidecar; probes and Prometheus. 0: a free one.
/// - `TODO_LISTEN_ADDRESS` (address, 0.0.0.0).
/// - `DAPR_HTTP_PORT` (port, 3500), `DAPR_API_TOKEN`, `APP_API_TOKEN`: the sidecar, and the tokens shared with it.
/// - `TODO_PUBSUB` (text): the pub/sub component.
/// - `TODO_SECRET_STORE` (text): the Dapr component that secrets are read from; optional.
/// - `TODO_TOPIC_TASK_EVENTS`, `…_REMINDERS`, `…_TASK_UPDATES`, `…_TASK_COMMANDS` (text): the topics' names, which default
///   to their roles.
/// - `TODO_API_APP_ID`, `TODO_REMINDERS_APP_ID`, `TODO_NOTIFICATIONS_APP_ID`, `TODO_AUDIT_APP_ID` (text): for invocation.
/// - `TODO_DATABASE_SECRET_NAME`, `TODO_DATABASE_SECRET_KEY`: where the database's URL is in the secret store; or
///   `TODO_DATABASE_URL` with the URL itself, for migrations and one's own machine.
/// - `TODO_MIGRATE` (true, false; true with SQLite, false otherwise): bring the service's tables up to date at its start.
/// - `TODO_LOG_LEVEL` (trace … critical, info).
/// - `TODO_SHUTDOWN_SECONDS` (1 to 300, 20): how long what is under way may take after SIGTERM.
/// - `TODO_DRAIN_SECONDS` (0 to 60, 1): how long new requests are still taken after SIGTERM, until everybody has heard.
/// - `TODO_HTTP_MAX_CONNECTIONS` (16 to 100000, 4096; more for sync).
package struct ServiceConfiguration: Sendable {
    package var platform: String
    package var podName: String
    package var address: String
    package var httpPort: Int
    package var metricsPort: Int
    package var daprPort: Int
    package var pubsub: String
    package var secretStore: String?
    package var topics: [TopicRole: String]
    package var apiAppID: String?
    package var remindersAppID: String?
    package var notificationsAppID: String?
    package var auditAppID: String?
    /// `TODO_HOST`: the name under which users reach the platform.
    package var host: String?
    package var shutdownLimit: Duration
    package var drainDelay: Duration
    package var limits: HTTPLimits
    var daprToken: String?
    var appToken: String?
    var database: DatabaseSource?
    var migrates: Bool?
    var logLevel: Logger.Level

    enum DatabaseSource: Sendable {
        case url(String)
        case secret(name: String, key: String)
    }

    /// - Parameter usesDatabase: whether the service must be told of a database.
    package init(_ reader: SettingsReader, usesDatabase: Bool, maximumConnections: Int = 4_096) {
        platform = reader.string("TODO_PLATFORM", default: "todo")
        podName = reader.optional("TODO_POD_NAME") ?? reader.optional("HOSTNAME") ?? "pod"
        address = reader.string("TODO_LISTEN_ADDRESS", default: "0.0.0.0")
        httpPort = reader.integer("TODO_HTTP_PORT", default: 8_080, in: 0...65_535)
        metricsPort = reader.integer("TODO_METRICS_PORT", default: 9_464, in: 0...65_535)
        daprPort = reader.integer("DAPR_HTTP_PORT", default: 3_500, in: 1...65_535)
        daprToken = reader.optional("DAPR_API_TOKEN")
        appToken = reader.optional("APP_API_TOKEN")
        pubsub = reader.string("TODO_PUBSUB")
        secretStore = reader.optional("TODO_SECRET_STORE")
        topics = Dictionary(
            uniqueKeysWithValues: TopicRole.allCases.map { role in
                let name = "TODO_TOPIC_" + role.rawValue.uppercased().split(separator: "-").joined(separator: "_")
                return (role, reader.string(name, default: role.rawValue))
            })
        apiAppID = reader.optional("TODO_API_APP_ID")
        remindersAppID = reader.optional("TODO_REMINDERS_APP_ID")
        notificationsAppID = reader.optional("TODO_NOTIFICATIONS_APP_ID")
        auditAppID = reader.optional("TODO_AUDIT_APP_ID")
        host = reader.optional("TODO_HOST")
        shutdownLimit = reader.seconds(
            "TODO_SHUTDOWN_SECONDS", default: .seconds(20), in: .seconds(1)...(.seconds(300)))
        drainDelay = reader.seconds("TODO_DRAIN_SECONDS", default: .seconds(1), in: .zero...(.seconds(60)))
        limits = HTTPLimits()
        limits.maximumConnections = reader.integer(
            "TODO_HTTP_MAX_CONNECTIONS", default: maximumConnections, in: 16...100_000)
        migrates = reader.optional("TODO_MIGRATE").map { _ in reader.flag("TODO_MIGRATE", default: false) }
        let levels = Logger.Level.allCases.map(\.rawValue)
        logLevel =
            Logger.Level(rawValue: reader.choice("TODO_LOG_LEVEL", default: "info", of: levels)) ?? .info
        database = usesDatabase ? Self.database(reader, secretStore: secretStore) : nil
    }

    /// The topic of `role` by its name on the broker.
    package func topic(_ role: TopicRole) -> String { topics[role] ?? role.rawValue }

    private static func database(_ reader: SettingsReader, secretStore: String?) -> DatabaseSource? {
        if let url = reader.optional("TODO_DATABASE_URL") { return .url(url) }
        guard let name = reader.optional("TODO_DATABASE_SECRET_NAME") else {
            reader.problem(
                "TODO_DATABASE_SECRET_NAME", "is not set",
                remedy: "name the secret that holds the database's URL, or set TODO_DATABASE_URL")
            return nil
        }
        if secretStore == nil {
            reader.problem(
                "TODO_SECRET_STORE", "is not set", remedy: "name the Dapr secret store that holds the secret \(name)")
        }
        return .secret(name: name, key: reader.string("TODO_DATABASE_SECRET_KEY", default: "url"))
    }
}
