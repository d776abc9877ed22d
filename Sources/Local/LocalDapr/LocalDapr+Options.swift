import SQLite

extension LocalDapr {
    /// An instance of an app, beside which a sidecar stands.
    package struct App: Sendable {
        /// The app id.
        package var id: String
        /// The instance's name, Dapr's `{podName}`. Nil: the id; of several instances id, id-1, id-2 …
        package var name: String?
        /// Where the app listens. Nil: no app, or one that is attached later.
        package var appPort: Int?
        package var appHost = "127.0.0.1"
        /// Where the sidecar's API listens; 0 takes a free port.
        package var daprPort = 0
        /// What the app has to send along (`DAPR_API_TOKEN`).
        package var apiToken: String?
        /// What the sidecar sends along to the app (`APP_API_TOKEN`).
        package var appToken: String?
        /// Nil: off, as it is in Dapr unless annotated otherwise.
        package var healthCheck: HealthCheck?
        /// Calls into the app at once; nil: any number.
        package var maxConcurrency: Int?
        /// The Configuration's name; nil: the only one there is.
        package var configuration: String?

        package init(
            id: String, name: String? = nil, appPort: Int? = nil, daprPort: Int = 0, apiToken: String? = nil,
            appToken: String? = nil, healthCheck: HealthCheck? = nil, maxConcurrency: Int? = nil,
            configuration: String? = nil
        ) {
            self.id = id
            self.name = name
            self.appPort = appPort
            self.daprPort = daprPort
            self.apiToken = apiToken
            self.appToken = appToken
            self.healthCheck = healthCheck
            self.maxConcurrency = maxConcurrency
            self.configuration = configuration
        }
    }

    /// The app health check (section 8 of the Dapr contract).
    package struct HealthCheck: Sendable {
        package var path: String
        package var interval: Duration
        package var timeout: Duration
        package var threshold: Int

        package init(
            path: String = "/healthz", interval: Duration = .seconds(5), timeout: Duration = .milliseconds(500),
            threshold: Int = 3
        ) {
            self.path = path
            self.interval = interval
            self.timeout = timeout
            self.threshold = threshold
        }
    }

    /// What a commit waits for.
    package enum Synchronous: String, Sendable {
        /// Survives `kill -9` of the process; the last commits may be gone after a power failure.
        case normal
        /// Survives a power failure, too; each group of commits waits for the disk.
        case full

        var sqlite: SQLiteConnection.Synchronous { self == .full ? .full : .normal }
    }

    package struct Options: Sendable {
        package var apps: [App]
        package var resources: [ResourceSource]
        /// Nil: nothing outlives the process.
        package var stateFile: String?
        package var synchronous = Synchronous.normal
        package var namespace = "default"
        package var time = TimeSource.system
        /// For topics that neither `topics` nor a KafkaTopic names.
        package var topicDefaults = TopicSettings()
        package var topics: [String: TopicSettings] = [:]
        /// The admin side's port on the loopback address; 0 takes a free one, nil: none.
        package var adminPort: Int?
        /// Whether faults may be asked for.
        package var allowFaults = false
        /// Where e-mails go as files; nil: to their servers.
        package var mailOutbox: String?
        /// An API server's URL for `secretstores.kubernetes`, such as `kubectl proxy` gives one; nil: only Secret manifests.
        package var kubernetesAPIServer: String?
        /// What `secretstores.local.env` and `envRef` read.
        package var environment: [String: String] = [:]

        package init(
            apps: [App], resources: [ResourceSource], stateFile: String? = nil, synchronous: Synchronous = .normal,
            adminPort: Int? = nil, allowFaults: Bool = false
        ) {
            self.apps = apps
            self.resources = resources
            self.stateFile = stateFile
            self.synchronous = synchronous
            self.adminPort = adminPort
            self.allowFaults = allowFaults
        }
    }
}
